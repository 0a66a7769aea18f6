import type { MessageView } from '@tertulia/client';
import { useReceipts, useUsers } from '@tertulia/client/react';
import { Check, CheckCheck } from 'lucide-react';
import { useRef, useState } from 'react';
import { t } from '../../shared/strings';
import { Avatar } from '../../shared/ui/Avatar';
import { Popover } from '../../shared/ui/Popover';
import { useTimelineContext } from './context';
import styles from './timeline.module.css';

/** Under our own last message: ticks between two, "Seen by 5" with the list among more. */
export function SeenBy({ message }: { message: MessageView }) {
  const { conversation, summary } = useTimelineContext();
  useReceipts(conversation.id);
  return summary.type === 'direct' ? <Ticks message={message} /> : <SeenList ids={conversation.seenBy(message)} others={summary.memberCount - 1} />;
}

function Ticks({ message }: { message: MessageView }) {
  const delivery = useTimelineContext().conversation.delivery(message);
  if (!delivery) return null;
  const Mark = delivery === 'sent' ? Check : CheckCheck;
  return (
    <span className={`${styles.note} ${delivery === 'read' ? styles.read : ''}`} role="img" aria-label={t.message[delivery]} title={t.message[delivery]}>
      <Mark size={14} aria-hidden />
    </span>
  );
}

function SeenList({ ids, others }: { ids: readonly string[]; others: number }) {
  const anchor = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  if (ids.length === 0) return null;
  return (
    <>
      <button ref={anchor} type="button" className={`${styles.note} ${styles.seen}`} aria-expanded={open} onClick={() => setOpen(!open)}>
        <CheckCheck size={14} aria-hidden /> {ids.length >= others && others > 1 ? t.message.seenByAll : t.message.seenBy(ids.length)}
      </button>
      {open && (
        <Popover anchor={anchor} label={t.message.seenTitle} onClose={() => setOpen(false)} side="above">
          <People ids={ids} />
        </Popover>
      )}
    </>
  );
}

function People({ ids }: { ids: readonly string[] }) {
  const people = useUsers(ids);
  return (
    <ul className={styles.people}>
      {ids.map((id) => (
        <li key={id}>
          <Avatar id={id} name={people.get(id)?.displayName ?? '?'} size={24} />
          <bdi>{people.get(id)?.displayName ?? t.somebody}</bdi>
        </li>
      ))}
    </ul>
  );
}
