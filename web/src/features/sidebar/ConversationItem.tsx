import type { ConversationSummary, Status } from '@tertulia/client';
import { Hash, Lock, Megaphone, Pencil, Users } from 'lucide-react';
import { Link } from 'wouter';
import { useTitle } from '../../shared/names';
import { routes } from '../../shared/routes';
import { t } from '../../shared/strings';
import { Badge, PresenceDot } from '../../shared/ui/Avatar';
import styles from './sidebar.module.css';

interface Props {
  conversation: ConversationSummary;
  slug: string;
  current: boolean;
  /** Of the other one, in a direct conversation. */
  status?: Status | 'unknown';
}

/** One line of the sidebar. */
export function ConversationItem({ conversation, slug, current, status }: Props) {
  const title = useTitle(conversation);
  const { muted, mentionCount, unreadCount } = conversation;
  const badge = mentionCount > 0 ? mentionCount : conversation.type === 'direct' && !muted ? unreadCount : 0;
  const unread = unreadCount > 0 && !muted;
  const words = [mentionCount > 0 ? t.sidebar.mentions(mentionCount) : '', unreadCount > 0 ? t.sidebar.unread(unreadCount) : '', muted ? t.sidebar.muted : ''].filter(Boolean);
  return (
    <Link
      href={routes.conversation(slug, conversation.id)}
      className={[styles.item, unread && styles.unread, current && styles.active, muted && styles.muted].filter(Boolean).join(' ')}
      aria-current={current ? 'page' : undefined}
    >
      <Picture conversation={conversation} status={status} />
      <span className={styles.label}>
        <bdi>{title.replace(/^#/, '')}</bdi>
        {words.length > 0 && <span className="visually-hidden">, {words.join(', ')}</span>}
      </span>
      {conversation.draft && !current && <Pencil size={13} aria-hidden />}
      <Badge count={badge} />
    </Link>
  );
}

function Picture({ conversation, status }: Pick<Props, 'conversation' | 'status'>) {
  if (conversation.type === 'direct') {
    return (
      <span className={styles.picture}>
        <PresenceDot status={status === 'unknown' ? undefined : status} />
      </span>
    );
  }
  const Icon = conversation.type === 'broadcast' ? Megaphone : conversation.type === 'group' ? Users : conversation.visibility === 'private' ? Lock : Hash;
  return (
    <span className={styles.picture}>
      <Icon size={15} aria-hidden />
    </span>
  );
}
