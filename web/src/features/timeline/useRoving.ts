import { type FocusEvent, type KeyboardEvent, type RefObject, useCallback, useMemo, useState } from 'react';
import type { VirtualizerHandle } from 'virtua';
import { indexOf, type Row } from './rows';

/** One tab stop for the whole list: arrows move between messages, and the focused row stays mounted. */
export function useRoving(rows: readonly Row[], box: RefObject<HTMLDivElement | null>, handle: RefObject<VirtualizerHandle | null>) {
  const [focused, setFocused] = useState<string | null>(null);
  const tabKey = useMemo(() => (focused && indexOf(rows, focused) >= 0 ? focused : rows.findLast((row) => row.kind === 'message')?.key), [rows, focused]);
  const keepMounted = useMemo(() => {
    const index = focused ? indexOf(rows, focused) : -1;
    return index >= 0 ? [index] : [];
  }, [rows, focused]);

  const onFocus = useCallback((e: FocusEvent) => {
    const row = (e.target as HTMLElement).closest<HTMLElement>('article[data-key]');
    if (row?.dataset.key) setFocused(row.dataset.key);
  }, []);

  const onKeyDown = useCallback(
    (e: KeyboardEvent<HTMLDivElement>) => {
      const at = (e.target as HTMLElement).dataset.key;
      if (!at || e.ctrlKey || e.metaKey || e.altKey) return;
      const next = step(rows, indexOf(rows, at), e.key);
      if (next < 0) return;
      e.preventDefault();
      const key = rows[next]?.key;
      handle.current?.scrollToIndex(next, { align: 'nearest' });
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-key="${key}"]`)?.focus({ preventScroll: true }));
    },
    [rows, box, handle],
  );
  return { tabKey, keepMounted, onFocus, onKeyDown };
}

/** The index of the message that a key leads to, or -1. */
function step(rows: readonly Row[], from: number, key: string): number {
  const messages = rows.flatMap((row, index) => (row.kind === 'message' ? [index] : []));
  switch (key) {
    case 'ArrowUp':
    case 'k':
      return messages.findLast((index) => index < from) ?? -1;
    case 'ArrowDown':
    case 'j':
      return messages.find((index) => index > from) ?? -1;
    case 'Home':
      return messages[0] ?? -1;
    case 'End':
      return messages.at(-1) ?? -1;
    default:
      return -1;
  }
}
