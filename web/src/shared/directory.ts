import type { Client, User, WorkspaceMember } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { useEffect, useState } from 'react';

/** More people than this are found by asking the server. */
const PEOPLE_MAX = 1_000;
const FRESH_MS = 60_000;
const known = new Map<string, { at: number; people: Promise<readonly WorkspaceMember[]> }>();

/** The people of a workspace, as far as they fit; kept for a minute. */
export function loadDirectory(client: Client, workspaceId: string): Promise<readonly WorkspaceMember[]> {
  const kept = known.get(workspaceId);
  if (kept && Date.now() - kept.at < FRESH_MS) return kept.people;
  const people = loadAll(client, workspaceId);
  known.set(workspaceId, { at: Date.now(), people });
  people.catch(() => known.delete(workspaceId));
  return people;
}

/** After somebody joined or left, or another person signed in. */
export function forgetDirectory(): void {
  known.clear();
}

async function loadAll(client: Client, workspaceId: string): Promise<readonly WorkspaceMember[]> {
  const all: WorkspaceMember[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.api.workspaces.members(workspaceId, cursor);
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor && all.length < PEOPLE_MAX);
  client.users.put(all.map((member) => member.user));
  return all;
}

const NOBODY: readonly WorkspaceMember[] = [];

export function useDirectory(workspaceId: string | undefined): readonly WorkspaceMember[] {
  const client = useClient();
  const [people, setPeople] = useState(NOBODY);
  useEffect(() => {
    let gone = false;
    setPeople(NOBODY);
    if (workspaceId) loadDirectory(client, workspaceId).then((found) => gone || setPeople(found), () => {});
    return () => {
      gone = true;
    };
  }, [client, workspaceId]);
  return people;
}

/** How well a person answers a query: lower is better, -1 not at all. */
export function rankPerson(user: Pick<User, 'username' | 'displayName'>, query: string): number {
  const wanted = query.toLowerCase();
  const name = user.displayName.toLowerCase();
  if (user.username.startsWith(wanted)) return 0;
  if (name.startsWith(wanted)) return 1;
  if (name.split(/\s+/).some((word) => word.startsWith(wanted))) return 2;
  return user.username.includes(wanted) || name.includes(wanted) ? 3 : -1;
}

/** The best few people for a query; who was imported and cannot answer comes last. */
export function findPeople(people: Iterable<User>, query: string, limit: number): User[] {
  return [...people]
    .map((user) => ({ user, rank: rankPerson(user, query) + (user.imported ? 10 : 0) }))
    .filter(({ user }) => rankPerson(user, query) >= 0)
    .sort((a, b) => a.rank - b.rank || a.user.displayName.localeCompare(b.user.displayName))
    .slice(0, limit)
    .map(({ user }) => user);
}
