import type { Api, ClientEvents, ClientOptions, Storage, Unsubscribe } from './api.js';
import { AuthSession } from './auth.js';
import { browserSignals } from './browser.js';
import { Cache } from './cache.js';
import { Connection } from './connection.js';
import type { Core } from './core.js';
import { DraftBook } from './drafts.js';
import { TertuliaError } from './errors.js';
import { Http, query, type Method } from './http.js';
import { uuid } from './ids.js';
import { Lists } from './lists.js';
import { Emitter } from './live.js';
import { Marks } from './marks.js';
import { Outbox } from './outbox.js';
import { PresenceBook } from './presence.js';
import { receive } from './receive.js';
import { Replica } from './replica.js';
import { makeApi } from './rest.js';
import { IndexedDbStorage } from './storage/indexeddb.js';
import { MemoryStorage } from './storage/memory.js';
import { SafeStorage } from './storage/safe.js';
import { Syncer } from './syncer.js';
import { defaultTokens } from './tokens.js';
import { TypingBook } from './typing.js';
import type { ClientFrame, ConversationView, Ticket, User } from './types.gen.js';
import { UserBook } from './users.js';

const ACK_TIMEOUT_MS = 5_000;
/** No conversation's id: the server may have any focus. */
const UNKNOWN = '';

/** Makes the parts and ties them together. Nothing else knows them all. */
export class Engine implements Core {
  readonly replicas = new Map<string, Replica>();
  readonly lists = new Lists(this.replicas);
  readonly emitter = new Emitter<ClientEvents>();
  readonly now: () => number;
  readonly random: () => number;
  readonly auth: AuthSession;
  readonly http: Http;
  readonly api: Api;
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly users: UserBook;
  readonly presence: PresenceBook;
  readonly typing: TypingBook;
  readonly drafts: DraftBook;
  readonly marks: Marks;
  private readonly cache: Cache;
  private readonly syncer: Syncer;
  private readonly base: string;
  private readonly device = uuid();
  private readonly stopSignals: Unsubscribe;
  private onScreen: string | null = null;
  /** The focus that the server is known to have. */
  private told: string | null = null;
  private openFor: string | null = null;

  constructor(options: ClientOptions) {
    this.now = options.now ?? Date.now;
    this.random = options.random ?? Math.random;
    this.base = new URL(options.url ?? '/', globalThis.location?.href).href.replace(/\/?$/, '/');
    this.auth = new AuthSession({
      http: () => this.http, store: options.tokens ?? defaultTokens(), now: this.now, deviceName: options.deviceName, leaving: (purge) => this.leave(purge),
    });
    this.http = new Http({
      base: this.base, fetch: options.fetch ?? globalThis.fetch.bind(globalThis), token: () => this.auth.required(), renew: () => this.auth.refresh(),
    });
    this.api = makeApi(this.http, (user) => this.auth.updated(user));
    this.connection = new Connection({
      address: (resume) => this.address(resume), WebSocket: options.WebSocket ?? globalThis.WebSocket, renew: () => this.auth.refresh(),
      ackTimeoutMs: options.ackTimeoutMs ?? ACK_TIMEOUT_MS, now: this.now, random: this.random, log: (...entry) => options.log?.(...entry),
    });
    this.cache = new Cache(this.storage(options), this.replicas);
    const wire = {
      request: <T>(frame: ClientFrame): Promise<T> => this.connection.request<T>(frame),
      post: (frame: ClientFrame): boolean => this.connection.post(frame),
      online: (): boolean => this.connection.isUp,
      now: this.now, random: this.random, me: (): string => this.me(),
    };
    this.outbox = new Outbox({
      ...wire, applied: (lane) => this.replicas.get(lane)?.tracker.lastSeq ?? 0, newId: () => uuid(this.now()),
      save: (op) => this.cache.saveOp(op), remove: (id) => this.cache.removeOp(id),
    });
    this.users = new UserBook(() => this.api);
    this.presence = new PresenceBook(wire);
    this.typing = new TypingBook(wire);
    this.drafts = new DraftBook({
      now: this.now, save: (key, draft) => this.cache.saveDraft(key, draft), changed: (id) => {
        this.replicas.get(id)?.summary.touch();
        this.lists.touch();
      },
    });
    this.marks = new Marks({
      ...wire, marked: (id, { seq, ...counts }) => this.replicas.get(id)?.counted({ readSeq: seq, ...counts }),
      received: (id, seq) => this.replicas.get(id)?.received(seq),
    }, this.now);
    this.syncer = new Syncer(this, this.replicas, this.lists);
    this.tie();
    this.stopSignals = browserSignals(this.connection, () => {
      // The page may not come back.
      this.marks.flush();
      void this.cache.flush();
    });
  }

  me(): string {
    return this.auth.me.current?.id ?? '';
  }

  replica(id: string): Replica {
    let replica = this.replicas.get(id);
    if (!replica) this.replicas.set(id, (replica = new Replica(id, this)));
    return replica;
  }

  request<T>(method: Method, path: string, body?: unknown): Promise<T> {
    return this.http.call<T>(method, path, body);
  }

  adopt(view: ConversationView): void {
    this.replica(view.id).adopt(view);
  }

  forget(id: string): void {
    const replica = this.replicas.get(id);
    if (!replica) return;
    this.replicas.delete(id);
    this.outbox.clear(id);
    this.cache.drop(id);
    replica.drop();
    this.lists.touch();
    this.emitter.emit('conversation.removed', { conversationId: id });
  }

  listed(): void {
    this.lists.touch();
  }
  keep(id: string): void {
    this.cache.keep(id);
  }

  focus(id: string | null): void {
    this.onScreen = id;
    void this.tellFocus();
    if (id !== null) this.replicas.get(id)?.tracker.lookedAt();
  }
  focused(): string | null {
    return this.onScreen;
  }

  private async tellFocus(): Promise<void> {
    const conversationId = this.onScreen;
    try {
      await this.connection.request({ type: 'conversation.focus', payload: { conversationId } });
      this.told = conversationId;
    } catch {
      // Whether it heard that is not known: the next connection tells it.
      this.told = UNKNOWN;
    }
  }

  /** Opens the folder of who is signed in, once, and takes what is in it. */
  async open(user: User): Promise<void> {
    if (this.openFor === user.id) return;
    this.openFor = user.id;
    this.users.put([user]);
    const { copies, ops, drafts } = await this.cache.open(user.id);
    for (const [id, copy] of copies) this.replica(id).restore(copy);
    this.drafts.restore(drafts);
    this.outbox.restore(ops);
    if (copies.length === 0) return;
    this.syncer.restored();
    this.lists.setReady(true);
  }

  async close(): Promise<void> {
    this.connection.stop('asked');
    this.stopSignals();
    for (const part of [this.outbox, this.users, this.presence, this.marks]) part.stop();
    this.typing.clear();
    await this.cache.close();
  }

  /** Signed out: nothing stays in memory, and with `purge` nothing on this machine. */
  private async leave(purge: boolean): Promise<void> {
    this.connection.stop('signed-out');
    this.openFor = null;
    this.onScreen = this.told = null;
    await (purge ? this.cache.wipe() : this.cache.release());
    this.outbox.clear();
    this.marks.stop();
    this.typing.clear();
    for (const replica of this.replicas.values()) replica.drop();
    this.replicas.clear();
    this.drafts.clear();
    this.lists.setReady(false);
  }

  private storage(options: ClientOptions): Storage {
    const { storage } = options;
    if (typeof storage === 'object') return new SafeStorage(storage, () => undefined);
    if (storage === 'memory' || typeof indexedDB === 'undefined') return new MemoryStorage();
    return new SafeStorage(new IndexedDbStorage(), () => {
      const why = 'nothing can be kept in this browser: what is not sent is lost when the tab closes';
      this.emitter.emit('error', new TertuliaError('UNAVAILABLE', why));
    });
  }

  private async address(resume: string | null): Promise<string> {
    const { ticket } = await this.http.call<Ticket>('POST', 'auth/ws-ticket');
    return `${this.base.replace(/^http/, 'ws')}api/v1/ws${query({ ticket, device: this.device, resume: resume ?? undefined })}`;
  }

  private tie(): void {
    const { connection, outbox } = this;
    connection.up.add((hello) => {
      this.syncer.up(hello);
      outbox.up();
      this.marks.flush();
      this.presence.up();
      // A resumed connection has the focus of the last one.
      if (!hello.resumed) this.told = null;
      if (this.onScreen !== this.told) void this.tellFocus();
    });
    connection.down.add(() => {
      this.syncer.down();
      this.presence.down();
      this.typing.clear();
    });
    connection.frame.add((frame) => receive(this, this.presence, this.replicas, frame));
    connection.heads.add((heads) => this.syncer.heads(heads));
    connection.refused.add((purge) => void this.auth.forget(purge));
    connection.info.subscribe(() => this.emitter.emit('connection', connection.info.current));
    outbox.changed.add(({ lane }) => this.replicas.get(lane)?.touch());
    outbox.refused.add(({ lane, messageId, doing, error }) => {
      if (doing.type !== 'message.edit' || !error) return;
      const replica = this.replica(lane);
      replica.refused.set(messageId, { text: doing.payload.content.text ?? '', error });
      replica.touch();
    });
    outbox.counts.subscribe(() => this.emitter.emit('outbox', outbox.counts.current));
    this.lists.unread.subscribe(() => this.emitter.emit('unread', this.lists.unread.current));
    this.auth.me.subscribe(() => {
      const user = this.auth.me.current;
      if (user) this.users.put([user]);
      this.emitter.emit('me', user);
    });
  }
}
