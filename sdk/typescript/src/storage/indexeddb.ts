import type { Storage, StorageArea, StorageWrite } from '../api.js';

const VERSION = 1;
const AREAS: readonly StorageArea[] = ['conversations', 'messages', 'outbox', 'drafts', 'kv'];

/** One database per user. Every method may throw: see `SafeStorage`. */
export class IndexedDbStorage implements Storage {
  private db: IDBDatabase | null = null;

  async open(name: string): Promise<void> {
    this.db?.close();
    this.db = null;
    const request = indexedDB.open(`tertulia.${name}`, VERSION);
    request.onupgradeneeded = () => {
      for (const area of AREAS) if (!request.result.objectStoreNames.contains(area)) request.result.createObjectStore(area);
    };
    const db = await done(request);
    // Another tab wants to upgrade or delete: let it.
    db.onversionchange = () => db.close();
    this.db = db;
  }

  get<T>(area: StorageArea, key: string): Promise<T | undefined> {
    return done(this.begin([area], 'readonly').objectStore(area).get(key) as IDBRequest<T | undefined>);
  }

  async list<T>(area: StorageArea, prefix = ''): Promise<Array<[string, T]>> {
    const store = this.begin([area], 'readonly').objectStore(area);
    const range = prefix === '' ? null : IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const [keys, values] = await Promise.all([done(store.getAllKeys(range)), done(store.getAll(range))]);
    return keys.map((key, i): [string, T] => [String(key), values[i] as T]);
  }

  write(writes: readonly StorageWrite[]): Promise<void> {
    if (writes.length === 0) return Promise.resolve();
    const transaction = this.begin([...new Set(writes.map((one) => one.area))], 'readwrite');
    for (const one of writes) {
      const store = transaction.objectStore(one.area);
      if ('delete' in one) store.delete(one.key);
      else store.put(one.value, one.key);
    }
    return finished(transaction);
  }

  wipe(): Promise<void> {
    const transaction = this.begin(AREAS, 'readwrite');
    for (const area of AREAS) transaction.objectStore(area).clear();
    return finished(transaction);
  }

  close(): Promise<void> {
    this.db?.close();
    this.db = null;
    return Promise.resolve();
  }

  private begin(areas: readonly StorageArea[], mode: IDBTransactionMode): IDBTransaction {
    if (!this.db) throw new Error('storage is not open');
    return this.db.transaction([...areas], mode);
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB aborted'));
  });
}
