import type { Live, Typist } from './api.js';
import { Signal } from './live.js';
import type { ClientFrame, TypingIndicator } from './types.gen.js';

const EVERY_MS = 3_000;
const EXPIRES_MS = 5_000;
const NOBODY: readonly Typist[] = [];

const keyOf = (conversationId: string, threadRoot: string | undefined): string => `${conversationId}/${threadRoot ?? ''}`;

/** Who is writing where; and telling that we are. */
export class TypingBook {
  private readonly places = new Map<string, Signal<readonly Typist[]>>();
  private readonly expiries = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly sentAt = new Map<string, number>();

  constructor(private readonly io: { now(): number; me(): string; post(frame: ClientFrame): boolean }) {}

  at(conversationId: string, threadRoot?: string): Live<readonly Typist[]> {
    return this.place(keyOf(conversationId, threadRoot));
  }

  /** A key was pressed. */
  key(conversationId: string, threadRoot?: string): void {
    const key = keyOf(conversationId, threadRoot);
    const now = this.io.now();
    if (now - (this.sentAt.get(key) ?? -Infinity) < EVERY_MS) return;
    if (this.io.post({ type: 'typing.start', payload: place(conversationId, threadRoot) })) this.sentAt.set(key, now);
  }

  stop(conversationId: string, threadRoot?: string): void {
    if (this.sentAt.delete(keyOf(conversationId, threadRoot))) this.io.post({ type: 'typing.stop', payload: place(conversationId, threadRoot) });
  }

  /** The message went out: the server knows without being told. */
  sent(conversationId: string, threadRoot?: string): void {
    this.sentAt.delete(keyOf(conversationId, threadRoot));
  }

  heard({ conversationId, threadRoot, userId, displayName, active }: TypingIndicator): void {
    if (userId === this.io.me()) return;
    if (!active) return this.stopped(conversationId, userId, threadRoot);
    const key = keyOf(conversationId, threadRoot);
    const place = this.place(key);
    if (!place.current.some((one) => one.userId === userId)) place.set([...place.current, { userId, displayName }]);
    const who = `${key}/${userId}`;
    clearTimeout(this.expiries.get(who));
    this.expiries.set(who, setTimeout(() => this.stopped(conversationId, userId, threadRoot), EXPIRES_MS));
  }

  stopped(conversationId: string, userId: string, threadRoot?: string): void {
    const key = keyOf(conversationId, threadRoot);
    const who = `${key}/${userId}`;
    clearTimeout(this.expiries.get(who));
    this.expiries.delete(who);
    const place = this.places.get(key);
    if (!place?.current.some((one) => one.userId === userId)) return;
    const left = place.current.filter((one) => one.userId !== userId);
    place.set(left.length === 0 ? NOBODY : left);
  }

  clear(): void {
    for (const timer of this.expiries.values()) clearTimeout(timer);
    this.expiries.clear();
    this.sentAt.clear();
    for (const place of this.places.values()) place.set(NOBODY);
  }

  private place(key: string): Signal<readonly Typist[]> {
    let place = this.places.get(key);
    if (!place) this.places.set(key, (place = new Signal<readonly Typist[]>(NOBODY)));
    return place;
  }
}

function place(conversationId: string, threadRoot: string | undefined): { conversationId: string; threadRoot?: string } {
  return threadRoot === undefined ? { conversationId } : { conversationId, threadRoot };
}
