import type { ConversationSummary, MessageView } from '@tertulia/client';
import { useConversation, useTimeline } from '@tertulia/client/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { Composer, ComposerNote } from '../features/composer/Composer';
import { MessageEditor } from '../features/composer/MessageEditor';
import { TypingLine } from '../features/composer/TypingLine';
import { MessageList } from '../features/timeline/MessageList';
import { useWindowKey } from '../shared/hooks';
import { routes } from '../shared/routes';
import { t } from '../shared/strings';
import styles from './app.module.css';
import { rightsIn } from './rights';
import { useShell } from './shellContext';
import { Start } from './Start';
import { useFindPeople } from './useFindPeople';

interface Props {
  summary: ConversationSummary;
  title: string;
  threadRoot?: string;
  seq?: number;
  at?: { at: number } | null;
  onDetails?: () => void;
}

/** Messages, who is typing, and where to write: of a conversation or of one of its threads. */
export function Talk({ summary, title, threadRoot, seq, at = null, onDetails }: Props) {
  const { workspace, me, narrow, openProfile } = useShell();
  const { conversation } = useConversation(summary.id);
  const { timeline, view } = useTimeline(summary.id, { threadRoot });
  const [, go] = useLocation();
  const [editing, setEditing] = useState<string | null>(null);
  const [sent, setSent] = useState(0);
  const box = useRef<HTMLTextAreaElement>(null);
  const findPeople = useFindPeople(summary);
  const rights = rightsIn(summary, workspace);
  const target = useTarget(seq, at);
  const group = rights.mentionAll && (rights.admin || summary.type === 'group');

  const linkTo = useCallback(
    (message: MessageView) => {
      const path = message.threadRoot ? routes.thread(workspace.slug, summary.id, message.threadRoot) : routes.message(workspace.slug, summary.id, message.seq ?? 0);
      return location.origin + path;
    },
    [workspace.slug, summary.id],
  );
  const openThread = useCallback((root: string) => go(routes.thread(workspace.slug, summary.id, root)), [go, workspace.slug, summary.id]);
  const renderEditor = useCallback(
    (message: MessageView, done: () => void) => (
      <MessageEditor
        conversation={conversation}
        message={message}
        findPeople={findPeople}
        group={group}
        onDone={() => {
          done();
          box.current?.focus();
        }}
      />
    ),
    [conversation, findPeople, group],
  );
  const canPost = rights.silence === undefined;
  const context = useMemo(
    () => ({ conversation, summary, me, inThread: threadRoot !== undefined, canPost, admin: rights.admin, editing, setEditing, renderEditor, openThread, openProfile, linkTo }),
    [conversation, summary, me, threadRoot, canPost, rights.admin, editing, renderEditor, openThread, openProfile, linkTo],
  );
  const editLast = () => {
    const own = view.messages.findLast((message) => message.senderId === me.id && !message.deletedAt && message.state === 'sent' && message.content.type === 'text');
    if (own) setEditing(own.id);
  };
  useEscape(threadRoot === undefined, () => {
    conversation.markRead();
    timeline?.clearUnreadMark();
    box.current?.focus();
  });

  if (threadRoot && view.error?.code === 'NOT_FOUND') return <p className={styles.missing}>{t.thread.missing}</p>;
  return (
    <>
      {timeline ? (
        <MessageList
          context={context}
          timeline={timeline}
          view={view}
          label={threadRoot ? t.timeline.thread : t.timeline.label(title)}
          start={<Start summary={summary} title={title} admin={rights.admin} onDetails={onDetails} onHello={() => box.current?.focus()} />}
          target={target}
          sent={sent}
        />
      ) : (
        <div className={styles.blank} />
      )}
      {rights.silence ? (
        <ComposerNote text={rights.silence} />
      ) : (
        <Composer
          conversation={conversation}
          threadRoot={threadRoot}
          label={threadRoot ? t.thread.placeholder : t.composer.message(title)}
          findPeople={findPeople}
          group={group}
          autoFocus={!narrow}
          box={box}
          onSent={() => setSent((n) => n + 1)}
          onEditLast={editLast}
        />
      )}
      <TypingLine conversationId={summary.id} threadRoot={threadRoot} />
    </>
  );
}

/** Where the address or the date dialog wants the list to be; the newest wish wins. */
function useTarget(seq: number | undefined, at: { at: number } | null) {
  const place = useMemo(() => (seq ? { seq } : null), [seq]);
  const [target, setTarget] = useState<{ seq: number } | { at: number } | null>(place);
  useEffect(() => setTarget(place), [place]);
  useEffect(() => {
    if (at) setTarget(at);
  }, [at]);
  return target;
}

/** Esc with nothing left to close. */
function useEscape(on: boolean, act: () => void): void {
  useWindowKey((e) => {
    if (!on || e.key !== 'Escape' || e.defaultPrevented || document.querySelector('dialog[open]')) return;
    act();
  });
}
