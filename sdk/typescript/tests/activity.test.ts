import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CALM, ModelServer, type ModelSocket } from './model.js';
import { clientOf, connected, fakeTime, pass } from './support.js';

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

/** A channel with two hundred members, and a small one. */
async function scene() {
  const server = new ModelServer({ ...CALM, resume: 1 });
  const big = server.conversation('big', ['a', 'b']);
  big.crowd = 200;
  server.conversation('small', ['a', 'b']);
  let count = 0;
  const say = (place: string, messages = 1): void => {
    for (let i = 0; i < messages; i++) server.send('b', { messageId: `${place} ${++count}`, conversationId: place, content: { type: 'text', text: 'text' } });
  };
  say('big', 3);
  const asked: string[] = [];
  const ask: typeof fetch = (input, init) => {
    const path = new URL(String(input)).pathname.slice('/api/v1/conversations/'.length);
    if (path.startsWith('big/')) asked.push(path.slice(4));
    return server.fetch(input, init);
  };
  const client = await connected(clientOf(server, 'a', { fetch: ask }));
  const focuses = (): unknown[] => server.frames.filter(({ type }) => type === 'conversation.focus').map(({ payload }) => payload['conversationId']);
  const socket = (): ModelSocket => [...server.sockets].at(-1) as ModelSocket;
  const at = (id = 'big') => client.conversation(id).summary.current;
  return { server, big, client, say, asked, focuses, socket, at, conversation: client.conversation('big') };
}

it('shows in the list that something happened, and leaves the copy behind', async () => {
  const { client, say, asked, at } = await scene();
  const before = at();
  say('small');
  await pass(2_000);
  expect(client.conversations().current.items.map((one) => one.id)).toEqual(['small', 'big']);
  say('big', 5);
  await pass(2_000);
  expect(at()).toMatchObject({ sync: 'behind', head: 8, unreadCount: (before?.unreadCount ?? 0) + 5 });
  expect(client.conversations().current.items.map((one) => one.id)).toEqual(['big', 'small']);
  // Neither heartbeats nor more of it make it ask.
  say('big', 2);
  await pass(70_000);
  expect(at()).toMatchObject({ sync: 'behind', head: 10, unreadCount: (before?.unreadCount ?? 0) + 7 });
  expect(asked).toEqual([]);
});

it('never counts a message twice, whatever repeats', async () => {
  const { client, socket, say, at, conversation } = await scene();
  const before = at()?.unreadCount ?? 0;
  say('big', 4);
  await pass(2_000);
  for (let i = 0; i < 3; i++) socket().deliver({ type: 'conversation.activity', payload: { conversationId: 'big', lastSeq: 7, newMessages: 4 } });
  expect(at()?.unreadCount).toBe(before + 4);
  conversation.focus();
  await pass(100);
  expect(at()).toMatchObject({ sync: 'live', unreadCount: before + 4 });
  conversation.markRead();
  expect([at()?.unreadCount, client.unread.current.unread]).toEqual([0, 0]);
});

it('brings what it missed when somebody looks, then hears each event', async () => {
  const { client, say, asked, at, conversation } = await scene();
  const timeline = conversation.timeline();
  await pass(100);
  say('big', 5);
  await pass(2_000);
  expect(timeline.current.messages).toHaveLength(3);
  asked.length = 0;
  const told: number[] = [];
  client.on('event', ({ seq }) => told.push(seq));
  conversation.focus();
  await pass(50);
  say('big', 2);
  await pass(50);
  expect([asked, told, at()?.sync]).toEqual([['events'], [4, 5, 6, 7, 8, 9, 10], 'live']);
  expect(timeline.current.messages).toHaveLength(10);
});

it('starts over when it is too far behind', async () => {
  const { say, asked, at, conversation } = await scene();
  const timeline = conversation.timeline();
  await pass(100);
  say('big', 700);
  await pass(2_000);
  asked.length = 0;
  conversation.focus();
  await pass(100);
  expect([asked.includes('events'), asked.includes('messages'), at()?.sync, at()?.head]).toEqual([false, true, 'live', 703]);
  expect(timeline.current.messages.at(-1)?.seq).toBe(703);
});

it('catches up once when a timeline opens without the focus', async () => {
  const { say, at, conversation } = await scene();
  say('big', 5);
  await pass(2_000);
  const timeline = conversation.timeline();
  await pass(100);
  expect([timeline.current.messages.length, at()?.sync]).toEqual([8, 'live']);
  say('big');
  await pass(2_000);
  expect([timeline.current.messages.length, at()?.sync]).toEqual([8, 'behind']);
});

it('asks at most once a second while somebody looks and there is too much', async () => {
  const { big, socket, asked, at, conversation, say } = await scene();
  conversation.focus();
  await pass(100);
  big.summary = true;
  asked.length = 0;
  for (let i = 0; i < 100; i++) {
    say('big');
    socket().deliver({ type: 'conversation.activity', payload: { conversationId: 'big', lastSeq: big.head, newMessages: 1 } });
    await pass(50);
  }
  expect(asked.length).toBeGreaterThanOrEqual(5);
  expect(asked.length).toBeLessThanOrEqual(6);
  await pass(2_500);
  expect(at()).toMatchObject({ head: 103, sync: 'live' });
});

it('trusts a small one again after there was too much', async () => {
  const { server, say, at } = await scene();
  const small = server.conversations.get('small');
  if (!small) throw new Error('it is there');
  small.summary = true;
  say('small', 5);
  await pass(2_000);
  expect(at('small')).toMatchObject({ sync: 'behind', unreadCount: 5 });
  small.summary = false;
  say('small');
  await pass(100);
  expect(at('small')).toMatchObject({ sync: 'live', unreadCount: 6, head: 6 });
  small.summary = true;
  say('small');
  await pass(2_000);
  small.summary = false;
  // Nothing more comes; the heads of a heartbeat reveal it.
  await pass(120_000);
  expect(at('small')).toMatchObject({ sync: 'live', head: 7, unreadCount: 7 });
});

it('shows a new name of one that it is behind in', async () => {
  const { big, socket, say, at } = await scene();
  say('big', 5);
  await pass(2_000);
  const payload = { conversationId: 'big', seq: 9, actorId: 'b', at: '2026-05-01T10:00:00.000Z', name: 'renamed', visibility: 'public', settings: big.log };
  socket().deliver({ type: 'conversation.updated', payload });
  expect(at()).toMatchObject({ name: 'renamed', head: 9, sync: 'behind' });
});

it('says what it looks at: on each new connection, and not again on a resumed one', async () => {
  const { server, client, conversation, focuses, socket } = await scene();
  conversation.focus();
  await pass(10);
  socket().drop(1006, '');
  await pass(2_000);
  expect([focuses(), socket().focus]).toEqual([['big'], 'big']);
  socket().drop(4408, '');
  await pass(3_000);
  expect([focuses(), socket().focus]).toEqual([['big', 'big'], 'big']);
  // What changed while nobody listened is told, resumed or not.
  socket().drop(1006, '');
  conversation.blur();
  await pass(2_000);
  expect([focuses(), socket().focus]).toEqual([['big', 'big', null], null]);
  server.chaos.resume = 0;
  socket().drop(1006, '');
  await pass(10_000);
  expect(focuses()).toHaveLength(3);
  expect(client.connection.current.state).toBe('connected');
});

it('a sync tells it where the head is, and sends none of what may wait', async () => {
  const { server, say, socket, at, asked } = await scene();
  say('big', 5);
  await pass(2_000);
  socket().drop(4408, '');
  say('big', 3);
  await pass(3_000);
  const sync = server.frames.filter(({ type }) => type === 'sync.request').at(-1);
  expect(sync?.payload['conversations']).toContainEqual({ conversationId: 'big', lastSeq: 8, epoch: 'e1' });
  expect(at()).toMatchObject({ sync: 'behind', head: 11, unreadCount: 11 });
  expect(asked).toEqual([]);
});
