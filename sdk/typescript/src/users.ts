import type { Api, Live, Users } from './api.js';
import { Signal } from './live.js';
import type { User } from './types.gen.js';

const GATHER_MS = 20;
const RETRY_MS = 5_000;

/** Profiles, asked for when first shown, many at once. */
export class UserBook implements Users {
  private readonly known = new Map<string, Signal<User | undefined>>();
  private wanted = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly api: () => Api) {}

  get(id: string): User | undefined {
    return this.live(id).current;
  }

  live(id: string): Live<User | undefined> {
    const signal = this.signal(id);
    if (signal.current === undefined && id !== '') this.want(id);
    return signal;
  }

  put(users: readonly User[]): void {
    for (const user of users) this.signal(user.id).set(user);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.wanted.clear();
  }

  private signal(id: string): Signal<User | undefined> {
    let signal = this.known.get(id);
    if (!signal) this.known.set(id, (signal = new Signal<User | undefined>(undefined)));
    return signal;
  }

  private readonly asked = new Set<string>();

  private want(id: string): void {
    if (this.asked.has(id)) return;
    this.asked.add(id);
    this.wanted.add(id);
    this.timer ??= setTimeout(() => void this.fetch(), GATHER_MS);
  }

  private async fetch(): Promise<void> {
    const ids = [...this.wanted];
    this.wanted = new Set();
    this.timer = undefined;
    try {
      this.put(await this.api().users.getMany(ids));
    } catch {
      // Not now: whoever shows them then asks again.
      setTimeout(() => {
        for (const id of ids) this.asked.delete(id);
      }, RETRY_MS);
    }
  }
}
