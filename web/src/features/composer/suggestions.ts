import { t } from '../../shared/strings';
import { EMOJI } from '../../shared/text/emoji';
import type { Query } from './text';

export interface Suggestion {
  key: string;
  /** What replaces the typed text. */
  piece: string;
  title: string;
  note: string;
  userId?: string;
}

/** Finds people for a query; answers at once with what is known, or later. */
export type FindPeople = (query: string) => Promise<Array<{ id: string; username: string; displayName: string }>>;

const SHOWN_MAX = 6;

export async function suggest(query: Query, findPeople: FindPeople, group: boolean): Promise<Suggestion[]> {
  if (query.kind === 'emoji') return findEmoji(query.query.toLowerCase());
  const people = await findPeople(query.query);
  const persons = people.slice(0, SHOWN_MAX).map((one) => ({ key: one.id, piece: `@${one.username}`, title: one.displayName, note: `@${one.username}`, userId: one.id }));
  const wide = group ? [{ key: 'here', piece: '@here', title: '@here', note: t.composer.here }, { key: 'channel', piece: '@channel', title: '@channel', note: t.composer.channel }] : [];
  return [...persons, ...wide.filter((one) => query.query !== '' && one.key.startsWith(query.query.toLowerCase()))];
}

function findEmoji(query: string): Suggestion[] {
  const found = new Map<string, string>();
  for (const [, list] of EMOJI) for (const [emoji, words] of list) if (words.split(' ').some((word) => word.startsWith(query))) found.set(emoji, words);
  return [...found].slice(0, SHOWN_MAX).map(([emoji, words]) => ({ key: emoji, piece: emoji, title: emoji, note: words }));
}
