import type { Tokens, TokenStore, Unsubscribe } from './api.js';

const KEY = 'tertulia.tokens';

/** For one process; gone when it ends. */
export function memoryTokens(initial: Tokens | null = null): TokenStore {
  let tokens = initial;
  return { load: () => tokens, save: (next) => void (tokens = next) };
}

/**
 * Shared by the tabs of a browser. A refresh token may be used once, so only one tab refreshes at a time: with
 * Web Locks where the page is secure; elsewhere the server's grace period for a reused token covers the race.
 */
export function browserTokens(key = KEY): TokenStore {
  const read = (text: string | null): Tokens | null => {
    try {
      return text === null ? null : (JSON.parse(text) as Tokens);
    } catch {
      return null;
    }
  };
  return {
    load: () => read(localStorage.getItem(key)),
    save: (tokens) => (tokens === null ? localStorage.removeItem(key) : localStorage.setItem(key, JSON.stringify(tokens))),
    subscribe(changed): Unsubscribe {
      const heard = (event: StorageEvent): void => {
        if (event.key === key || event.key === null) changed(read(event.newValue));
      };
      addEventListener('storage', heard);
      return () => removeEventListener('storage', heard);
    },
    exclusive: <T>(work: () => Promise<T>): Promise<T> =>
      navigator.locks ? (navigator.locks.request(key, work) as Promise<T>) : work(),
  };
}

/** `localStorage` where it works: private windows and embedded pages may refuse it. */
export function defaultTokens(): TokenStore {
  try {
    localStorage.getItem(KEY);
    return typeof addEventListener === 'function' ? browserTokens() : memoryTokens();
  } catch {
    return memoryTokens();
  }
}
