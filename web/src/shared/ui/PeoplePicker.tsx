import type { User } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { X } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { findPeople, useDirectory } from '../directory';
import { t } from '../strings';
import { Avatar } from './Avatar';
import styles from './people.module.css';

interface Props {
  workspaceId: string;
  /** Not offered: already in, or ourselves. */
  except: ReadonlySet<string>;
  chosen: readonly User[];
  onChosen: (users: readonly User[]) => void;
}

const SHOWN_MAX = 30;
const DEBOUNCE_MS = 200;

/** Chooses people of a workspace. */
export function PeoplePicker({ workspaceId, except, chosen, onChosen }: Props) {
  const [query, setQuery] = useState('');
  const found = useFound(workspaceId, query);
  const taken = new Set(chosen.map((user) => user.id));
  const offered = found.filter((user) => !except.has(user.id) && !taken.has(user.id));
  const add = (user: User) => {
    onChosen([...chosen, user]);
    setQuery('');
  };
  return (
    <div>
      {chosen.length > 0 && (
        <div className={styles.chosen}>
          {chosen.map((user) => (
            <button key={user.id} type="button" aria-label={t.create.chosen(user.displayName)} onClick={() => onChosen(chosen.filter((one) => one.id !== user.id))}>
              <bdi>{user.displayName}</bdi> <X size={13} aria-hidden />
            </button>
          ))}
        </div>
      )}
      <input
        className={styles.search}
        type="search"
        data-autofocus
        aria-label={t.members.search}
        placeholder={t.members.search}
        value={query}
        onChange={(e) => setQuery(e.target.value)}
        onKeyDown={(e) => {
          if (e.key !== 'Enter' || e.nativeEvent.isComposing) return;
          e.preventDefault();
          if (offered[0] && query.trim()) add(offered[0]);
        }}
      />
      <ul className={styles.found} aria-label={t.members.search}>
        {offered.map((user) => (
          <li key={user.id}>
            <button type="button" onClick={() => add(user)}>
              <Avatar id={user.id} name={user.displayName} url={user.avatarUrl} size={28} round />
              <b>
                <bdi>{user.displayName}</bdi>
              </b>
              <span>
                <bdi>@{user.username}</bdi>
              </span>
            </button>
          </li>
        ))}
        {offered.length === 0 && <li className={styles.none}>{t.members.none}</li>}
      </ul>
    </div>
  );
}

/** Known people at once, and whom else the server finds a moment later. */
function useFound(workspaceId: string, query: string): User[] {
  const client = useClient();
  const people = useDirectory(workspaceId);
  const [more, setMore] = useState<readonly User[]>([]);
  const wanted = query.trim();
  useEffect(() => {
    setMore([]);
    if (wanted.length < 2) return;
    const stop = new AbortController();
    const timer = setTimeout(() => client.api.users.search(wanted, { signal: stop.signal }).then(setMore, () => {}), DEBOUNCE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [client, wanted]);
  return useMemo(() => {
    const all = new Map([...people.map((member) => member.user), ...more].map((user) => [user.id, user]));
    return findPeople(all.values(), wanted, SHOWN_MAX);
  }, [people, more, wanted]);
}
