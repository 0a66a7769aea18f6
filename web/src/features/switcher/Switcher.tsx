import type { ConversationSummary, User, Workspace } from '@tertulia/client';
import { useClient, useConversations, useMe, useUsers } from '@tertulia/client/react';
import { Hash, Lock, Megaphone, Users } from 'lucide-react';
import { type KeyboardEvent, useId, useMemo, useState } from 'react';
import { findPeople, useDirectory } from '../../shared/directory';
import { isChannel, titleOf } from '../../shared/names';
import { t } from '../../shared/strings';
import { Avatar } from '../../shared/ui/Avatar';
import { Dialog } from '../../shared/ui/Dialog';
import styles from './switcher.module.css';

interface Props {
  workspace: Workspace;
  onClose: () => void;
  onConversation: (id: string) => void;
  onPerson: (userId: string) => void;
}

type Hit = { key: string; title: string; note: string; conversation?: ConversationSummary; user?: User };

const SHOWN_MAX = 12;

/** Ctrl+K: goes anywhere by a few letters. `#` means channels only, `@` people only. */
export function Switcher({ workspace, onClose, onConversation, onPerson }: Props) {
  const id = useId();
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const hits = useHits(workspace, query);
  const pick = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    if (hit.conversation) onConversation(hit.conversation.id);
    else if (hit.user) onPerson(hit.user.id);
  };
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.nativeEvent.isComposing || e.keyCode === 229) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (move) setActive((now) => (now + move + hits.length) % Math.max(1, hits.length));
    else if (e.key === 'Enter') pick(hits[active]);
    else return;
    e.preventDefault();
  };
  return (
    <Dialog title={t.switcher.title} onClose={onClose} bare>
      <input
        className={styles.input}
        data-autofocus
        role="combobox"
        aria-label={t.switcher.placeholder}
        placeholder={t.switcher.placeholder}
        aria-expanded
        aria-controls={id}
        aria-activedescendant={hits[active] ? `${id}-${active}` : undefined}
        autoComplete="off"
        dir="auto"
        value={query}
        onChange={(e) => {
          setQuery(e.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={id} role="listbox" aria-label={t.switcher.title} className={styles.list}>
        {hits.map((hit, i) => (
          <li key={hit.key} id={`${id}-${i}`} role="option" aria-selected={i === active} onClick={() => pick(hit)} onPointerMove={() => setActive(i)}>
            <Picture hit={hit} />
            <b>
              <bdi>{hit.title}</bdi>
            </b>
            <span>
              <bdi>{hit.note}</bdi>
            </span>
          </li>
        ))}
        {hits.length === 0 && <li className={styles.none}>{t.switcher.empty}</li>}
      </ul>
    </Dialog>
  );
}

function Picture({ hit: { conversation, user, title } }: { hit: Hit }) {
  if (user || conversation?.peerId) return <Avatar id={user?.id ?? conversation?.peerId ?? ''} name={title} size={24} round />;
  const Icon = conversation?.type === 'broadcast' ? Megaphone : conversation?.type === 'group' ? Users : conversation?.visibility === 'private' ? Lock : Hash;
  return (
    <span className={styles.icon}>
      <Icon size={16} aria-hidden />
    </span>
  );
}

function useHits(workspace: Workspace, typed: string): Hit[] {
  const client = useClient();
  const me = useMe();
  const { items } = useConversations();
  const people = useDirectory(workspace.id);
  const here = useMemo(() => items.filter((one) => one.membership && (!one.workspaceId || one.workspaceId === workspace.id)), [items, workspace.id]);
  const peers = useUsers(useMemo(() => here.flatMap((one) => one.peerId ?? []), [here]));
  return useMemo(() => {
    const only = /^[#@]/.exec(typed)?.[0];
    const query = typed.replace(/^[#@]/, '').trim().toLowerCase();
    const conversations = here
      .filter((one) => (only === '#' ? isChannel(one) : only === '@' ? !isChannel(one) : true))
      .map((one) => ({ one, title: titleOf(one, peers.get(one.peerId ?? '')?.displayName) }))
      .map((hit) => ({ ...hit, at: fuzzy(hit.title.replace(/^#/, '').toLowerCase(), query) }))
      .filter((hit) => hit.at >= 0)
      .sort((a, b) => (query ? a.at - b.at : b.one.unreadCount - a.one.unreadCount))
      .map(({ one, title }): Hit => ({ key: one.id, title, note: noteOf(one), conversation: one }));
    const withUs = new Set(here.map((one) => one.peerId));
    const others = only === '#' || !query ? [] : findPeople(people.map((member) => member.user), query, SHOWN_MAX).filter((user) => !withUs.has(user.id) && user.id !== me?.id);
    return [...conversations, ...others.map((user): Hit => ({ key: user.id, title: user.displayName, note: `@${user.username}`, user }))].slice(0, SHOWN_MAX);
    // `client` is stable; naming it keeps the list fresh when somebody else signs in.
  }, [client, typed, here, peers, people, me?.id]);
}

function noteOf(one: ConversationSummary): string {
  if (isChannel(one)) return one.topic ?? t.switcher.joined;
  return one.type === 'group' ? t.switcher.group : t.switcher.direct;
}

/** Where letters in order begin to match: lower is better, -1 not at all. */
export function fuzzy(text: string, query: string): number {
  if (text.startsWith(query)) return 0;
  const at = text.indexOf(query);
  if (at >= 0) return 1 + at;
  let from = 0;
  for (const letter of query) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return -1;
  }
  return 100 + from;
}
