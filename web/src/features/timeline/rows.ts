import type { MessageView } from '@tertulia/client';
import { dayKey, millis, MINUTE_MS } from '../../shared/time';

/** A line of the list. */
export type Row =
  | { kind: 'start'; key: 'start' }
  | { kind: 'day'; key: string; at: string }
  | { kind: 'new'; key: 'new' }
  | { kind: 'replies'; key: 'replies'; count: number }
  | { kind: 'message'; key: string; message: MessageView; first: boolean };

/** Messages of one author that follow each other within this time share one head. */
const GROUP_MS = 5 * MINUTE_MS;

type Source = { messages: readonly MessageView[]; hasOlder: boolean; firstUnreadId: string | null; root?: MessageView };

/** Messages, oldest first, with the lines between them. */
export function rowsOf(view: Source): Row[] {
  const rows: Row[] = [];
  let before: MessageView | undefined;
  if (view.root) {
    rows.push({ kind: 'message', key: view.root.key, message: view.root, first: true });
    const count = Math.max(view.root.threadCount, view.messages.length);
    if (count > 0) rows.push({ kind: 'replies', key: 'replies', count });
  } else if (!view.hasOlder) rows.push({ kind: 'start', key: 'start' });
  for (const message of view.messages) {
    const newDay = !before || dayKey(before.createdAt) !== dayKey(message.createdAt);
    const unread = message.id === view.firstUnreadId;
    if (newDay && !view.root) rows.push({ kind: 'day', key: `day-${dayKey(message.createdAt)}-${message.key}`, at: message.createdAt });
    if (unread) rows.push({ kind: 'new', key: 'new' });
    rows.push({ kind: 'message', key: message.key, message, first: newDay || unread || !before || !groups(before, message) });
    before = message;
  }
  return rows;
}

/** Whether `next` goes without a head of its own under `before`. */
export function groups(before: MessageView, next: MessageView): boolean {
  const apart = millis(next.createdAt) - millis(before.createdAt);
  return before.senderId === next.senderId && apart <= GROUP_MS && apart >= -GROUP_MS && !before.deletedAt && !next.replyTo && next.priority === before.priority;
}

/** Whether rows came or went before the ones that stayed: then the virtual list measures from its end. */
export function changedAtStart(before: readonly Row[], after: readonly Row[]): boolean {
  if (before.at(-1)?.key !== after.at(-1)?.key) return false;
  const anchor = before.find((row) => row.kind === 'message' && indexOf(after, row.key) >= 0);
  return anchor !== undefined && indexOf(before, anchor.key) !== indexOf(after, anchor.key);
}

export function indexOf(rows: readonly Row[], key: string): number {
  return rows.findIndex((row) => row.key === key);
}
