// Generated from the Rust types (crates/protocol): `make types`. Do not edit.

/**
 * The one answer to a frame that had an `id`.
 */
export type Ack = { refId: string, status: AckStatus, 
/**
 * Depends on the type that was asked; see each.
 */
result: unknown, error?: ErrorBody, };

export type AckStatus = "ok" | "error";

export type AddMembers = { 
/**
 * 1–1,000; the caller's own id joins a public channel.
 */
userIds: Array<UserId>, role?: MemberRole, };

export type AuthRefresh = { accessToken: string, };

/**
 * To all of a user's connections; at most one a second and conversation.
 */
export type Badge = { conversationId: ConversationId, 
/**
 * The user's own read watermark.
 */
readSeq: number, 
/**
 * Over all conversations that are not muted.
 */
totalUnread: number, 
/**
 * Messages of others after `readSeq`, outside threads, not deleted; counted up to [`UNREAD_MAX`].
 */
unreadCount: number, 
/**
 * Those among all messages after `readSeq` that mention the member, threads included.
 */
mentionCount: number, };

export type ChangePassword = { currentPassword: string, newPassword: string, };

/**
 * The result of edit, delete, react and pin: the event's place, or none where nothing changed.
 */
export type Changed = { seq?: number, };

/**
 * A frame from the client. Unknown fields are ignored.
 */
export type ClientFrame = { "type": "message.send", "payload": MessageSend } | { "type": "message.edit", "payload": MessageEdit } | { "type": "message.delete", "payload": MessageRef } | { "type": "message.react", "payload": MessageReact } | { "type": "message.pin", "payload": MessagePin } | { "type": "receipt.delivered", "payload": Mark } | { "type": "receipt.read", "payload": Mark } | { "type": "receipt.unread", "payload": Mark } | { "type": "typing.start", "payload": Typing } | { "type": "typing.stop", "payload": Typing } | { "type": "presence.update", "payload": PresenceUpdate } | { "type": "presence.subscribe", "payload": UserIds } | { "type": "presence.unsubscribe", "payload": UserIds } | { "type": "conversation.focus", "payload": Focus } | { "type": "sync.request", "payload": SyncRequest } | { "type": "auth.refresh", "payload": AuthRefresh } | { "type": "heartbeat", "payload": Empty };

/**
 * Why a request was refused. The wire name is in `SCREAMING_SNAKE_CASE`.
 */
export type Code = "INVALID_JSON" | "INVALID_MESSAGE" | "INVALID_FIELD" | "UNKNOWN_TYPE" | "INVALID_CURSOR" | "INVALID_PARENT" | "TOKEN_IN_URL" | "TOKEN_EXPIRED" | "TOKEN_INVALID" | "SESSION_REVOKED" | "FORBIDDEN" | "CONVERSATION_ARCHIVED" | "EDIT_WINDOW" | "ORIGIN" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "CONFLICT" | "LAST_OWNER" | "LIMIT_REACHED" | "GONE" | "REVISION_MISMATCH" | "TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "UPGRADE_REQUIRED" | "RATE_LIMITED" | "INTERNAL" | "OVERLOADED" | "UNAVAILABLE" | "TIMEOUT" | "RESYNC";

/**
 * The first frame.
 */
export type Connected = { connectionId: ConnectionId, userId: UserId, 
/**
 * The version spoken on this connection.
 */
protocol: string, serverTime: Timestamp, heartbeatIntervalMs: number, 
/**
 * Presented when reconnecting, within ten minutes.
 */
resumeToken: string, 
/**
 * Subscriptions were restored and missed events follow; otherwise: sync.
 */
resumed: boolean, limits: Limits, };

/**
 * One WebSocket.
 */
export type ConnectionId = string;

/**
 * What a message says. It has no `Debug` that prints it: content never reaches a log.
 */
export type Content = { type: ContentType, 
/**
 * Required for `text`; a caption otherwise.
 */
text?: string, 
/**
 * Absent = `markdown`.
 */
format?: Format, 
/**
 * Ids of files, for `image` and `file`.
 */
attachments?: Array<string>, location?: Location, 
/**
 * Free data of the sender's, at most 8 KiB as JSON.
 */
metadata?: Record<string, unknown>, };

export type ContentType = "text" | "image" | "file" | "location";

/**
 * In place of the events themselves: to connections that don't focus a conversation of more than 100 members, and to
 * all while it has more than 100 messages a second. At most one a second and conversation.
 */
export type ConversationActivity = { conversationId: ConversationId, 
/**
 * The end of the log now.
 */
lastSeq: number, 
/**
 * Messages outside threads since the last one of these frames.
 */
newMessages: number, };

/**
 * To the user who gained access.
 */
export type ConversationAdded = { conversation: ConversationView, };

/**
 * Any place where messages are written.
 */
export type ConversationId = string;

/**
 * To the user who lost access: drop every copy of it.
 */
export type ConversationRemoved = { conversationId: ConversationId, };

/**
 * What admins of a conversation decide.
 */
export type ConversationSettings = { 
/**
 * Only admins write; always so in a broadcast.
 */
onlyAdminsCanPost: boolean, 
/**
 * Members, not only admins, may add people.
 */
allowMemberInvites: boolean, };

export type ConversationType = "direct" | "group" | "channel" | "broadcast";

/**
 * All that can change about a conversation, as it is after the change.
 */
export type ConversationUpdated = { name?: string, topic?: string, avatarUrl?: string, visibility: Visibility, settings: ConversationSettings, archivedAt?: Timestamp, };

/**
 * A conversation as one member sees it.
 */
export type ConversationView = { 
/**
 * Absent for those who may see it without being in it.
 */
membership?: Membership, 
/**
 * In a direct conversation: the other one.
 */
peerId?: UserId, id: ConversationId, type: ConversationType, workspaceId?: WorkspaceId, 
/**
 * Absent for direct conversations: clients show the other person's name.
 */
name?: string, topic?: string, avatarUrl?: string, visibility: Visibility, memberCount: number, 
/**
 * The `seq` of the newest event.
 */
head: number, 
/**
 * Identity of the log; changes only when it was restored or rebuilt.
 */
epoch: string, lastMessageAt?: Timestamp, settings: ConversationSettings, 
/**
 * New members of the workspace are put here.
 */
isDefault?: boolean, archivedAt?: Timestamp, createdBy: UserId, createdAt: Timestamp, updatedAt: Timestamp, 
/**
 * Messages of others after `readSeq`, outside threads, not deleted; counted up to [`UNREAD_MAX`].
 */
unreadCount: number, 
/**
 * Those among all messages after `readSeq` that mention the member, threads included.
 */
mentionCount: number, };

export type CreateConversation = { type: ConversationType, 
/**
 * Required for channels and broadcasts.
 */
workspaceId?: WorkspaceId, 
/**
 * Required for all but direct ones.
 */
name?: string, topic?: string, 
/**
 * Absent = public for channels and broadcasts, private for the rest.
 */
visibility?: Visibility, 
/**
 * Besides the caller; exactly one for a direct one.
 */
memberIds?: Array<UserId>, settings?: ConversationSettings, };

export type CreateInvite = { 
/**
 * Absent = member. Nobody invites above their own role.
 */
role?: WorkspaceRole, 
/**
 * Absent = without limit.
 */
maxUses?: number, 
/**
 * Absent = 7 days; at most 90.
 */
expiresInMs?: number, };

export type CreateWorkspace = { name: string, slug?: string, };

export type DeleteReason = "deleted" | "expired";

export type EditMessage = { content: Content, };

/**
 * `{}`, or nothing at all.
 */
export type Empty = Record<string, never>;

/**
 * `{ "error": … }`: the whole body of a refused REST request.
 */
export type ErrorAnswer = { error: ErrorBody, };

/**
 * Why a request was refused.
 */
export type ErrorBody = { code: Code, 
/**
 * For developers; not for translation.
 */
message: string, retry: Retry, retryAfterMs?: number, details?: ErrorDetails, 
/**
 * Names this request in the server's log; absent in frames.
 */
requestId?: string, };

export type ErrorDetails = { 
/**
 * The field that `INVALID_FIELD` is about.
 */
field?: string, 
/**
 * The bound that was hit.
 */
limit?: number, };

/**
 * A frame that could not be taken and had no `id` to answer to.
 */
export type ErrorFrame = { refId?: string, code: Code, 
/**
 * For developers; not for translation.
 */
message: string, retry: Retry, retryAfterMs?: number, details?: ErrorDetails, 
/**
 * Names this request in the server's log; absent in frames.
 */
requestId?: string, };

/**
 * One durable change in a conversation.
 */
export type Event = { conversationId: ConversationId, seq: number, 
/**
 * Who caused it.
 */
actorId: UserId, at: Timestamp, } & ({ "type": "message.new", "payload": MessageNew } | { "type": "message.updated", "payload": MessageUpdated } | { "type": "message.deleted", "payload": MessageDeleted } | { "type": "message.reaction", "payload": MessageReaction } | { "type": "message.pinned", "payload": MessagePinned } | { "type": "member.joined", "payload": MemberJoined } | { "type": "member.left", "payload": MemberLeft } | { "type": "member.updated", "payload": MemberUpdated } | { "type": "conversation.updated", "payload": ConversationUpdated });

/**
 * A piece of the log, `seq` ascending without a gap.
 */
export type EventPage = { items: Array<Event>, head: number, epoch: string, };

/**
 * What this connection looks at; none = nothing.
 */
export type Focus = { conversationId: ConversationId | null, };

/**
 * How `text` is to be shown.
 */
export type Format = "plain" | "markdown";

/**
 * The result of `heartbeat`.
 */
export type Heartbeat = { serverTime: Timestamp, 
/**
 * Conversations whose head moved since the last heartbeat: reveals a lost tail.
 */
heads: { [key in ConversationId]: number }, };

/**
 * A durable event: where it stands in the log, and what it is.
 */
export type InLog<T> = { conversationId: ConversationId, seq: number, actorId: UserId, at: Timestamp, } & T;

/**
 * The token is shown once.
 */
export type InviteCreated = { token: string, 
/**
 * Opens the web client's page that accepts it.
 */
url: string, id: InviteId, workspaceId: WorkspaceId, role: WorkspaceRole, createdBy: UserId, 
/**
 * How often it may be used; absent = without limit.
 */
maxUses?: number, uses: number, expiresAt: Timestamp, createdAt: Timestamp, };

/**
 * One invitation into a workspace.
 */
export type InviteId = string;

/**
 * What somebody with the link may know before they accept.
 */
export type InvitePreview = { workspaceName: string, role: WorkspaceRole, expiresAt: Timestamp, };

/**
 * Bounds that a client should know.
 */
export type Limits = { frameBytes: number, textChars: number, syncConversations: number, syncEvents: number, presenceSubscriptions: number, };

/**
 * A point on Earth.
 */
export type Location = { 
/**
 * Degrees, -90 to 90.
 */
latitude: number, 
/**
 * Degrees, -180 to 180.
 */
longitude: number, label?: string, };

export type Login = { username: string, password: string, deviceName?: string, };

/**
 * A watermark: everything up to `seq`.
 */
export type Mark = { conversationId: ConversationId, seq: number, };

/**
 * The watermark as it is now.
 */
export type Marked = { seq: number, 
/**
 * Messages of others after `readSeq`, outside threads, not deleted; counted up to [`UNREAD_MAX`].
 */
unreadCount: number, 
/**
 * Those among all messages after `readSeq` that mention the member, threads included.
 */
mentionCount: number, };

/**
 * Somebody in a conversation.
 */
export type Member = { userId: UserId, role: MemberRole, joinedAt: Timestamp, };

export type MemberJoined = { member: Member, };

/**
 * `actorId` is the member themselves when they left, another when they were removed.
 */
export type MemberLeft = { userId: UserId, };

export type MemberRole = "member" | "admin";

/**
 * The member's role changed.
 */
export type MemberUpdated = { member: Member, };

/**
 * Somebody in a conversation, with their profile and how far they have read.
 */
export type MemberView = { user: User, role: MemberRole, joinedAt: Timestamp, };

/**
 * What one member keeps for themselves about a conversation.
 */
export type Membership = { role: MemberRole, 
/**
 * The highest `seq` read; moves back only on purpose.
 */
readSeq: number, 
/**
 * The highest `seq` received by any of their devices.
 */
deliveredSeq: number, notificationLevel: NotificationLevel, mutedUntil?: Timestamp, 
/**
 * Pinned to the top of their list.
 */
pinned: boolean, joinedAt: Timestamp, };

/**
 * A mention of more than named people.
 */
export type MentionScope = "here" | "channel";

/**
 * A message as the caller sees it.
 */
export type Message = { id: MessageId, conversationId: ConversationId, 
/**
 * That of the event which made it.
 */
seq: number, senderId: UserId, 
/**
 * A tombstone's content has no text.
 */
content: Content, replyTo?: MessageId, 
/**
 * The message whose thread this one is in.
 */
threadRoot?: MessageId, 
/**
 * Replies in its thread that are not deleted. In events: always 0, later events count it up.
 */
threadCount: number, 
/**
 * When the newest reply was written, deleted ones included: `createdAt` of the last one in the log.
 */
lastReplyAt?: Timestamp, 
/**
 * People named with `@`, at most [`crate::mention::MENTIONS_MAX`].
 */
mentions: Array<UserId>, mentionScope?: MentionScope, 
/**
 * In events: always empty, later events add them.
 */
reactions: Array<Reaction>, priority: Priority, createdAt: Timestamp, editedAt?: Timestamp, deletedAt?: Timestamp, expiresAt?: Timestamp, pinnedAt?: Timestamp, };

/**
 * The message is a tombstone now.
 */
export type MessageDeleted = { messageId: MessageId, 
/**
 * Its thread lost a reply.
 */
threadRoot?: MessageId, reason: DeleteReason, deletedAt: Timestamp, };

export type MessageEdit = { messageId: MessageId, content: Content, };

/**
 * Chosen by the client that writes the message: the idempotency key.
 */
export type MessageId = string;

/**
 * The message with its present content, and without reactions, thread count and pin: later events bring those.
 */
export type MessageNew = { message: Message, };

/**
 * Messages outside threads, oldest first.
 */
export type MessagePage = { items: Array<Message>, 
/**
 * Older ones: pass as `before`.
 */
before?: number, 
/**
 * Newer ones: pass as `after`.
 */
after?: number, 
/**
 * In the direction asked; the contract's cursor, equal to `before` or `after`.
 */
nextCursor?: string, hasMore: boolean, head: number, epoch: string, };

export type MessagePin = { messageId: MessageId, action: Toggle, };

/**
 * The actor pinned or unpinned a message.
 */
export type MessagePinned = { messageId: MessageId, action: Toggle, };

export type MessageReact = { messageId: MessageId, emoji: string, action: Toggle, };

/**
 * The actor reacted, or took it back.
 */
export type MessageReaction = { messageId: MessageId, emoji: string, action: Toggle, 
/**
 * How many have it after this.
 */
count: number, };

export type MessageRef = { messageId: MessageId, };

/**
 * Answered by [`MessageSent`], only after the event is durable.
 */
export type MessageSend = { 
/**
 * The client's UUID (v7 is best): the idempotency key, for as long as the log exists.
 */
messageId: MessageId, conversationId: ConversationId, content: Content, replyTo?: MessageId, threadRoot?: MessageId, priority?: Priority, 
/**
 * One second to a year.
 */
expiresInMs?: number, 
/**
 * Written then, and only then part of the log.
 */
scheduledAt?: Timestamp, };

/**
 * The ack's result. A scheduled message has no `seq` yet.
 */
export type MessageSent = { messageId: MessageId, seq?: number, createdAt?: Timestamp, scheduledAt?: Timestamp, 
/**
 * This message was stored before; nothing changed now.
 */
duplicate: boolean, };

/**
 * The message's present content. After a deletion: the tombstone's.
 */
export type MessageUpdated = { messageId: MessageId, content: Content, mentions: Array<UserId>, mentionScope?: MentionScope, editedAt: Timestamp, };

/**
 * What a message said before an edit.
 */
export type MessageVersion = { content: Content, 
/**
 * When this wording was written.
 */
at: Timestamp, };

export type NotificationLevel = "all" | "mentions" | "off";

/**
 * A page of a list.
 */
export type Page<T> = { items: Array<T>, 
/**
 * Present while there is more; opaque.
 */
nextCursor?: string, };

/**
 * What others may know.
 */
export type Presence = { userId: UserId, status: Status, text?: string, emoji?: string, 
/**
 * When the chosen status ends.
 */
until?: Timestamp, 
/**
 * While offline: the last sign of life.
 */
lastSeenAt?: Timestamp, };

export type PresenceBulk = { items: Array<Presence>, };

export type PresenceUpdate = { 
/**
 * `offline` = appear offline.
 */
status: Status, text?: string, emoji?: string, until?: Timestamp, };

export type Priority = "normal" | "urgent";

export type React = { emoji: string, };

/**
 * One emoji under a message.
 */
export type Reaction = { emoji: string, count: number, 
/**
 * Whether the caller is among them.
 */
me: boolean, 
/**
 * The first [`REACTION_NAMES_MAX`] who reacted, oldest first.
 */
userIds: Array<UserId>, };

/**
 * How far one member has come: "seen by".
 */
export type Receipt = { userId: UserId, deliveredSeq: number, readSeq: number, deliveredAt?: Timestamp, readAt?: Timestamp, };

/**
 * In conversations of up to 100 members.
 */
export type ReceiptFrame = { conversationId: ConversationId, userId: UserId, seq: number, at: Timestamp, };

export type Refresh = { refreshToken: string, };

/**
 * With open registration no invite is needed.
 */
export type Register = { username: string, 
/**
 * 8–256 bytes.
 */
password: string, displayName?: string, email?: string, 
/**
 * The token of an invitation.
 */
invite?: string, deviceName?: string, };

/**
 * What the client does next. This is the contract; codes may be added, never reused.
 */
export type Retry = "never" | "auth" | "after" | "sameId" | "resync";

/**
 * A message waiting for its time; only its author sees it.
 */
export type ScheduledMessage = { messageId: MessageId, content: Content, threadRoot?: MessageId, scheduledAt: Timestamp, };

export type SendMessage = { messageId: MessageId, content: Content, replyTo?: MessageId, threadRoot?: MessageId, priority?: Priority, 
/**
 * One second to a year.
 */
expiresInMs?: number, 
/**
 * Written then, and only then part of the log.
 */
scheduledAt?: Timestamp, };

export type ServerDraining = { reconnectAfterMs: number, };

/**
 * A frame from the server. Unknown types are to be ignored.
 */
export type ServerFrame = { "type": "connected", "payload": Connected } | { "type": "ack", "payload": Ack } | { "type": "error", "payload": ErrorFrame } | { "type": "message.new", "payload": InLog<MessageNew> } | { "type": "message.updated", "payload": InLog<MessageUpdated> } | { "type": "message.deleted", "payload": InLog<MessageDeleted> } | { "type": "message.reaction", "payload": InLog<MessageReaction> } | { "type": "message.pinned", "payload": InLog<MessagePinned> } | { "type": "member.joined", "payload": InLog<MemberJoined> } | { "type": "member.left", "payload": InLog<MemberLeft> } | { "type": "member.updated", "payload": InLog<MemberUpdated> } | { "type": "conversation.updated", "payload": InLog<ConversationUpdated> } | { "type": "conversation.added", "payload": ConversationAdded } | { "type": "conversation.removed", "payload": ConversationRemoved } | { "type": "conversation.activity", "payload": ConversationActivity } | { "type": "receipt.delivered", "payload": ReceiptFrame } | { "type": "receipt.read", "payload": ReceiptFrame } | { "type": "typing.indicator", "payload": TypingIndicator } | { "type": "presence.changed", "payload": Presence } | { "type": "presence.bulk", "payload": PresenceBulk } | { "type": "notification.badge", "payload": Badge } | { "type": "token.refresh", "payload": TokenRefresh } | { "type": "server.draining", "payload": ServerDraining } | { "type": "server.health", "payload": ServerHealth };

/**
 * Parts of the server that are away: `store`, `bus`, `presence`, … Sent when that changes, and after `connected` where any
 * is. Without the store nothing can be sent; without the others messages still go.
 */
export type ServerHealth = { away: Array<string>, };

/**
 * What a signed-out client may know about this server.
 */
export type ServerInfo = { name: string, version: string, protocols: Array<string>, 
/**
 * No account exists yet: open the link that the server printed.
 */
needsSetup: boolean, 
/**
 * Anybody may register.
 */
openRegistration: boolean, };

/**
 * A family of refresh tokens: one device.
 */
export type Session = { id: SessionId, deviceName?: string, 
/**
 * The session that asks.
 */
current: boolean, createdAt: Timestamp, lastUsedAt: Timestamp, };

/**
 * One device signed in.
 */
export type SessionId = string;

/**
 * Creates the first account and its workspace, with the token of the banner.
 */
export type Setup = { token: string, username: string, password: string, displayName?: string, workspaceName: string, };

/**
 * Both tokens are shown once; keep the refresh token safe.
 */
export type SignedIn = { user: User, 
/**
 * For `Authorization: Bearer`.
 */
accessToken: string, 
/**
 * Used once; every use gives the next.
 */
refreshToken: string, 
/**
 * How long the access token lives.
 */
expiresInMs: number, };

export type Status = "online" | "away" | "dnd" | "brb" | "offline" | "unknown";

/**
 * The result of `sync.request` and the answer of `POST sync`.
 */
export type SyncAnswer = { 
/**
 * Those of the request where the client lacks something or its state changed; others are up to date.
 */
conversations: Array<SyncConversation>, 
/**
 * Conversations that the request did not name.
 */
added: Array<ConversationView>, 
/**
 * Conversations of the request that the caller may not read (any more): drop every copy.
 */
removed: Array<ConversationId>, serverTime: Timestamp, };

export type SyncConversation = { conversationId: ConversationId, 
/**
 * After the request's `lastSeq`, ascending without a gap.
 */
events: Array<Event>, 
/**
 * The newest `seq` that the client has after applying this.
 */
lastSeq: number, head: number, epoch: string, 
/**
 * Ask again from `lastSeq`.
 */
hasMore: boolean, 
/**
 * Over 500 behind, or another epoch: drop the copy and take `messages`.
 */
tooLarge: boolean, 
/**
 * With `tooLarge`: the newest page, oldest first.
 */
messages: Array<Message>, readSeq: number, 
/**
 * How far the others are, in conversations of up to 100 members.
 */
receipts: Array<Receipt>, 
/**
 * Messages of others after `readSeq`, outside threads, not deleted; counted up to [`UNREAD_MAX`].
 */
unreadCount: number, 
/**
 * Those among all messages after `readSeq` that mention the member, threads included.
 */
mentionCount: number, };

export type SyncPosition = { conversationId: ConversationId, lastSeq: number, 
/**
 * Of the log that `lastSeq` is about; another one now means: start over.
 */
epoch?: string, };

/**
 * All that the client knows, in one frame.
 */
export type SyncRequest = { 
/**
 * At most 1,000.
 */
conversations: Array<SyncPosition>, 
/**
 * Events per conversation, at most 500 (the default).
 */
limit?: number, };

/**
 * A thread: its root and a page of its replies, oldest first.
 */
export type Thread = { root: Message, items: Array<Message>, nextCursor?: string, head: number, epoch: string, };

/**
 * Opens one WebSocket, once.
 */
export type Ticket = { ticket: string, expiresInMs: number, };

/**
 * Milliseconds since 1970-01-01T00:00:00Z. It displays; `seq` orders.
 */
export type Timestamp = string;

/**
 * Whether something is put on or taken off.
 */
export type Toggle = "add" | "remove";

/**
 * Answer with `auth.refresh` before then.
 */
export type TokenRefresh = { expiresAt: Timestamp, };

export type Typing = { conversationId: ConversationId, 
/**
 * Typing in this thread, not in the conversation itself.
 */
threadRoot?: MessageId, };

export type TypingIndicator = { conversationId: ConversationId, threadRoot?: MessageId, userId: UserId, displayName: string, active: boolean, };

/**
 * What is absent stays.
 */
export type UpdateConversation = { name?: string, 
/**
 * Empty takes it away.
 */
topic?: string, 
/**
 * Empty takes it away.
 */
avatarUrl?: string, visibility?: Visibility, settings?: ConversationSettings, archived?: boolean, };

export type UpdateMe = { displayName?: string, 
/**
 * Empty takes it away.
 */
avatarUrl?: string, };

export type UpdateMember = { role: MemberRole, };

/**
 * What is absent stays.
 */
export type UpdatePreferences = { notificationLevel?: NotificationLevel, 
/**
 * A time in the past unmutes.
 */
mutedUntil?: Timestamp, pinned?: boolean, };

/**
 * A read or delivered watermark.
 */
export type UpdateReceipt = { deliveredSeq?: number, readSeq?: number, 
/**
 * `readSeq` may move back.
 */
unread?: boolean, };

export type UpdateWorkspace = { name: string, };

export type UpdateWorkspaceMember = { role: WorkspaceRole, };

/**
 * A person or a bot, as everybody may see them.
 */
export type User = { id: UserId, 
/**
 * Unique on the server, lower case: what `@` mentions.
 */
username: string, displayName: string, avatarUrl?: string, 
/**
 * Author of imported messages: has no password and cannot sign in.
 */
imported?: boolean, createdAt: Timestamp, };

/**
 * A person or a bot.
 */
export type UserId = string;

/**
 * At most 500.
 */
export type UserIds = { userIds: Array<UserId>, };

export type Visibility = "public" | "private";

/**
 * A team.
 */
export type Workspace = { id: WorkspaceId, name: string, 
/**
 * Unique on the server; in URLs.
 */
slug: string, 
/**
 * The caller's role.
 */
role: WorkspaceRole, memberCount: number, createdAt: Timestamp, };

/**
 * A team.
 */
export type WorkspaceId = string;

/**
 * Somebody in a workspace.
 */
export type WorkspaceMember = { user: User, role: WorkspaceRole, joinedAt: Timestamp, };

/**
 * What somebody may do in a workspace; later ones may do all that earlier ones may.
 */
export type WorkspaceRole = "guest" | "member" | "admin" | "owner";

