import type { Message } from '@tertulia/client';
import { useClient, useConversation, useUser } from '@tertulia/client/react';
import { useEffect, useState } from 'react';
import { t } from '../../shared/strings';
import { Markdown } from '../../shared/text/markdown';
import { clockTime, shortDate } from '../../shared/time';
import { Avatar } from '../../shared/ui/Avatar';
import { Button } from '../../shared/ui/Button';
import { Panel } from '../../shared/ui/Panel';
import styles from './details.module.css';

const NOBODY = () => undefined;

/** What was pinned in a conversation, kept fresh. */
export function PinsPanel({ conversationId, title, onClose, onJump }: { conversationId: string; title: string; onClose: () => void; onJump: (seq: number) => void }) {
  const client = useClient();
  const { conversation } = useConversation(conversationId);
  const [pins, setPins] = useState<readonly Message[] | null>(null);
  useEffect(() => {
    let gone = false;
    const load = () => conversation.pins().then((found) => gone || setPins(found), () => gone || setPins((now) => now ?? []));
    void load();
    const stop = client.on('event', (event) => {
      if (event.conversationId === conversationId && event.type === 'message.pinned') void load();
    });
    return () => {
      gone = true;
      stop();
    };
  }, [client, conversation, conversationId]);
  return (
    <Panel title={t.pins.title} note={<bdi>{title}</bdi>} closeLabel={t.pins.close} onClose={onClose}>
      <div className={styles.body} aria-busy={pins === null}>
        {pins?.map((message) => <Pinned key={message.id} message={message} onJump={onJump} />)}
        {pins?.length === 0 && <p className={styles.note}>{t.pins.empty}</p>}
      </div>
    </Panel>
  );
}

function Pinned({ message, onJump }: { message: Message; onJump: (seq: number) => void }) {
  const sender = useUser(message.senderId);
  const name = sender?.displayName ?? t.somebody;
  return (
    <article className={styles.pin}>
      <header>
        <Avatar id={message.senderId} name={name} url={sender?.avatarUrl} size={24} />
        <b>
          <bdi>{name}</bdi>
        </b>
        <time dateTime={message.createdAt}>
          {shortDate(message.createdAt)}, {clockTime(message.createdAt)}
        </time>
      </header>
      <div dir="auto">
        <Markdown text={message.content.text ?? ''} plain={message.content.format === 'plain'} resolve={NOBODY} />
      </div>
      <Button look="quiet" onClick={() => onJump(message.seq)}>
        {t.pins.jump}
      </Button>
    </article>
  );
}
