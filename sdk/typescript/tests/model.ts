/**
 * A small server that follows the protocol, over a network that does not behave: what the SDK's tests talk to.
 * It keeps one log per conversation and derives everything else from it, in the plainest way.
 */
import { tombstone, react } from '../src/fold.js';
import type { Content, ConversationView, Event, Message, MessageSend, Receipt, SyncAnswer, SyncConversation, User } from '../src/types.gen.js';

type Body = { type: Event['type']; payload: Record<string, unknown> };
type Row = { seq: number; actorId: string; at: string; body: Body };

export interface Chaos {
  /** Probabilities. */
  loseEvent: number;
  repeatEvent: number;
  loseAck: number;
  refuse: number;
  /** Most of one-way delay, ms. Frames overtake each other. */
  delayMs: number;
  /** Events further behind than this are `tooLarge`. */
  tooLarge: number;
  /** Events per answer. */
  page: number;
  /** Probability that a known resume token is taken. */
  resume: number;
}
export const CALM: Chaos = { loseEvent: 0, repeatEvent: 0, loseAck: 0, refuse: 0, delayMs: 0, tooLarge: 500, page: 500, resume: 0 };
/** Above this many members only those who look get events. */
const LARGE = 100;

const refusal = (code: string, retry: string, more: object = {}): { error: object } => ({
  error: { code, retry, message: code.toLowerCase(), ...more },
});

export class ModelConversation {
  epoch = 'e1';
  log: Row[] = [];
  readonly messages = new Map<string, Message>();
  /** Wins over the log: what a message says now. */
  readonly members = new Set<string>();
  readonly read = new Map<string, number>();
  readonly delivered = new Map<string, number>();
  name = 'general';
  /** Members that nobody plays. */
  crowd = 0;
  /** So many messages that nobody gets each. */
  summary = false;
  /** Messages since the last `conversation.activity`; null = none is due. */
  fresh: number | null = null;
  constructor(readonly id: string) {}

  get memberCount(): number {
    return this.members.size + this.crowd;
  }

  get head(): number {
    return this.log.length;
  }
  main(): Message[] {
    return [...this.messages.values()].filter((one) => !one.threadRoot).sort((a, b) => a.seq - b.seq);
  }
}

export class ModelServer {
  readonly conversations = new Map<string, ModelConversation>();
  readonly sockets = new Set<ModelSocket>();
  readonly tokens = new Map<string, string>();
  tickets = 0;
  private readonly ticketOwners = new Map<string, string>();
  refreshes = 0;
  /** What was asked of it, in order. */
  readonly frames: Array<{ user: string; type: string; payload: Record<string, unknown> }> = [];
  badTicket: { status: number; code: string; retry: string; retryAfterMs?: number } | null = null;
  /** By resume token: where its connection ended, and what it looked at. */
  readonly ended = new Map<string, { user: string; heads: Map<string, number>; focus: string | null }>();
  private resumeTokens = 0;

  constructor(
    readonly chaos: Chaos = CALM,
    readonly random: () => number = () => 0.5,
  ) {}

  user(id: string): User {
    return { id, username: id, displayName: id.toUpperCase(), createdAt: '2026-01-01T00:00:00.000Z' };
  }
  conversation(id: string, members: string[]): ModelConversation {
    const conversation = new ModelConversation(id);
    for (const member of members) conversation.members.add(member);
    this.conversations.set(id, conversation);
    return conversation;
  }

  // ---- what clients call ----------------------------------------------------------------------

  fetch: typeof fetch = async (input, init) => {
    await this.delay();
    const url = new URL(String(input));
    const token = new Headers(init?.headers).get('authorization')?.slice(7);
    const body = init?.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : {};
    const [status, answer] = this.rest(init?.method ?? 'GET', url.pathname.slice('/api/v1/'.length), url.searchParams, body, token);
    await this.delay();
    return new Response(answer === undefined ? null : JSON.stringify(answer), { status });
  };

  readonly WebSocket: new (url: string, protocols?: string | string[]) => WebSocket = (() => {
    const server = this;
    return class {
      constructor(url: string) {
        return new ModelSocket(server, new URL(url)) as unknown as WebSocket;
      }
    } as unknown as new (url: string) => WebSocket;
  })();

  private rest(method: string, path: string, params: URLSearchParams, body: Record<string, unknown>, token: string | undefined): [number, unknown] {
    if (path === 'auth/refresh') {
      this.refreshes += 1;
      const user = [...this.tokens].find(([, owner]) => `r-${owner}` === String(body['refreshToken']).split('#')[0])?.[1];
      if (!user) return [401, refusal('TOKEN_INVALID', 'auth')];
      return [200, this.signIn(user)];
    }
    if (path === 'auth/login') return [200, this.signIn(String(body['username']))];
    const user = token === undefined ? undefined : this.tokens.get(token);
    if (user === undefined) return [401, refusal('TOKEN_EXPIRED', 'auth')];
    if (path === 'auth/ws-ticket') {
      if (this.badTicket) {
        const { status, code, retry, ...more } = this.badTicket;
        return [status, refusal(code, retry, more)];
      }
      const ticket = `t${++this.tickets}`;
      this.ticketOwners.set(ticket, user);
      return [200, { ticket, expiresInMs: 60_000 }];
    }
    if (path === 'users') return [200, { items: (params.get('ids') ?? '').split(',').map((id) => this.user(id)) }];
    if (path === 'conversations' && method === 'GET') return [200, { items: this.mine(user).map((one) => this.view(one, user)) }];
    const [, id, part, rest] = path.split('/');
    const conversation = this.conversations.get(id ?? '');
    if (path.startsWith('messages/')) {
      const message = this.find(id ?? '')?.[1];
      return message ? [200, this.seen(message, user)] : [404, refusal('NOT_FOUND', 'never')];
    }
    if (!conversation?.members.has(user)) return [404, refusal('NOT_FOUND', 'never')];
    const { head, epoch } = conversation;
    const number = (name: string): number | undefined => (params.get(name) === null ? undefined : Number(params.get(name)));
    if (part === undefined) return [200, this.view(conversation, user)];
    if (part === 'events')
      return [200, { items: this.events(conversation, number('after') ?? 0, Math.min(number('limit') ?? 500, this.chaos.page)), head, epoch }];
    if (part === 'receipts') return [200, { items: this.receipts(conversation, user) }];
    if (part === 'threads') {
      const root = conversation.messages.get(rest ?? '');
      if (!root) return [404, refusal('NOT_FOUND', 'never')];
      const from = Number(params.get('cursor') ?? 0);
      const limit = number('limit') ?? 50;
      const all = [...conversation.messages.values()].filter((one) => one.threadRoot === root.id && one.seq > from).sort((a, b) => a.seq - b.seq);
      const items = all.slice(0, limit);
      return [
        200,
        {
          root: this.seen(root, user),
          items: items.map((one) => this.seen(one, user)),
          head,
          epoch,
          ...(all.length > limit ? { nextCursor: String(items.at(-1)?.seq) } : {}),
        },
      ];
    }
    if (part === 'messages') return [200, this.page(conversation, user, number)];
    return [404, refusal('NOT_FOUND', 'never')];
  }

  signIn(user: string): object {
    const accessToken = `a-${user}#${this.refreshes}`;
    this.tokens.set(accessToken, user);
    return { user: this.user(user), accessToken, refreshToken: `r-${user}#${this.refreshes}`, expiresInMs: 900_000 };
  }

  owner(ticket: string): string | undefined {
    const owner = this.ticketOwners.get(ticket);
    this.ticketOwners.delete(ticket);
    return owner;
  }

  /** The result of a frame, or a refusal. */
  frame(user: string, type: string, payload: Record<string, unknown>): { result?: unknown; error?: object } {
    this.frames.push({ user, type, payload });
    if (type === 'heartbeat')
      return { result: { serverTime: new Date().toISOString(), heads: Object.fromEntries(this.mine(user).map((one) => [one.id, one.head])) } };
    if (type === 'sync.request')
      return { result: this.sync(user, payload['conversations'] as Array<{ conversationId: string; lastSeq: number; epoch?: string }>) };
    if (type === 'receipt.read' || type === 'receipt.delivered')
      return { result: this.mark(user, type, String(payload['conversationId']), Number(payload['seq'])) };
    if (!type.startsWith('message.')) return { result: {} };
    if (this.random() < this.chaos.refuse) return refusal('RATE_LIMITED', 'after', { retryAfterMs: 200 });
    const done = type === 'message.send' ? this.send(user, payload as unknown as MessageSend) : this.change(user, type, payload);
    // The outcome is unknown to the client, though it is done.
    return this.random() < this.chaos.refuse ? refusal('INTERNAL', 'sameId') : done;
  }

  // ---- rules ----------------------------------------------------------------------------------

  send(user: string, { messageId, conversationId, content, threadRoot, replyTo }: MessageSend): { result?: unknown; error?: object } {
    const conversation = this.conversations.get(conversationId);
    if (!conversation?.members.has(user)) return refusal('NOT_FOUND', 'never');
    if (content.text === 'refuse me') return refusal('INVALID_FIELD', 'never');
    const before = conversation.messages.get(messageId);
    if (before) return { result: { messageId, seq: before.seq, createdAt: before.createdAt, duplicate: true } };
    const at = new Date().toISOString();
    const message: Message = {
      id: messageId,
      conversationId,
      seq: conversation.head + 1,
      senderId: user,
      content,
      threadCount: 0,
      mentions: [],
      reactions: [],
      priority: 'normal',
      createdAt: at,
      ...(threadRoot ? { threadRoot } : {}),
      ...(replyTo ? { replyTo } : {}),
    };
    conversation.messages.set(messageId, message);
    const root = threadRoot === undefined ? undefined : conversation.messages.get(threadRoot);
    if (root) conversation.messages.set(root.id, { ...root, threadCount: root.threadCount + 1, lastReplyAt: at });
    this.log(conversation, user, at, { type: 'message.new', payload: { messageId } });
    return { result: { messageId, seq: message.seq, createdAt: at, duplicate: false } };
  }

  private change(user: string, type: string, payload: Record<string, unknown>): { result?: unknown; error?: object } {
    const found = this.find(String(payload['messageId']));
    if (!found || found[1].deletedAt) return refusal('NOT_FOUND', 'never');
    const [conversation, message] = found;
    const at = new Date().toISOString();
    const put = (next: Message): void => void conversation.messages.set(next.id, next);
    const add = payload['action'] === 'add';
    if (type === 'message.edit') {
      if (message.senderId !== user) return refusal('FORBIDDEN', 'never');
      put({ ...message, content: payload['content'] as Content, editedAt: at });
      return this.log(conversation, user, at, { type: 'message.updated', payload: { messageId: message.id, editedAt: at } });
    }
    if (type === 'message.delete') {
      put(tombstone(message, at));
      const root = conversation.messages.get(message.threadRoot ?? '');
      if (root) put({ ...root, threadCount: root.threadCount - 1 });
      return this.log(conversation, user, at, {
        type: 'message.deleted',
        payload: { messageId: message.id, reason: 'deleted', deletedAt: at, ...(message.threadRoot ? { threadRoot: message.threadRoot } : {}) },
      });
    }
    if (type === 'message.react') {
      const emoji = String(payload['emoji']);
      if ((message.reactions.find((one) => one.emoji === emoji)?.userIds.includes(user) ?? false) === add) return { result: {} };
      const reactions = react(message.reactions, emoji, add, user, '');
      put({ ...message, reactions });
      return this.log(conversation, user, at, {
        type: 'message.reaction',
        payload: { messageId: message.id, emoji, action: payload['action'], count: reactions.find((one) => one.emoji === emoji)?.count ?? 0 },
      });
    }
    if ((message.pinnedAt !== undefined) === add) return { result: {} };
    const { pinnedAt: _, ...bare } = message;
    put(add ? { ...bare, pinnedAt: at } : bare);
    return this.log(conversation, user, at, { type: 'message.pinned', payload: { messageId: message.id, action: payload['action'] } });
  }

  rename(conversation: ModelConversation, user: string, name: string): void {
    conversation.name = name;
    this.log(conversation, user, new Date().toISOString(), {
      type: 'conversation.updated',
      payload: { name, visibility: 'public', settings: SETTINGS },
    });
  }

  /** Restored from a backup: the log is another one, and so is the place of everything in it. */
  rebuild(conversation: ModelConversation): void {
    conversation.epoch = `e${Number(conversation.epoch.slice(1)) + 1}`;
    conversation.log = [];
    for (const message of [...conversation.messages.values()].sort((a, b) => a.seq - b.seq)) {
      conversation.log.push({
        seq: conversation.log.length + 1,
        actorId: message.senderId,
        at: message.createdAt,
        body: { type: 'message.new', payload: { messageId: message.id } },
      });
      conversation.messages.set(message.id, { ...message, seq: conversation.log.length, reactions: [], threadCount: 0 });
    }
    for (const message of conversation.messages.values()) {
      const replies = [...conversation.messages.values()].filter((one) => one.threadRoot === message.id && !one.deletedAt).length;
      conversation.messages.set(message.id, { ...message, threadCount: replies });
    }
    this.ended.clear();
    for (const socket of [...this.sockets]) socket.drop(4404, 'SESSION_UNKNOWN');
  }

  view(conversation: ModelConversation, user: string): ConversationView {
    const readSeq = conversation.read.get(user) ?? 0;
    const last = [...conversation.messages.values()].sort((a, b) => b.seq - a.seq)[0];
    return {
      id: conversation.id,
      type: 'channel',
      name: conversation.name,
      visibility: 'public',
      memberCount: conversation.memberCount,
      head: conversation.head,
      epoch: conversation.epoch,
      settings: SETTINGS,
      createdBy: 'a',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      ...(last ? { lastMessageAt: last.createdAt } : {}),
      membership: {
        role: 'member',
        readSeq,
        deliveredSeq: conversation.delivered.get(user) ?? 0,
        notificationLevel: 'all',
        pinned: false,
        joinedAt: '2026-01-01T00:00:00.000Z',
      },
      unreadCount: conversation.main().filter((one) => one.seq > readSeq && one.senderId !== user && !one.deletedAt).length,
      mentionCount: 0,
    };
  }

  private mine(user: string): ModelConversation[] {
    return [...this.conversations.values()].filter((one) => one.members.has(user));
  }
  private find(id: string): [ModelConversation, Message] | undefined {
    for (const conversation of this.conversations.values()) {
      const message = conversation.messages.get(id);
      if (message) return [conversation, message];
    }
    return undefined;
  }
  private seen(message: Message, user: string): Message {
    return { ...message, reactions: message.reactions.map((one) => ({ ...one, me: one.userIds.includes(user) })) };
  }

  private page(conversation: ModelConversation, user: string, number: (name: string) => number | undefined): object {
    const all = conversation.main();
    const limit = number('limit') ?? 50;
    const [before, after, around] = [number('before'), number('after'), number('around')];
    let from = Math.max(0, all.length - limit);
    const at = (seq: number): number => (all.findIndex((one) => one.seq >= seq) + all.length + 1) % (all.length + 1);
    if (before !== undefined) from = Math.max(0, at(before) - limit);
    else if (after !== undefined) from = at(after + 1);
    else if (around !== undefined) from = Math.max(0, at(around) - Math.floor(limit / 2));
    const to = before === undefined ? from + limit : at(before);
    const items = all.slice(from, to);
    return {
      items: items.map((one) => this.seen(one, user)),
      head: conversation.head,
      epoch: conversation.epoch,
      hasMore: after === undefined ? from > 0 : to < all.length,
      ...(from > 0 && items.length > 0 ? { before: items[0]?.seq } : {}),
      ...(to < all.length && items.length > 0 ? { after: items.at(-1)?.seq } : {}),
    };
  }

  private log(conversation: ModelConversation, actorId: string, at: string, body: Body): { result: { seq: number } } {
    const row: Row = { seq: conversation.head + 1, actorId, at, body };
    conversation.log.push(row);
    for (const socket of this.sockets) if (this.pushed(conversation, socket)) socket.event(this.event(conversation, row));
    this.summarize(conversation, row);
    return { result: { seq: row.seq } };
  }

  private pushed(conversation: ModelConversation, socket: ModelSocket): boolean {
    if (!conversation.members.has(socket.user) || conversation.summary) return false;
    return conversation.memberCount <= LARGE || socket.focus === conversation.id;
  }

  /** Once a second, to those who do not get the events. */
  private summarize(conversation: ModelConversation, row: Row): void {
    if (conversation.memberCount <= LARGE && !conversation.summary) return;
    const message = conversation.messages.get(String(row.body.payload['messageId']));
    const due = conversation.fresh !== null;
    conversation.fresh = (conversation.fresh ?? 0) + (row.body.type === 'message.new' && !message?.threadRoot ? 1 : 0);
    if (due) return;
    setTimeout(() => {
      const payload = { conversationId: conversation.id, lastSeq: conversation.head, newMessages: conversation.fresh ?? 0 };
      conversation.fresh = null;
      for (const socket of this.sockets) {
        if (conversation.members.has(socket.user) && !this.pushed(conversation, socket)) socket.activity(payload);
      }
    }, 1_000);
  }

  /** A name for this connection, to go on where it ended. */
  resumeToken(): string {
    return `r${++this.resumeTokens}`;
  }
  heads(user: string): Map<string, number> {
    return new Map(this.mine(user).map((one) => [one.id, one.head]));
  }

  /** What the named connection missed, and its focus; null = it has to sync. */
  resume(user: string, token: string | null): { missed: Event[]; focus: string | null } | null {
    const live = [...this.sockets].find((socket) => socket.token === token);
    const end = live ? { user: live.user, heads: this.heads(live.user), focus: live.focus } : this.ended.get(token ?? '');
    if (end?.user !== user || this.chaos.resume === 0 || this.random() >= this.chaos.resume) return null;
    const missed = this.mine(user).flatMap((one) => this.events(one, end.heads.get(one.id) ?? one.head, Infinity));
    return { missed, focus: end.focus };
  }

  /** Content lives once: an event tells what its message says now. */
  private event(conversation: ModelConversation, row: Row): Event {
    const message = conversation.messages.get(String(row.body.payload['messageId']));
    const base = { conversationId: conversation.id, seq: row.seq, actorId: row.actorId, at: row.at };
    if (row.body.type === 'message.new' && message) {
      const { pinnedAt: _, lastReplyAt: __, ...bare } = message;
      return { ...base, type: 'message.new', payload: { message: { ...bare, reactions: [], threadCount: 0 } } };
    }
    if (row.body.type === 'message.updated' && message) {
      return {
        ...base,
        type: 'message.updated',
        payload: { messageId: message.id, content: message.content, mentions: message.mentions, editedAt: String(row.body.payload['editedAt']) },
      };
    }
    return { ...base, ...row.body } as Event;
  }
  private events(conversation: ModelConversation, after: number, limit: number): Event[] {
    return conversation.log.slice(after, limit === Infinity ? undefined : after + limit).map((row) => this.event(conversation, row));
  }

  private sync(user: string, positions: Array<{ conversationId: string; lastSeq: number; epoch?: string }>): SyncAnswer {
    const named = new Set(positions.map((one) => one.conversationId));
    const known = positions.filter((one) => this.conversations.get(one.conversationId)?.members.has(user));
    return {
      conversations: known.map((position) => this.missed(user, position)).filter((one) => one !== null),
      added: this.mine(user)
        .filter((one) => !named.has(one.id))
        .map((one) => this.view(one, user)),
      removed: positions.filter((one) => !known.includes(one)).map((one) => one.conversationId),
      serverTime: new Date().toISOString(),
    };
  }

  private missed(
    user: string,
    { conversationId, lastSeq, epoch }: { conversationId: string; lastSeq: number; epoch?: string },
  ): SyncConversation | null {
    const conversation = this.conversations.get(conversationId);
    if (!conversation) return null;
    const { head } = conversation;
    const tooLarge = epoch !== conversation.epoch || head - lastSeq > this.chaos.tooLarge;
    const events = tooLarge ? [] : this.events(conversation, lastSeq, this.chaos.page);
    const view = this.view(conversation, user);
    return {
      conversationId,
      events,
      lastSeq: tooLarge ? head : (events.at(-1)?.seq ?? lastSeq),
      head,
      epoch: conversation.epoch,
      hasMore: !tooLarge && (events.at(-1)?.seq ?? lastSeq) < head,
      tooLarge,
      messages: tooLarge
        ? conversation
            .main()
            .slice(-50)
            .map((one) => this.seen(one, user))
        : [],
      readSeq: view.membership?.readSeq ?? 0,
      receipts: this.receipts(conversation, user),
      unreadCount: view.unreadCount,
      mentionCount: 0,
    };
  }

  private receipts(conversation: ModelConversation, user: string): Receipt[] {
    return [...conversation.members]
      .filter((one) => one !== user)
      .map((userId) => ({ userId, readSeq: conversation.read.get(userId) ?? 0, deliveredSeq: conversation.delivered.get(userId) ?? 0 }));
  }

  private mark(user: string, type: 'receipt.read' | 'receipt.delivered', id: string, seq: number): object {
    const conversation = this.conversations.get(id);
    if (!conversation) return {};
    const marks = type === 'receipt.read' ? conversation.read : conversation.delivered;
    const to = Math.min(conversation.head, Math.max(seq, marks.get(user) ?? 0));
    marks.set(user, to);
    for (const socket of this.sockets) {
      if (conversation.members.has(socket.user))
        socket.push({ type, payload: { conversationId: id, userId: user, seq: to, at: new Date().toISOString() } });
    }
    const view = this.view(conversation, user);
    return { seq: to, unreadCount: view.unreadCount, mentionCount: 0 };
  }

  delay(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.random() * this.chaos.delayMs));
  }
}

const SETTINGS = { onlyAdminsCanPost: false, allowMemberInvites: true };

/** The client's end, with the network in between. */
export class ModelSocket {
  readyState = 0;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  user = '';
  focus: string | null = null;
  readonly token: string;

  constructor(
    private readonly server: ModelServer,
    readonly url: URL,
  ) {
    this.token = server.resumeToken();
    setTimeout(() => {
      this.user = server.owner(url.searchParams.get('ticket') ?? '') ?? '';
      if (this.user === '') return this.drop(1006, '');
      this.readyState = 1;
      const resumed = server.resume(this.user, url.searchParams.get('resume'));
      server.sockets.add(this);
      this.focus = resumed?.focus ?? null;
      this.deliver({ type: 'connected', payload: { ...HELLO, resumeToken: this.token, resumed: resumed !== null } });
      for (const event of resumed?.missed ?? []) this.event(event);
    }, 1);
  }

  send(text: string): void {
    const { id, type, payload } = JSON.parse(text) as { id?: string; type: string; payload: Record<string, unknown> };
    this.later(() => {
      if (type === 'conversation.focus') this.focus = payload['conversationId'] as string | null;
      const { result, error } = this.server.frame(this.user, type, payload);
      if (id === undefined || this.server.random() < this.server.chaos.loseAck) return;
      this.later(() => this.deliver({ type: 'ack', payload: error ? { refId: id, status: 'error', error } : { refId: id, status: 'ok', result } }));
    });
  }

  event(event: Event): void {
    const { type, payload, ...place } = event;
    const frame = { type, payload: { ...place, ...payload } };
    const { chaos, random } = this.server;
    if (random() < chaos.loseEvent) return;
    this.push(frame);
    if (random() < chaos.repeatEvent) this.push(frame);
  }

  activity(payload: object): void {
    if (this.server.random() >= this.server.chaos.loseEvent) this.push({ type: 'conversation.activity', payload });
  }

  push(frame: object): void {
    this.later(() => this.deliver(frame));
  }
  deliver(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The server, or the cable. */
  drop(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.server.sockets.delete(this);
    const { server, user, focus } = this;
    if (![1000, 4404, 4408].includes(code)) server.ended.set(this.token, { user, heads: server.heads(user), focus });
    this.onclose?.({ code, reason });
  }
  close(): void {
    this.drop(1000, '');
  }

  private later(work: () => void): void {
    const run = (): void => {
      if (this.readyState === 1) work();
    };
    if (this.server.chaos.delayMs === 0) queueMicrotask(run);
    else setTimeout(run, this.server.random() * this.server.chaos.delayMs);
  }
}

const HELLO = {
  connectionId: 'c',
  userId: 'u',
  protocol: 'tertulia.v1',
  serverTime: '2026-01-01T00:00:00.000Z',
  heartbeatIntervalMs: 30_000,
  resumeToken: 'r',
  resumed: false,
  limits: { frameBytes: 65_536, textChars: 16_000, syncConversations: 1_000, syncEvents: 500, presenceSubscriptions: 500 },
};
