import { backoffMs } from './close.js';
import type { Core } from './core.js';
import { TertuliaError } from './errors.js';
import type { Lists } from './lists.js';
import { Replica } from './replica.js';
import type { Connected, SyncAnswer, SyncPosition } from './types.gen.js';

/** Reading a thousand conversations takes longer than storing one message. */
const SYNC_TIMEOUT_MS = 20_000;
/** An event on the same socket may come just after the heartbeat's answer. */
const HEADS_GRACE_MS = 1_000;

/** After a resumed connection: what is not in the logs may wait, and ten thousand clients need not ask at once. */
const QUIET_AFTER_MS = { least: 5_000, most: 15_000 };

/**
 * Brings all copies up to date with one question, whenever a connection begins. One that was resumed needs none: what
 * it missed follows as events. Then the question comes later and quietly, for marks, counts and who is in what.
 */
export class Syncer {
  private round = 0;
  /** The last sync was answered: without that, a resumed connection is worth nothing to us. */
  private complete = false;
  private quietTimer: ReturnType<typeof setTimeout> | undefined;
  /** Profiles, names and preferences in copies from the cache may be old; events do not tell all of it. */
  private stale = false;

  constructor(private readonly core: Core, private readonly replicas: ReadonlyMap<string, Replica>, private readonly lists: Lists) {}

  restored(): void {
    this.stale = true;
  }

  up(hello: Connected): void {
    const round = ++this.round;
    const max = hello.limits.syncConversations;
    clearTimeout(this.quietTimer);
    if (hello.resumed && this.complete) {
      for (const replica of this.replicas.values()) replica.tracker.resumed();
      const { least, most } = QUIET_AFTER_MS;
      this.quietTimer = setTimeout(() => void this.ask(round, max, 0, true), least + this.core.random() * (most - least));
      return;
    }
    this.complete = false;
    for (const replica of this.replicas.values()) if (replica.isMember && replica.tracker.epoch !== null) replica.tracker.syncing();
    void this.ask(round, max, 0, false);
  }

  down(): void {
    this.round += 1;
    clearTimeout(this.quietTimer);
    for (const replica of this.replicas.values()) replica.tracker.disconnected();
  }

  heads(heads: Record<string, number>): void {
    const { round } = this;
    setTimeout(() => {
      if (round !== this.round) return;
      for (const [id, head] of Object.entries(heads)) this.replicas.get(id)?.noticeHead(head);
    }, HEADS_GRACE_MS);
  }

  private async ask(round: number, max: number, tries: number, quiet: boolean): Promise<void> {
    const asked = this.positions(max);
    try {
      const answer = await this.core.connection.request<SyncAnswer>({ type: 'sync.request', payload: { conversations: asked } }, SYNC_TIMEOUT_MS);
      if (round === this.round) this.take(asked, answer, quiet);
    } catch (thrown) {
      if (round !== this.round) return;
      const error = TertuliaError.from(thrown);
      this.core.emitter.emit('error', error);
      const waitMs = Math.max(error.retryAfterMs ?? 0, 500 + backoffMs(tries, this.core.random, 1_000));
      setTimeout(() => {
        if (round === this.round) void this.ask(round, max, tries + 1, quiet);
      }, waitMs);
    }
  }

  /** Where each copy stands; the one on screen first, then the most recently active. */
  private positions(max: number): SyncPosition[] {
    const focused = this.core.focused();
    const rank = (replica: Replica): string => (replica.id === focused ? '~' : (replica.view?.lastMessageAt ?? ''));
    return [...this.replicas.values()]
      .filter((replica) => replica.isMember && replica.tracker.epoch !== null)
      .sort((a, b) => (rank(a) < rank(b) ? 1 : -1))
      .slice(0, max)
      .map(({ id, tracker }) => ({ conversationId: id, lastSeq: tracker.position, ...(tracker.epoch === null ? {} : { epoch: tracker.epoch }) }));
  }

  private take(asked: readonly SyncPosition[], answer: SyncAnswer, quiet: boolean): void {
    this.complete = true;
    const by = new Map(answer.conversations.map((one) => [one.conversationId, one]));
    for (const id of answer.removed) this.core.forget(id);
    for (const view of answer.added) this.core.adopt(view);
    for (const { conversationId } of asked) {
      const replica = this.replicas.get(conversationId);
      const one = by.get(conversationId);
      if (!quiet) replica?.tracker.synced(one, Replica.fromSync);
      else if (one) replica?.tracker.confirmed(one);
      if (!replica || !one) continue;
      replica.noticeHead(one.head, one.events);
      if (!this.core.marks.reading(conversationId)) replica.counted(one);
      const head = replica.tracker.lastSeq;
      if (head > (replica.view?.membership?.deliveredSeq ?? head)) this.core.marks.delivered(conversationId, head);
    }
    this.lists.setReady(true);
    if (this.stale) void this.refresh();
  }

  private async refresh(): Promise<void> {
    this.stale = false;
    try {
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await this.core.api.conversations.list(cursor);
        for (const view of page.items) if (['live', 'behind'].includes(this.replicas.get(view.id)?.tracker.state ?? '')) this.core.adopt(view);
        cursor = page.nextCursor;
      }
    } catch {
      this.stale = true;
    }
  }
}
