import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Tertulia } from '../src/index.js';
import { askedMs } from '../src/close.js';
import { CALM, ModelServer, type ModelSocket } from './model.js';
import { seeded } from './random.js';
import { clientOf, connected, fakeTime, pass } from './support.js';

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

/** `a` and `b` talk; the server takes resume tokens. */
async function scene(hangs: (path: string) => boolean = () => false) {
  const server = new ModelServer({ ...CALM, resume: 1 });
  const model = server.conversation('one', ['a', 'b']);
  const say = (id: string): void => void server.send('b', { messageId: id, conversationId: 'one', content: { type: 'text', text: id } });
  say('before');
  const ask: typeof fetch = (input, init) => (hangs(new URL(String(input)).pathname) ? new Promise(() => undefined) : server.fetch(input, init));
  const client = await connected(clientOf(server, 'a', { fetch: ask }));
  const timeline = client.conversation('one').timeline();
  await pass(100);
  const told: number[] = [];
  client.on('event', ({ seq }) => told.push(seq));
  const socket = (): ModelSocket => [...server.sockets].at(-1) as ModelSocket;
  const syncs = (): number => server.frames.filter(({ type }) => type === 'sync.request').length;
  const shown = (): string[] => timeline.current.messages.map((one) => one.id);
  return { server, model, client, say, told, socket, syncs, shown };
}
const state = (client: Tertulia): string | undefined => client.conversation('one').summary.current?.sync;

it('takes what was missed from a resumed connection, and asks for nothing', async () => {
  const { say, socket, client, syncs, told, shown } = await scene();
  socket().drop(1006, '');
  say('missed 1');
  say('missed 2');
  await pass(1_000);
  say('after');
  await pass(10);
  expect([shown(), told, syncs(), state(client)]).toEqual([['before', 'missed 1', 'missed 2', 'after'], [2, 3, 4], 1, 'live']);
});

it('asks quietly later for what no log has', async () => {
  const { server, model, socket, client, syncs, say } = await scene();
  socket().drop(1006, '');
  await pass(600);
  model.read.set('a', 1); // Read on another device; nobody told this one.
  await pass(4_000);
  expect([syncs(), client.unread.current.unread]).toEqual([1, 1]);
  server.chaos.loseEvent = 1;
  say('lost');
  await pass(10_500);
  expect([syncs(), client.unread.current.unread, state(client)]).toEqual([2, 1, 'live']);
  expect(client.conversation('one').message('lost')).toBeDefined();
  expect(client.conversation('one').summary.current?.membership?.readSeq).toBe(1);
});

it('syncs at once where the server does not resume', async () => {
  const { server, say, socket, syncs, shown, told } = await scene();
  server.chaos.resume = 0;
  socket().drop(1006, '');
  say('missed');
  await pass(600);
  expect([shown(), told, syncs()]).toEqual([['before', 'missed'], [2], 2]);
});

it('syncs after all when the sync of the connection before was never answered', async () => {
  const { server, say, socket, syncs, shown } = await scene();
  server.chaos.resume = 0;
  server.chaos.loseAck = 1;
  socket().drop(1006, '');
  say('missed');
  await pass(600);
  expect([syncs(), shown()]).toEqual([2, ['before']]);
  Object.assign(server.chaos, { resume: 1, loseAck: 0 });
  socket().drop(1006, '');
  await pass(600);
  expect([syncs(), shown()]).toEqual([3, ['before', 'missed']]);
});

it('fills a gap at once, also one that the connection before left open', async () => {
  let hanging = 0;
  let hang = false;
  const { server, say, socket, shown, syncs } = await scene((path) => hang && path.endsWith('/events') && ++hanging > 0);
  const lose = (id: string): void => {
    server.chaos.loseEvent = 1;
    say(id);
    server.chaos.loseEvent = 0;
  };
  lose('lost 1');
  say('seen 1');
  await pass(10);
  expect(shown()).toEqual(['before', 'lost 1', 'seen 1']);
  hang = true;
  lose('lost 2');
  say('seen 2');
  await pass(10);
  expect([hanging, shown()]).toEqual([1, ['before', 'lost 1', 'seen 1']]);
  hang = false;
  socket().drop(1006, '');
  await pass(600);
  expect([shown(), syncs()]).toEqual([['before', 'lost 1', 'seen 1', 'lost 2', 'seen 2'], 1]);
});

it('starts over after all when the connection ended meanwhile', async () => {
  let asked = 0;
  // The answer that would bring the new copy does not come before the connection ends.
  const { server, model, socket, client, say, shown } = await scene((path) => path.endsWith('conversations/one') && ++asked === 2);
  model.epoch = 'e2';
  server.chaos.loseEvent = 1;
  say('new');
  client.conversation('one').load().catch(() => undefined);
  await pass(10);
  expect([asked, state(client)]).toEqual([2, 'reset']);
  socket().drop(1006, '');
  await pass(1_000);
  expect([state(client), client.conversation('one').summary.current?.epoch, shown()]).toEqual(['live', 'e2', ['before', 'new']]);
});

it.each([1, 0])('sends what waited once and in order, resumed or not (%i)', async (resume) => {
  const { server, model, socket, client, shown } = await scene();
  server.chaos.resume = resume;
  const conversation = client.conversation('one');
  server.chaos.loseAck = 1;
  const ids = [conversation.send('done, but nobody says so').id];
  await pass(10);
  server.chaos.loseAck = 0;
  socket().drop(1006, '');
  for (const text of ['two', 'three', 'four']) ids.push(conversation.send(text).id);
  await pass(1_000);
  expect(model.main().map((one) => one.id)).toEqual(['before', ...ids]);
  expect(shown()).toEqual(['before', ...ids]);
  const sends = server.frames.filter(({ type }) => type === 'message.send').map(({ payload }) => payload['messageId']);
  expect(sends).toEqual([ids[0], ...ids]);
  expect(client.outbox.current).toEqual({ pending: 0, failed: 0 });
});

it('moves to the new socket while the server drains; nothing is lost, told twice or interrupted', async () => {
  const { server, say, socket, client, told, shown, syncs } = await scene();
  const old = socket();
  const states: string[] = [];
  client.on('connection', ({ state: now }) => states.push(now));
  client.on('sync', ({ state: now }) => states.push(now));
  old.deliver({ type: 'server.draining', payload: { reconnectAfterMs: 500 } });
  say('before the move');
  await pass(490);
  // In flight on the old socket while the new one takes over: neither its event nor its ack is lost.
  const { later } = old as unknown as { later(work: () => void): void };
  (old as unknown as { later(work: () => void): void }).later = (work) => setTimeout(() => later.call(old, work), 300);
  const mine = client.conversation('one').send('mine');
  server.send('b', { messageId: 'late', conversationId: 'one', content: { type: 'text', text: 'late' } });
  await pass(100);
  expect(server.sockets.size).toBe(2);
  say('on both');
  await pass(700);
  old.drop(4400, 'DRAIN');
  say('after');
  await pass(100);
  expect([server.sockets.size, socket() === old]).toEqual([1, false]);
  expect(shown()).toEqual(['before', 'before the move', 'late', 'on both', mine.id, 'after']);
  expect(told).toEqual([2, 3, 4, 5, 6]);
  // What the old socket carried last may be overtaken, and is then asked for; nothing looks like a lost connection.
  expect([...new Set(states)].filter((one) => !['connected', 'filling', 'live'].includes(one))).toEqual([]);
  expect([syncs(), client.outbox.current.pending]).toEqual([1, 0]);
  expect(server.frames.filter(({ type }) => type === 'message.send')).toHaveLength(1);
});

it('lets the old socket go when the server does not', async () => {
  const { server, socket } = await scene();
  socket().deliver({ type: 'server.draining', payload: { reconnectAfterMs: 0 } });
  await pass(1_000);
  expect(server.sockets.size).toBe(2);
  await pass(5_000);
  expect(server.sockets.size).toBe(1);
});

it('comes when the queue of handshakes says, not later and not sooner', async () => {
  const at: number[] = [];
  const { server, socket, client } = await scene((path) => {
    if (path.endsWith('ws-ticket')) at.push(Date.now());
    if (at.length === 6) server.badTicket = null;
    return false;
  });
  server.badTicket = { status: 503, code: 'OVERLOADED', retry: 'after', retryAfterMs: 3_000 };
  const from = Date.now();
  socket().drop(4453, 'OVERLOADED;after=2000');
  await pass(1_900);
  client.reconnect(); // Neither a person nor a network that is back makes it sooner.
  await pass(20_000);
  // Each wait as told and half of a tenth more; no backoff grows on top.
  const waits = at.slice(1).map((one, i) => one - (i === 0 ? from : (at[i] ?? 0)));
  expect(waits.map((one) => Math.round(one / 10) * 10)).toEqual([2_100, 3_150, 3_150, 3_150, 3_150]);
  expect(client.connection.current.state).toBe('connected');
});

it('ten thousand clients do not come at the same moment', () => {
  const random = seeded(3);
  const waits = Array.from({ length: 10_000 }, () => askedMs(4_000, random)).sort((a, b) => a - b);
  expect([waits[0]! >= 4_000, waits.at(-1)! <= 4_400]).toEqual([true, true]);
  expect(waits[7_500]! - waits[2_500]!).toBeGreaterThan(150);
});
