import type { Timeline, TimelineView } from '@tertulia/client';
import { ArrowDown } from 'lucide-react';
import { type ReactNode, useCallback, useLayoutEffect, useMemo, useRef } from 'react';
import { Virtualizer } from 'virtua';
import { useDelayed } from '../../shared/hooks';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Context, type TimelineContext } from './context';
import { DayLine, NewLine, RepliesLine, Skeleton } from './Lines';
import { MessageRow } from './MessageRow';
import { changedAtStart, type Row, rowsOf } from './rows';
import styles from './timeline.module.css';
import { useAnnouncer } from './useAnnouncer';
import { useReadMarks } from './useReadMarks';
import { useRoving } from './useRoving';
import { useScroll } from './useScroll';
import { useWindowSteps } from './useWindowSteps';

interface Props {
  context: Omit<TimelineContext, 'jumpTo' | 'holdUnread'>;
  timeline: Timeline;
  view: TimelineView;
  label: string;
  /** Shown above the very first message. */
  start: ReactNode;
  /** Scroll here; a new object asks again. */
  target?: { seq: number } | { at: number } | null;
  /** Grows with each message sent from here: then the list goes to its end. */
  sent: number;
}

/** Beyond what is visible this much is drawn, so that fast scrolling shows no blanks. */
const BUFFER_PX = 800;

/** A conversation's or a thread's messages. The one place that knows how the list is drawn. */
export function MessageList({ context: outer, timeline, view: newest, label, start, target, sent }: Props) {
  const view = useWindowSteps(newest);
  const rows = useMemo(() => rowsOf(view), [view]);
  const before = useRef<readonly Row[]>([]);
  const shift = useMemo(() => changedAtStart(before.current, rows), [rows]);
  const box = useRef<HTMLDivElement>(null);
  const scroll = useScroll({ rows, before, timeline, view, target, sent, meId: outer.me.id });
  const read = useReadMarks(outer.conversation, view, rows, scroll, outer.inThread);
  const roving = useRoving(rows, box, scroll.handle);
  const announcer = useAnnouncer(view, outer.me.id);
  const slow = useDelayed(!view.ready && !view.error, 300);
  useLayoutEffect(() => {
    before.current = rows;
  }, [rows]);

  const { reveal } = scroll;
  const { hold } = read;
  const context = useMemo<TimelineContext>(() => ({ ...outer, jumpTo: reveal, holdUnread: hold }), [outer, reveal, hold]);
  const lastOwn = useMemo(() => view.messages.findLast((message) => message.senderId === outer.me.id && message.seq !== null)?.id, [view.messages, outer.me.id]);
  const onScroll = useCallback(
    (offset: number) => {
      scroll.onScroll(offset);
      read.onScroll();
    },
    [scroll, read],
  );

  return (
    <Context value={context}>
      <div className={styles.frame}>
        <div ref={box} className={styles.list} role="log" aria-live="off" aria-label={label} tabIndex={-1} onKeyDown={roving.onKeyDown} onFocus={roving.onFocus}>
          {!outer.inThread && <div className={styles.spacer} />}
          {view.ready ? (
            <Virtualizer ref={scroll.handle} scrollRef={box} data={rows} bufferSize={BUFFER_PX} shift={shift} keepMounted={roving.keepMounted} onScroll={onScroll} onResize={scroll.onResize}>
              {(row) => <RowView key={row.key} row={row} start={start} tabKey={roving.tabKey} flashKey={scroll.flashKey} lastOwn={lastOwn} />}
            </Virtualizer>
          ) : (
            slow && <Skeleton />
          )}
          {view.error && <LoadFailed timeline={timeline} view={view} />}
        </div>
        {scroll.day && !outer.inThread && <StickyDay label={scroll.day} />}
        {(view.loading === 'older' || view.loading === 'jump') && <div className={styles.progress} role="progressbar" aria-label={t.timeline.loadingOlder} />}
        {scroll.away && <JumpPill count={scroll.fresh} onJump={scroll.toLatest} />}
        <div className="visually-hidden" aria-live="polite" data-testid="announcer">
          {announcer}
        </div>
      </div>
    </Context>
  );
}

function RowView({ row, start, tabKey, flashKey, lastOwn }: { row: Row; start: ReactNode; tabKey: string | undefined; flashKey: string | null; lastOwn: string | undefined }) {
  switch (row.kind) {
    case 'start':
      return <>{start}</>;
    case 'day':
      return <DayLine at={row.at} />;
    case 'new':
      return <NewLine />;
    case 'replies':
      return <RepliesLine count={row.count} />;
    case 'message':
      return <MessageRow message={row.message} first={row.first} tabbable={row.key === tabKey} flash={row.key === flashKey} last={row.message.id === lastOwn} />;
  }
}

function StickyDay({ label }: { label: string }) {
  return (
    <div className={styles.sticky} aria-hidden>
      <span>{label}</span>
    </div>
  );
}

function JumpPill({ count, onJump }: { count: number; onJump: () => void }) {
  return (
    <button type="button" className={styles.pill} onClick={onJump}>
      <ArrowDown size={15} aria-hidden /> {t.timeline.jump(count)}
    </button>
  );
}

function LoadFailed({ timeline, view }: { timeline: Timeline; view: TimelineView }) {
  const again = () => void (view.ready && view.hasOlder ? timeline.loadOlder() : timeline.jumpTo('latest'));
  return (
    <div className={styles.loadFailed} role="alert">
      {t.timeline.loadFailed} <Button look="quiet" onClick={again}>{t.retry}</Button>
    </div>
  );
}

