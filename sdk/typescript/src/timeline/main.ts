import type { JumpTarget } from '../api.js';
import type { Core } from '../core.js';
import type { Replica } from '../replica.js';
import type { Message, MessagePage } from '../types.gen.js';
import { BaseTimeline, PAGE } from './base.js';

/** A window on a conversation: the messages outside threads from `lo` to `hi`. */
export class MainTimeline extends BaseTimeline {
  private lo = Infinity;
  private hi = Infinity;
  private older = true;

  constructor(core: Core, replica: Replica, private readonly size = 500) {
    super(core, replica);
  }

  get atEnd(): boolean {
    return this.hi === Infinity;
  }
  protected get hasOlder(): boolean {
    return this.ready && this.older;
  }
  covers(message: Message): boolean {
    return !message.threadRoot && message.seq >= this.lo && message.seq <= this.hi;
  }

  override touch(): void {
    if (this.ready && this.atEnd && this.loading === null) this.trimOld(this.size + PAGE * 2);
    super.touch();
  }

  loadOlder(limit = PAGE): Promise<void> {
    if (!this.hasOlder) return Promise.resolve();
    return this.turn('older', async (round) => {
      const page = await this.page({ before: this.lo, limit }, round);
      if (!page) return;
      this.older = page.before !== undefined && page.items.length > 0;
      if (this.atEnd && this.replica.tailFrom === this.lo) this.replica.tailFrom = this.older ? (page.items[0]?.seq ?? this.lo) : 0;
      this.lo = this.older ? (page.items[0]?.seq ?? this.lo) : 0;
      const all = this.messages();
      if (all.length > this.size) this.hi = all[this.size - 1]?.seq ?? this.hi;
    });
  }

  loadNewer(limit = PAGE): Promise<void> {
    if (!this.ready || this.atEnd) return Promise.resolve();
    return this.turn('newer', async (round) => {
      const page = await this.page({ after: this.hi, limit }, round);
      if (!page) return;
      this.hi = page.after === undefined ? Infinity : (page.items.at(-1)?.seq ?? this.hi);
      this.trimOld(this.size);
    });
  }

  /** The copy was replaced: at the end the new tail is the window; elsewhere its place is read again. */
  restart(): void {
    if (!this.ready) return;
    this.round += 1;
    this.loading = null;
    if (this.atEnd) {
      if (!this.fromTail()) this.reload('latest');
    } else this.reload({ seq: Math.round((this.lo + this.hi) / 2) });
    this.touch();
  }

  private reload(target: JumpTarget): void {
    void this.jumpTo(target).catch(() => undefined);
  }

  protected async jump(target: JumpTarget, round: number): Promise<string | null> {
    if (target === 'latest') return this.toLatest(round);
    if (target === 'firstUnread') {
      const view = this.replica.view;
      const readSeq = view?.membership?.readSeq ?? 0;
      if (!view || view.unreadCount === 0) return this.toLatest(round);
      return this.around({ around: readSeq + 1 }, round, (message) => message.seq > readSeq && message.senderId !== this.core.me());
    }
    if ('seq' in target) return this.around({ around: target.seq }, round, (message) => message.seq >= target.seq);
    if ('at' in target) {
      const at = new Date(target.at).toISOString();
      return this.around({ at }, round, (message) => message.createdAt >= at);
    }
    return this.toMessage(target.id, round);
  }

  private async toMessage(id: string, round: number): Promise<string | null> {
    let message = this.replica.held(id) ?? (await this.core.api.messages.get(id));
    // A reply is shown in its thread: here, go to what it hangs on.
    if (message.threadRoot) message = this.replica.held(message.threadRoot) ?? (await this.core.api.messages.get(message.threadRoot));
    if (message.conversationId !== this.replica.id || round !== this.round) return null;
    if (this.ready && this.covers(message)) return message.id;
    return this.around({ around: message.seq }, round, (one) => one.seq >= message.seq);
  }

  private async toLatest(round: number): Promise<string | null> {
    if (!this.fromTail()) {
      const page = await this.page({ limit: PAGE }, round);
      if (!page) return null;
      this.open(page, Infinity);
      if (this.replica.copy) this.replica.tailFrom = this.lo;
    }
    return this.messages().at(-1)?.id ?? null;
  }

  /** The newest messages are here already. */
  private fromTail(): boolean {
    const { tailFrom, tracker } = this.replica;
    if (tailFrom === null || tracker.state === 'cold' || tracker.state === 'reset' && !this.ready) return false;
    const tail = this.replica.main(tailFrom);
    if (tail.length === 0) return false;
    this.lo = tail.length > this.size ? (tail.at(-this.size)?.seq ?? tailFrom) : tailFrom;
    this.hi = Infinity;
    this.older = this.lo > 1;
    this.ready = true;
    return true;
  }

  private async around(at: { around?: number; at?: string }, round: number, wanted: (message: Message) => boolean): Promise<string | null> {
    const page = await this.page({ ...at, limit: PAGE }, round);
    if (!page) return null;
    this.open(page, page.after === undefined ? Infinity : (page.items.at(-1)?.seq ?? Infinity));
    const all = this.messages();
    return (all.find(wanted) ?? all.at(-1))?.id ?? null;
  }

  private open(page: MessagePage, hi: number): void {
    this.older = page.before !== undefined && page.items.length > 0;
    this.lo = this.older ? (page.items[0]?.seq ?? 0) : 0;
    this.hi = hi;
    this.ready = true;
  }

  /** Null = somebody jumped elsewhere meanwhile. */
  private async page(at: { before?: number; after?: number; around?: number; at?: string; limit: number }, round: number): Promise<MessagePage | null> {
    if (!this.replica.copy) this.core.adopt(await this.core.api.conversations.get(this.replica.id));
    for (let tries = 0; ; tries++) {
      const page = await this.core.api.messages.page(this.replica.id, at);
      if (round !== this.round) return null;
      if (this.replica.merge(page.items, page.head, page.epoch) || tries === 2) return page;
    }
  }

  private trimOld(max: number): void {
    const all = this.messages();
    if (all.length <= max) return;
    this.lo = all.at(-this.size)?.seq ?? this.lo;
    this.older = true;
  }
}
