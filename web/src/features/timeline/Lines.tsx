import { t } from '../../shared/strings';
import { dayLabel, fullTime } from '../../shared/time';
import styles from './timeline.module.css';

export function DayLine({ at }: { at: string }) {
  return (
    <div className={styles.line} role="separator" aria-label={dayLabel(at)}>
      <span title={fullTime(at)}>{dayLabel(at)}</span>
    </div>
  );
}

export function NewLine() {
  return (
    <div className={`${styles.line} ${styles.newLine}`} role="separator" aria-label={t.timeline.new}>
      <span>{t.timeline.new}</span>
    </div>
  );
}

export function RepliesLine({ count }: { count: number }) {
  return (
    <div className={styles.line} role="separator">
      <span>{t.thread.replies(count)}</span>
    </div>
  );
}

/** Six rows in the shape of messages, while the first page is on its way. */
export function Skeleton() {
  return (
    <div className={styles.skeleton} aria-busy aria-label={t.loading}>
      {[62, 88, 45, 74, 53, 80].map((width) => (
        <div key={width}>
          <i />
          <span>
            <b />
            <em style={{ inlineSize: `${width}%` }} />
          </span>
        </div>
      ))}
    </div>
  );
}
