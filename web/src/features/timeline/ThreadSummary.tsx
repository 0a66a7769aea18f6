import type { MessageView } from '@tertulia/client';
import { MessageSquareText } from 'lucide-react';
import { t } from '../../shared/strings';
import { ago } from '../../shared/time';
import { useTimelineContext } from './context';
import styles from './timeline.module.css';

export function ThreadSummary({ message }: { message: MessageView }) {
  const { openThread } = useTimelineContext();
  return (
    <button type="button" className={styles.thread} onClick={() => openThread(message.id)}>
      <MessageSquareText size={14} aria-hidden />
      <b>{t.message.replies(message.threadCount)}</b>
      {message.lastReplyAt && <span>{t.message.lastReply(ago(message.lastReplyAt))}</span>}
    </button>
  );
}
