import type { Unsubscribe } from './api.js';
import type { Connection } from './connection.js';

/** What a browser knows about the network and about waking up. Elsewhere: nothing. */
export function browserSignals(connection: Connection, hiding: () => void): Unsubscribe {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => undefined;
  const offs: Unsubscribe[] = [];
  const on = (target: EventTarget, event: string, heard: (event: Event) => void): void => {
    target.addEventListener(event, heard);
    offs.push(() => target.removeEventListener(event, heard));
  };
  if (navigator.onLine === false) connection.network(false);
  on(window, 'online', () => connection.network(true));
  on(window, 'offline', () => connection.network(false));
  on(window, 'pageshow', (event) => {
    if ((event as PageTransitionEvent).persisted) connection.wake();
  });
  on(document, 'visibilitychange', () => (document.visibilityState === 'visible' ? connection.wake() : hiding()));
  return () => offs.forEach((off) => off());
}
