import { expect, it } from 'vitest';
import { afterClose, afterMs, backoffMs } from '../src/close.js';

const most = (): number => 1;
const least = (): number => 0;

/** code, reason, attempt → least and most wait, resume, refresh; or why it stops. */
const TABLE: Array<[number, string, number, object]> = [
  [1006, '', 0, { wait: [0, 500], resume: true, refresh: false }],
  [1006, '', 3, { wait: [0, 4_000], resume: true, refresh: false }],
  [1006, '', 60, { wait: [0, 30_000], resume: true, refresh: false }],
  [1001, '', 0, { wait: [0, 500], resume: true, refresh: false }],
  [1000, '', 0, { wait: [0, 500], resume: true, refresh: false }],
  [1009, '', 0, { wait: [5_000, 5_000], resume: false, refresh: false }],
  [1011, '', 0, { wait: [2_000, 4_000], resume: true, refresh: false }],
  [1011, '', 60, { wait: [2_000, 30_000], resume: true, refresh: false }],
  [4400, 'DRAIN', 0, { wait: [0, 1_000], resume: true, refresh: false }],
  [4400, 'DRAIN;after=700', 0, { wait: [700, 700], resume: true, refresh: false }],
  [4409, 'FENCED', 5, { wait: [0, 16_000], resume: true, refresh: false }],
  [4402, 'HEARTBEAT_TIMEOUT', 0, { wait: [0, 1_000], resume: true, refresh: false }],
  [4404, 'SESSION_UNKNOWN', 0, { wait: [0, 500], resume: false, refresh: false }],
  [4408, 'SLOW_CONSUMER', 0, { wait: [0, 2_000], resume: false, refresh: false }],
  [4410, 'TOKEN_EXPIRED', 0, { wait: [0, 500], resume: true, refresh: true }],
  [4429, 'RATE_LIMITED;after=9000', 0, { wait: [9_000, 9_900], resume: true, refresh: false }],
  [4429, 'RATE_LIMITED;after=60000', 9, { wait: [60_000, 61_000], resume: true, refresh: false }],
  [4453, 'OVERLOADED;after=200', 9, { wait: [200, 300], resume: true, refresh: false }],
  [4453, 'OVERLOADED', 0, { wait: [5_000, 5_500], resume: true, refresh: false }],
  [4499, 'NEW;after=3000', 0, { wait: [3_000, 3_000], resume: true, refresh: false }],
  [4450, 'NEW', 0, { wait: [0, 500], resume: true, refresh: false }],
  [4500, 'TOKEN_INVALID', 0, { stop: 'signed-out', purge: false }],
  [4503, 'SESSION_REVOKED', 0, { stop: 'signed-out', purge: true }],
  [4504, 'ACCOUNT_DISABLED', 0, { stop: 'signed-out', purge: true }],
  [4506, 'UPGRADE_REQUIRED', 0, { stop: 'upgrade-required', purge: false }],
  [4507, 'REPLACED', 0, { stop: 'replaced', purge: false }],
  [4508, 'BAD_CLIENT', 0, { stop: 'protocol', purge: false }],
  [4999, 'NEW', 0, { stop: 'protocol', purge: false }],
];

it.each(TABLE)('close %i %s, attempt %i', (code, reason, attempt, want) => {
  const low = afterClose(code, reason, attempt, false, least);
  const high = afterClose(code, reason, attempt, false, most);
  if ('stop' in low) expect(low).toEqual(want);
  else expect({ wait: [low.waitMs, 'waitMs' in high ? high.waitMs : NaN], resume: low.resume, refresh: low.refresh }).toEqual(want);
});

it('a protocol fault within ten minutes of the last one stops', () => {
  for (const code of [1002, 1003, 1007, 1009]) expect(afterClose(code, '', 0, true, least)).toEqual({ stop: 'protocol', purge: false });
});

it('reads the wait from the reason and nothing else', () => {
  expect(['X;after=15', 'X', 'after=5', 'X;after=-5', 'X;after=5;y'].map(afterMs)).toEqual([15, undefined, undefined, undefined, undefined]);
});

it('jitters over the whole range', () => {
  expect([backoffMs(0, least), backoffMs(0, most), backoffMs(9, most), backoffMs(1_000, most)]).toEqual([0, 500, 30_000, 30_000]);
});
