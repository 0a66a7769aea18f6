import { useSyncExternalStore } from 'react';

export interface Toast {
  id: number;
  text: string;
  tone: 'info' | 'error';
}

const STACK_MAX = 3;
const SHOWN_MS = 5_000;
let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();
const timers = new Map<number, ReturnType<typeof setTimeout>>();

function set(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

/** Shows a short notice for five seconds; at most three at once. The same text is not stacked. */
export function toast(text: string, tone: Toast['tone'] = 'info'): void {
  const shown = toasts.find((one) => one.text === text);
  if (shown) return resumeToast(shown.id);
  const one = { id: nextId++, text, tone };
  set([...toasts, one].slice(-STACK_MAX));
  resumeToast(one.id);
}

export function dismissToast(id: number): void {
  pauseToast(id);
  set(toasts.filter((one) => one.id !== id));
}

/** While the pointer is on it, a notice stays. */
export function pauseToast(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

export function resumeToast(id: number): void {
  pauseToast(id);
  timers.set(id, setTimeout(() => dismissToast(id), SHOWN_MS));
}

export function useToastStack(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}
