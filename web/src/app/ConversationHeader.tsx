import type { ConversationSummary } from '@tertulia/client';
import { useMembers, usePresence } from '@tertulia/client/react';
import { ArrowLeft, CalendarDays, Info, Pin, Users } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { Link } from 'wouter';
import { routes } from '../shared/routes';
import { t } from '../shared/strings';
import { dayKey } from '../shared/time';
import { PresenceDot } from '../shared/ui/Avatar';
import { Button, IconButton } from '../shared/ui/Button';
import { Field } from '../shared/ui/Field';
import { Popover } from '../shared/ui/Popover';
import styles from './app.module.css';
import type { PanelName } from './ConversationPage';
import { useShell } from './shellContext';

interface Props {
  summary: ConversationSummary;
  title: string;
  panel: PanelName | null;
  onPanel: (panel: PanelName) => void;
  onDate: (ms: number) => void;
}

/** In larger conversations nobody counts who is online. */
const COUNTED_MAX = 200;

export function ConversationHeader({ summary, title, panel, onPanel, onDate }: Props) {
  const { workspace, narrow } = useShell();
  const direct = summary.type === 'direct';
  return (
    <header className={styles.header}>
      {narrow && (
        <Link href={routes.workspace(workspace.slug)} className={styles.back} aria-label={t.back}>
          <ArrowLeft size={20} aria-hidden />
        </Link>
      )}
      {direct && summary.peerId && <Peer id={summary.peerId} />}
      <h1>
        <bdi>{title}</bdi>
      </h1>
      <div className={styles.about}>
        {summary.archivedAt && <span className={styles.tag}>{t.header.archived}</span>}
        {!direct && (
          <button type="button" className={styles.count} onClick={() => onPanel('members')}>
            {t.header.members(summary.memberCount)}
            {!narrow && summary.membership && summary.memberCount <= COUNTED_MAX && <Online id={summary.id} />}
          </button>
        )}
        {summary.topic && (
          <span className={styles.topic} title={summary.topic}>
            <bdi>{summary.topic}</bdi>
          </span>
        )}
      </div>
      {summary.membership && (
        <>
          {!narrow && <JumpToDate onDate={onDate} />}
          <IconButton label={t.header.showPins} icon={Pin} aria-pressed={panel === 'pins'} onClick={() => onPanel('pins')} />
          {!direct && <IconButton label={t.header.showMembers} icon={Users} aria-pressed={panel === 'members'} onClick={() => onPanel('members')} />}
          <IconButton label={t.header.details} icon={Info} aria-pressed={panel === 'details'} onClick={() => onPanel('details')} />
        </>
      )}
    </header>
  );
}

function Peer({ id }: { id: string }) {
  const presence = usePresence(useMemo(() => [id], [id])).get(id);
  return <PresenceDot status={presence?.status} size={11} />;
}

function Online({ id }: { id: string }) {
  const { items } = useMembers(id);
  const presence = usePresence(useMemo(() => items.map((member) => member.user.id), [items]));
  const online = [...presence.values()].filter((one) => one.status !== 'offline').length;
  return online > 0 ? <> · {t.header.online(online)}</> : null;
}

function JumpToDate({ onDate }: { onDate: (ms: number) => void }) {
  const anchor = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const [day, setDay] = useState(() => dayKey(Date.now()));
  return (
    <>
      <IconButton ref={anchor} label={t.header.jumpToDate} icon={CalendarDays} aria-expanded={open} onClick={() => setOpen(!open)} />
      {open && (
        <Popover anchor={anchor} label={t.date.title} onClose={() => setOpen(false)}>
          <form
            className={styles.date}
            onSubmit={(e) => {
              e.preventDefault();
              const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
              onDate(new Date(year, month - 1, date).getTime());
              setOpen(false);
            }}
          >
            <Field label={t.date.label} type="date" required max={dayKey(Date.now())} value={day} onChange={(e) => setDay(e.target.value)} />
            <Button type="submit" look="primary" disabled={!day}>
              {t.date.go}
            </Button>
          </form>
        </Popover>
      )}
    </>
  );
}
