import type { Storage, StorageArea, StorageWrite } from '../api.js';

/** For one process; gone when it ends. */
export class MemoryStorage implements Storage {
  private readonly folders = new Map<string, Map<string, unknown>>();
  private folder = new Map<string, unknown>();

  open(name: string): Promise<void> {
    this.folder = this.folders.get(name) ?? new Map<string, unknown>();
    this.folders.set(name, this.folder);
    return Promise.resolve();
  }
  get<T>(area: StorageArea, key: string): Promise<T | undefined> {
    return Promise.resolve(this.folder.get(`${area}/${key}`) as T | undefined);
  }
  list<T>(area: StorageArea, prefix = ''): Promise<Array<[string, T]>> {
    const start = `${area}/${prefix}`;
    const found = [...this.folder].filter(([key]) => key.startsWith(start)).map(([key, value]): [string, T] => [key.slice(area.length + 1), value as T]);
    return Promise.resolve(found.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  write(writes: readonly StorageWrite[]): Promise<void> {
    for (const one of writes) {
      if ('delete' in one) this.folder.delete(`${one.area}/${one.key}`);
      else this.folder.set(`${one.area}/${one.key}`, structuredClone(one.value));
    }
    return Promise.resolve();
  }
  wipe(): Promise<void> {
    this.folder.clear();
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
