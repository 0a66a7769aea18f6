import { useMe, usePresence, useUser } from '@tertulia/client/react';
import { MessageSquare } from 'lucide-react';
import { useMemo, useRef } from 'react';
import { t } from '../../shared/strings';
import { ago } from '../../shared/time';
import { Avatar, PresenceDot } from '../../shared/ui/Avatar';
import { Button } from '../../shared/ui/Button';
import { Popover } from '../../shared/ui/Popover';
import styles from './people.module.css';

/** Who somebody is, beside their name. */
export function ProfileCard({ userId, anchor, onClose, onMessage }: { userId: string; anchor: HTMLElement; onClose: () => void; onMessage: (userId: string) => void }) {
  const me = useMe();
  const user = useUser(userId);
  const presence = usePresence(useMemo(() => [userId], [userId])).get(userId);
  const at = useRef<HTMLElement>(anchor);
  const name = user?.displayName ?? t.somebody;
  return (
    <Popover anchor={at} label={t.profile.title(name)} onClose={onClose}>
      <div className={styles.card}>
        <Avatar id={userId} name={name} url={user?.avatarUrl} size={72} />
        <h3>
          <bdi>{name}</bdi>
        </h3>
        {user && <p className={styles.handle}>@{user.username}</p>}
        <p className={styles.status}>
          <PresenceDot status={presence?.status} quiet />
          {t.presence[presence?.status ?? 'unknown']}
          {presence?.emoji && ` ${presence.emoji}`}
          {presence?.text && <bdi> — {presence.text}</bdi>}
        </p>
        {presence?.lastSeenAt && <p className={styles.handle}>{t.profile.lastSeen(ago(presence.lastSeenAt))}</p>}
        {user?.imported && <p className={styles.handle}>{t.profile.imported}</p>}
        {userId !== me?.id && !user?.imported && (
          <Button
            look="primary"
            onClick={() => {
              onClose();
              onMessage(userId);
            }}
          >
            <MessageSquare size={16} aria-hidden /> {t.profile.message}
          </Button>
        )}
      </div>
    </Popover>
  );
}
