import type { ConversationSummary, NotificationLevel } from '@tertulia/client';
import { useConversation } from '@tertulia/client/react';
import { type ReactNode, useState } from 'react';
import { attempt } from '../../shared/errors';
import { isChannel, useName } from '../../shared/names';
import { t } from '../../shared/strings';
import { clockTime, DAY_MS, HOUR_MS, millis, shortDate } from '../../shared/time';
import { Button } from '../../shared/ui/Button';
import { Confirm } from '../../shared/ui/Dialog';
import { Check, Field, Select } from '../../shared/ui/Field';
import { Panel } from '../../shared/ui/Panel';
import styles from './details.module.css';

const LEVELS: ReadonlyArray<readonly [NotificationLevel, string]> = [
  ['all', t.details.all],
  ['mentions', t.details.mentions],
  ['off', t.details.off],
];
const YEARS_100_MS = 100 * 365 * DAY_MS;

/** What a conversation is, what we want of it, and how to leave it. */
export function DetailsPanel({ summary, title, onClose, onLeft }: { summary: ConversationSummary; title: string; onClose: () => void; onLeft: () => void }) {
  const { conversation } = useConversation(summary.id);
  const [asking, setAsking] = useState<'leave' | 'archive' | null>(null);
  const creator = useName(summary.createdBy);
  const admin = summary.membership?.role === 'admin' && summary.type !== 'direct';
  const member = summary.membership !== undefined;
  const archived = summary.archivedAt !== undefined;
  return (
    <Panel title={t.details.title} note={<bdi>{title}</bdi>} closeLabel={t.details.close} onClose={onClose}>
      <div className={styles.body}>
        {summary.type !== 'direct' && <About key={`${summary.name} ${summary.topic}`} summary={summary} editable={admin && !archived} />}
        {member && <Preferences summary={summary} />}
        {admin && !archived && isChannel(summary) && (
          <section>
            {summary.type !== 'broadcast' && (
              <Check label={t.details.onlyAdmins} checked={summary.settings.onlyAdminsCanPost} onChange={(e) => attempt(conversation.update({ settings: { ...summary.settings, onlyAdminsCanPost: e.target.checked } }))} />
            )}
            <Check label={t.details.memberInvites} checked={summary.settings.allowMemberInvites} onChange={(e) => attempt(conversation.update({ settings: { ...summary.settings, allowMemberInvites: e.target.checked } }))} />
          </section>
        )}
        {summary.type !== 'direct' && member && (
          <section className={styles.end}>
            <Button onClick={() => setAsking('leave')}>{t.details.leave}</Button>
            {admin && (archived ? <Button onClick={() => attempt(conversation.archive(false))}>{t.details.unarchive}</Button> : <Button onClick={() => setAsking('archive')}>{t.details.archive}</Button>)}
          </section>
        )}
        {summary.type !== 'direct' && <p className={styles.note}>{t.details.created(creator, shortDate(summary.createdAt))}</p>}
      </div>
      {asking === 'leave' && <Confirm title={t.details.leaveTitle(title)} hint={t.details.leaveHint} action={t.details.leave} onClose={() => setAsking(null)} onConfirm={() => attempt(conversation.leave().then(onLeft))} />}
      {asking === 'archive' && <Confirm title={t.details.archiveTitle(title)} hint={t.details.archiveHint} action={t.details.archive} onClose={() => setAsking(null)} onConfirm={() => attempt(conversation.archive(true))} />}
    </Panel>
  );
}

function About({ summary, editable }: { summary: ConversationSummary; editable: boolean }): ReactNode {
  const { conversation } = useConversation(summary.id);
  const [name, setName] = useState(summary.name ?? '');
  const [topic, setTopic] = useState(summary.topic ?? '');
  const changed = name.trim() !== (summary.name ?? '') || topic.trim() !== (summary.topic ?? '');
  if (!editable) return summary.topic ? <p dir="auto">{summary.topic}</p> : null;
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        attempt(conversation.update({ name: name.trim(), topic: topic.trim() }));
      }}
    >
      <Field label={t.details.name} value={name} maxLength={100} required onChange={(e) => setName(e.target.value)} />
      <Field label={t.details.topic} hint={t.details.topicHint} value={topic} maxLength={250} onChange={(e) => setTopic(e.target.value)} />
      {changed && (
        <Button type="submit" look="primary" disabled={name.trim() === ''}>
          {t.save}
        </Button>
      )}
    </form>
  );
}

function Preferences({ summary }: { summary: ConversationSummary }) {
  const { conversation } = useConversation(summary.id);
  const { membership } = summary;
  if (!membership) return null;
  const muteFor = (ms: number) => attempt(conversation.setPreferences({ mutedUntil: new Date(Date.now() + ms).toISOString() }));
  const until = membership.mutedUntil ? millis(membership.mutedUntil) : 0;
  const far = until - Date.now() > 365 * DAY_MS;
  return (
    <section>
      <Select label={t.details.notifications} value={membership.notificationLevel} options={LEVELS} onPick={(notificationLevel) => attempt(conversation.setPreferences({ notificationLevel }))} />
      <div className={styles.mute} role="group" aria-label={t.details.mute}>
        <span>{summary.muted ? (far ? t.details.mute : t.details.mutedUntil(`${shortDate(until)}, ${clockTime(until)}`)) : t.details.mute}</span>
        {summary.muted ? (
          <Button onClick={() => muteFor(-HOUR_MS)}>{t.details.unmute}</Button>
        ) : (
          <>
            <Button onClick={() => muteFor(HOUR_MS)}>{t.details.muteFor.hour}</Button>
            <Button onClick={() => muteFor(DAY_MS)}>{t.details.muteFor.day}</Button>
            <Button onClick={() => muteFor(YEARS_100_MS)}>{t.details.muteFor.ever}</Button>
          </>
        )}
      </div>
      <Check label={t.details.pin} checked={membership.pinned} onChange={(e) => attempt(conversation.setPreferences({ pinned: e.target.checked }))} />
    </section>
  );
}
