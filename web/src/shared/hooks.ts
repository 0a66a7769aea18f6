import { useEffect, useRef, useState, useSyncExternalStore } from 'react';

/** True once `on` has lasted for `ms`: so that what is quick never flashes. */
export function useDelayed(on: boolean, ms: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!on) return setLate(false);
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [on, ms]);
  return on && late;
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    () => matchMedia(query).matches,
  );
}

/** The narrow layout: one pane at a time. */
export const useNarrow = () => useMedia('(max-width: 768px)');

/** Calls the newest `handler` for every key press on the page. */
export function useWindowKey(handler: (e: KeyboardEvent) => void): void {
  const newest = useRef(handler);
  newest.current = handler;
  useEffect(() => {
    const listener = (e: KeyboardEvent) => newest.current(e);
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, []);
}

/** Wakes the component every `ms`, for what is shown relative to now. */
export function useNow(ms: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}
