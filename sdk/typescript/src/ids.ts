/**
 * A UUID of version 7: ids made later sort later, also within one millisecond. `crypto.randomUUID` is not
 * there on plain http pages; `getRandomValues` is.
 */
export function uuid(now: number = Date.now()): string {
  const bytes = new Uint8Array(16);
  globalThis.crypto.getRandomValues(bytes);
  const at = tick(now);
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(at.ms / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | (at.count >> 8);
  bytes[7] = at.count & 0xff;
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const last = { ms: 0, count: 0 };

/** Time that never goes back, with a counter inside the millisecond (12 bits; past it, the next millisecond). */
function tick(now: number): { ms: number; count: number } {
  if (now > last.ms) {
    last.ms = now;
    last.count = 0;
  } else if (++last.count > 0xfff) {
    last.ms += 1;
    last.count = 0;
  }
  return last;
}
