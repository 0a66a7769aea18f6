import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { IndexedDbStorage, MemoryStorage, type Storage, type StorageWrite } from '../src/index.js';
import { SafeStorage } from '../src/storage/safe.js';
import { ModelServer } from './model.js';
import { clientOf, connected, fakeTime, pass } from './support.js';

const KINDS: Array<[string, () => Storage]> = [
  ['memory', () => new MemoryStorage()],
  ['indexeddb', () => new IndexedDbStorage()],
];

it.each(KINDS)('%s keeps, lists, replaces and wipes, one folder per user', async (name, make) => {
  const storage = make();
  await storage.open(`${name}-ada`);
  await storage.write([
    { area: 'kv', key: 'a/1', value: 1 },
    { area: 'kv', key: 'a/2', value: { deep: [2] } },
    { area: 'kv', key: 'b', value: 3 },
    { area: 'drafts', key: 'a/1', value: 4 },
  ]);
  await storage.write([
    { area: 'kv', key: 'a/1', value: 5 },
    { area: 'kv', key: 'b', delete: true },
  ]);
  expect(await storage.list('kv', 'a/')).toEqual([
    ['a/1', 5],
    ['a/2', { deep: [2] }],
  ]);
  expect([await storage.get('kv', 'b'), await storage.get('drafts', 'a/1')]).toEqual([undefined, 4]);
  await storage.open(`${name}-bob`);
  expect(await storage.list('kv')).toEqual([]);
  await storage.open(`${name}-ada`);
  await storage.wipe();
  expect(await storage.list('kv')).toEqual([]);
  await storage.close();
});

it('goes on in memory where storage breaks', async () => {
  class Broken extends MemoryStorage {
    override write(_: readonly StorageWrite[]): Promise<void> {
      return Promise.reject(new Error('quota'));
    }
  }
  const gaveUp = vi.fn();
  const storage = new SafeStorage(new Broken(), gaveUp);
  // Memory itself is the last resort; here it stands for a database.
  Object.defineProperty(storage, 'current', { value: Object.assign(Object.create({ ...methods(new Broken()) }) as Storage), writable: true });
  await storage.open('ada');
  await storage.write([{ area: 'kv', key: 'a', value: 1 }]);
  expect([await storage.get('kv', 'a'), gaveUp.mock.calls.length]).toEqual([1, 1]);
});

function methods(of: Storage): Storage {
  return {
    open: (name) => of.open(name),
    get: (area, key) => of.get(area, key),
    list: (area, prefix) => of.list(area, prefix),
    write: (writes) => of.write(writes),
    wipe: () => of.wipe(),
    close: () => of.close(),
  };
}

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

it('paints from the cache after a reload, then catches up and sends what waited', async () => {
  const server = new ModelServer();
  const model = server.conversation('one', ['a', 'b']);
  const storage = new MemoryStorage();
  server.send('b', { messageId: 'm1', conversationId: 'one', content: { type: 'text', text: 'before' } });
  const before = await connected(clientOf(server, 'a', { storage }));
  before.conversation('one').timeline();
  await pass(100);
  before.disconnect();
  before.conversation('one').draft().set({ text: 'half a thought' });
  const waiting = before.conversation('one').send('waits');
  await pass(5_000);
  await before.close();

  server.send('b', { messageId: 'm2', conversationId: 'one', content: { type: 'text', text: 'meanwhile' } });
  const after = clientOf(server, 'a', { storage });
  await after.restore();
  const timeline = after.conversation('one').timeline();
  await pass(1);
  expect(after.conversations().current.items[0]).toMatchObject({ id: 'one', draft: 'half a thought', sync: 'stale' });
  expect(timeline.current.messages.map(({ id, state }) => [id, state])).toEqual([
    ['m1', 'sent'],
    [waiting.id, 'queued'],
  ]);
  await connected(after);
  expect(timeline.current.messages.map(({ id, state }) => [id, state])).toEqual([
    ['m1', 'sent'],
    ['m2', 'sent'],
    [waiting.id, 'sent'],
  ]);
  expect(model.main().map((one) => one.id)).toEqual(['m1', 'm2', waiting.id]);
});

it('does not send by itself what waited for more than a day', async () => {
  const server = new ModelServer();
  const model = server.conversation('one', ['a']);
  const storage = new MemoryStorage();
  const before = await connected(clientOf(server, 'a', { storage }));
  before.disconnect();
  const old = before.conversation('one').send('yesterday');
  await before.close();
  await pass(86_400_001);
  const after = await connected(clientOf(server, 'a', { storage }));
  expect([after.outbox.current, model.head]).toEqual([{ pending: 0, failed: 1 }, 0]);
  after.conversation('one').retry(old.id);
  await pass(50);
  expect(model.main().map((one) => one.id)).toEqual([old.id]);
});

it('logging out leaves nothing behind', async () => {
  const server = new ModelServer();
  server.conversation('one', ['a']);
  const storage = new MemoryStorage();
  const client = await connected(clientOf(server, 'a', { storage }));
  client.conversation('one').draft().set({ text: 'secret' });
  await pass(2_000);
  const out = client.auth.logout();
  await pass(100);
  await out;
  for (const area of ['conversations', 'outbox', 'drafts', 'kv'] as const) expect(await storage.list(area)).toEqual([]);
  expect([client.me.current, server.sockets.size]).toEqual([null, 0]);
});
