import type { Draft, Storage, StorageWrite } from './api.js';
import type { Op } from './outbox.js';
import type { KeptCopy, Replica } from './replica.js';

const SOON_MS = 1_000;

/** What survives a page load: copies, outbox, drafts. Writes are gathered; each copy is one record, so it is never half-written. */
export class Cache {
  private readonly dirty = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private user: string | null = null;

  constructor(private readonly storage: Storage, private readonly replicas: ReadonlyMap<string, Replica>) {}

  /** What is kept for this user; opens their folder. */
  async open(user: string): Promise<{ copies: Array<[string, KeptCopy]>; ops: Op[]; drafts: Array<[string, Draft]> }> {
    await this.storage.open(user);
    this.user = user;
    const [copies, ops, drafts] = await Promise.all([
      this.storage.list<KeptCopy>('conversations'), this.storage.list<Op>('outbox'), this.storage.list<Draft>('drafts'),
    ]);
    return { copies, ops: ops.map(([, op]) => op), drafts };
  }

  keep(id: string): void {
    this.dirty.add(id);
    this.timer ??= setTimeout(() => void this.flush(), SOON_MS);
  }

  drop(id: string): void {
    this.dirty.delete(id);
    this.write([{ area: 'conversations', key: id, delete: true }]);
  }

  saveOp({ error: _, ...op }: Op): void {
    this.write([{ area: 'outbox', key: op.id, value: op }]);
  }
  removeOp(id: string): void {
    this.write([{ area: 'outbox', key: id, delete: true }]);
  }
  saveDraft(key: string, draft: Draft | null): void {
    this.write([draft ? { area: 'drafts', key, value: draft } : { area: 'drafts', key, delete: true }]);
  }

  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const writes: StorageWrite[] = [];
    for (const id of this.dirty) {
      const value = this.replicas.get(id)?.kept();
      if (value) writes.push({ area: 'conversations', key: id, value });
    }
    this.dirty.clear();
    if (this.user !== null && writes.length > 0) await this.storage.write(writes);
  }

  /** What is kept stays; nothing more is written for this user. */
  async release(): Promise<void> {
    await this.flush();
    this.user = null;
  }

  /** Nothing of this user stays here. */
  async wipe(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.dirty.clear();
    if (this.user !== null) await this.storage.wipe();
    this.user = null;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.storage.close();
  }

  private write(writes: StorageWrite[]): void {
    if (this.user !== null) void this.storage.write(writes);
  }
}
