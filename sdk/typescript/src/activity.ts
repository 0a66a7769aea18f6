/**
 * What the server does not push: the events of a conversation with many members, or with very many messages, reach
 * only those who look at it; the others hear that something happened.
 */
import { countEvent, without, type Copy } from './fold.js';
import type { ConversationActivity, Event, UserId } from './types.gen.js';

/** Above this many members the server pushes events only to who looks, and keeps receipts to itself. */
export const LARGE_MEMBERS = 100;
/** A smaller one with very many messages counts as large for so long after it was last treated as one. */
const REMEMBERED_MS = 60_000;
/** Questions while somebody looks on, at most one in this time. */
const EVERY_MS = 1_000;

export interface ActivityIo {
  focused(): boolean;
  memberCount(): number;
  now(): number;
  /** Get what is missing up to here. */
  fetch(head: number): void;
}

/** Whether one conversation is pushed in full, and when to ask for what is not. */
export class Activity {
  private heardAt = -Infinity;
  private askedAt = -Infinity;
  private head = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly io: ActivityIo) {}

  /** Nobody looks, so it is not pushed: what is missing is missing on purpose. */
  get lazy(): boolean {
    if (this.io.focused()) return false;
    return this.io.memberCount() > LARGE_MEMBERS || this.io.now() - this.heardAt < REMEMBERED_MS;
  }

  heard(head: number): void {
    this.heardAt = this.io.now();
    this.head = Math.max(this.head, head);
    if (!this.io.focused()) return this.io.fetch(head);
    this.timer ??= setTimeout(() => this.ask(), Math.max(0, this.askedAt + EVERY_MS - this.io.now()));
  }

  /** Its events come again. True = that is news. */
  pushed(): boolean {
    if (this.io.memberCount() > LARGE_MEMBERS || this.heardAt === -Infinity) return false;
    this.heardAt = -Infinity;
    return true;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.heardAt = -Infinity;
    this.head = 0;
  }

  private ask(): void {
    this.timer = undefined;
    this.askedAt = this.io.now();
    this.io.fetch(this.head);
  }
}

/** The list shows that something happened, though the copy is not that far. */
export function applyActivity(copy: Copy, { lastSeq, newMessages }: ConversationActivity): void {
  const { view, countsAsOf } = copy;
  const fresh = Math.max(0, Math.min(newMessages, lastSeq - countsAsOf));
  copy.countsAsOf = Math.max(countsAsOf, lastSeq);
  copy.view = {
    ...view,
    head: Math.max(view.head, lastSeq),
    ...(view.membership && lastSeq > view.membership.readSeq ? { unreadCount: Math.min(1_000, view.unreadCount + fresh) } : {}),
  };
}

/** An event that the copy can't take yet: it comes again, in its order, when somebody looks. */
export function applySkipped(copy: Copy, event: Event, me: UserId): void {
  countEvent(copy, event, me);
  copy.view = { ...copy.view, head: Math.max(copy.view.head, event.seq) };
  if (event.type === 'conversation.updated') copy.view = { ...without(copy.view, 'name', 'topic', 'avatarUrl', 'archivedAt'), ...event.payload };
}
