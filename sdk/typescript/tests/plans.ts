/** Plans from seeds: a plain server, a bad network and a person who looks around. The fold here is its own, not the SDK's. */
import type { ConversationView, Event } from '../src/types.gen.js';
import type { FinalMessage, Plan, Step } from './plan-player.js';
import { seeded } from './random.js';
import type { Place } from './plan-server.js';

const ME = 'u1';
const OTHER = 'u2';
const LARGE = 100;

interface Conversation {
  view: ConversationView;
  epoch: string;
  log: Event[];
  /** Not yet delivered, and perhaps never. */
  pending: Place[];
  sinceActivity: number;
}

export function makePlan(seed: number, length = 120): Plan {
  return new Maker(seed).make(length);
}

class Maker {
  private readonly random: () => number;
  private readonly steps: Step[] = [];
  private readonly conversations: Conversation[];
  private online = false;
  private begun = false;
  private focus: string | null = null;
  /** Where the last connection ended; what was lost on it is lost. */
  private ended = new Map<string, number>();
  private ids = 0;
  private unsent: Array<{ conversationId: string; messageId: string; text: string }> = [];

  constructor(private readonly seed: number) {
    this.random = seeded(seed);
    this.conversations = [3, 3, 150].map((memberCount, i) => ({ view: viewOf(`c${i + 1}`, memberCount), epoch: 'e1', log: [], pending: [], sinceActivity: 0 }));
  }

  make(length: number): Plan {
    for (let i = 0; i < length; i++) this.step();
    if (!this.online) this.up(false);
    this.write(this.unsent);
    return {
      seed: this.seed, me: ME, latencyMs: this.one([0, 5, 80]), syncEvents: this.one([20, 500]), page: this.one([7, 500]),
      conversations: this.conversations.map(({ view }) => view), steps: this.steps,
      final: Object.fromEntries(this.conversations.map((one) => [one.view.id, { head: one.log.length, epoch: one.epoch, messages: fold(one.log) }])),
    };
  }

  private step(): void {
    const dice = this.random();
    if (!this.online && (dice < 0.25 || !this.begun)) return this.up(this.random() < 0.7);
    if (dice < 0.5) return this.happen();
    if (dice < 0.72) return this.network();
    if (dice < 0.78) return void this.steps.push({ wait: Math.floor(this.random() ** 3 * 40_000) });
    if (dice < 0.84) return this.look();
    if (dice < 0.87) return void this.steps.push({ open: this.some().view.id });
    if (dice < 0.91) return this.type();
    if (dice < 0.92) return this.rebuild();
    if (!this.online) return;
    if (dice < 0.97) return this.down(this.one([1006, 1006, 1006, 4402, 4408, 1011]));
    this.takeover();
  }

  // ---- the server -----------------------------------------------------------------------------

  private happen(): void {
    const conversation = this.some();
    for (let i = this.random() < 0.1 ? 30 : 1 + Math.floor(this.random() * 3); i > 0; i--) this.append(conversation);
    if (this.random() < 0.3) this.write(this.unsent.splice(0, 1));
  }

  private append(conversation: Conversation): void {
    const { log } = conversation;
    const messages = log.filter((one) => one.type === 'message.new');
    const target = messages[Math.floor(this.random() * messages.length)];
    const gone = new Set(log.flatMap((one) => (one.type === 'message.deleted' ? [one.payload.messageId] : [])));
    const at = new Date(Date.UTC(2026, 0, 1) + log.length * 1_000).toISOString();
    const dice = this.random();
    if (!target || dice < 0.6 || gone.has(target.payload.message.id)) {
      const root = target && dice < 0.1 && !target.payload.message.threadRoot && !gone.has(target.payload.message.id) ? target.payload.message.id : undefined;
      return this.log(conversation, newMessage(conversation.view.id, log.length + 1, `m${++this.ids}`, OTHER, `text ${this.ids}`, at, root));
    }
    const { id: messageId, threadRoot } = target.payload.message;
    const place = { conversationId: conversation.view.id, seq: log.length + 1, actorId: OTHER, at };
    if (dice < 0.75) this.log(conversation, { ...place, type: 'message.updated', payload: { messageId, content: { type: 'text', text: `edit ${log.length}` }, mentions: [], editedAt: at } });
    else if (dice < 0.82) {
      const why = { messageId, reason: 'deleted', deletedAt: at, ...(threadRoot ? { threadRoot } : {}) };
      this.log(conversation, { ...place, type: 'message.deleted', payload: why } as Event);
    } else if (dice < 0.92) {
      const on = !reacted(log, messageId);
      this.log(conversation, { ...place, type: 'message.reaction', payload: { messageId, emoji: '👍', action: on ? 'add' : 'remove', count: on ? 1 : 0 } });
    } else this.log(conversation, { ...place, type: 'message.pinned', payload: { messageId, action: this.random() < 0.6 ? 'add' : 'remove' } });
  }

  private log(conversation: Conversation, event: Event): void {
    conversation.log.push(event);
    this.steps.push({ log: [event] });
    const { id, memberCount } = conversation.view;
    if (memberCount <= LARGE || this.focus === id) conversation.pending.push([id, event.seq]);
    else if (event.type === 'message.new') conversation.sinceActivity += 1;
  }

  private write(messages: typeof this.unsent): void {
    for (const { conversationId, messageId, text } of messages) {
      const conversation = this.conversations.find((one) => one.view.id === conversationId);
      if (conversation) this.log(conversation, newMessage(conversationId, conversation.log.length + 1, messageId, ME, text, '2026-01-02T00:00:00.000Z'));
    }
  }

  private rebuild(): void {
    if (!this.online) return;
    this.down(4404);
    const conversation = this.some();
    // Ours stay: they may have been acked, and then nobody sends them again.
    const kept = conversation.log.filter((one) => one.type === 'message.new').filter((one, i) => i < 10 || one.actorId === ME);
    conversation.epoch = `e${Number(conversation.epoch.slice(1)) + 1}`;
    conversation.log = kept.map((event, i) => ({ ...event, seq: i + 1, payload: { message: { ...event.payload.message, seq: i + 1 } } }) as Event);
    const roots = new Set(conversation.log.flatMap((one) => (one.type === 'message.new' ? [one.payload.message.id] : [])));
    conversation.log = conversation.log.map((one) => (one.type === 'message.new' && !roots.has(one.payload.message.threadRoot ?? '') ? unthreaded(one) : one));
    this.steps.push({ epoch: { conversationId: conversation.view.id, epoch: conversation.epoch, events: [...conversation.log] } });
    this.ended.clear();
  }

  // ---- the network ----------------------------------------------------------------------------

  private network(): void {
    const conversation = this.some();
    const { pending, view, log } = conversation;
    if (!this.online) return;
    if (view.memberCount > LARGE && this.focus !== view.id && log.length > 0) {
      const payload = { conversationId: view.id, lastSeq: log.length, newMessages: conversation.sinceActivity };
      if (this.random() < 0.8) this.steps.push({ frame: { type: 'conversation.activity', payload } });
      conversation.sinceActivity = 0;
    }
    const now = pending.splice(0, 1 + Math.floor(this.random() * 6)).filter(() => this.random() > 0.06);
    if (this.random() < 0.2) now.reverse();
    if (this.random() < 0.2) now.push(...now);
    if (now.length > 0) this.steps.push({ deliver: now });
  }

  private down(code: number): void {
    this.online = false;
    for (const one of this.conversations) {
      this.ended.set(one.view.id, one.log.length - one.pending.length);
      one.pending = [];
    }
    if (code === 4404 || code === 4408) this.ended.clear();
    this.steps.push({ down: code });
  }

  private up(resumed: boolean): void {
    this.online = this.begun = true;
    this.steps.push({ up: this.missed(resumed) });
    this.ended.clear();
  }

  /** At least once: a replay may begin before where the connection ended. */
  private missed(wanted: boolean): { resumed: boolean; replay: Array<[string, number, number]> } {
    const resumed = wanted && this.ended.size > 0;
    const from = ({ view }: Conversation): number => Math.max(1, (this.ended.get(view.id) ?? 0) + 1 - Math.floor(this.random() * 3));
    const replay = this.conversations.filter((one) => resumed && from(one) <= one.log.length && (one.view.memberCount <= LARGE || this.focus === one.view.id));
    return { resumed, replay: replay.map((one): [string, number, number] => [one.view.id, Math.min(from(one), one.log.length), one.log.length]) };
  }

  private takeover(): void {
    const late = this.conversations.flatMap((one) => one.pending);
    for (const one of this.conversations) {
      this.ended.set(one.view.id, one.log.length - Math.floor(one.pending.length / 2));
      one.pending = [];
    }
    this.steps.push({ takeover: { ...this.missed(this.random() < 0.8), late } });
    this.ended.clear();
  }

  // ---- the person -----------------------------------------------------------------------------

  private look(): void {
    this.focus = this.random() < 0.3 ? null : this.some().view.id;
    this.steps.push({ focus: this.focus });
  }

  private type(): void {
    if (!this.begun) return;
    const message = { conversationId: this.some().view.id, messageId: `s${++this.ids}`, text: `mine ${this.ids}` };
    this.unsent.push(message);
    this.steps.push({ send: message });
  }

  private some(): Conversation {
    return this.one(this.conversations);
  }
  private one<T>(of: readonly T[]): T {
    return of[Math.floor(this.random() * of.length)] as T;
  }
}

export function viewOf(id: string, memberCount: number): ConversationView {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    id, type: 'channel', name: id, visibility: 'public', memberCount, head: 0, epoch: 'e1', settings: { onlyAdminsCanPost: false, allowMemberInvites: true },
    createdBy: OTHER, createdAt: at, updatedAt: at, unreadCount: 0, mentionCount: 0,
    membership: { role: 'member', readSeq: 0, deliveredSeq: 0, notificationLevel: 'all', pinned: false, joinedAt: at },
  };
}

export function newMessage(conversationId: string, seq: number, id: string, senderId: string, text: string, at: string, threadRoot?: string): Event {
  const message = {
    id, conversationId, seq, senderId, content: { type: 'text' as const, text }, threadCount: 0, mentions: [], reactions: [], priority: 'normal' as const,
    createdAt: at, ...(threadRoot ? { threadRoot } : {}),
  };
  return { conversationId, seq, actorId: senderId, at, type: 'message.new', payload: { message } };
}

function unthreaded(event: Extract<Event, { type: 'message.new' }>): Event {
  const { threadRoot: _, ...message } = event.payload.message;
  return { ...event, payload: { message } };
}

const reacted = (log: readonly Event[], messageId: string): boolean =>
  log.filter((one) => one.type === 'message.reaction' && one.payload.messageId === messageId).length % 2 === 1;

/** What the log comes to, in the plainest way. */
export function fold(log: readonly Event[]): FinalMessage[] {
  const all = new Map<string, Required<FinalMessage> & { root?: string | undefined }>();
  for (const event of log) {
    if (event.type === 'message.new') {
      const { id, seq, content, threadRoot } = event.payload.message;
      all.set(id, { id, seq, text: content.text ?? '', deleted: false, reactions: {}, pinned: false, threadCount: 0, root: threadRoot });
      const root = all.get(threadRoot ?? '');
      if (root) root.threadCount += 1;
      continue;
    }
    const one = 'messageId' in event.payload ? all.get(event.payload.messageId) : undefined;
    if (!one) continue;
    if (event.type === 'message.updated') one.text = event.payload.content.text ?? '';
    if (event.type === 'message.pinned') one.pinned = event.payload.action === 'add';
    if (event.type === 'message.reaction') one.reactions = event.payload.count > 0 ? { ...one.reactions, [event.payload.emoji]: event.payload.count } : {};
    if (event.type === 'message.deleted') {
      Object.assign(one, { text: '', deleted: true, reactions: {}, pinned: false });
      const root = all.get(one.root ?? '');
      if (root) root.threadCount -= 1;
    }
  }
  return [...all.values()].filter((one) => !one.root).map(({ root: _, ...one }) => one);
}
