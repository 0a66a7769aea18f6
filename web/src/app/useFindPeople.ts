import type { ConversationSummary, User } from '@tertulia/client';
import { useClient, useMe } from '@tertulia/client/react';
import { useCallback, useEffect, useRef } from 'react';
import { findPeople } from '../shared/directory';

/** In larger conversations the server finds people. */
const LOCAL_MAX = 300;
const SHOWN_MAX = 8;

/** Finds whom to mention: members, the best match first. */
export function useFindPeople(summary: ConversationSummary | undefined) {
  const client = useClient();
  const me = useMe();
  const id = summary?.membership ? summary.id : undefined;
  const local = (summary?.memberCount ?? 0) <= LOCAL_MAX;
  const stop = useRef<AbortController>(undefined);
  // Members stay loaded while somebody looks at the conversation.
  useEffect(() => (id && local ? client.conversation(id).members.subscribe(() => {}) : undefined), [client, id, local]);
  return useCallback(
    async (query: string): Promise<User[]> => {
      const members = id ? client.conversation(id).members.current.items.map((member) => member.user) : [];
      const known = findPeople(members.filter((user) => user.id !== me?.id), query, SHOWN_MAX);
      if (local || query.length < 2) return known;
      stop.current?.abort();
      stop.current = new AbortController();
      const found = await client.api.users.search(query, { signal: stop.current.signal });
      return findPeople(found, query, SHOWN_MAX);
    },
    [client, id, local, me?.id],
  );
}
