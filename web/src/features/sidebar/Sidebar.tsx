import type { ConversationSummary, Workspace } from '@tertulia/client';
import { useConversations, usePresence } from '@tertulia/client/react';
import { Plus, Search, SquarePen, UserPlus } from 'lucide-react';
import { type ReactNode, useMemo, useRef, useState } from 'react';
import { t } from '../../shared/strings';
import { IconButton } from '../../shared/ui/Button';
import { MenuItem, Popover } from '../../shared/ui/Popover';
import { ConversationItem } from './ConversationItem';
import { sectionsOf } from './sections';
import styles from './sidebar.module.css';

interface Props {
  workspace: Workspace;
  currentId?: string;
  onJump: () => void;
  onCreateChannel: () => void;
  onBrowse: () => void;
  onNewMessage: () => void;
  onInvite: () => void;
  /** Ourselves, at the foot. */
  children: ReactNode;
}

/** The conversations of a workspace, and direct messages. */
export function Sidebar({ workspace, currentId, onJump, onCreateChannel, onBrowse, onNewMessage, onInvite, children }: Props) {
  const { items } = useConversations();
  const sections = useMemo(() => sectionsOf(items, workspace.id), [items, workspace.id]);
  const peers = useMemo(() => sections.directs.concat(sections.pinned).flatMap((one) => one.peerId ?? []), [sections]);
  const presence = usePresence(peers);
  const list = (conversations: readonly ConversationSummary[]) =>
    conversations.map((one) => <ConversationItem key={one.id} conversation={one} slug={workspace.slug} current={one.id === currentId} status={one.peerId ? (presence.get(one.peerId)?.status ?? 'unknown') : undefined} />);
  const mayInvite = workspace.role !== 'guest';
  return (
    <nav className={styles.sidebar} aria-label={t.sidebar.label}>
      <header className={styles.title}>
        <b>
          <bdi>{workspace.name}</bdi>
        </b>
        {mayInvite && <IconButton label={t.sidebar.invitePeople} icon={UserPlus} size={17} onClick={onInvite} />}
      </header>
      <button type="button" className={styles.find} onClick={onJump} aria-keyshortcuts="Control+K">
        <Search size={14} aria-hidden />
        <span>{t.sidebar.jump}</span>
        <kbd aria-hidden>Ctrl K</kbd>
      </button>
      <div className={styles.scroll}>
        {sections.pinned.length > 0 && <Section title={t.sidebar.pinned}>{list(sections.pinned)}</Section>}
        <Section title={t.sidebar.channels} action={<AddChannel onCreate={workspace.role === 'guest' ? undefined : onCreateChannel} onBrowse={onBrowse} />}>
          {list(sections.channels)}
        </Section>
        <Section title={t.sidebar.directs} action={<IconButton label={t.sidebar.newMessage} icon={SquarePen} size={15} className={styles.add} onClick={onNewMessage} />}>
          {list(sections.directs)}
          {sections.directs.length === 0 && (
            <button type="button" className={styles.hint} onClick={onNewMessage}>
              {t.sidebar.newMessage}…
            </button>
          )}
        </Section>
      </div>
      {children}
    </nav>
  );
}

function Section({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <div className={styles.section}>
        <h2>{title}</h2>
        {action}
      </div>
      {children}
    </section>
  );
}

function AddChannel({ onCreate, onBrowse }: { onCreate?: () => void; onBrowse: () => void }) {
  const anchor = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const then = (act: () => void) => () => {
    setOpen(false);
    act();
  };
  return (
    <>
      <IconButton ref={anchor} label={t.sidebar.addChannel} icon={Plus} size={16} className={styles.add} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)} />
      {open && (
        <Popover anchor={anchor} label={t.sidebar.addChannel} role="menu" onClose={() => setOpen(false)}>
          {onCreate && <MenuItem onPick={then(onCreate)}>{t.sidebar.createChannel}</MenuItem>}
          <MenuItem onPick={then(onBrowse)}>{t.sidebar.browse}</MenuItem>
        </Popover>
      )}
    </>
  );
}

