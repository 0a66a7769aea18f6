import type { MessageView, User } from '@tertulia/client';
import { useUser, useUsers } from '@tertulia/client/react';
import { Clock, Pin } from 'lucide-react';
import { memo, type KeyboardEvent, type MouseEvent, type ReactNode, useMemo, useState } from 'react';
import { useDelayed } from '../../shared/hooks';
import { useName } from '../../shared/names';
import { t } from '../../shared/strings';
import { EVERYBODY, type Resolve } from '../../shared/text/mentions';
import { Markdown } from '../../shared/text/markdown';
import { bareTime, clockTime, fullTime } from '../../shared/time';
import { Avatar } from '../../shared/ui/Avatar';
import { actOnKey, markUnread } from './actions';
import { useTimelineContext } from './context';
import { Reactions } from './Reactions';
import { SeenBy } from './SeenBy';
import { SendStateNote } from './SendStateNote';
import { ThreadSummary } from './ThreadSummary';
import { type Opened, Toolbar } from './Toolbar';
import styles from './timeline.module.css';

interface Props {
  message: MessageView;
  /** With avatar and name; otherwise it goes under the one before. */
  first: boolean;
  tabbable: boolean;
  flash: boolean;
  /** Our own last message carries the ticks. */
  last: boolean;
}

/** One message. */
export const MessageRow = memo(function MessageRow({ message, first, tabbable, flash, last }: Props) {
  const context = useTimelineContext();
  const [active, setActive] = useState(false);
  const [opened, setOpened] = useState<Opened>(null);
  const sender = useUser(message.senderId);
  const name = sender?.displayName ?? t.somebody;
  const mine = message.senderId === context.me.id;
  const callsMe = !mine && !message.deletedAt && (message.mentions.includes(context.me.id) || message.mentionScope !== undefined);
  const editing = context.editing === message.id;
  const onKeyDown = (e: KeyboardEvent<HTMLElement>) => {
    if (e.target !== e.currentTarget || e.ctrlKey || e.metaKey || e.altKey) return;
    if (actOnKey(e.key, message, context)) e.preventDefault();
  };
  const onClick = (e: MouseEvent) => {
    if (!e.altKey) return;
    e.preventDefault();
    markUnread(message, context);
  };
  return (
    <article
      className={[styles.row, first && styles.first, callsMe && styles.callsMe, flash && styles.flash, message.pinnedAt && styles.pinned].filter(Boolean).join(' ')}
      aria-label={useSentence(message, name)}
      tabIndex={tabbable ? 0 : -1}
      data-key={message.key}
      data-seq={message.seq ?? undefined}
      // A finger leaves as it lifts, before the click comes: there the focus decides.
      onPointerEnter={(e) => e.pointerType === 'mouse' && setActive(true)}
      onPointerLeave={(e) => e.pointerType === 'mouse' && setActive(false)}
      onPointerUp={(e) => e.pointerType !== 'mouse' && setActive(true)}
      onFocus={() => setActive(true)}
      onBlur={(e) => e.currentTarget.contains(e.relatedTarget) || setActive(false)}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <Gutter message={message} first={first} sender={sender} name={name} />
      <div className={styles.cell}>
        {first && <Head message={message} name={name} mine={mine} />}
        {editing ? context.renderEditor(message, () => context.setEditing(null)) : <Body message={message} mine={mine} last={last} />}
        <Reactions message={message} />
        {!context.inThread && message.threadCount > 0 && <ThreadSummary message={message} />}
      </div>
      {(active || opened) && !editing && !message.deletedAt && message.state === 'sent' && <Toolbar message={message} opened={opened} onOpened={setOpened} />}
    </article>
  );
});

/** The whole message in one sentence, for assistive technology. */
function useSentence(message: MessageView, name: string): string {
  const text = message.deletedAt ? t.message.deleted : (message.content.text ?? '');
  const extras = [
    message.editedAt && !message.deletedAt ? t.message.edited : '',
    ...message.reactions.map((one) => t.message.reaction(one.emoji, one.count, one.me)),
    message.threadCount > 0 ? t.message.replies(message.threadCount) : '',
    message.pinnedAt ? t.message.pinned : '',
    message.state === 'failed' ? t.message.notSent('') : '',
  ].filter(Boolean);
  return t.message.sentence(name, clockTime(message.createdAt), text, extras);
}

function Gutter({ message, first, sender, name }: { message: MessageView; first: boolean; sender: User | undefined; name: string }) {
  const { openProfile } = useTimelineContext();
  if (!first) {
    return (
      <time className={styles.gutter} dateTime={message.createdAt} title={fullTime(message.createdAt)}>
        {bareTime(message.createdAt)}
      </time>
    );
  }
  return (
    <button type="button" className={styles.face} tabIndex={-1} aria-hidden onClick={(e) => openProfile(message.senderId, e.currentTarget)}>
      <Avatar id={message.senderId} name={name} url={sender?.avatarUrl} />
    </button>
  );
}

function Head({ message, name, mine }: { message: MessageView; name: string; mine: boolean }) {
  const { openProfile } = useTimelineContext();
  return (
    <div className={styles.head}>
      <button type="button" className={styles.name} tabIndex={-1} title={mine ? t.you : undefined} onClick={(e) => openProfile(message.senderId, e.currentTarget)}>
        <bdi>{name}</bdi>
      </button>
      <time dateTime={message.createdAt} title={fullTime(message.createdAt)}>
        {clockTime(message.createdAt)}
      </time>
      {message.priority === 'urgent' && <span className={styles.urgent}>{t.message.urgent}</span>}
      {message.pinnedAt && (
        <span className={styles.mark} title={t.message.pinned}>
          <Pin size={12} aria-hidden /> {t.message.pinned}
        </span>
      )}
    </div>
  );
}

function Body({ message, mine, last }: { message: MessageView; mine: boolean; last: boolean }) {
  const resolve = useResolve(message);
  const waiting = useDelayed(message.state === 'queued' || message.state === 'sending', 1_000);
  if (message.deletedAt) return <p className={styles.tombstone}>{t.message.deleted}</p>;
  return (
    <>
      {message.replyTo && <Quote id={message.replyTo} />}
      <div dir="auto" className={waiting || message.pending ? styles.waiting : undefined}>
        <Content message={message} resolve={resolve} />
      </div>
      {message.editedAt && (
        <span className={styles.note} title={fullTime(message.editedAt)}>
          {t.message.edited}
        </span>
      )}
      {message.expiresAt && (
        <span className={styles.note} title={fullTime(message.expiresAt)}>
          <Clock size={12} aria-hidden /> {t.message.expires(clockTime(message.expiresAt))}
        </span>
      )}
      {mine && <SendStateNote message={message} waiting={waiting} />}
      {mine && last && message.seq !== null && <SeenBy message={message} />}
    </>
  );
}

function Content({ message: { content }, resolve }: { message: MessageView; resolve: Resolve }): ReactNode {
  const caption = content.text ? <Markdown text={content.text} plain={content.format === 'plain'} resolve={resolve} /> : null;
  if (content.type === 'text') return caption;
  const { location } = content;
  return (
    <>
      {caption}
      {location && (
        <span className={styles.card}>
          {t.message.location}: {location.label ? <bdi>{location.label}</bdi> : null} {location.latitude.toFixed(5)}, {location.longitude.toFixed(5)}
        </span>
      )}
      {content.attachments?.map((id) => (
        <span key={id} className={styles.card}>
          {content.type === 'image' ? t.message.image : t.message.file(id)}
        </span>
      ))}
    </>
  );
}

function Quote({ id }: { id: string }) {
  const { conversation, jumpTo } = useTimelineContext();
  const quoted = conversation.message(id);
  const name = useName(quoted?.senderId);
  if (!quoted) return null;
  return (
    <button type="button" className={styles.quote} onClick={() => jumpTo(id)}>
      <b>
        <bdi>{t.message.inReplyTo(name)}</bdi>
      </b>{' '}
      <span>{quoted.deletedAt ? t.message.deleted : quoted.content.text}</span>
    </button>
  );
}

/** Who an `@name` in this message stands for. */
function useResolve(message: MessageView): Resolve {
  const { me, conversation } = useTimelineContext();
  const people = useUsers(message.mentions);
  const local = message.seq === null ? conversation.members.current.items : undefined;
  return useMemo<Resolve>(() => {
    const byName = new Map<string, User>();
    for (const { user } of local ?? []) byName.set(user.username, user);
    for (const user of people.values()) byName.set(user.username, user);
    return (name) => {
      if (EVERYBODY.has(name)) return message.mentionScope || local ? { kind: 'everybody', me: message.senderId !== me.id } : undefined;
      const user = byName.get(name);
      return user && { kind: 'person', id: user.id, name: user.displayName, me: user.id === me.id };
    };
  }, [people, local, me.id, message.mentionScope, message.senderId]);
}

