import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Timeline } from '../src/index.js';
import { ModelServer } from './model.js';
import { seeded } from './random.js';
import { clientOf, connected, fakeTime, pass } from './support.js';

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

const texts = (timeline: Timeline): Array<string | undefined> => timeline.current.messages.map((message) => message.content.text);

async function scene(messages = 0) {
  const server = new ModelServer();
  const model = server.conversation('one', ['a', 'b']);
  for (let i = 1; i <= messages; i++) server.send('b', { messageId: `m${i}`, conversationId: 'one', content: { type: 'text', text: `text ${i}` } });
  const client = await connected(clientOf(server, 'a'));
  const conversation = client.conversation('one');
  const timeline = conversation.timeline();
  await pass(100);
  return { server, model, client, conversation, timeline, socket: () => [...server.sockets].find((one) => one.user === 'a') };
}

it('shows a message at once and numbers it when the server has it', async () => {
  const { conversation, timeline } = await scene();
  const message = conversation.send('hello');
  expect(message).toMatchObject({ state: 'sending', seq: null, key: message.id });
  expect(texts(timeline)).toEqual(['hello']);
  await pass(10);
  expect(timeline.current.messages[0]).toMatchObject({ id: message.id, state: 'sent', seq: 1 });
});

it('keeps the order over refusals, lost acks and a lost connection', async () => {
  const { server, conversation, model, client, socket, timeline } = await scene();
  Object.assign(server, { chaos: { ...server.chaos, refuse: 0.3, loseAck: 0.2 }, random: seeded(7) });
  const ids = Array.from({ length: 6 }, (_, i) => conversation.send(`text ${i}`).id);
  await pass(300);
  socket()?.drop(1006, '');
  ids.push(conversation.send('while away').id);
  expect(timeline.current.messages.at(-1)?.state).toBe('queued');
  await pass(60_000);
  expect(client.outbox.current).toEqual({ pending: 0, failed: 0 });
  expect(model.main().map((one) => one.id)).toEqual(ids);
  expect(timeline.current.messages.map((one) => one.id)).toEqual(ids);
});

it('a fatal refusal fails one message; the lane goes on; retry keeps the id', async () => {
  const { client, conversation, model, timeline } = await scene();
  const bad = conversation.send('refuse me');
  const good = conversation.send('fine');
  await pass(100);
  expect(timeline.current.messages.map(({ id, state, error }) => [id, state, error?.code])).toEqual([
    [good.id, 'sent', undefined],
    [bad.id, 'failed', 'INVALID_FIELD'],
  ]);
  expect(client.outbox.current).toEqual({ pending: 0, failed: 1 });
  await conversation.edit(bad.id, 'better');
  conversation.retry(bad.id);
  await pass(100);
  expect(model.main().map((one) => [one.id, one.content.text])).toEqual([
    [good.id, 'fine'],
    [bad.id, 'better'],
  ]);
});

it('edits and deletes what was not sent without asking the server', async () => {
  const { server, client, conversation, timeline } = await scene();
  client.disconnect();
  const [one, two] = [conversation.send('first'), conversation.send('second')];
  await conversation.edit(one.id, 'first, better');
  await conversation.delete(two.id);
  expect(texts(timeline)).toEqual(['first, better']);
  await connected(client);
  expect(
    server.frames.filter(({ type }) => type.startsWith('message.')).map(({ type, payload }) => [type, (payload['content'] as { text: string }).text]),
  ).toEqual([['message.send', 'first, better']]);
});

it('a refused edit keeps its text; a refused delete brings the message back', async () => {
  const { server, conversation, timeline } = await scene(1);
  const edit = expect(conversation.edit('m1', 'not mine')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(timeline.current.messages[0]).toMatchObject({ content: { text: 'not mine' }, pending: 'edit' });
  await pass(100);
  await edit;
  expect(timeline.current.messages[0]).toMatchObject({ content: { text: 'text 1' }, draftEdit: 'not mine', error: { code: 'FORBIDDEN' } });
  const frame = server.frame.bind(server);
  server.frame = (user, type, payload) =>
    type === 'message.delete' ? { error: { error: 0, code: 'FORBIDDEN', retry: 'never', message: 'no' } } : frame(user, type, payload);
  const gone = expect(conversation.delete('m1')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(timeline.current.messages[0]?.deletedAt).toBeDefined();
  await pass(100);
  await gone;
  expect(timeline.current.messages[0]).toMatchObject({ content: { text: 'text 1' } });
});

it('reacts at once, toggles, and sends only the last of several while away', async () => {
  const { server, client, conversation, timeline } = await scene(1);
  void conversation.react('m1', '👍');
  expect(timeline.current.messages[0]?.reactions).toEqual([{ emoji: '👍', count: 1, me: true, userIds: ['a'] }]);
  await pass(50);
  client.disconnect();
  for (let i = 0; i < 3; i++) void conversation.react('m1', '👍');
  expect(timeline.current.messages[0]?.reactions).toEqual([]);
  await connected(client);
  expect(server.frames.filter(({ type }) => type === 'message.react').map(({ payload }) => payload['action'])).toEqual(['add', 'remove']);
  expect(timeline.current.messages[0]?.reactions).toEqual([]);
});

it('opens at the end, loads both ways and never holds more than its window', async () => {
  const { conversation } = await scene(1_000);
  const timeline = conversation.timeline({ window: 120 });
  await pass(50);
  expect([texts(timeline)[0], texts(timeline).at(-1), timeline.current.hasOlder, timeline.current.hasNewer]).toEqual([
    'text 951',
    'text 1000',
    true,
    false,
  ]);
  for (let i = 0; i < 4; i++) {
    void timeline.loadOlder();
    await pass(50);
  }
  expect([timeline.current.messages.length, texts(timeline)[0], timeline.current.hasNewer]).toEqual([120, 'text 751', true]);
  conversation.send('not shown here');
  await pass(50);
  expect(texts(timeline).at(-1)).toBe('text 870');
  for (let i = 0; i < 5; i++) {
    void timeline.loadNewer();
    await pass(50);
  }
  expect([timeline.current.messages.length, texts(timeline).at(-1), timeline.current.hasNewer]).toEqual([120, 'not shown here', false]);
});

it('jumps to a place, a message and back', async () => {
  const { timeline } = await scene(500);
  const jump = async (...to: Parameters<Timeline['jumpTo']>): Promise<string | null> => {
    const done = timeline.jumpTo(...to);
    await pass(50);
    return done;
  };
  expect(await jump({ seq: 100 })).toBe('m100');
  expect([timeline.current.hasOlder, timeline.current.hasNewer]).toEqual([true, true]);
  expect(await jump({ id: 'm7' })).toBe('m7');
  expect(await jump('latest')).toBe('m500');
  await expect(Promise.all([timeline.jumpTo({ id: 'unknown' }), pass(50)])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(timeline.current.error?.code).toBe('NOT_FOUND');
});

it('marks where the unread ones begin, and counts them', async () => {
  const { server, conversation, client, model } = await scene(80);
  model.read.set('a', 60);
  conversation.load().catch(() => undefined);
  await pass(50);
  expect(client.unread.current).toEqual({ unread: 20, mentions: 0 });
  const timeline = conversation.timeline();
  void timeline.jumpTo('firstUnread');
  await pass(50);
  expect(timeline.current.firstUnreadId).toBe('m61');
  server.send('b', { messageId: 'x1', conversationId: 'one', content: { type: 'text', text: 'more' } });
  await pass(10);
  expect(client.unread.current.unread).toBe(21);
  conversation.markRead();
  expect(client.unread.current.unread).toBe(0);
  await pass(2_000);
  expect(server.frames.filter(({ type }) => type === 'receipt.read').map(({ payload }) => payload)).toEqual([{ conversationId: 'one', seq: 81 }]);
  expect(timeline.current.firstUnreadId).toBe('m61');
});

it('tells what arrived, batched, and who has seen what', async () => {
  const { server, conversation } = await scene();
  const other = await connected(clientOf(server, 'b'));
  const mine = conversation.send('look');
  await pass(50);
  void conversation.receipts.current;
  await pass(50);
  expect(conversation.delivery({ seq: 1, senderId: 'a' })).toBe('sent');
  await pass(2_500);
  expect(server.frames.filter(({ user, type }) => user === 'b' && type === 'receipt.delivered')).toHaveLength(1);
  expect(conversation.delivery({ seq: 1, senderId: 'a' })).toBe('delivered');
  other.conversation('one').markRead();
  await pass(1_500);
  expect(conversation.seenBy(conversation.message(mine.id) ?? mine)).toEqual(['b']);
  expect(conversation.delivery({ seq: 1, senderId: 'a' })).toBe('read');
});

it('a thread shows its replies, and its root their number', async () => {
  const { server, conversation, timeline } = await scene(2);
  const thread = conversation.timeline({ threadRoot: 'm1' });
  await pass(50);
  conversation.send({ text: 'reply', threadRoot: 'm1' });
  server.send('b', { messageId: 'r2', conversationId: 'one', threadRoot: 'm1', content: { type: 'text', text: 'and another' } });
  await pass(50);
  expect(texts(thread).sort()).toEqual(['and another', 'reply']);
  expect([thread.current.root?.threadCount, timeline.current.messages[0]?.threadCount, timeline.current.messages.length]).toEqual([2, 2, 2]);
});

it('says at most every three seconds that we type, and forgets typists after five', async () => {
  const { server, conversation, socket } = await scene();
  for (let i = 0; i < 40; i++) {
    conversation.typing();
    await pass(100);
  }
  conversation.stopTyping();
  await pass(10);
  expect(server.frames.filter(({ type }) => type.startsWith('typing')).map(({ type }) => type)).toEqual([
    'typing.start',
    'typing.start',
    'typing.stop',
  ]);
  socket()?.deliver({ type: 'typing.indicator', payload: { conversationId: 'one', userId: 'b', displayName: 'B', active: true } });
  expect(conversation.typists().current).toEqual([{ userId: 'b', displayName: 'B' }]);
  await pass(5_100);
  expect(conversation.typists().current).toEqual([]);
});

it('subscribes to the presence of who is on screen, all at once, and again after a reconnect', async () => {
  const { server, client, socket } = await scene();
  let told = 0;
  client.presence.watch(['b'], () => told++);
  const off = client.presence.watch(['b', 'c'], () => told++);
  await pass(100);
  const asked = (): unknown[] =>
    server.frames.filter(({ type }) => type.startsWith('presence')).map(({ type, payload }) => [type, payload['userIds']]);
  expect(asked()).toEqual([['presence.subscribe', ['b', 'c']]]);
  socket()?.deliver({ type: 'presence.bulk', payload: { items: [{ userId: 'b', status: 'away' }] } });
  expect([client.presence.get('b')?.status, told]).toEqual(['away', 2]);
  off();
  await pass(6_000);
  expect(asked().at(-1)).toEqual(['presence.unsubscribe', ['c']]);
  socket()?.drop(1006, '');
  expect(client.presence.get('b')).toBeUndefined();
  await pass(2_000);
  expect(asked().at(-1)).toEqual(['presence.subscribe', ['b']]);
});

it('finds a lost tail by the heads of a heartbeat', async () => {
  const { server, timeline } = await scene(1);
  server.chaos.loseEvent = 1;
  server.send('b', { messageId: 'lost', conversationId: 'one', content: { type: 'text', text: 'lost' } });
  await pass(1_000);
  expect(timeline.current.messages).toHaveLength(1);
  await pass(32_000);
  expect(timeline.current.messages.at(-1)?.id).toBe('lost');
});

it('enters and leaves conversations as the server says', async () => {
  const { server, client, model, socket } = await scene();
  const two = server.conversation('two', ['a']);
  socket()?.deliver({ type: 'conversation.added', payload: { conversation: server.view(two, 'a') } });
  expect(client.conversations().current.items.map((one) => one.id)).toEqual(['one', 'two']);
  client.disconnect();
  model.members.delete('a');
  await connected(client);
  expect(client.conversations().current.items.map((one) => one.id)).toEqual(['two']);
});
