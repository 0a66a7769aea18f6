import type { Timeline, TimelineView } from '@tertulia/client';
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { VirtualizerHandle } from 'virtua';
import { dayLabel } from '../../shared/time';
import { indexOf, type Row } from './rows';

interface Input {
  rows: readonly Row[];
  before: RefObject<readonly Row[]>;
  timeline: Timeline;
  view: TimelineView;
  target?: { seq: number } | { at: number } | null;
  sent: number;
  meId: string;
}

/** Who is at most this far from the end follows it. */
const BOTTOM_PX = 50;
/** Pages are asked for this long before they are needed. */
const LOAD_AHEAD_PX = 1_500;
const FLASH_MS = 2_000;
const CONTEXT_PX = 72;
/** The date of what passes by shows while it does, and this much longer. */
const DAY_SHOWN_MS = 1_200;

type Place = { key: string; align: 'start' | 'center' | 'end' };

/** Where the list stands: follows the end, keeps the reader's place, loads both ways, jumps. */
export function useScroll({ rows, before, timeline, view, target, sent, meId }: Input) {
  const handle = useRef<VirtualizerHandle>(null);
  const state = useRef({ atBottom: true, placed: false, atEnd: true });
  const newest = useRef({ rows, view, timeline });
  newest.current = { rows, view, timeline };
  const [away, setAway] = useState(false);
  const [fresh, setFresh] = useState(0);
  const [day, setDay] = useState<string | null>(null);
  const [flashKey, setFlashKey] = useState<string | null>(null);
  const dayTimer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [wanted, setWanted] = useState<Place | null>(null);

  const toEnd = useCallback(() => {
    state.current.atBottom = true;
    handle.current?.scrollToIndex(newest.current.rows.length - 1, { align: 'end' });
    setFresh(0);
    setAway(newest.current.view.hasNewer);
  }, []);

  const loadMore = useCallback(() => {
    const list = handle.current;
    const now = newest.current;
    if (!list || now.view.loading || now.view.error || !state.current.placed) return;
    if (now.view.hasOlder && list.scrollOffset < LOAD_AHEAD_PX) void now.timeline.loadOlder();
    else if (now.view.hasNewer && list.scrollSize - list.scrollOffset - list.viewportSize < LOAD_AHEAD_PX) void now.timeline.loadNewer();
  }, []);

  const onScroll = useCallback(
    (offset: number) => {
      const list = handle.current;
      if (!list) return;
      const { rows: shown, view: seen } = newest.current;
      state.current.atBottom = list.scrollSize - offset - list.viewportSize <= BOTTOM_PX;
      const top = shown[list.findItemIndex(offset)];
      setDay(top?.kind === 'message' && offset > 0 ? dayLabel(top.message.createdAt) : null);
      const atEnd = state.current.atBottom && !seen.hasNewer;
      setAway(!atEnd && (seen.hasNewer || list.scrollSize - offset - list.viewportSize > list.viewportSize / 2));
      if (atEnd) setFresh(0);
      clearTimeout(dayTimer.current);
      dayTimer.current = setTimeout(() => setDay(null), DAY_SHOWN_MS);
      loadMore();
    },
    [loadMore],
  );

  const onResize = useCallback(() => {
    if (state.current.atBottom && state.current.placed && !newest.current.view.hasNewer) toEnd();
  }, [toEnd]);

  const reveal = useCallback(async (id: string) => {
    const { rows: shown, timeline: from } = newest.current;
    const here = indexOf(shown, id) >= 0 ? id : await from.jumpTo({ id });
    if (here) setWanted({ key: here, align: 'center' });
  }, []);

  const toLatest = useCallback(async () => {
    if (newest.current.view.hasNewer) await newest.current.timeline.jumpTo('latest');
    state.current.atBottom = true;
    requestAnimationFrame(toEnd);
  }, [toEnd]);

  // A page came, or messages did.
  useLayoutEffect(() => {
    if (!view.ready || rows.length === 0) return;
    const old = before.current;
    if (!state.current.placed) {
      state.current.placed = true;
      state.current.atEnd = !view.hasNewer;
      const mark = indexOf(rows, 'new');
      if (mark >= 0) handle.current?.scrollToIndex(mark, { align: 'start', offset: -CONTEXT_PX });
      else if (!target) toEnd();
      requestAnimationFrame(loadMore);
      return;
    }
    const appended = appendedTo(old, rows);
    const own = appended.some((row) => row.message.senderId === meId && row.message.seq === null);
    const wasAtEnd = state.current.atEnd;
    state.current.atEnd = !view.hasNewer;
    if (appended.length > 0 && (own || state.current.atBottom) && !view.hasNewer) toEnd();
    else if (wasAtEnd) setFresh((n) => n + appended.filter((row) => row.message.senderId !== meId).length);
    requestAnimationFrame(loadMore);
    // Only a new list of rows may move the reader.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [rows]);

  useEffect(() => {
    if (!target) return;
    let gone = false;
    void timeline.jumpTo(target).then((id) => !gone && id && setWanted({ key: id, align: 'center' }));
    return () => {
      gone = true;
    };
  }, [target, timeline]);

  useEffect(() => () => clearTimeout(dayTimer.current), []);
  useEffect(() => {
    if (sent > 0) void toLatest();
  }, [sent, toLatest]);

  useLayoutEffect(() => {
    const index = wanted ? indexOf(rows, wanted.key) : -1;
    if (!wanted || index < 0) return;
    state.current.placed = true;
    state.current.atBottom = false;
    handle.current?.scrollToIndex(index, { align: wanted.align });
    setFlashKey(wanted.key);
    setWanted(null);
  }, [wanted, rows]);

  useEffect(() => {
    if (!flashKey) return;
    const timer = setTimeout(() => setFlashKey(null), FLASH_MS);
    return () => clearTimeout(timer);
  }, [flashKey]);

  return useMemo(
    () => ({ handle, away, fresh, day, flashKey, onScroll, onResize, reveal, toLatest, atBottom: () => state.current.atBottom }),
    [away, fresh, day, flashKey, onScroll, onResize, reveal, toLatest],
  );
}

export type Scroll = ReturnType<typeof useScroll>;

type MessageLine = Extract<Row, { kind: 'message' }>;

/** The messages that stand after what was the last one. */
function appendedTo(old: readonly Row[], rows: readonly Row[]): MessageLine[] {
  const last = old.findLast((row) => row.kind === 'message');
  const at = last ? indexOf(rows, last.key) : -1;
  return at < 0 ? [] : rows.slice(at + 1).filter((row): row is MessageLine => row.kind === 'message');
}
