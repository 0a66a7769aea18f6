import { X } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import { IconButton } from './Button';
import styles from './ui.module.css';

/** The column at the end: thread, members, pins or details. */
export function Panel({ title, note, closeLabel, onClose, children }: { title: string; note?: ReactNode; closeLabel: string; onClose: () => void; children: ReactNode }) {
  const id = useId();
  return (
    <aside
      className={styles.panel}
      aria-labelledby={id}
      onKeyDown={(e) => {
        if (e.key !== 'Escape' || e.defaultPrevented) return;
        e.preventDefault();
        onClose();
      }}
    >
      <header className={styles.panelHead}>
        <h2 id={id}>{title}</h2>
        {note && <span className={styles.panelNote}>{note}</span>}
        <IconButton label={closeLabel} icon={X} onClick={onClose} />
      </header>
      {children}
    </aside>
  );
}

/** A whole page with one thing to say. */
export function Notice({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className={styles.notice}>
      <div>
        <h1>{title}</h1>
        {hint && <p>{hint}</p>}
        {children && <div className={styles.noticeActions}>{children}</div>}
      </div>
    </div>
  );
}
