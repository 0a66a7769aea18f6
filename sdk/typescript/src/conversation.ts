import { LARGE_MEMBERS } from './activity.js';
import type {
  Conversation, ConversationSummary, Delivery, DraftStore, Live, MembersView, MessageView, SendInput, Timeline, Typist,
} from './api.js';
import type { Core } from './core.js';
import { TertuliaError } from './errors.js';
import { uuid } from './ids.js';
import { MembersList } from './members.js';
import { project } from './project.js';
import type { Replica } from './replica.js';
import { MainTimeline } from './timeline/main.js';
import { ThreadTimeline } from './timeline/thread.js';
import type {
  Content, ConversationView, MemberRole, Message, MessageSend, MessageVersion, Receipt, ScheduledMessage, UpdateConversation, UpdatePreferences,
} from './types.gen.js';

/** The verbs of one conversation. */
export class ConversationHandle implements Conversation {
  private membersList: MembersList | undefined;
  private askedReceipts = false;

  constructor(readonly id: string, private readonly core: Core) {}

  private get replica(): Replica {
    return this.core.replica(this.id);
  }
  private get view(): ConversationView | undefined {
    return this.replica.view;
  }
  get summary(): Live<ConversationSummary | undefined> {
    return this.replica.summary;
  }

  async load(): Promise<ConversationView> {
    const view = await this.core.api.conversations.get(this.id);
    this.core.adopt(view);
    return view;
  }

  // ---- messages -------------------------------------------------------------------------------

  send(input: string | SendInput): MessageView {
    const wanted: SendInput = typeof input === 'string' ? { text: input } : input;
    const message = this.optimistic(wanted);
    const asked = copyOf(wanted, 'replyTo', 'threadRoot', 'priority', 'expiresInMs', 'scheduledAt');
    const payload: MessageSend = { messageId: message.id, conversationId: this.id, content: message.content, ...asked };
    const { op } = this.core.outbox.add(this.id, { type: 'message.send', payload }, message);
    this.core.typing.sent(this.id, wanted.threadRoot);
    const now = this.core.outbox.of(message.id);
    return project(message, now.length > 0 ? now : [op], this.core.me(), undefined);
  }

  async edit(id: string, content: string | Content): Promise<void> {
    const before = this.known(id);
    const next: Content = typeof content === 'string' ? { ...before.content, text: content } : content;
    this.replica.refused.delete(id);
    if (this.rewrite(id, next)) return;
    await this.core.outbox.add(this.id, { type: 'message.edit', payload: { messageId: id, content: next } }).done;
  }

  async delete(id: string): Promise<void> {
    if (this.core.outbox.discard(id)) return;
    await this.core.outbox.add(this.id, { type: 'message.delete', payload: { messageId: id } }).done;
  }

  async react(id: string, emoji: string, on?: boolean): Promise<void> {
    const mine = this.message(id)?.reactions.find((one) => one.emoji === emoji)?.me ?? false;
    const action = (on ?? !mine) ? 'add' : 'remove';
    await this.core.outbox.add(this.id, { type: 'message.react', payload: { messageId: id, emoji, action } }).done;
  }

  async pin(id: string, on = true): Promise<void> {
    await this.core.outbox.add(this.id, { type: 'message.pin', payload: { messageId: id, action: on ? 'add' : 'remove' } }).done;
  }

  retry(id: string): void {
    this.core.outbox.retry(id);
  }
  discard(id: string): void {
    this.core.outbox.discard(id);
    if (this.replica.refused.delete(id)) this.replica.touch();
  }

  timeline(options: { threadRoot?: string; window?: number } = {}): Timeline {
    return options.threadRoot === undefined
      ? new MainTimeline(this.core, this.replica, options.window)
      : new ThreadTimeline(this.core, this.replica, options.threadRoot);
  }

  message(id: string): MessageView | undefined {
    const message = this.replica.held(id) ?? this.core.outbox.of(id).find((op) => op.message)?.message;
    return message && this.replica.shown(message);
  }

  draft(threadRoot?: string): DraftStore {
    return this.core.drafts.store(this.id, threadRoot);
  }

  // ---- read state -----------------------------------------------------------------------------

  markRead(seq?: number): void {
    const view = this.view;
    if (!view?.membership) return;
    const to = Math.min(seq ?? view.head, view.head);
    const { readSeq } = view.membership;
    if (to <= readSeq) return;
    this.core.marks.read(this.id, to);
    this.replica.setView((now) => {
      const membership = now.membership && { ...now.membership, readSeq: to, deliveredSeq: Math.max(now.membership.deliveredSeq, to) };
      return { ...now, ...(membership ? { membership } : {}), ...this.left(now, readSeq, to) };
    });
  }

  async markUnread(from: number): Promise<void> {
    this.core.marks.forgetRead(this.id);
    const marked = await this.core.connection.request<{ seq: number; unreadCount: number; mentionCount: number }>({
      type: 'receipt.unread', payload: { conversationId: this.id, seq: Math.max(0, from - 1) },
    });
    this.replica.counted({ readSeq: marked.seq, unreadCount: marked.unreadCount, mentionCount: marked.mentionCount });
  }

  /** Counts after reading up to `to`, as far as we can tell; the server's follow. */
  private left(view: ConversationView, from: number, to: number): { unreadCount: number; mentionCount: number } {
    if (to >= view.head) return { unreadCount: 0, mentionCount: 0 };
    const me = this.core.me();
    const held = [...(this.replica.copy?.held.values() ?? [])].map((one) => one.message);
    const read = held.filter((one) => one.seq > from && one.seq <= to && one.senderId !== me && !one.deletedAt);
    const mentioned = read.filter((one) => one.mentions.includes(me) || one.mentionScope !== undefined);
    return {
      unreadCount: Math.max(0, view.unreadCount - read.filter((one) => !one.threadRoot).length),
      mentionCount: Math.max(0, view.mentionCount - mentioned.length),
    };
  }

  typing(threadRoot?: string): void {
    this.core.typing.key(this.id, threadRoot);
  }
  stopTyping(threadRoot?: string): void {
    this.core.typing.stop(this.id, threadRoot);
  }
  typists(threadRoot?: string): Live<readonly Typist[]> {
    return this.core.typing.at(this.id, threadRoot);
  }

  get receipts(): Live<readonly Receipt[]> {
    const { receiptsLive, view } = this.replica;
    if (!this.askedReceipts && view?.membership && view.memberCount <= LARGE_MEMBERS) {
      this.askedReceipts = true;
      this.core.api.conversations.receipts(this.id).then((items) => {
        for (const one of items) {
          this.replica.receipt('delivered', one.userId, one.deliveredSeq, one.deliveredAt ?? '');
          this.replica.receipt('read', one.userId, one.readSeq, one.readAt ?? '');
        }
      }, () => (this.askedReceipts = false));
    }
    return receiptsLive;
  }

  seenBy({ seq, senderId }: Pick<MessageView, 'seq' | 'senderId'>): string[] {
    if (seq === null) return [];
    const me = this.core.me();
    return this.receipts.current.filter((one) => one.readSeq >= seq && one.userId !== senderId && one.userId !== me).map((one) => one.userId);
  }

  delivery({ seq, senderId }: Pick<MessageView, 'seq' | 'senderId'>): Delivery | null {
    if (seq === null) return null;
    const others = this.receipts.current.filter((one) => one.userId !== senderId);
    const expected = (this.view?.memberCount ?? 0) - 1;
    if (others.length === 0 || others.length < expected) return 'sent';
    if (others.every((one) => one.readSeq >= seq)) return 'read';
    return others.every((one) => one.deliveredSeq >= seq) ? 'delivered' : 'sent';
  }

  // ---- people and settings --------------------------------------------------------------------

  get members(): Live<MembersView> {
    this.membersList ??= new MembersList(this.core, this.replica);
    return this.membersList.live;
  }
  async addMembers(userIds: string[], role?: MemberRole): Promise<void> {
    await this.call('POST', '/members', { userIds, ...(role ? { role } : {}) });
  }
  async removeMember(userId: string): Promise<void> {
    await this.call('DELETE', `/members/${userId}`);
  }
  async setRole(userId: string, role: MemberRole): Promise<void> {
    await this.call('PATCH', `/members/${userId}`, { role });
  }
  async join(): Promise<void> {
    await this.addMembers([this.core.me()]);
    await this.load();
  }
  async leave(): Promise<void> {
    await this.removeMember(this.core.me());
    this.core.forget(this.id);
  }
  async update(patch: UpdateConversation): Promise<ConversationView> {
    const view = await this.call<ConversationView>('PATCH', '', patch);
    this.core.adopt(view);
    return view;
  }
  archive(archived = true): Promise<ConversationView> {
    return this.update({ archived });
  }

  async setPreferences(patch: UpdatePreferences): Promise<void> {
    const before = this.view?.membership;
    const put = (membership: ConversationView['membership']): void => this.replica.setView((view) => ({ ...view, ...(membership ? { membership } : {}) }));
    if (before) put({ ...before, ...patch });
    try {
      await this.call('PATCH', '/preferences', patch);
    } catch (thrown) {
      put(before);
      throw thrown;
    }
  }

  async pins(): Promise<Message[]> {
    return (await this.call<{ items: Message[] }>('GET', '/pins')).items;
  }
  async scheduled(): Promise<ScheduledMessage[]> {
    return (await this.call<{ items: ScheduledMessage[] }>('GET', '/scheduled')).items;
  }
  async cancelScheduled(id: string): Promise<void> {
    await this.core.request('DELETE', `scheduled/${id}`);
  }
  versions(id: string): Promise<MessageVersion[]> {
    return this.core.api.messages.versions(id);
  }

  focus(): void {
    this.core.focus(this.id);
  }
  blur(): void {
    if (this.core.focused() === this.id) this.core.focus(null);
  }

  // ---- inside ---------------------------------------------------------------------------------

  private call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
    return this.core.request<T>(method, `conversations/${this.id}${path}`, body);
  }

  private known(id: string): MessageView {
    const message = this.message(id);
    if (!message) throw new TertuliaError('NOT_FOUND', 'this message is not loaded');
    return message;
  }

  /** An unsent message is not edited but written anew. */
  private rewrite(id: string, content: Content): boolean {
    const op = this.core.outbox.of(id).find((one) => one.message);
    if (!op?.message || op.doing.type !== 'message.send') return false;
    return this.core.outbox.rewrite(id, { type: 'message.send', payload: { ...op.doing.payload, content } }, { ...op.message, content });
  }

  private optimistic(input: SendInput): Message {
    const now = this.core.now();
    return {
      id: input.messageId ?? uuid(now), conversationId: this.id, seq: 0, senderId: this.core.me(),
      content: input.content ?? { type: 'text', text: input.text ?? '' }, threadCount: 0, mentions: [], reactions: [],
      priority: input.priority ?? 'normal', createdAt: new Date(now).toISOString(), ...copyOf(input, 'replyTo', 'threadRoot'),
      ...(input.expiresInMs ? { expiresAt: new Date(now + input.expiresInMs).toISOString() } : {}),
    };
  }
}

function copyOf<T extends object, K extends keyof T>(from: T, ...keys: K[]): { [P in K]?: Exclude<T[P], undefined> } {
  const copy: { [P in K]?: Exclude<T[P], undefined> } = {};
  for (const key of keys) if (from[key] !== undefined) copy[key] = from[key] as Exclude<T[K], undefined>;
  return copy;
}
