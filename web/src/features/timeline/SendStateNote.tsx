import type { MessageView } from '@tertulia/client';
import { Clock, TriangleAlert } from 'lucide-react';
import { errorText } from '../../shared/errors';
import { t } from '../../shared/strings';
import { useTimelineContext } from './context';
import styles from './timeline.module.css';

/** Nothing for a second, then a clock; a failure says why and offers what to do. */
export function SendStateNote({ message, waiting }: { message: MessageView; waiting: boolean }) {
  const { conversation, setEditing } = useTimelineContext();
  if (message.state === 'failed') {
    return (
      <span className={`${styles.note} ${styles.failed}`} role="alert">
        <TriangleAlert size={13} aria-hidden /> {t.message.notSent(reason(message))}
        <button type="button" onClick={() => conversation.retry(message.id)}>
          {t.retry}
        </button>
        <button type="button" onClick={() => conversation.discard(message.id)}>
          {t.delete}
        </button>
      </span>
    );
  }
  if (message.error && message.draftEdit !== undefined) {
    return (
      <span className={`${styles.note} ${styles.failed}`} role="alert">
        <TriangleAlert size={13} aria-hidden /> {errorText(message.error)}
        <button type="button" onClick={() => setEditing(message.id)}>
          {t.edit}
        </button>
      </span>
    );
  }
  if (!waiting) return null;
  return (
    <span className={styles.note}>
      <Clock size={12} aria-hidden /> {t.message.waiting}
    </span>
  );
}

function reason({ error }: MessageView): string {
  if (error?.field === 'content.text') return t.errors.tooLong ?? '';
  const text = errorText(error);
  return text.charAt(0).toLowerCase() + text.slice(1);
}
