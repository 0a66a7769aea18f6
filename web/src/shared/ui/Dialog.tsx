import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { t } from '../strings';
import { Button, IconButton } from './Button';
import styles from './ui.module.css';

/** A modal window. The platform traps the focus, closes on Esc and gives the focus back. */
export function Dialog({ title, onClose, children, wide, bare }: { title: string; onClose: () => void; children: ReactNode; wide?: boolean; bare?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement as HTMLElement | null;
    if (dialog && !dialog.open) dialog.showModal();
    dialog?.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    return () => {
      dialog?.close();
      opener?.focus?.();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`${styles.dialog} ${wide ? styles.wide : ''}`}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onKeyDown={(e) => e.stopPropagation()}
      onMouseDown={(e) => e.target === ref.current && onClose()}
    >
      <div className={styles.dialogBody}>
        <header className={bare ? 'visually-hidden' : styles.dialogHead}>
          <h2 id={id}>{title}</h2>
          {!bare && <IconButton label={t.close} icon={X} onClick={onClose} />}
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, hint, action, onConfirm, onClose }: { title: string; hint: string; action: string; onConfirm: () => void; onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p className={styles.hint}>{hint}</p>
      <div className={styles.actions}>
        <Button onClick={onClose}>{t.cancel}</Button>
        <Button
          look="danger"
          data-autofocus
          onClick={() => {
            onConfirm();
            onClose();
          }}
        >
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
