import type { StopReason } from './api.js';

/** What to do after a socket closed. */
export type AfterClose =
  | { stop: StopReason; /** Drop every local copy: the account or session is gone. */ purge: boolean }
  | {
      waitMs: number; /** Present the resume token. */ resume: boolean; /** Get a new access token first. */ refresh: boolean;
      /** The server said when: nothing makes us come sooner. */ firm: boolean;
    };

const MAX_MS = 30_000;

/** Full jitter: anywhere between nothing and a ceiling that doubles: 0.5, 1, 2 … 30 s. */
export function backoffMs(attempt: number, random: () => number, firstMs = 500): number {
  return random() * Math.min(MAX_MS, firstMs * 2 ** Math.min(attempt, 16));
}

/**
 * When the server gave us a time: not before it, and not long after. It gives each client another one, so no backoff goes on
 * top; the little jitter keeps those apart that were told the same.
 */
export function askedMs(afterMs: number, random: () => number): number {
  return afterMs + random() * Math.min(1_000, Math.max(100, afterMs / 10));
}

/** `CODE;after=ms` */
export function afterMs(reason: string): number | undefined {
  const match = /;after=(\d{1,9})$/.exec(reason);
  return match ? Number(match[1]) : undefined;
}

/**
 * The table of close codes. The range tells what an unknown code means: 4000–4499 reconnect, 4500–4999 don't.
 * `attempt` counts failures since the last good connection; `repeated` = a protocol fault within the last 10 minutes.
 */
export function afterClose(code: number, reason: string, attempt: number, repeated: boolean, random: () => number): AfterClose {
  const again = (waitMs: number, resume = true, refresh = false): AfterClose => ({ waitMs, resume, refresh, firm: false });
  const firm = (waitMs: number): AfterClose => ({ waitMs, resume: true, refresh: false, firm: true });
  const after = afterMs(reason);
  const never = (stop: StopReason, purge = false): AfterClose => ({ stop, purge });
  // "At once" is meant for the first time; a loop backs off like any other failure.
  const soon = (jitterMs: number): number => (attempt <= 1 ? random() * jitterMs : backoffMs(attempt, random));
  switch (code) {
    case 1002: case 1003: case 1007: case 1009:
      return repeated ? never('protocol') : again(5_000, false);
    case 1011:
      return again(2_000 + Math.min(MAX_MS - 2_000, backoffMs(attempt, random, 2_000)));
    case 4400: case 4409:
      return after === undefined ? again(soon(1_000)) : firm(after);
    case 4402:
      return again(soon(1_000));
    case 4404:
      return again(soon(500), false);
    case 4408:
      return again(soon(2_000), false);
    case 4410:
      return again(soon(500), true, true);
    case 4429: case 4453:
      return after === undefined ? again(5_000 + backoffMs(attempt, random)) : firm(askedMs(after, random));
    case 4500:
      return never('signed-out');
    case 4503: case 4504:
      return never('signed-out', true);
    case 4506:
      return never('upgrade-required');
    case 4507:
      return never('replaced');
    default:
      return code >= 4500 && code <= 4999 ? never('protocol') : again(Math.max(after ?? 0, backoffMs(attempt, random)));
  }
}

/** Frames that this client should not have sent: worth one more try, not a loop. */
export const isProtocolFault = (code: number): boolean => code === 1002 || code === 1003 || code === 1007 || code === 1009;
