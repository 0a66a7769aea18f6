import type { ConversationSummary, MemberView, User } from '@tertulia/client';
import { useConversation, useMe, useMembers, usePresence } from '@tertulia/client/react';
import { Ellipsis, UserPlus } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { VList } from 'virtua';
import { rankPerson } from '../../shared/directory';
import { attempt } from '../../shared/errors';
import { t } from '../../shared/strings';
import { Avatar, PresenceDot } from '../../shared/ui/Avatar';
import { Button, IconButton } from '../../shared/ui/Button';
import { Panel } from '../../shared/ui/Panel';
import { MenuItem, Popover } from '../../shared/ui/Popover';
import styles from './people.module.css';

interface Props {
  summary: ConversationSummary;
  title: string;
  onClose: () => void;
  onAdd?: () => void;
  onProfile: (userId: string, anchor: HTMLElement) => void;
}

/** Presence is asked for at most for so many: what the server takes at once. */
const WATCHED_MAX = 500;

type Line = { key: string; heading: string } | { key: string; member: MemberView };

/** Who is in a conversation; those who are there first. */
export function MembersPanel({ summary, title, onClose, onAdd, onProfile }: Props) {
  const { items, ready } = useMembers(summary.id);
  const [filter, setFilter] = useState('');
  const presence = usePresence(useMemo(() => items.slice(0, WATCHED_MAX).map((member) => member.user.id), [items]));
  const lines = useMemo<Line[]>(() => {
    const found = items.filter((member) => rankPerson(member.user, filter.trim()) >= 0).sort(byName);
    const there = found.filter(({ user }) => !['offline', undefined].includes(presence.get(user.id)?.status));
    const away = found.filter((member) => !there.includes(member));
    const part = (heading: string, members: MemberView[]): Line[] => (members.length > 0 ? [{ key: heading, heading }, ...members.map((member) => ({ key: member.user.id, member }))] : []);
    return [...part(t.members.online(there.length), there), ...part(t.members.others(away.length), away)];
  }, [items, filter, presence]);
  return (
    <Panel title={t.members.title} note={<bdi>{title}</bdi>} closeLabel={t.members.close} onClose={onClose}>
      <div className={styles.tools}>
        <input type="search" aria-label={t.members.find} placeholder={t.members.find} value={filter} onChange={(e) => setFilter(e.target.value)} />
        {onAdd && (
          <Button onClick={onAdd}>
            <UserPlus size={16} aria-hidden /> {t.members.add}
          </Button>
        )}
      </div>
      <VList className={styles.list} data={lines} role="list" aria-label={t.members.title} aria-busy={!ready}>
        {(line) =>
          'heading' in line ? (
            <div key={line.key} role="listitem">
              <h3 className={styles.heading}>{line.heading}</h3>
            </div>
          ) : (
            <MemberLine key={line.key} member={line.member} summary={summary} status={presence.get(line.member.user.id)?.status} onProfile={onProfile} />
          )
        }
      </VList>
      {ready && lines.length === 0 && <p className={styles.none}>{t.members.none}</p>}
    </Panel>
  );
}

function byName(a: MemberView, b: MemberView): number {
  return a.user.displayName.localeCompare(b.user.displayName);
}

function MemberLine({ member, summary, status, onProfile }: { member: MemberView; summary: ConversationSummary; status: Parameters<typeof PresenceDot>[0]['status']; onProfile: Props['onProfile'] }) {
  const me = useMe();
  const { user, role } = member;
  const admin = summary.membership?.role === 'admin' && summary.type !== 'direct';
  return (
    <div className={styles.member} role="listitem">
      <button type="button" className={styles.person} onClick={(e) => onProfile(user.id, e.currentTarget)}>
        <span className={styles.face}>
          <Avatar id={user.id} name={user.displayName} url={user.avatarUrl} size={32} round />
          <PresenceDot status={status} size={11} />
        </span>
        <span className={styles.names}>
          <b>
            <bdi>{user.displayName}</bdi>
            {user.id === me?.id && ` (${t.you.toLowerCase()})`}
          </b>
          <span>
            <bdi>@{user.username}</bdi>
          </span>
        </span>
        {role === 'admin' && <span className={styles.role}>{t.members.admin}</span>}
      </button>
      {admin && user.id !== me?.id && <MemberMenu user={user} role={role} conversationId={summary.id} />}
    </div>
  );
}

function MemberMenu({ user, role, conversationId }: { user: User; role: MemberView['role']; conversationId: string }) {
  const { conversation } = useConversation(conversationId);
  const anchor = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const then = (work: () => Promise<void>) => () => {
    setOpen(false);
    attempt(work());
  };
  const name = user.displayName;
  return (
    <>
      <IconButton ref={anchor} label={`${t.message.more}: ${name}`} icon={Ellipsis} size={16} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)} />
      {open && (
        <Popover anchor={anchor} label={name} role="menu" onClose={() => setOpen(false)}>
          <MenuItem onPick={then(() => conversation.setRole(user.id, role === 'admin' ? 'member' : 'admin'))}>{role === 'admin' ? t.members.takeAdmin(name) : t.members.makeAdmin(name)}</MenuItem>
          <MenuItem danger onPick={then(() => conversation.removeMember(user.id))}>
            {t.members.remove(name)}
          </MenuItem>
        </Popover>
      )}
    </>
  );
}
