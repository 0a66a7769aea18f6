import type { MessageView, TimelineView } from '@tertulia/client';
import { useLayoutEffect, useMemo, useReducer, useRef } from 'react';

/**
 * The window on a long history moves at both ends at once: a page comes on one side, one goes on the
 * other. The virtual list keeps the reader's place only if it sees one end change at a time, so the
 * page that goes stays for one frame more.
 */
export function useWindowSteps(view: TimelineView): TimelineView {
  const before = useRef<readonly MessageView[]>([]);
  const [step, next] = useReducer((n: number) => n + 1, 0);
  const shown = useMemo(() => {
    const union = unionOf(before.current, view.messages);
    return union ? { ...view, messages: union } : view;
    // Each step looks again at what was shown last.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [view, step]);
  useLayoutEffect(() => {
    before.current = shown.messages;
    if (shown === view) return;
    const frame = requestAnimationFrame(next);
    return () => cancelAnimationFrame(frame);
  }, [shown, view]);
  return shown;
}

/** Both windows as one, where the first slid to become the second; else null. */
export function unionOf(old: readonly MessageView[], now: readonly MessageView[]): readonly MessageView[] | null {
  const [first, last] = [now[0], now.at(-1)];
  if (!first || !last || old.length === 0) return null;
  const firstAt = placeOf(old, first);
  const lastAt = placeOf(old, last);
  const came = firstAt < 0 && placeOf(now, old[0]) > 0;
  if (came && lastAt >= 0 && lastAt < old.length - 1) return [...now, ...old.slice(lastAt + 1)];
  if (firstAt > 0 && lastAt < 0 && placeOf(now, old.at(-1)) >= 0) return [...old.slice(0, firstAt), ...now];
  return null;
}

function placeOf(messages: readonly MessageView[], message: MessageView | undefined): number {
  return message ? messages.findIndex((one) => one.key === message.key) : -1;
}
