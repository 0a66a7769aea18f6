import type { Session } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { Monitor } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { attempt } from '../../shared/errors';
import { t } from '../../shared/strings';
import { ago, fullTime } from '../../shared/time';
import { Button } from '../../shared/ui/Button';
import styles from './settings.module.css';

/** The devices that are signed in; each can be signed out from here. */
export function Sessions() {
  const client = useClient();
  const [sessions, setSessions] = useState<readonly Session[] | null>(null);
  const load = useCallback(() => client.auth.sessions().then(setSessions), [client]);
  useEffect(() => attempt(load()), [load]);
  return (
    <ul className={styles.sessions} aria-busy={sessions === null}>
      {sessions?.map((session) => {
        const device = session.deviceName ?? t.settings.unknownDevice;
        return (
          <li key={session.id}>
            <Monitor size={20} aria-hidden />
            <span>
              <b>
                <bdi>{device}</bdi>
              </b>
              <span title={fullTime(session.lastUsedAt)}>{session.current ? t.settings.thisDevice : t.settings.lastUsed(ago(session.lastUsedAt))}</span>
            </span>
            {!session.current && (
              <Button aria-label={t.settings.revokeOf(device)} onClick={() => attempt(client.auth.revokeSession(session.id).then(load))}>
                {t.settings.revoke}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
