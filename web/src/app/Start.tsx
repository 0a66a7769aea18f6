import type { ConversationSummary } from '@tertulia/client';
import { Hash } from 'lucide-react';
import { isChannel } from '../shared/names';
import { t } from '../shared/strings';
import { Avatar } from '../shared/ui/Avatar';
import { Button } from '../shared/ui/Button';
import styles from './app.module.css';
import { rightsIn } from './rights';
import { useShell } from './shellContext';

/** Above the first message: what this place is, and what one can do with it. */
export function Start({ summary, title, admin, onDetails, onHello }: { summary: ConversationSummary; title: string; admin: boolean; onDetails?: () => void; onHello: () => void }) {
  const { workspace, openDialog } = useShell();
  const direct = summary.type === 'direct';
  const rights = rightsIn(summary, workspace);
  return (
    <div className={styles.start}>
      {direct ? (
        <Avatar id={summary.peerId ?? summary.id} name={title} size={56} round />
      ) : (
        <span className={styles.startIcon}>
          <Hash size={28} aria-hidden />
        </span>
      )}
      <h2>
        <bdi>{direct ? t.timeline.startDirect(title) : t.timeline.startChannel(title)}</bdi>
      </h2>
      <p dir="auto">{summary.topic ?? t.timeline.startHint}</p>
      <div>
        {admin && isChannel(summary) && !summary.topic && onDetails && <Button onClick={onDetails}>{t.timeline.addTopic}</Button>}
        {rights.addPeople && <Button onClick={() => openDialog('add')}>{t.timeline.invite}</Button>}
        {!rights.silence && <Button onClick={onHello}>{t.timeline.hello}</Button>}
      </div>
    </div>
  );
}
