import type { ConversationView, Workspace } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { Hash, Megaphone } from 'lucide-react';
import { useEffect, useState } from 'react';
import { attempt } from '../../shared/errors';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Dialog } from '../../shared/ui/Dialog';
import styles from './create.module.css';

const DEBOUNCE_MS = 200;

/** The public channels of a workspace: look for one, join it. */
export function BrowseChannels({ workspace, onClose, onOpen }: { workspace: Workspace; onClose: () => void; onOpen: (id: string) => void }) {
  const client = useClient();
  const [filter, setFilter] = useState('');
  const [found, setFound] = useState<readonly ConversationView[] | null>(null);
  useEffect(() => {
    let gone = false;
    const timer = setTimeout(() => {
      client.api.workspaces.channels(workspace.id, filter.trim() || undefined).then(
        (page) => !gone && setFound(page.items),
        () => !gone && setFound([]),
      );
    }, filter ? DEBOUNCE_MS : 0);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [client, workspace.id, filter]);
  const enter = async (channel: ConversationView) => {
    if (!channel.membership) await client.conversation(channel.id).join();
    onClose();
    onOpen(channel.id);
  };
  return (
    <Dialog title={t.create.browseTitle} onClose={onClose} wide>
      <input className={styles.filter} type="search" data-autofocus aria-label={t.create.filter} placeholder={t.create.filter} value={filter} onChange={(e) => setFilter(e.target.value)} />
      <ul className={styles.channels} aria-busy={found === null}>
        {found?.map((channel) => (
          <li key={channel.id}>
            {channel.type === 'broadcast' ? <Megaphone size={16} aria-hidden /> : <Hash size={16} aria-hidden />}
            <span className={styles.channel}>
              <b>
                <bdi>{channel.name}</bdi>
              </b>
              <span>
                {t.header.members(channel.memberCount)}
                {channel.topic && <bdi> · {channel.topic}</bdi>}
              </span>
            </span>
            <Button aria-label={`${channel.membership ? t.create.open : t.create.join} #${channel.name}`} onClick={() => attempt(enter(channel))}>
              {channel.membership ? t.create.open : t.create.join}
            </Button>
          </li>
        ))}
        {found?.length === 0 && <li className={styles.none}>{t.create.none}</li>}
      </ul>
    </Dialog>
  );
}
