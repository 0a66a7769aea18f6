/** Plays a plan (see `plans.md`) into the real engine, and says what is wrong with what it holds in the end. */
import { memoryTokens, Tertulia, type Timeline } from '../src/index.js';
import type { ConversationView, Event } from '../src/types.gen.js';
import { PlanServer, type Place, type Up } from './plan-server.js';
import { pass } from './support.js';

export type Step =
  | { log: Event[] } | { deliver: Place[] } | { frame: object } | { down: number } | { up: Up } | { takeover: Up & { late?: Place[] } }
  | { focus: string | null } | { open: string } | { send: { conversationId: string; messageId: string; text: string } }
  | { epoch: { conversationId: string; epoch: string; events: Event[] } } | { wait: number } | { added: Place } | { sync: 'read' | 'answer' };

export interface FinalMessage {
  id: string;
  seq: number;
  text?: string;
  deleted?: boolean;
  reactions?: Record<string, number>;
  pinned?: boolean;
  threadCount?: number;
}

export interface Plan {
  seed: number | string;
  me: string;
  latencyMs?: number;
  syncEvents?: number;
  page?: number;
  syncs?: 'held';
  conversations: ConversationView[];
  steps: Step[];
  final: Record<string, { head: number; epoch: string; messages: FinalMessage[] }>;
}

export class Player {
  private readonly server: PlanServer;
  private readonly client: Tertulia;
  private readonly timelines = new Map<string, Timeline>();
  private readonly last = new Map<string, { epoch: string | undefined; seq: number }>();
  /** What was told twice, out of order, or not at all. */
  private readonly wrong: string[] = [];

  constructor(private readonly plan: Plan) {
    const { me, latencyMs = 0, syncEvents = 500, page = 500, syncs } = plan;
    this.server = new PlanServer(plan.conversations, { me, latencyMs, syncEvents, page, holdsSyncs: syncs === 'held' });
    const user = { id: me, username: 'me', displayName: 'Me', createdAt: '2026-01-01T00:00:00.000Z' };
    this.client = new Tertulia({
      url: 'http://plan.test/', storage: 'memory', fetch: this.server.fetch, WebSocket: this.server.WebSocket, random: () => 0.5,
      tokens: memoryTokens({ user, accessToken: 'a', refreshToken: 'r', expiresAt: Date.now() + 1e12 }),
    });
    this.client.on('event', (event) => this.told(event));
    this.client.on('sync', ({ conversationId, state }) => {
      if (state === 'reset') this.server.startedOver.add(conversationId);
    });
    // Who comes back in starts over, too.
    this.client.on('conversation.removed', ({ conversationId }) => this.last.delete(conversationId));
  }

  /** What is wrong, a line each. */
  async play(): Promise<string[]> {
    for (const step of this.plan.steps) {
      await this.take(step);
      if (!('log' in step)) await pass(0);
    }
    if (!this.server.current) await this.up({ resumed: false });
    else if (this.plan.syncs === 'held') await this.settled();
    this.server.release();
    await pass(70_000);
    const { pending, failed } = this.client.outbox.current;
    if (pending + failed > 0) this.wrong.push(`outbox: ${pending} pending, ${failed} failed`);
    for (const id of Object.keys(this.plan.final)) await this.compare(id);
    const extra = this.client.conversations().current.items.filter((one) => !(one.id in this.plan.final));
    this.wrong.push(...extra.map((one) => `${one.id}: still in the list`));
    await this.client.close();
    return this.wrong;
  }

  /** A plan that ends at rest: nothing that would heal it has happened yet, and nothing needs to be healed. */
  private async settled(): Promise<void> {
    await pass(500 + 10 * (this.plan.latencyMs ?? 0));
    const items = new Map(this.client.conversations().current.items.map((one) => [one.id, one]));
    for (const [id, { head }] of Object.entries(this.plan.final)) {
      const one = items.get(id);
      if (!one) this.wrong.push(`${id}: not in the list at rest`);
      else if (one.sync !== 'behind' && (one.sync !== 'live' || one.head !== head)) this.wrong.push(`${id}: ${one.sync} at ${one.head} at rest, not ${head}`);
    }
    for (const id of items.keys()) if (!(id in this.plan.final)) this.wrong.push(`${id}: in the list at rest`);
  }

  private async take(step: Step): Promise<void> {
    const { server, client } = this;
    if ('log' in step) server.grow(step.log);
    else if ('deliver' in step) for (const place of step.deliver) server.current?.deliver(server.event(place));
    else if ('frame' in step) server.current?.deliver(step.frame);
    else if ('added' in step) this.added(step.added);
    else if ('sync' in step) step.sync === 'read' ? server.readSyncs() : server.answerSyncs();
    else if ('down' in step) server.down(step.down);
    else if ('up' in step) await this.up(step.up);
    else if ('takeover' in step) await this.takeover(step.takeover);
    else if ('focus' in step) this.focus(step.focus);
    else if ('open' in step) this.timeline(step.open);
    else if ('send' in step) client.conversation(step.send.conversationId).send({ messageId: step.send.messageId, text: step.send.text });
    else if ('epoch' in step) this.rebuild(step.epoch);
    else if ('wait' in step) await pass(step.wait);
    else throw new Error(`unknown step ${JSON.stringify(step)}`);
  }

  /** A copy that holds nothing may begin anew where the view is. */
  private added([id, head]: Place): void {
    if (!this.server.current) return;
    this.server.startedOver.add(id);
    this.server.current.deliver({ type: 'conversation.added', payload: { conversation: this.server.log(id).viewAt(head) } });
  }

  private rebuild({ conversationId, epoch, events }: { conversationId: string; epoch: string; events: Event[] }): void {
    const log = this.server.log(conversationId);
    log.epoch = epoch;
    log.events = [...events];
    log.readSeq = Math.min(log.readSeq, log.head);
  }

  private focus(id: string | null): void {
    if (id !== null) return this.client.conversation(id).focus();
    for (const { id: any } of this.plan.conversations) this.client.conversation(any).blur();
  }

  private async up(up: Up): Promise<void> {
    if (this.server.current) throw new Error('up while it is up');
    this.server.next = up;
    // After a close that ends it, as 4507 does, it comes only when it is told to.
    if (this.client.connection.current.stopped !== undefined) this.client.connect().catch(() => undefined);
    else this.client.reconnect();
    for (let i = 0; i < 1_000 && !(this.server.current && this.client.connection.current.state === 'connected'); i++) await pass(i < 100 ? 1 : 100);
    if (!this.server.current) throw new Error('the client does not come back');
  }

  /** The new socket first; what is still on the way to the old one arrives there. */
  private async takeover({ late = [], ...up }: Up & { late?: Place[] }): Promise<void> {
    const old = this.server.current;
    if (!old) throw new Error('a takeover needs a connection');
    this.server.next = up;
    old.deliver({ type: 'server.draining', payload: { reconnectAfterMs: 0 } });
    for (let i = 0; i < 500 && this.server.current === old; i++) await pass(1);
    if (this.server.current === old) throw new Error('the client does not open another connection');
    for (const place of late) old.deliver(this.server.event(place));
    old.drop(4400);
  }

  private timeline(id: string): Timeline {
    let timeline = this.timelines.get(id);
    if (!timeline) this.timelines.set(id, (timeline = this.client.conversation(id).timeline({ window: 100_000 })));
    return timeline;
  }

  /** Each event once, in order, and all of them unless the copy started over. */
  private told({ conversationId: id, seq }: Event): void {
    const epoch = this.client.conversation(id).summary.current?.epoch;
    const before = this.last.get(id);
    const over = this.server.startedOver.delete(id);
    this.last.set(id, { epoch, seq });
    if (!before || before.epoch !== epoch) return;
    if (seq <= before.seq) this.wrong.push(`${id}: ${seq} told after ${before.seq}`);
    else if (seq !== before.seq + 1 && !over) this.wrong.push(`${id}: ${seq} told after ${before.seq}, others never`);
  }

  private async compare(id: string): Promise<void> {
    const want = this.plan.final[id];
    if (!want) return;
    const conversation = this.client.conversation(id);
    conversation.focus();
    await pass(2_000 + 10 * (this.plan.latencyMs ?? 0));
    const { head, epoch, sync } = conversation.summary.current ?? {};
    if (head !== want.head || epoch !== want.epoch || sync !== 'live') this.wrong.push(`${id}: at ${head} of ${epoch} (${sync}), not ${want.head} of ${want.epoch}`);
    const timeline = this.timeline(id);
    await pass(1_000);
    // Opened without a connection: the person asks again.
    if (!timeline.current.ready) timeline.jumpTo('latest').catch(() => undefined);
    await pass(1_000);
    const held = timeline.current.messages;
    const first = held[0]?.seq ?? Infinity;
    this.same(`${id}, as held`, held, want.messages.filter((one) => one.seq >= first));
    for (let i = 0; i < 10_000 && timeline.current.hasOlder; i++) {
      const loading = timeline.loadOlder().catch(() => undefined);
      await pass((this.plan.latencyMs ?? 0) + 1);
      await loading;
    }
    this.same(`${id}, whole`, timeline.current.messages, want.messages);
  }

  private same(what: string, have: Timeline['current']['messages'], want: readonly FinalMessage[]): void {
    const ids = have.map((one) => `${one.seq} ${one.id}`).join(', ');
    const wanted = want.map((one) => `${one.seq} ${one.id}`).join(', ');
    if (ids !== wanted) return void this.wrong.push(`${what}: has ${ids}\n  instead of ${wanted}`);
    for (const [i, message] of have.entries()) {
      const full: Required<FinalMessage> = {
        id: message.id, seq: message.seq ?? 0, text: message.content.text ?? '', deleted: message.deletedAt !== undefined,
        reactions: Object.fromEntries(message.reactions.map((one): [string, number] => [one.emoji, one.count]).sort()),
        pinned: message.pinnedAt !== undefined, threadCount: message.threadCount,
      };
      for (const [key, value] of Object.entries(want[i] ?? {})) {
        const sorted = key === 'reactions' ? Object.fromEntries(Object.entries(value as object).sort()) : value;
        const is = full[key as keyof FinalMessage];
        if (JSON.stringify(is) !== JSON.stringify(sorted)) this.wrong.push(`${what}, ${message.id}: ${key} is ${JSON.stringify(is)}, not ${JSON.stringify(sorted)}`);
      }
    }
  }
}
