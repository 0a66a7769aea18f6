import { vi } from 'vitest';
import { memoryTokens, Tertulia } from '../src/index.js';
import type { ClientOptions, Tokens } from '../src/index.js';
import type { ModelServer } from './model.js';

/** A client of the model server, signed in as `user`. */
export function clientOf(server: ModelServer, user: string, options: Partial<ClientOptions> = {}): Tertulia {
  const signedIn = server.signIn(user) as Omit<Tokens, 'expiresAt'> & { expiresInMs: number };
  return new Tertulia({
    url: 'http://model.test/',
    storage: 'memory',
    fetch: server.fetch,
    WebSocket: server.WebSocket,
    random: server.random,
    tokens: memoryTokens({ ...signedIn, expiresAt: Date.now() + signedIn.expiresInMs }),
    ...options,
  });
}

export function fakeTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'], now: Date.parse('2026-05-01T10:00:00.000Z') });
}

export const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

export async function connected(client: Tertulia): Promise<Tertulia> {
  const done = client.connect();
  await pass(2_000);
  await done;
  await pass(100);
  return client;
}
