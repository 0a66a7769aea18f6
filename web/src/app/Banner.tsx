import { useClient, useConnection } from '@tertulia/client/react';
import { CloudOff, Wifi } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { t } from '../shared/strings';
import styles from './app.module.css';

const GOOD_NEWS_MS = 2_000;

/** Says that the connection is gone, once that has lasted, and when it is back. */
export function Banner() {
  const client = useClient();
  const { lost } = useConnection();
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
      {back && (
        <div className={styles.online}>
          <Wifi size={15} aria-hidden /> {t.banner.online}
        </div>
      )}
    </div>
  );
}
