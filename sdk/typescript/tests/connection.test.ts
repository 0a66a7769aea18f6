import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { memoryTokens, type ConnectionInfo, type Tertulia, type Tokens } from '../src/index.js';
import { ModelServer, type ModelSocket } from './model.js';
import { clientOf, connected, fakeTime, pass } from './support.js';

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

function place(): { server: ModelServer; socket(): ModelSocket } {
  const server = new ModelServer();
  server.conversation('one', ['a', 'b']);
  return { server, socket: () => [...server.sockets][0] as ModelSocket };
}
const info = (client: Tertulia): ConnectionInfo => client.connection.current;

it('says that it is lost only after five seconds', async () => {
  const { server, socket } = place();
  const client = await connected(clientOf(server, 'a'));
  server.badTicket = { status: 503, code: 'UNAVAILABLE', retry: 'after' };
  socket().drop(1006, '');
  expect(info(client)).toMatchObject({ state: 'connecting', lost: false, code: 1006 });
  await pass(4_900);
  expect(info(client).lost).toBe(false);
  await pass(200);
  expect(info(client).lost).toBe(true);
  server.badTicket = null;
  await pass(40_000);
  expect(info(client)).toMatchObject({ state: 'connected', lost: false });
  expect(info(client).code).toBeUndefined();
});

it('takes a silent peer for dead', async () => {
  const { server, socket } = place();
  const client = await connected(clientOf(server, 'a'));
  const first = socket();
  await pass(120_000);
  expect(socket()).toBe(first); // Heartbeats are answered.
  first.send = () => undefined;
  await pass(75_000);
  expect(socket()).not.toBe(first);
  expect(info(client).state).toBe('connected');
  expect(server.frames.some((frame) => frame.type === 'heartbeat')).toBe(true);
});

it('opens the new socket before the old one goes while the server drains', async () => {
  const { server, socket } = place();
  const client = await connected(clientOf(server, 'a'));
  const first = socket();
  const states: string[] = [];
  client.on('connection', ({ state }) => states.push(state));
  first.deliver({ type: 'server.draining', payload: { reconnectAfterMs: 500 } });
  await pass(2_000);
  expect(server.sockets.size).toBe(1);
  expect(socket()).not.toBe(first);
  expect(states.every((state) => state === 'connected')).toBe(true);
  expect(client.conversation('one').send('still here').state).toBe('sending');
});

it('presents the resume token, and not after 4404', async () => {
  const { server, socket } = place();
  await connected(clientOf(server, 'a'));
  socket().drop(1006, '');
  await pass(2_000);
  expect(socket().url.searchParams.get('resume')).toBe('r1');
  socket().drop(4404, 'SESSION_UNKNOWN');
  await pass(2_000);
  expect(socket().url.searchParams.get('resume')).toBeNull();
  expect(socket().url.searchParams.has('token')).toBe(false);
});

it.each([
  [4506, 'upgrade-required'],
  [4507, 'replaced'],
  [4508, 'protocol'],
])('stops after %i', async (code, stopped) => {
  const { server, socket } = place();
  const client = await connected(clientOf(server, 'a'));
  socket().drop(code, '');
  await pass(600_000);
  expect(info(client)).toMatchObject({ state: 'disconnected', stopped });
  expect(client.me.current?.id).toBe('a');
  expect(server.sockets.size).toBe(0);
});

it.each([
  [4500, 'not sent'],
  [4503, undefined],
])('signs out after %i', async (code, kept) => {
  const { server, socket } = place();
  const tokens = memoryTokens({ ...(server.signIn('a') as Tokens), expiresAt: Date.now() + 900_000 });
  const client = await connected(clientOf(server, 'a', { tokens }));
  client.conversation('one').draft().set({ text: 'not sent' });
  socket().drop(code, '');
  await pass(1_000);
  expect(info(client)).toMatchObject({ state: 'disconnected', stopped: 'signed-out' });
  expect([client.me.current, await tokens.load()]).toEqual([null, null]);
  expect(client.conversations().current).toEqual({ items: [], ready: false });
  expect(client.conversation('one').draft().current).toBeNull();
  // Whoever signs in again finds the draft, unless the session was revoked.
  const login = client.auth.login({ username: 'a', password: 'secret' });
  await pass(100);
  await login;
  await connected(client);
  expect(client.conversation('one').draft().current?.text).toBe(kept);
  expect(client.conversations().current.items).toHaveLength(1);
});

it('renews an expired token once, however many ask', async () => {
  const { server } = place();
  const client = clientOf(server, 'a');
  server.tokens.clear();
  server.tokens.set('known', 'a');
  await client.restore();
  const asked = Promise.all([
    client.api.conversations.get('one'),
    client.api.conversations.receipts('one'),
    client.api.conversations.list(),
    client.auth.refresh(),
  ]);
  await pass(100);
  await asked;
  expect(server.refreshes).toBe(1);
});

it('answers token.refresh and stays connected', async () => {
  const { server, socket } = place();
  await connected(clientOf(server, 'a'));
  const first = socket();
  first.deliver({ type: 'token.refresh', payload: { expiresAt: '2026-05-01T10:15:00.000Z' } });
  await pass(100);
  expect(server.frames.find((frame) => frame.type === 'auth.refresh')?.payload).toEqual({ accessToken: 'a-a#1' });
  expect(socket()).toBe(first);
});

it('gets a new token before it comes back from 4410', async () => {
  const { server, socket } = place();
  const client = await connected(clientOf(server, 'a'));
  socket().drop(4410, 'TOKEN_EXPIRED');
  await pass(2_000);
  expect([server.refreshes, info(client).state]).toEqual([1, 'connected']);
});

it('ignores what it does not know', async () => {
  const { server, socket } = place();
  const client = await connected(clientOf(server, 'a'));
  for (const frame of [
    { type: 'task.created', payload: { seq: 1 } },
    { type: 'ack', payload: { refId: 'never asked', status: 'ok', result: null } },
    { hello: 1 },
    [],
    null,
    7,
  ])
    socket().deliver(frame as object);
  socket().onmessage?.({ data: 'not json' });
  await pass(100);
  expect(info(client).state).toBe('connected');
});

it('rejects connect where nobody is signed in', async () => {
  const { server } = place();
  const client = clientOf(server, 'a', { tokens: memoryTokens() });
  await expect(client.connect()).rejects.toMatchObject({ code: 'SIGNED_OUT' });
});

it('tells which parts of the server are away, and forgets it with the next connection', async () => {
  const { server, socket } = place();
  const client = await connected(clientOf(server, 'a'));
  expect(info(client).away).toEqual([]);
  socket().deliver({ type: 'server.health', payload: { away: ['bus', 'presence'] } });
  await pass(50);
  expect(info(client).away).toEqual(['bus', 'presence']);
  socket().drop(1006, '');
  await pass(10_000);
  expect(info(client)).toMatchObject({ state: 'connected', away: [] });
});
