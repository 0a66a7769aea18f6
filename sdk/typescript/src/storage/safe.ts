import type { Storage, StorageArea, StorageWrite } from '../api.js';
import { MemoryStorage } from './memory.js';

/**
 * A storage that never fails: where the real one does (private window, full disk, deleted under our feet), it is
 * opened once more, and after that memory takes its place for the rest of this run.
 */
export class SafeStorage implements Storage {
  private current: Storage;
  private name: string | null = null;
  private reopened = false;

  constructor(real: Storage, private readonly gaveUp: (error: unknown) => void) {
    this.current = real;
  }

  async open(name: string): Promise<void> {
    this.name = name;
    await this.try((storage) => storage.open(name));
  }
  get<T>(area: StorageArea, key: string): Promise<T | undefined> {
    return this.try((storage) => storage.get<T>(area, key));
  }
  list<T>(area: StorageArea, prefix?: string): Promise<Array<[string, T]>> {
    return this.try((storage) => storage.list<T>(area, prefix));
  }
  write(writes: readonly StorageWrite[]): Promise<void> {
    return this.try((storage) => storage.write(writes));
  }
  wipe(): Promise<void> {
    return this.try((storage) => storage.wipe());
  }
  async close(): Promise<void> {
    await this.current.close().catch(() => undefined);
  }

  private async try<T>(work: (storage: Storage) => Promise<T>): Promise<T> {
    try {
      return await work(this.current);
    } catch (error) {
      await this.recover(error);
      return work(this.current).catch(async (again: unknown) => {
        await this.giveUp(again);
        return work(this.current);
      });
    }
  }

  private async recover(error: unknown): Promise<void> {
    if (this.reopened || this.name === null) return this.giveUp(error);
    this.reopened = true;
    await this.current.open(this.name).catch((again: unknown) => this.giveUp(again));
  }

  private async giveUp(error: unknown): Promise<void> {
    if (this.current instanceof MemoryStorage) throw error;
    this.current = new MemoryStorage();
    if (this.name !== null) await this.current.open(this.name);
    this.gaveUp(error);
  }
}
