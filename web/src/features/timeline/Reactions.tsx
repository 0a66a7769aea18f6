import type { MessageView, Reaction } from '@tertulia/client';
import { useUsers } from '@tertulia/client/react';
import { SmilePlus } from 'lucide-react';
import { useRef, useState } from 'react';
import { attempt } from '../../shared/errors';
import { listNames, t } from '../../shared/strings';
import { EmojiPicker } from '../../shared/ui/EmojiPicker';
import { Popover } from '../../shared/ui/Popover';
import { useTimelineContext } from './context';
import styles from './timeline.module.css';

/** The emoji under a message, each a switch. */
export function Reactions({ message }: { message: MessageView }) {
  const { conversation } = useTimelineContext();
  const anchor = useRef<HTMLButtonElement>(null);
  const [picking, setPicking] = useState(false);
  if (message.reactions.length === 0 || message.deletedAt) return null;
  return (
    <div className={styles.reactions} role="group" aria-label={t.message.react}>
      {message.reactions.map((one) => (
        <Chip key={one.emoji} reaction={one} onToggle={() => attempt(conversation.react(message.id, one.emoji, !one.me))} />
      ))}
      <button ref={anchor} type="button" className={styles.chip} aria-label={t.message.react} title={t.message.react} aria-expanded={picking} onClick={() => setPicking(!picking)}>
        <SmilePlus size={15} aria-hidden />
      </button>
      {picking && (
        <Popover anchor={anchor} label={t.emoji.title} onClose={() => setPicking(false)}>
          <EmojiPicker
            onPick={(emoji) => {
              setPicking(false);
              attempt(conversation.react(message.id, emoji, true));
            }}
          />
        </Popover>
      )}
    </div>
  );
}

function Chip({ reaction, onToggle }: { reaction: Reaction; onToggle: () => void }) {
  const { me } = useTimelineContext();
  const people = useUsers(reaction.userIds);
  const names = reaction.userIds.map((id) => (id === me.id ? t.you : (people.get(id)?.displayName ?? t.somebody)));
  const more = reaction.count - names.length;
  const who = more > 0 ? t.message.reactedMore(names.join(', '), more) : listNames(names);
  return (
    <button
      type="button"
      className={`${styles.chip} ${reaction.me ? styles.mineChip : ''}`}
      aria-pressed={reaction.me}
      aria-label={t.message.reaction(reaction.emoji, reaction.count, reaction.me)}
      title={t.message.reacted(who, reaction.emoji)}
      onClick={onToggle}
    >
      <span>{reaction.emoji}</span> {reaction.count}
    </button>
  );
}
