import { useCallback, useEffect, useState } from 'react';
import { type FindPeople, suggest, type Suggestion } from './suggestions';
import { queryAt, type Query, type Selected } from './text';

interface Open {
  query: Query;
  items: readonly Suggestion[];
  active: number;
}

/** The list that opens while an `@name` or an `:emoji` is typed. */
export function useSuggestions(findPeople: FindPeople, group: boolean) {
  const [query, setQuery] = useState<Query | null>(null);
  const [open, setOpen] = useState<Open | null>(null);
  const kind = query?.kind;
  const text = query?.query;

  useEffect(() => {
    if (!query) return setOpen(null);
    let gone = false;
    suggest(query, findPeople, group).then(
      (items) => !gone && setOpen(items.length > 0 ? { query, items, active: 0 } : null),
      () => {},
    );
    return () => {
      gone = true;
    };
    // A moved start of the same query finds the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [kind, text, query?.from, findPeople, group]);

  const look = useCallback((at: Selected) => {
    const next = queryAt(at);
    setQuery((now) => (now && next && now.from === next.from && now.query === next.query && now.kind === next.kind ? now : next));
  }, []);
  const close = useCallback(() => {
    setQuery(null);
    setOpen(null);
  }, []);
  const move = useCallback((by: number) => {
    setOpen((now) => now && { ...now, active: (now.active + by + now.items.length) % now.items.length });
  }, []);
  return { open, look, close, move };
}
