import { expect, it } from 'vitest';
import { apply, type Copy } from '../src/fold.js';
import { uuid } from '../src/index.js';
import type { ConversationView, Event, Message } from '../src/index.js';

const AT = '2026-05-01T10:00:00.000Z';
const LATER = '2026-05-01T11:00:00.000Z';
const settings = { onlyAdminsCanPost: false, allowMemberInvites: true };

const message = (id: string, seq: number, more: Partial<Message> = {}): Message => ({
  id,
  seq,
  conversationId: 'c',
  senderId: 'b',
  content: { type: 'text', text: id },
  threadCount: 0,
  mentions: [],
  reactions: [],
  priority: 'normal',
  createdAt: AT,
  ...more,
});
const view = (more: Partial<ConversationView> = {}): ConversationView => ({
  id: 'c',
  type: 'channel',
  name: 'general',
  topic: 'all',
  visibility: 'public',
  memberCount: 2,
  head: 5,
  epoch: 'e',
  settings,
  createdBy: 'b',
  createdAt: AT,
  updatedAt: AT,
  membership: { role: 'member', readSeq: 5, deliveredSeq: 5, notificationLevel: 'all', pinned: false, joinedAt: AT },
  unreadCount: 0,
  mentionCount: 0,
  ...more,
});

type Change = Pick<Event, 'type' | 'payload'>;
const deleted = { content: { type: 'text' as const }, deletedAt: LATER };
const thumb = { emoji: '👍', count: 1, me: true, userIds: ['a'] };

/** Before, what happens, and after: messages m1 (a root with one reply r1) and the view. */
const TABLE: Array<
  [string, Change, { m1?: Partial<Message>; r1?: Partial<Message>; view?: Partial<ConversationView>; without?: Array<keyof ConversationView> }]
> = [
  ['message.new', { type: 'message.new', payload: { message: message('m6', 6) } }, { view: { lastMessageAt: AT, unreadCount: 1 } }],
  ['message.new of our own', { type: 'message.new', payload: { message: message('m6', 6, { senderId: 'a' }) } }, { view: { lastMessageAt: AT } }],
  [
    'message.new in a thread',
    { type: 'message.new', payload: { message: message('m6', 6, { threadRoot: 'm1', mentions: ['a'], createdAt: LATER }) } },
    { m1: { threadCount: 2, lastReplyAt: LATER }, view: { lastMessageAt: LATER, mentionCount: 1 } },
  ],
  [
    'message.new for everybody',
    { type: 'message.new', payload: { message: message('m6', 6, { mentionScope: 'channel' }) } },
    { view: { lastMessageAt: AT, unreadCount: 1, mentionCount: 1 } },
  ],
  [
    'message.updated',
    { type: 'message.updated', payload: { messageId: 'm1', content: { type: 'text', text: 'new' }, mentions: ['a'], editedAt: LATER } },
    { m1: { content: { type: 'text', text: 'new' }, mentions: ['a'], editedAt: LATER } },
  ],
  [
    'message.deleted',
    { type: 'message.deleted', payload: { messageId: 'r1', threadRoot: 'm1', reason: 'deleted', deletedAt: LATER } },
    { m1: { threadCount: 0 }, r1: deleted },
  ],
  [
    'message.reaction',
    { type: 'message.reaction', payload: { messageId: 'm1', emoji: '👍', action: 'add', count: 1 } },
    { m1: { reactions: [thumb] } },
  ],
  ['message.pinned', { type: 'message.pinned', payload: { messageId: 'm1', action: 'add' } }, { m1: { pinnedAt: LATER } }],
  ['member.joined', { type: 'member.joined', payload: { member: { userId: 'z', role: 'member', joinedAt: AT } } }, { view: { memberCount: 3 } }],
  ['member.left', { type: 'member.left', payload: { userId: 'b' } }, { view: { memberCount: 1 } }],
  [
    'member.updated',
    { type: 'member.updated', payload: { member: { userId: 'a', role: 'admin', joinedAt: AT } } },
    { view: { membership: { ...view().membership!, role: 'admin' } } },
  ],
  [
    'conversation.updated',
    { type: 'conversation.updated', payload: { name: 'town', visibility: 'private', settings, archivedAt: AT } },
    { view: { name: 'town', visibility: 'private', archivedAt: AT, updatedAt: LATER }, without: ['topic'] },
  ],
];

function copy(): Copy {
  const all = [message('m1', 3, { threadCount: 1, lastReplyAt: AT }), message('r1', 4, { threadRoot: 'm1' })];
  return { view: view(), viewAsOf: 5, countsAsOf: 5, lastSeq: 5, held: new Map(all.map((one) => [one.id, { message: one, asOf: 5 }])) };
}

it.each(TABLE)('%s', (_, change, want) => {
  const after = copy();
  const event = { conversationId: 'c', seq: 6, actorId: 'a', at: LATER, ...change } as Event;
  apply(after, event, 'a');
  const expected = { ...view({ head: 6 }), ...want.view };
  for (const key of want.without ?? []) delete expected[key];
  expect(after.view).toEqual(expected);
  expect(after.held.get('m1')?.message).toEqual({ ...copy().held.get('m1')?.message, ...want.m1 });
  expect(after.held.get('r1')?.message).toEqual({ ...copy().held.get('r1')?.message, ...want.r1 });
  expect(after.lastSeq).toBe(6);
  // Told twice, it changes nothing more.
  const once = structuredClone({ view: after.view, held: [...after.held] });
  apply(after, event, 'a');
  expect({ view: after.view, held: [...after.held] }).toEqual(once);
});

it('a copy that already includes an event is left alone by it', () => {
  const ahead = { ...copy(), viewAsOf: 9, countsAsOf: 9 };
  ahead.held.set('m1', { message: message('m1', 3, { threadCount: 7 }), asOf: 9 });
  apply(
    ahead,
    { conversationId: 'c', seq: 6, actorId: 'b', at: LATER, type: 'message.new', payload: { message: message('m6', 6, { threadRoot: 'm1' }) } },
    'a',
  );
  expect([ahead.held.get('m1')?.message.threadCount, ahead.view]).toEqual([7, view()]);
});

it('ids are UUIDs of version 7 that sort in the order they were made', () => {
  const ids = Array.from({ length: 5_000 }, () => uuid(1_777_777_777_777));
  expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
});
