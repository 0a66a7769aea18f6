/** The server of a plan (see `plans.md`): answers from logs that the plan makes grow, and never acts by itself. */
import { apply, without, type Copy } from '../src/fold.js';
import type { ConversationView, Event, Message, SyncAnswer, SyncConversation, SyncPosition } from '../src/types.gen.js';

export interface Up {
  resumed: boolean;
  replay?: Array<[string, number, number]>;
}
export type Place = [conversationId: string, seq: number];

export interface Settings {
  me: string;
  latencyMs: number;
  syncEvents: number;
  page: number;
  /** Syncs are read and answered when the plan says so. */
  holdsSyncs?: boolean;
}

class Log {
  events: Event[] = [];
  epoch: string;
  readSeq = 0;
  private folded: { copy: Copy; at: number; epoch: string } | undefined;

  constructor(
    private readonly first: ConversationView,
    private readonly me: string,
  ) {
    this.epoch = first.epoch;
  }

  get head(): number {
    return this.events.length;
  }
  /** The client is in it: as its newest event about that says, or else as it was at first. */
  get isMine(): boolean {
    return this.isMineAt(this.head);
  }
  private isMineAt(head: number): boolean {
    const { me } = this;
    const about = this.events.slice(0, head).findLast((one) => (one.type === 'member.joined' ? one.payload.member.userId : one.type === 'member.left' ? one.payload.userId : '') === me);
    return about ? about.type === 'member.joined' : this.first.membership !== undefined;
  }
  private begin(): Copy {
    const view = { ...without(this.first, 'lastMessageAt'), head: 0, unreadCount: 0, mentionCount: 0 };
    return { view, viewAsOf: 0, countsAsOf: 0, lastSeq: 0, held: new Map() };
  }
  /** All that the events so far made of it. */
  private get copy(): Copy {
    if (!this.folded || this.folded.epoch !== this.epoch) this.folded = { copy: this.begin(), at: 0, epoch: this.epoch };
    for (; this.folded.at < this.head; this.folded.at++) apply(this.folded.copy, this.events[this.folded.at] as Event, this.me);
    return this.folded.copy;
  }
  get messages(): Message[] {
    return messagesOf(this.copy);
  }
  get main(): Message[] {
    return this.messages.filter((one) => !one.threadRoot);
  }
  get view(): ConversationView {
    return this.viewOf(this.copy, this.head);
  }
  /** As it was when the log was so long. */
  viewAt(head: number): ConversationView {
    const copy = this.begin();
    for (const event of this.events.slice(0, head)) apply(copy, event, this.me);
    return this.viewOf(copy, head);
  }
  private viewOf(copy: Copy, head: number): ConversationView {
    const { view } = copy;
    const membership = this.isMineAt(head) ? { ...(view.membership ?? member(view.createdAt)), readSeq: this.readSeq } : undefined;
    const unread = messagesOf(copy).filter((one) => !one.threadRoot && one.seq > this.readSeq && one.senderId !== this.me && !one.deletedAt);
    return { ...without(view, 'membership'), ...(membership ? { membership } : {}), head, epoch: this.epoch, unreadCount: unread.length, mentionCount: 0 };
  }
}

const messagesOf = (copy: Copy): Message[] => [...copy.held.values()].map((one) => one.message).sort((a, b) => a.seq - b.seq);

const member = (joinedAt: string): NonNullable<ConversationView['membership']> => ({
  role: 'member', readSeq: 0, deliveredSeq: 0, notificationLevel: 'all', pinned: false, joinedAt,
});

export class PlanServer {
  readonly logs = new Map<string, Log>();
  /** How the next connection is answered; null = nobody gets in. */
  next: Up | null = null;
  current: PlanSocket | null = null;
  /** Conversations whose copy was told to start over. */
  readonly startedOver = new Set<string>();
  private token = '';
  private tokens = 0;
  private readonly heard = new Map<string, number>();
  private held: Array<{ ask: () => SyncAnswer; answer: (result: SyncAnswer) => void; result?: SyncAnswer }> = [];
  private unacked: Array<{ socket: PlanSocket; id: string; messageId: string }> = [];
  /** Grows with each end of a connection: answers of before are lost. */
  private era = 0;

  constructor(
    views: readonly ConversationView[],
    readonly settings: Settings,
  ) {
    for (const view of views) this.logs.set(view.id, new Log(view, settings.me));
  }

  log(id: string): Log {
    const log = this.logs.get(id);
    if (!log) throw new Error(`the plan does not know the conversation ${id}`);
    return log;
  }

  grow(events: readonly Event[]): void {
    for (const event of events) {
      const log = this.log(event.conversationId);
      if (event.seq !== log.head + 1) throw new Error(`${event.conversationId}: ${event.seq} does not follow ${log.head}`);
      log.events.push(event);
    }
    const waiting = this.unacked;
    this.unacked = [];
    for (const { socket, id, messageId } of waiting) if (socket === this.current) this.sent(socket, id, messageId);
  }

  event([conversationId, seq]: Place): object {
    const event = this.log(conversationId).events[seq - 1];
    if (!event) throw new Error(`${conversationId} has no event ${seq}`);
    const { type, payload, ...place } = event;
    return { type, payload: { ...place, ...payload } };
  }

  replay(up: Up): Place[] {
    return (up.replay ?? []).flatMap(([id, from, to]) => Array.from({ length: to - from + 1 }, (_, i): Place => [id, from + i]));
  }

  down(code: number): void {
    this.era += 1;
    const socket = this.current;
    this.current = null;
    this.next = null;
    if ([1000, 1002, 1003, 1007, 1009, 4404, 4408].includes(code)) this.token = '';
    socket?.drop(code);
  }

  /** A connection begins. */
  meet(socket: PlanSocket): void {
    const up = this.next;
    if (!up) return socket.drop(1006);
    const resumed = up.resumed && this.token !== '' && socket.url.searchParams.get('resume') === this.token;
    this.token = `r${++this.tokens}`;
    this.current = socket;
    this.held = [];
    this.heard.clear();
    socket.deliver({ type: 'connected', payload: { ...HELLO, userId: this.settings.me, resumeToken: this.token, resumed } });
    if (resumed) for (const place of this.replay(up)) socket.deliver(this.event(place));
  }

  /** After the latency, unless the connection ended meanwhile. */
  later(work: () => void): void {
    const { era } = this;
    const run = (): void => {
      if (era === this.era) work();
    };
    if (this.settings.latencyMs === 0) queueMicrotask(run);
    else setTimeout(run, this.settings.latencyMs);
  }

  fetch: typeof fetch = (input, init) =>
    new Promise((resolve, reject) => {
      const url = new URL(String(input));
      const { era } = this;
      const lost = (): void => reject(new TypeError('no network'));
      if (!this.next) return lost();
      const [status, body] = this.rest(init?.method ?? 'GET', url.pathname.slice('/api/v1/'.length).split('/'), url.searchParams);
      const answer = (): void => (era === this.era ? resolve(new Response(JSON.stringify(body), { status })) : lost());
      setTimeout(answer, this.settings.latencyMs);
    });

  readonly WebSocket = ((server: PlanServer) =>
    class {
      constructor(url: string) {
        return new PlanSocket(server, new URL(url)) as unknown as WebSocket;
      }
    })(this) as unknown as new (url: string) => WebSocket;

  private rest(method: string, path: string[], params: URLSearchParams): [number, unknown] {
    const [kind, id = '', part] = path;
    const none: [number, unknown] = [404, { error: { code: 'NOT_FOUND', retry: 'never', message: 'not found' } }];
    const number = (name: string): number | undefined => (params.get(name) === null ? undefined : Number(params.get(name)));
    if (path.join('/') === 'auth/ws-ticket') return [200, { ticket: 't', expiresInMs: 60_000 }];
    if (kind === 'users') return [200, { items: [] }];
    if (method !== 'GET') return none;
    if (kind === 'messages') {
      const found = this.mine.flatMap(([, log]) => log.messages).find((one) => one.id === id);
      return found ? [200, found] : none;
    }
    if (kind !== 'conversations') return none;
    if (id === '') return [200, { items: this.mine.map(([, log]) => log.view) }];
    const log = this.logs.get(id);
    if (!log?.isMine) return none;
    const { head, epoch } = log;
    if (part === undefined) return [200, log.view];
    if (part === 'receipts') return [200, { items: [] }];
    if (part === 'messages') return [200, page(log, number)];
    const after = number('after') ?? 0;
    return part === 'events' ? [200, { items: log.events.slice(after, after + Math.min(number('limit') ?? 500, this.settings.page)), head, epoch }] : none;
  }

  frame(socket: PlanSocket, id: string | undefined, type: string, payload: Record<string, unknown>): void {
    const answer = (result: unknown): void => {
      if (id !== undefined) this.later(() => socket.deliver({ type: 'ack', payload: { refId: id, status: 'ok', result } }));
    };
    if (type === 'message.send') return this.sent(socket, id ?? '', String(payload['messageId']));
    if (type === 'sync.request') {
      const ask = (): SyncAnswer => this.sync(payload['conversations'] as SyncPosition[]);
      if (!this.settings.holdsSyncs) return answer(ask());
      // Asked again because it took so long: what was read is the answer to this.
      const before = this.held.pop();
      return void this.held.push({ ...before, ask, answer: (result) => socket.deliver({ type: 'ack', payload: { refId: id, status: 'ok', result } }) });
    }
    if (type === 'heartbeat') return answer({ serverTime: '2026-01-01T00:00:00.000Z', heads: this.moved() });
    if (type === 'receipt.read') {
      const log = this.log(String(payload['conversationId']));
      log.readSeq = Math.max(log.readSeq, Math.min(log.head, Number(payload['seq'])));
      return answer({ seq: log.readSeq, unreadCount: log.view.unreadCount, mentionCount: 0 });
    }
    answer({});
  }

  private sent(socket: PlanSocket, id: string, messageId: string): void {
    const found = [...this.logs.values()].flatMap((log) => log.messages).find((one) => one.id === messageId);
    if (!found) return void this.unacked.push({ socket, id, messageId });
    const result = { messageId, seq: found.seq, createdAt: found.createdAt, duplicate: false };
    this.later(() => socket.deliver({ type: 'ack', payload: { refId: id, status: 'ok', result } }));
  }

  /** What was asked is read now, and answered later. */
  readSyncs(): void {
    for (const one of this.held) one.result = one.ask();
  }
  answerSyncs(): void {
    const ready = this.held.filter((one) => one.result);
    this.held = this.held.filter((one) => !one.result);
    for (const { answer, result } of ready) if (result) answer(result);
  }
  /** From here on they are answered at once. */
  release(): void {
    this.settings.holdsSyncs = false;
    this.readSyncs();
    this.answerSyncs();
  }

  private get mine(): Array<[string, Log]> {
    return [...this.logs].filter(([, log]) => log.isMine);
  }

  private moved(): Record<string, number> {
    const moved = this.mine.filter(([id, log]) => log.head !== this.heard.get(id)).map(([id, log]): [string, number] => [id, log.head]);
    for (const [id, head] of moved) this.heard.set(id, head);
    return Object.fromEntries(moved);
  }

  private sync(positions: readonly SyncPosition[]): SyncAnswer {
    const named = new Set(positions.map((one) => one.conversationId));
    return {
      conversations: positions.filter((one) => this.logs.get(one.conversationId)?.isMine).map((one) => this.missed(one)),
      added: this.mine.filter(([id]) => !named.has(id)).map(([, log]) => log.view),
      removed: [...named].filter((id) => !this.logs.get(id)?.isMine),
      serverTime: '2026-01-01T00:00:00.000Z',
    };
  }

  private missed({ conversationId, lastSeq, epoch }: SyncPosition): SyncConversation {
    const log = this.log(conversationId);
    const { head, view } = log;
    const tooLarge = (epoch !== undefined && epoch !== log.epoch) || lastSeq > head || head - lastSeq > this.settings.syncEvents;
    if (tooLarge) this.startedOver.add(conversationId);
    const events = tooLarge ? [] : log.events.slice(lastSeq, lastSeq + this.settings.page);
    const last = tooLarge ? head : (events.at(-1)?.seq ?? lastSeq);
    return {
      conversationId, events, lastSeq: last, head, epoch: log.epoch, hasMore: last < head, tooLarge,
      messages: tooLarge ? log.main.slice(-50) : [], readSeq: log.readSeq, receipts: [], unreadCount: view.unreadCount, mentionCount: 0,
    };
  }
}

function page(log: Log, number: (name: string) => number | undefined): object {
  const all = log.main;
  const limit = number('limit') ?? 50;
  const place = (seq: number): number => all.filter((one) => one.seq < seq).length;
  const [before, after, around] = [number('before'), number('after'), number('around')];
  let from = Math.max(0, all.length - limit);
  if (before !== undefined) from = Math.max(0, place(before) - limit);
  else if (after !== undefined) from = place(after + 1);
  else if (around !== undefined) from = Math.max(0, place(around) - Math.floor(limit / 2));
  const to = Math.min(all.length, before === undefined ? from + limit : place(before));
  const items = all.slice(from, to);
  return {
    items, head: log.head, epoch: log.epoch,
    ...(from > 0 && items.length > 0 ? { before: items[0]?.seq } : {}), ...(to < all.length && items.length > 0 ? { after: items.at(-1)?.seq } : {}),
  };
}

/** The client's end of a connection. */
export class PlanSocket {
  readyState = 0;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(
    private readonly server: PlanServer,
    readonly url: URL,
  ) {
    setTimeout(() => {
      if (this.readyState === 3) return;
      this.readyState = 1;
      server.meet(this);
    }, 1);
  }

  send(text: string): void {
    const { id, type, payload } = JSON.parse(text) as { id?: string; type: string; payload: Record<string, unknown> };
    this.server.frame(this, id, type, payload ?? {});
  }
  deliver(frame: object): void {
    if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(frame) });
  }
  drop(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code, reason: '' });
  }
  close(): void {
    this.drop(1000);
  }
}

const HELLO = {
  connectionId: 'c', protocol: 'tertulia.v1', serverTime: '2026-01-01T00:00:00.000Z', heartbeatIntervalMs: 30_000,
  limits: { frameBytes: 65_536, textChars: 16_000, syncConversations: 1_000, syncEvents: 500, presenceSubscriptions: 500 },
};
