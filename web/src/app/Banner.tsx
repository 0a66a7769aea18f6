import { useClient, useConnection } from '@tertulia/client/react';
import { CloudOff, ServerCrash, Wifi } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { t } from '../shared/strings';
import styles from './app.module.css';

const GOOD_NEWS_MS = 2_000;

/** What people notice of parts that are away; the worst one. */
function wordsFor(away: readonly string[]): string | undefined {
  if (away.includes('store')) return t.banner.storeAway;
  if (away.includes('bus')) return t.banner.busAway;
  return away.includes('presence') ? t.banner.presenceAway : undefined;
}

/** Says that the connection is gone, once that has lasted, when it is back, and what the server has to do without. */
export function Banner() {
  const client = useClient();
  const { lost, away } = useConnection();
  const trouble = lost ? undefined : wordsFor(away);
  const was = useRef(lost);
  const [back, setBack] = useState(false);
  useEffect(() => {
    const returned = was.current && !lost;
    was.current = lost;
    setBack(returned);
    if (!returned) return;
    const timer = setTimeout(() => setBack(false), GOOD_NEWS_MS);
    return () => clearTimeout(timer);
  }, [lost]);
  return (
    <div role="status" aria-live="polite">
      {lost && (
        <div className={styles.offline}>
          <CloudOff size={15} aria-hidden /> <span>{t.banner.offline}</span>
          <button type="button" onClick={() => client.reconnect()}>
            {t.banner.retryNow}
          </button>
        </div>
      )}
      {trouble && (
        <div className={styles.offline}>
          <ServerCrash size={15} aria-hidden /> {trouble}
        </div>
      )}
      {back && (
        <div className={styles.online}>
          <Wifi size={15} aria-hidden /> {t.banner.online}
        </div>
      )}
    </div>
  );
}
