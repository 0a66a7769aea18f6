/**
 * What an event does to a local copy. Pure in the sense that matters: no clock, no network, no randomness; the
 * copy before plus the events is the copy that a fresh load gives.
 *
 * Pages and events overlap: a page may already contain what an event that arrives later tells. So each message
 * carries `asOf`, the last event that it includes, and older events leave it alone.
 */
import type { ConversationView, Event, Message, Reaction, User, UserId } from './types.gen.js';

export interface Held {
  readonly message: Message;
  /** Includes all events up to this one. */
  readonly asOf: number;
}

export interface Copy {
  view: ConversationView;
  /** `view` includes all events up to this one; it may have been read later than the messages. */
  viewAsOf: number;
  /** The same for its unread counts. */
  countsAsOf: number;
  /** The last event applied. */
  lastSeq: number;
  readonly held: Map<string, Held>;
}

/** Counting unread stops here; screens show "999+". */
const UNREAD_MAX = 1_000;
/** As many names as the server gives with a reaction. */
const NAMES_MAX = 20;

/** Applies the event that follows `copy.lastSeq`. Returns the ids of messages that changed. */
export function apply(copy: Copy, event: Event, me: UserId): string[] {
  const changed = applyToMessages(copy.held, event, me);
  applyToView(copy, event, me);
  copy.lastSeq = event.seq;
  return changed;
}

/** The part of an event that concerns messages; safe to repeat. */
export function applyToMessages(held: Map<string, Held>, event: Event, me: UserId): string[] {
  const changed: string[] = [];
  const change = (id: string | undefined, with_: (message: Message) => Message): void => {
    const one = id === undefined ? undefined : held.get(id);
    if (!one || one.asOf >= event.seq) return;
    held.set(one.message.id, { message: with_(one.message), asOf: event.seq });
    changed.push(one.message.id);
  };
  switch (event.type) {
    case 'message.new': {
      const { message } = event.payload;
      if (!held.has(message.id)) {
        held.set(message.id, { message, asOf: event.seq });
        changed.push(message.id);
      }
      change(message.threadRoot, (root) => ({ ...root, threadCount: root.threadCount + 1, lastReplyAt: message.createdAt }));
      break;
    }
    case 'message.updated': {
      const { content, mentions, mentionScope, editedAt } = event.payload;
      change(event.payload.messageId, (message) =>
        message.deletedAt ? message : { ...without(message, 'mentionScope'), content, mentions, editedAt, ...(mentionScope ? { mentionScope } : {}) });
      break;
    }
    case 'message.deleted': {
      const { messageId, threadRoot, deletedAt } = event.payload;
      change(messageId, (message) => tombstone(message, deletedAt));
      change(threadRoot, (root) => ({ ...root, threadCount: Math.max(0, root.threadCount - 1) }));
      break;
    }
    case 'message.reaction': {
      const { messageId, emoji, action, count } = event.payload;
      change(messageId, (message) => ({ ...message, reactions: react(message.reactions, emoji, action === 'add', event.actorId, me, count) }));
      break;
    }
    case 'message.pinned':
      change(event.payload.messageId, (message) =>
        event.payload.action === 'add' ? { ...message, pinnedAt: event.at } : without(message, 'pinnedAt'));
      break;
    default:
  }
  return changed;
}

/** The part of an event that concerns the conversation itself; safe to repeat. */
export function applyToView(copy: Copy, event: Event, me: UserId): void {
  countEvent(copy, event, me);
  if (event.seq > copy.viewAsOf) copy.view = changed(copy.view, event, me);
  copy.viewAsOf = Math.max(copy.viewAsOf, event.seq);
}

/** Unread counts after an event; once for each. */
export function countEvent(copy: Copy, event: Event, me: UserId): void {
  if (event.seq <= copy.countsAsOf) return;
  copy.view = count(copy.view, event, me);
  copy.countsAsOf = event.seq;
}

function count(view: ConversationView, event: Event, me: UserId): ConversationView {
  if (event.type !== 'message.new' || !view.membership || event.seq <= view.membership.readSeq) return view;
  const { message } = event.payload;
  if (message.senderId === me || message.deletedAt) return view;
  const mentioned = message.mentions.includes(me) || message.mentionScope !== undefined;
  return {
    ...view,
    unreadCount: message.threadRoot ? view.unreadCount : Math.min(UNREAD_MAX, view.unreadCount + 1),
    mentionCount: mentioned ? Math.min(UNREAD_MAX, view.mentionCount + 1) : view.mentionCount,
  };
}

function changed(before: ConversationView, event: Event, me: UserId): ConversationView {
  // The head may be known to be further than the copy is.
  const view: ConversationView = { ...before, head: Math.max(before.head, event.seq) };
  switch (event.type) {
    case 'message.new':
      return { ...view, lastMessageAt: event.payload.message.createdAt };
    case 'member.joined':
      return { ...view, memberCount: view.memberCount + 1 };
    case 'member.left':
      return { ...view, memberCount: Math.max(0, view.memberCount - 1) };
    case 'member.updated': {
      const { member } = event.payload;
      return member.userId === me && view.membership ? { ...view, membership: { ...view.membership, role: member.role } } : view;
    }
    case 'conversation.updated':
      // All that can change: what is absent is gone.
      return { ...without(view, 'name', 'topic', 'avatarUrl', 'archivedAt'), ...event.payload, updatedAt: event.at };
    default:
      return view;
  }
}

/** What is left of a deleted message. */
export function tombstone(message: Message, deletedAt: string): Message {
  return {
    ...without(message, 'mentionScope', 'pinnedAt'), content: { type: message.content.type }, mentions: [], reactions: [], deletedAt,
  };
}

/** The reactions after one person put on or took off one emoji. Without `count`: as far as we can tell. */
export function react(reactions: readonly Reaction[], emoji: string, on: boolean, who: UserId, me: UserId, count?: number): Reaction[] {
  const before = reactions.find((one) => one.emoji === emoji) ?? { emoji, count: 0, me: false, userIds: [] };
  const known = before.userIds.includes(who) || (who === me && before.me);
  const others = before.userIds.filter((id) => id !== who);
  const after: Reaction = {
    emoji,
    count: count ?? Math.max(0, before.count + (on && !known ? 1 : !on && known ? -1 : 0)),
    me: who === me ? on : before.me,
    userIds: on ? (known ? before.userIds : [...before.userIds, who].slice(0, NAMES_MAX)) : others,
  };
  if (after.count === 0) return reactions.filter((one) => one.emoji !== emoji);
  return reactions.some((one) => one.emoji === emoji) ? reactions.map((one) => (one.emoji === emoji ? after : one)) : [...reactions, after];
}

/** Members after the event. `profile` is called for one who is not in the list yet. */
export function applyToMembers<M extends { user: User; role: string }>(members: readonly M[], event: Event, joined: (userId: UserId) => void): readonly M[] {
  switch (event.type) {
    case 'member.left':
      return members.filter((one) => one.user.id !== event.payload.userId);
    case 'member.joined':
    case 'member.updated': {
      const { userId, role } = event.payload.member;
      if (members.some((one) => one.user.id === userId)) return members.map((one) => (one.user.id === userId ? { ...one, role } : one));
      joined(userId);
      return members;
    }
    default:
      return members;
  }
}

export function without<T extends object, K extends keyof T>(from: T, ...keys: K[]): Omit<T, K> & Pick<T, never> & T {
  const rest = { ...from };
  for (const key of keys) delete rest[key];
  return rest;
}
