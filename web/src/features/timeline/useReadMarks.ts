import type { Conversation, TimelineView } from '@tertulia/client';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { Row } from './rows';
import type { Scroll } from './useScroll';

const SETTLE_MS = 200;

/** Marks as read what was really seen: rows on screen, in a visible and focused window. */
export function useReadMarks(conversation: Conversation, view: TimelineView, rows: readonly Row[], scroll: Scroll, inThread: boolean) {
  const held = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const newest = useRef({ view, rows, scroll });
  newest.current = { view, rows, scroll };

  const mark = useCallback(() => {
    const now = newest.current;
    if (held.current || inThread || !now.view.ready || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    if (now.scroll.atBottom() && !now.view.hasNewer) return conversation.markRead();
    const list = now.scroll.handle.current;
    if (!list) return;
    const last = list.findItemIndex(list.scrollOffset + list.viewportSize - 1);
    const seen = now.rows.slice(0, last + 1).findLast((row) => row.kind === 'message' && row.message.seq !== null);
    if (seen?.kind === 'message' && seen.message.seq !== null) conversation.markRead(seen.message.seq);
  }, [conversation, inThread]);

  const soon = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(mark, SETTLE_MS);
  }, [mark]);

  useEffect(soon, [rows, soon]);
  useEffect(() => {
    addEventListener('focus', soon);
    document.addEventListener('visibilitychange', soon);
    return () => {
      clearTimeout(timer.current);
      removeEventListener('focus', soon);
      document.removeEventListener('visibilitychange', soon);
    };
  }, [soon]);

  const hold = useCallback(() => {
    clearTimeout(timer.current);
    held.current = true;
  }, []);
  return useMemo(() => ({ onScroll: soon, hold }), [soon, hold]);
}
