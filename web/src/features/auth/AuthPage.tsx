import type { ReactNode } from 'react';
import { t } from '../../shared/strings';
import styles from './auth.module.css';

/** The frame of every page for people who are not signed in. */
export function AuthPage({ title, hint, children, foot }: { title: string; hint?: string; children: ReactNode; foot?: ReactNode }) {
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <img src="/favicon.svg" alt="" width={44} height={44} />
        <p className={styles.app}>{t.app}</p>
        <h1>{title}</h1>
        {hint && <p className={styles.hint}>{hint}</p>}
        {children}
        {foot && <p className={styles.foot}>{foot}</p>}
      </div>
    </main>
  );
}
