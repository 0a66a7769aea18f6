import { useTyping } from '@tertulia/client/react';
import { t } from '../../shared/strings';
import styles from './composer.module.css';

/** Who is writing here now. Always there, so that nothing moves when somebody begins. */
export function TypingLine({ conversationId, threadRoot }: { conversationId: string; threadRoot?: string }) {
  const typists = useTyping(conversationId, threadRoot);
  return (
    <div className={styles.typing} role="status" aria-live="off" data-testid="typing">
      {typists.length > 0 && (
        <>
          <span className={styles.dots} aria-hidden>
            <i />
            <i />
            <i />
          </span>
          <bdi>{t.typing(typists.map((one) => one.displayName))}</bdi>
        </>
      )}
    </div>
  );
}
