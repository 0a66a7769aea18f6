import type { Status } from '@tertulia/client';
import { useClient, useMe, usePresence } from '@tertulia/client/react';
import { useMemo, useRef, useState } from 'react';
import { t } from '../../shared/strings';
import { Avatar, PresenceDot } from '../../shared/ui/Avatar';
import { Button } from '../../shared/ui/Button';
import { Popover } from '../../shared/ui/Popover';
import styles from './people.module.css';

const CHOICES: readonly Status[] = ['online', 'away', 'dnd', 'brb', 'offline'];
const TEXT_CHARS_MAX = 100;

/** Ourselves at the foot of the sidebar; opens the choice of a status. */
export function OwnStatus() {
  const me = useMe();
  const presence = usePresence(useMemo(() => (me ? [me.id] : []), [me])).get(me?.id ?? '');
  const anchor = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  if (!me) return null;
  const status = presence?.status ?? 'unknown';
  return (
    <div className={styles.own}>
      <button ref={anchor} type="button" className={styles.person} aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={styles.face}>
          <Avatar id={me.id} name={me.displayName} url={me.avatarUrl} size={32} round />
          <PresenceDot status={presence?.status} size={11} quiet />
        </span>
        <span className="visually-hidden">{t.sidebar.you}</span>
        <span className={styles.names}>
          <b>
            <bdi>{me.displayName}</bdi>
          </b>
          <span>{presence?.text ? <bdi>{presence.text}</bdi> : t.presence[status]}</span>
        </span>
      </button>
      {open && (
        <Popover anchor={anchor} label={t.presence.set} side="above" onClose={() => setOpen(false)}>
          <StatusForm status={presence?.status ?? 'online'} text={presence?.text ?? ''} onDone={() => setOpen(false)} />
        </Popover>
      )}
    </div>
  );
}

function StatusForm({ status: now, text: before, onDone }: { status: Status; text: string; onDone: () => void }) {
  const client = useClient();
  const [status, setStatus] = useState(now);
  const [text, setText] = useState(before);
  return (
    <form
      className={styles.statusForm}
      onSubmit={(e) => {
        e.preventDefault();
        client.presence.set(status, text.trim() ? { text: text.trim() } : {});
        onDone();
      }}
    >
      <fieldset>
        <legend className="visually-hidden">{t.presence.set}</legend>
        {CHOICES.map((choice) => (
          <label key={choice}>
            <input type="radio" name="status" checked={choice === status} onChange={() => setStatus(choice)} />
            <PresenceDot status={choice} quiet />
            {choice === 'offline' ? t.presence.appearOffline : t.presence[choice]}
          </label>
        ))}
      </fieldset>
      <input dir="auto" aria-label={t.presence.textLabel} placeholder={t.presence.textPlaceholder} maxLength={TEXT_CHARS_MAX} value={text} onChange={(e) => setText(e.target.value)} />
      <Button type="submit" look="primary">
        {t.presence.set}
      </Button>
    </form>
  );
}
