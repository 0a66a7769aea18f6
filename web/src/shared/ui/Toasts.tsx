import { X } from 'lucide-react';
import { t } from '../strings';
import { dismissToast, pauseToast, resumeToast, useToastStack } from '../toasts';
import { IconButton } from './Button';
import styles from './ui.module.css';

/** The stack of short notices, top end. */
export function Toasts() {
  return (
    <div className={styles.toasts} role="status" aria-live="polite">
      {useToastStack().map((one) => (
        <div key={one.id} className={`${styles.toast} ${one.tone === 'error' ? styles.toastError : ''}`} onPointerEnter={() => pauseToast(one.id)} onPointerLeave={() => resumeToast(one.id)}>
          <span dir="auto">{one.text}</span>
          <IconButton label={t.close} icon={X} size={16} onClick={() => dismissToast(one.id)} />
        </div>
      ))}
    </div>
  );
}
