import type { Draft, DraftStore } from './api.js';
import { Signal } from './live.js';

export interface DraftIo {
  now(): number;
  save(key: string, draft: Draft | null): void;
  /** The list shows drafts. */
  changed(conversationId: string): void;
}

/** Unsent text, one per conversation and thread; kept between page loads. */
export class DraftBook {
  private readonly all = new Map<string, Signal<Draft | null>>();
  constructor(private readonly io: DraftIo) {}

  store(conversationId: string, threadRoot?: string): DraftStore {
    const key = threadRoot === undefined ? conversationId : `${conversationId}/${threadRoot}`;
    const signal = this.signal(key);
    const set = (draft: Draft | null): void => {
      signal.set(draft);
      this.io.save(key, draft);
      this.io.changed(conversationId);
    };
    return {
      get current() {
        return signal.current;
      },
      subscribe: (changed) => signal.subscribe(changed),
      set: ({ text, replyTo }) => set(text === '' && !replyTo ? null : { text, updatedAt: this.io.now(), ...(replyTo ? { replyTo } : {}) }),
      clear: () => set(null),
    };
  }

  text(conversationId: string): string | undefined {
    return this.all.get(conversationId)?.current?.text;
  }

  restore(entries: ReadonlyArray<readonly [string, Draft]>): void {
    for (const [key, draft] of entries) this.signal(key).set(draft);
  }
  clear(): void {
    for (const signal of this.all.values()) signal.set(null);
  }

  private signal(key: string): Signal<Draft | null> {
    let signal = this.all.get(key);
    if (!signal) this.all.set(key, (signal = new Signal<Draft | null>(null)));
    return signal;
  }
}
