import type {
  Api, Auth, CallOptions, Client, ClientEvents, ClientOptions, ConnectionInfo, Conversation, ConversationList, Live, PresenceApi, UnreadTotals,
  Unsubscribe, Users,
} from './api.js';
import { ConversationHandle } from './conversation.js';
import { Engine } from './engine.js';
import { offline, signedOut } from './errors.js';
import type { Method } from './http.js';
import type { CreateConversation, User } from './types.gen.js';

/** A client of one server, for one person at a time. */
export class Tertulia implements Client {
  readonly auth: Auth;
  readonly api: Api;
  readonly users: Users;
  readonly presence: PresenceApi;
  readonly connection: Live<ConnectionInfo>;
  readonly me: Live<User | null>;
  readonly unread: Live<UnreadTotals>;
  readonly outbox: Live<{ readonly pending: number; readonly failed: number }>;
  private readonly engine: Engine;
  private readonly handles = new Map<string, ConversationHandle>();
  private restoring: Promise<User | null> | null = null;

  constructor(options: ClientOptions = {}) {
    this.engine = new Engine(options);
    this.auth = this.engine.auth;
    this.api = this.engine.api;
    this.users = this.engine.users;
    this.presence = this.engine.presence;
    this.connection = this.engine.connection.info;
    this.me = this.engine.auth.me;
    this.unread = this.engine.lists.unread;
    this.outbox = this.engine.outbox.counts;
  }

  restore(): Promise<User | null> {
    this.restoring ??= (async () => {
      const user = await this.engine.auth.restore();
      if (user) await this.engine.open(user);
      return user;
    })();
    return this.restoring;
  }

  async connect(): Promise<void> {
    await this.restore();
    const user = this.me.current;
    if (!user) throw signedOut();
    await this.engine.open(user);
    this.engine.connection.start();
    await new Promise<void>((resolve, reject) => {
      const look = (): boolean => {
        const { state, stopped } = this.connection.current;
        if (state === 'connected') resolve();
        else if (state === 'disconnected') reject(stopped === 'signed-out' ? signedOut() : offline(stopped));
        else return false;
        return true;
      };
      if (look()) return;
      const off = this.connection.subscribe(() => {
        if (look()) off();
      });
    });
  }

  disconnect(): void {
    this.engine.connection.stop('asked');
  }
  reconnect(): void {
    this.engine.connection.wake();
  }
  close(): Promise<void> {
    return this.engine.close();
  }

  conversations(options: { workspaceId?: string } = {}): Live<ConversationList> {
    return this.engine.lists.of(options.workspaceId);
  }

  conversation(id: string): Conversation {
    let handle = this.handles.get(id);
    if (!handle) this.handles.set(id, (handle = new ConversationHandle(id, this.engine)));
    return handle;
  }

  async createConversation(body: CreateConversation): Promise<Conversation> {
    const view = await this.api.conversations.create(body);
    this.engine.adopt(view);
    return this.conversation(view.id);
  }
  openDirect(userId: string): Promise<Conversation> {
    return this.createConversation({ type: 'direct', memberIds: [userId] });
  }

  request<T>(method: Method, path: string, body?: unknown, options?: CallOptions): Promise<T> {
    return this.engine.http.call<T>(method, path, body, options);
  }
  on<K extends keyof ClientEvents>(event: K, heard: (value: ClientEvents[K]) => void): Unsubscribe {
    return this.engine.emitter.on(event, heard);
  }
}
