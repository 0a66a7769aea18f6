import type { PresenceApi, Unsubscribe } from './api.js';
import { Listeners } from './live.js';
import type { ClientFrame, Presence, PresenceBulk, PresenceUpdate, Status } from './types.gen.js';

/** Subscriptions end after 10 minutes. */
const RENEW_MS = 9 * 60_000;
const GATHER_MS = 50;
/** People scroll back and forth: keep for a while what nobody shows any more. */
const LINGER_MS = 5_000;
const IDS_MAX = 500;

export interface PresenceIo {
  request<T>(frame: ClientFrame): Promise<T>;
  online(): boolean;
}

/** Presence of the people on screen. */
export class PresenceBook implements PresenceApi {
  private readonly known = new Map<string, Presence>();
  private readonly watchers = new Map<string, Set<Listeners<void>>>();
  private readonly subscribed = new Set<string>();
  private own: PresenceUpdate | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private settlesAt = 0;
  private renewal: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly io: PresenceIo) {}

  get(id: string): Presence | undefined {
    return this.known.get(id);
  }

  set(status: Status, more: { text?: string; emoji?: string; until?: string } = {}): void {
    this.own = { status, ...more };
    void this.sendOwn();
  }

  watch(ids: readonly string[], changed: () => void): Unsubscribe {
    const listeners = new Listeners<void>();
    listeners.add(changed);
    for (const id of ids) {
      let all = this.watchers.get(id);
      if (!all) this.watchers.set(id, (all = new Set()));
      all.add(listeners);
    }
    this.soon(GATHER_MS);
    return () => {
      for (const id of ids) {
        const all = this.watchers.get(id);
        all?.delete(listeners);
        if (all?.size === 0) this.watchers.delete(id);
      }
      this.soon(LINGER_MS);
    };
  }

  heard(items: readonly Presence[]): void {
    const told = new Set<Listeners<void>>();
    for (const one of items) {
      this.known.set(one.userId, one);
      for (const listeners of this.watchers.get(one.userId) ?? []) told.add(listeners);
    }
    for (const listeners of told) listeners.call();
  }

  up(): void {
    this.subscribed.clear();
    void this.settle();
    if (this.own) void this.sendOwn();
    clearInterval(this.renewal);
    this.renewal = setInterval(() => {
      this.subscribed.clear();
      void this.settle();
    }, RENEW_MS);
  }

  /** Nobody's presence is known while nobody tells us. */
  down(): void {
    clearInterval(this.renewal);
    const told = new Set([...this.watchers.values()].flatMap((all) => [...all]));
    this.known.clear();
    for (const listeners of told) listeners.call();
  }

  stop(): void {
    clearInterval(this.renewal);
    clearTimeout(this.timer);
  }

  /** Settles within `ms`; a later appointment never delays an earlier one. */
  private soon(ms: number): void {
    const at = Date.now() + ms;
    if (this.timer !== undefined && this.settlesAt <= at) return;
    clearTimeout(this.timer);
    this.settlesAt = at;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.settle();
    }, ms);
  }

  /** Subscribes to who is watched, and to nobody else. */
  private async settle(): Promise<void> {
    if (!this.io.online()) return;
    const wanted = [...this.watchers.keys()];
    const fresh = wanted.filter((id) => !this.subscribed.has(id)).slice(0, IDS_MAX);
    const over = [...this.subscribed].filter((id) => !this.watchers.has(id)).slice(0, IDS_MAX);
    for (const id of fresh) this.subscribed.add(id);
    for (const id of over) this.subscribed.delete(id);
    try {
      if (over.length > 0) await this.io.request({ type: 'presence.unsubscribe', payload: { userIds: over } });
      if (fresh.length === 0) return;
      const now = await this.io.request<Partial<PresenceBulk> | undefined>({ type: 'presence.subscribe', payload: { userIds: fresh } });
      if (now?.items) this.heard(now.items);
    } catch {
      for (const id of fresh) this.subscribed.delete(id);
      if (this.io.online()) this.soon(LINGER_MS);
    }
  }

  private async sendOwn(): Promise<void> {
    if (!this.own || !this.io.online()) return;
    await this.io.request({ type: 'presence.update', payload: this.own }).catch(() => undefined);
  }
}
