/**
 * The public surface of `@tertulia/client`. Wire shapes come from the generated types; what is here is what
 * a client adds to them: local state, stores to subscribe to, and the verbs.
 *
 * Everything a screen shows is an external store: a stable `current` that is replaced (never mutated) when
 * it changes, and `subscribe`. That is what React's `useSyncExternalStore` wants, and nothing more.
 */
import type {
  Code, Content, ConversationId, ConversationSettings, ConversationView, CreateConversation, Event, EventPage,
  InviteCreated, InvitePreview, MemberRole, MemberView, Message, MessageId, MessagePage, MessageVersion,
  NotificationLevel, Page, Presence, Priority, Receipt, ScheduledMessage, ServerInfo, Session, SignedIn, Status,
  Thread, Timestamp, UpdateConversation, UpdatePreferences, User, UserId, Workspace, WorkspaceId,
  WorkspaceMember, WorkspaceRole, CreateInvite, CreateWorkspace, Login, Register, Setup, UpdateMe,
} from './types.gen.js';
import type { TertuliaError } from './errors.js';

export type * from './types.gen.js';

export type Unsubscribe = () => void;
/** Place of an event in its conversation's log: 1, 2, 3 … without a gap. */
export type Seq = number;

/** A value that changes over time. `current` keeps its identity until it changes. */
export interface Live<T> {
  readonly current: T;
  subscribe(changed: () => void): Unsubscribe;
}

// ---- errors -------------------------------------------------------------------------------------

/** Codes of the server, and those that only a client can meet. */
export type ErrorCode = Code | 'OFFLINE' | 'ABORTED' | 'SIGNED_OUT' | 'PROTOCOL';

export type { TertuliaError } from './errors.js';

// ---- connection ---------------------------------------------------------------------------------

export type ConnectionState = 'disconnected' | 'connecting' | 'connected';

/** Why the client will not reconnect by itself. */
export type StopReason =
  /** `disconnect()` was called, or nobody is signed in. */
  | 'asked'
  /** Tokens are no longer good: sign in again. */
  | 'signed-out'
  /** This version is no longer spoken: reload the page or update. */
  | 'upgrade-required'
  /** A newer connection of the same user took this one's place. */
  | 'replaced'
  /** This client misbehaves; a bug. */
  | 'protocol';

export interface ConnectionInfo {
  readonly state: ConnectionState;
  /** The connection has been gone for 5 s or more: say so. Shorter blips never show. */
  readonly lost: boolean;
  /** Present in `disconnected`. */
  readonly stopped?: StopReason;
  /** Close code and reason of the last socket. */
  readonly code?: number;
  readonly reason?: string;
  /** Failed attempts since the last good connection. */
  readonly attempt: number;
  /** When the next attempt starts, ms since 1970; present while waiting. */
  readonly nextRetryAt?: number;
  /** Round trip of the last heartbeat. */
  readonly rttMs?: number;
  /** When `state` began, ms since 1970. */
  readonly since: number;
  /** What the browser says about the network. */
  readonly browserOnline: boolean;
  /** Parts of the server that are away: `store` (nothing can be sent), `bus` (messages come a second late), `presence`, … */
  readonly away: readonly string[];
}

/**
 * How a conversation's local copy stands to the server's log. `behind`: on purpose, because it is large and nobody looks
 * at it; opening it or giving it the focus brings the rest.
 */
export type SyncState = 'cold' | 'syncing' | 'live' | 'filling' | 'reset' | 'stale' | 'behind';

// ---- messages -----------------------------------------------------------------------------------

/** `queued` (no connection, or others first) → `sending` → `sent`; or `failed`: offer retry and discard. */
export type SendState = 'queued' | 'sending' | 'sent' | 'failed';

/** A message as it is to be shown: the server's, with what this client has not yet been told applied on top. */
export interface MessageView extends Omit<Message, 'seq'> {
  /** Null until the server has stored it. */
  readonly seq: Seq | null;
  /** Stable from the first key press to the last edit; equals `id`. For list keys. */
  readonly key: MessageId;
  readonly state: SendState;
  /** Why sending failed, or why the last edit was refused (its text stays in `draftEdit`). */
  readonly error?: TertuliaError;
  /** Something of ours on its way. */
  readonly pending?: 'edit' | 'delete';
  /** Text of an edit that the server refused. */
  readonly draftEdit?: string;
}

export interface SendInput {
  text?: string;
  /** In place of `text`, for anything that is not plain text. */
  content?: Content;
  replyTo?: MessageId;
  threadRoot?: MessageId;
  priority?: Priority;
  /** One second to a year. */
  expiresInMs?: number;
  scheduledAt?: Timestamp;
  /** A UUID; made here when absent. */
  messageId?: MessageId;
}

/** How far a message of ours has come. */
export type Delivery = 'sent' | 'delivered' | 'read';

export type JumpTarget = { seq: Seq } | { id: MessageId } | { at: number | Date } | 'latest' | 'firstUnread';

/** What a list of messages shows. */
export interface TimelineView {
  /** Oldest first; unsent ones last. At most the window's size, unsent ones aside. */
  readonly messages: readonly MessageView[];
  /** There are older ones on the server. */
  readonly hasOlder: boolean;
  /** False = the window touches the end, so new messages appear by themselves. */
  readonly hasNewer: boolean;
  /** The first page has arrived. */
  readonly ready: boolean;
  readonly loading: 'older' | 'newer' | 'jump' | null;
  /** The last load failed. */
  readonly error?: TertuliaError;
  /** Where the "new" line goes: the first unread message when the timeline opened. Stays until `jumpTo` or `clearUnreadMark`. */
  readonly firstUnreadId: MessageId | null;
  /** In a thread: the message it hangs on. */
  readonly root?: MessageView;
}

/** A window on a conversation's messages, or on a thread. Close it when it leaves the screen. */
export interface Timeline extends Live<TimelineView> {
  readonly conversationId: ConversationId;
  readonly threadRoot?: MessageId | undefined;
  /** Resolves when the page is in `current`. Does nothing while another load runs or where there is no more. */
  loadOlder(limit?: number): Promise<void>;
  loadNewer(limit?: number): Promise<void>;
  /** Moves the window. Resolves with the id of the message to scroll to, or null (empty, not found). */
  jumpTo(target: JumpTarget): Promise<MessageId | null>;
  clearUnreadMark(): void;
  close(): void;
}

/** What somebody was writing when they left. */
export interface Draft {
  readonly text: string;
  readonly replyTo?: MessageId;
  /** ms since 1970. */
  readonly updatedAt: number;
}

export interface DraftStore extends Live<Draft | null> {
  /** Empty text without `replyTo` clears it. */
  set(draft: { text: string; replyTo?: MessageId }): void;
  clear(): void;
}

// ---- conversations ------------------------------------------------------------------------------

/** A conversation in the list: the server's view, with local counts. */
export interface ConversationSummary extends ConversationView {
  /** Muted now. */
  readonly muted: boolean;
  readonly sync: SyncState;
  /** The newest message that this client knows of; the log may be longer while `sync` is `behind`. */
  readonly lastMessage?: MessageView;
  /** Text of the unsent draft. */
  readonly draft?: string;
}

export interface ConversationList {
  /** Most recent activity first; pinned ones before all. */
  readonly items: readonly ConversationSummary[];
  /** The list has come from the server or from the cache. */
  readonly ready: boolean;
}

export interface MembersView {
  readonly items: readonly MemberView[];
  readonly ready: boolean;
}

export interface Typist {
  readonly userId: UserId;
  readonly displayName: string;
}

/** Counts over all conversations that are not muted. */
export interface UnreadTotals {
  readonly unread: number;
  readonly mentions: number;
}

/** One conversation: its verbs and its stores. Cheap to get; always the same object for the same id. */
export interface Conversation {
  readonly id: ConversationId;
  /** Undefined until the list or `load` brought it. */
  readonly summary: Live<ConversationSummary | undefined>;
  /** Fetches it where the list does not have it (a public channel not joined). */
  load(): Promise<ConversationView>;

  /** Never waits: the returned message is in the timelines already. Watch its `state`. */
  send(input: string | SendInput): MessageView;
  /** Shows the edit at once. A refusal keeps the text in `draftEdit` and sets `error`. */
  edit(id: MessageId, content: string | Content): Promise<void>;
  /** Shows the tombstone at once; a refusal brings the message back. An unsent message is just dropped. */
  delete(id: MessageId): Promise<void>;
  /** Toggles when `on` is absent. A refusal takes it back. */
  react(id: MessageId, emoji: string, on?: boolean): Promise<void>;
  pin(id: MessageId, on?: boolean): Promise<void>;
  /** Sends a failed message again, at the end of the queue, with the same id. */
  retry(id: MessageId): void;
  /** Forgets a failed or queued message. */
  discard(id: MessageId): void;

  timeline(options?: { threadRoot?: MessageId; window?: number }): Timeline;
  /** A message if it is in memory. */
  message(id: MessageId): MessageView | undefined;
  draft(threadRoot?: MessageId): DraftStore;

  /** Only forward, at most once a second; without `seq`: all. */
  markRead(seq?: Seq): void;
  /** On purpose: this message and all later ones are unread again. */
  markUnread(from: Seq): Promise<void>;
  /** Call on every key press; sends at the first and then every 3 s. */
  typing(threadRoot?: MessageId): void;
  stopTyping(threadRoot?: MessageId): void;
  /** Who is writing, apart from us; each expires after 5 s. */
  typists(threadRoot?: MessageId): Live<readonly Typist[]>;
  /**
   * Tells the server what is on screen: no toast for it, and all of its events also where it has more than 100 members.
   * `blur` when it leaves the screen.
   */
  focus(): void;
  blur(): void;

  /** How far the other members are; empty above 100 members. */
  readonly receipts: Live<readonly Receipt[]>;
  /** Others who have read it. */
  seenBy(message: Pick<MessageView, 'seq' | 'senderId'>): UserId[];
  /** `read` = by all others, `delivered` = to all others; null while unsent. */
  delivery(message: Pick<MessageView, 'seq' | 'senderId'>): Delivery | null;

  /** All members, kept up to date while subscribed to. */
  readonly members: Live<MembersView>;
  addMembers(userIds: UserId[], role?: MemberRole): Promise<void>;
  removeMember(userId: UserId): Promise<void>;
  setRole(userId: UserId, role: MemberRole): Promise<void>;
  join(): Promise<void>;
  leave(): Promise<void>;
  update(patch: UpdateConversation): Promise<ConversationView>;
  archive(archived?: boolean): Promise<ConversationView>;
  setPreferences(patch: UpdatePreferences): Promise<void>;

  pins(): Promise<Message[]>;
  scheduled(): Promise<ScheduledMessage[]>;
  cancelScheduled(id: MessageId): Promise<void>;
  versions(id: MessageId): Promise<MessageVersion[]>;
}

// ---- accounts -----------------------------------------------------------------------------------

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token ends, ms since 1970, by this machine's clock. */
  readonly expiresAt: number;
  readonly user: User;
}

/** Where tokens are kept between page loads. `subscribe` tells of changes by other tabs. */
export interface TokenStore {
  load(): Promise<Tokens | null> | Tokens | null;
  save(tokens: Tokens | null): Promise<void> | void;
  subscribe?(changed: (tokens: Tokens | null) => void): Unsubscribe;
  /** Runs `work` while no other tab does: a refresh token may be used once. */
  exclusive?<T>(work: () => Promise<T>): Promise<T>;
}

export interface Auth {
  /** What a signed-out client may know: is this server new, is registration open? */
  info(): Promise<ServerInfo>;
  /** The first account and its workspace. Signs in. */
  setup(body: Setup): Promise<SignedIn>;
  register(body: Register): Promise<SignedIn>;
  login(body: Login): Promise<SignedIn>;
  /** Ends this session on the server and forgets everything kept here. */
  logout(): Promise<void>;
  /** One at a time, however many ask. Resolves with the new access token, or null where signed out. */
  refresh(): Promise<string | null>;
  changePassword(current: string, next: string): Promise<void>;
  sessions(): Promise<Session[]>;
  revokeSession(id: string): Promise<void>;
}

// ---- REST that needs no local state -------------------------------------------------------------

export interface Api {
  users: {
    me(): Promise<User>;
    update(patch: UpdateMe): Promise<User>;
    get(id: UserId): Promise<User>;
    getMany(ids: UserId[]): Promise<User[]>;
    search(query: string, options?: CallOptions): Promise<User[]>;
  };
  workspaces: {
    list(): Promise<Workspace[]>;
    create(body: CreateWorkspace): Promise<Workspace>;
    get(id: WorkspaceId): Promise<Workspace>;
    rename(id: WorkspaceId, name: string): Promise<Workspace>;
    members(id: WorkspaceId, cursor?: string): Promise<Page<WorkspaceMember>>;
    setRole(id: WorkspaceId, userId: UserId, role: WorkspaceRole): Promise<void>;
    removeMember(id: WorkspaceId, userId: UserId): Promise<void>;
    /** Public channels that one may join, joined ones included. */
    channels(id: WorkspaceId, query?: string, cursor?: string): Promise<Page<ConversationView>>;
  };
  invites: {
    list(workspaceId: WorkspaceId): Promise<Omit<InviteCreated, 'token' | 'url'>[]>;
    create(workspaceId: WorkspaceId, body?: CreateInvite): Promise<InviteCreated>;
    revoke(workspaceId: WorkspaceId, id: string): Promise<void>;
    /** Needs no account. */
    preview(token: string): Promise<InvitePreview>;
    accept(token: string): Promise<Workspace>;
  };
  conversations: {
    list(cursor?: string): Promise<Page<ConversationView>>;
    create(body: CreateConversation): Promise<ConversationView>;
    get(id: ConversationId): Promise<ConversationView>;
    members(id: ConversationId, cursor?: string): Promise<Page<MemberView>>;
    events(id: ConversationId, after: Seq, limit?: number): Promise<EventPage>;
    receipts(id: ConversationId): Promise<Receipt[]>;
  };
  messages: {
    page(id: ConversationId, at: { before?: Seq; after?: Seq; around?: Seq; at?: Timestamp; limit?: number }): Promise<MessagePage>;
    thread(id: ConversationId, root: MessageId, cursor?: string, limit?: number): Promise<Thread>;
    get(id: MessageId): Promise<Message>;
    versions(id: MessageId): Promise<MessageVersion[]>;
  };
}

export interface CallOptions {
  signal?: AbortSignal;
}

// ---- people -------------------------------------------------------------------------------------

export interface Users {
  /** The profile if known; asks for it (many at once) if not, and tells subscribers when it came. */
  get(id: UserId): User | undefined;
  live(id: UserId): Live<User | undefined>;
  /** Puts profiles that came by another way into the cache. */
  put(users: readonly User[]): void;
}

export interface PresenceApi {
  /** What we show ourselves as. */
  set(status: Status, more?: { text?: string; emoji?: string; until?: Timestamp }): void;
  /** Last known; asks for nobody. Undefined = unknown. */
  get(id: UserId): Presence | undefined;
  /** Keeps these people's presence up to date until unsubscribed; calls back on each change. */
  watch(ids: readonly UserId[], changed: () => void): Unsubscribe;
}

// ---- the client ---------------------------------------------------------------------------------

export interface ClientEvents {
  connection: ConnectionInfo;
  /** Somebody signed in or out, here or in another tab. */
  me: User | null;
  /** Each durable event, once, in order per conversation, after it was applied. */
  event: Event;
  /** A message of somebody else, not in the conversation that has the focus: worth a toast. */
  'message.new': MessageView;
  'conversation.added': ConversationView;
  'conversation.removed': { conversationId: ConversationId };
  unread: UnreadTotals;
  outbox: { pending: number; failed: number };
  sync: { conversationId: ConversationId; state: SyncState };
  /** Something went wrong that no promise tells of. */
  error: TertuliaError;
}

export interface ClientOptions {
  /** Where the server is: `/` or `https://chat.example.org`. */
  url?: string;
  /** Where tokens are kept. Default: `localStorage` in a browser, memory elsewhere. */
  tokens?: TokenStore;
  /** Where outbox, drafts and the cache are kept. Default: IndexedDB in a browser, memory elsewhere. */
  storage?: Storage | 'indexeddb' | 'memory';
  /** Shown in the list of sessions. */
  deviceName?: string;
  ackTimeoutMs?: number;
  /** For runtimes without one of their own, such as Node 20. */
  WebSocket?: new (url: string, protocols?: string | string[]) => WebSocket;
  fetch?: typeof fetch;
  /** For tests: ms since 1970, and a number in [0, 1). */
  now?: () => number;
  random?: () => number;
  /** Never gets content, tokens or names. */
  log?: (level: 'debug' | 'info' | 'warn' | 'error', event: string, data?: Record<string, unknown>) => void;
}

export type StorageArea = 'conversations' | 'messages' | 'outbox' | 'drafts' | 'kv';
export type StorageWrite = { area: StorageArea; key: string; value: unknown } | { area: StorageArea; key: string; delete: true };

/** A place for local copies. Keys are strings, ordered; values are structured-cloneable. */
export interface Storage {
  /** One folder per user; `open` again changes it. */
  open(name: string): Promise<void>;
  get<T>(area: StorageArea, key: string): Promise<T | undefined>;
  /** All entries whose key starts with `prefix`, by key. */
  list<T>(area: StorageArea, prefix?: string): Promise<Array<[key: string, value: T]>>;
  /** All or nothing. */
  write(writes: readonly StorageWrite[]): Promise<void>;
  /** Drops everything of the open folder. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** `new Tertulia(options)` is one of these. */
export interface Client {
  readonly auth: Auth;
  readonly api: Api;
  readonly users: Users;
  readonly presence: PresenceApi;
  readonly connection: Live<ConnectionInfo>;
  /** Who is signed in. */
  readonly me: Live<User | null>;
  readonly unread: Live<UnreadTotals>;
  readonly outbox: Live<{ readonly pending: number; readonly failed: number }>;

  /** Reads tokens and cache from storage. Resolves with who is signed in. Does not connect. */
  restore(): Promise<User | null>;
  /** Connects and stays so. Resolves at the first `connected`; rejects where that can never be. */
  connect(): Promise<void>;
  disconnect(): void;
  /** Tries again now, if it is waiting to. */
  reconnect(): void;
  /** Disconnects and frees everything; the object is of no more use. */
  close(): Promise<void>;

  conversations(options?: { workspaceId?: WorkspaceId }): Live<ConversationList>;
  conversation(id: ConversationId): Conversation;
  createConversation(body: CreateConversation): Promise<Conversation>;
  /** Found, or made: there is one per pair. */
  openDirect(userId: UserId): Promise<Conversation>;

  /** Any REST call under `/api/v1/`, with token, refresh and errors taken care of. */
  request<T>(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, options?: CallOptions): Promise<T>;
  on<K extends keyof ClientEvents>(event: K, heard: (value: ClientEvents[K]) => void): Unsubscribe;
}

/*
 * `@tertulia/client/react`:
 *
 *   <TertuliaProvider client={client}>
 *   useClient(): Client
 *   useLive<T>(live: Live<T>): T
 *   useConnection(): ConnectionInfo
 *   useMe(): User | null
 *   useConversations(workspaceId?): ConversationList
 *   useConversation(id): { conversation: Conversation; summary: ConversationSummary | undefined }
 *   useTimeline(id, { threadRoot?, window? }): { timeline: Timeline; view: TimelineView }
 *   useDraft(id, threadRoot?): [Draft | null, DraftStore]
 *   useTyping(id, threadRoot?): readonly Typist[]
 *   usePresence(ids): ReadonlyMap<UserId, Presence>
 *   useUser(id): User | undefined          useUsers(ids): ReadonlyMap<UserId, User>
 *   useMembers(id): MembersView            useReceipts(id): readonly Receipt[]
 *   useUnread(): UnreadTotals              useOutbox(): { pending, failed }
 */
export type { ConversationSettings, NotificationLevel };
