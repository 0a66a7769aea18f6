import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PresenceBook } from '../src/presence.js';
import type { ClientFrame } from '../src/types.gen.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('somebody who appears on screen is asked for at once, even while others linger', async () => {
  const sent: ClientFrame[] = [];
  const book = new PresenceBook({
    online: () => true,
    request: async <T>(frame: ClientFrame) => {
      sent.push(frame);
      return undefined as T;
    },
  });
  const unwatch = book.watch(['maya'], () => undefined);
  await vi.advanceTimersByTimeAsync(100);
  unwatch();
  book.watch(['omar'], () => undefined);
  await vi.advanceTimersByTimeAsync(100);
  expect(sent.filter((frame) => frame.type === 'presence.subscribe').map((frame) => frame.payload)).toEqual([
    { userIds: ['maya'] },
    { userIds: ['omar'] },
  ]);
  book.stop();
});
