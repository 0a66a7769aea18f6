import {
  createContext, createElement, useCallback, useContext, useEffect, useMemo, useState, useSyncExternalStore, type ReactElement, type ReactNode,
} from 'react';
import type {
  Client, ConnectionInfo, Conversation, ConversationList, ConversationSummary, Draft, DraftStore, Live, MembersView, Presence, Receipt, Timeline,
  TimelineView, Typist, UnreadTotals, User,
} from './api.js';

const Context = createContext<Client | null>(null);

export function TertuliaProvider({ client, children }: { client: Client; children?: ReactNode }): ReactElement {
  return createElement(Context.Provider, { value: client }, children);
}

export function useClient(): Client {
  const client = useContext(Context);
  if (!client) throw new Error('there is no <TertuliaProvider> around this component');
  return client;
}

/** The present value of any store of this package; renders again when it changes. */
export function useLive<T>(live: Live<T>): T {
  const subscribe = useCallback((changed: () => void) => live.subscribe(changed), [live]);
  const current = useCallback(() => live.current, [live]);
  return useSyncExternalStore(subscribe, current, current);
}

export const useConnection = (): ConnectionInfo => useLive(useClient().connection);
export const useMe = (): User | null => useLive(useClient().me);
export const useUnread = (): UnreadTotals => useLive(useClient().unread);
export const useOutbox = (): { readonly pending: number; readonly failed: number } => useLive(useClient().outbox);

export function useConversations(workspaceId?: string): ConversationList {
  return useLive(useClient().conversations(workspaceId === undefined ? {} : { workspaceId }));
}

/** Its verbs, and what the list shows of it. */
export function useConversation(id: string): { conversation: Conversation; summary: ConversationSummary | undefined } {
  const conversation = useClient().conversation(id);
  const summary = useLive(conversation.summary);
  return useMemo(() => ({ conversation, summary }), [conversation, summary]);
}

const NOTHING: TimelineView = { messages: [], hasOlder: false, hasNewer: false, ready: false, loading: null, firstUnreadId: null };
const nothing = (): TimelineView => NOTHING;
const never = (): (() => void) => () => undefined;

/** A window on a conversation or thread, for as long as the component is there. `timeline` is null in the very first render. */
export function useTimeline(id: string, options: { threadRoot?: string; window?: number } = {}): { timeline: Timeline | null; view: TimelineView } {
  const client = useClient();
  const { threadRoot, window } = options;
  const [timeline, setTimeline] = useState<Timeline | null>(null);
  useEffect(() => {
    const opened = client.conversation(id).timeline({ ...(threadRoot === undefined ? {} : { threadRoot }), ...(window === undefined ? {} : { window }) });
    setTimeline(opened);
    return () => opened.close();
  }, [client, id, threadRoot, window]);
  // Between a change of `id` and the effect, the old conversation's messages must not show.
  const shown = timeline?.conversationId === id && timeline.threadRoot === threadRoot ? timeline : null;
  const subscribe = useCallback((changed: () => void) => (shown ? shown.subscribe(changed) : never()), [shown]);
  const current = useCallback(() => (shown ? shown.current : NOTHING), [shown]);
  const view = useSyncExternalStore(subscribe, current, nothing);
  return useMemo(() => ({ timeline: shown, view }), [shown, view]);
}

export function useDraft(id: string, threadRoot?: string): [Draft | null, DraftStore] {
  const client = useClient();
  const store = useMemo(() => client.conversation(id).draft(threadRoot), [client, id, threadRoot]);
  return [useLive(store), store];
}

export function useTyping(id: string, threadRoot?: string): readonly Typist[] {
  return useLive(useClient().conversation(id).typists(threadRoot));
}

export const useMembers = (id: string): MembersView => useLive(useClient().conversation(id).members);
export const useReceipts = (id: string): readonly Receipt[] => useLive(useClient().conversation(id).receipts);

/** Of those who are on screen. Missing = unknown. */
export function usePresence(ids: readonly string[]): ReadonlyMap<string, Presence> {
  const { presence } = useClient();
  const read = useCallback((id: string) => presence.get(id), [presence]);
  const watch = useCallback((wanted: readonly string[], changed: () => void) => presence.watch(wanted, changed), [presence]);
  return useMapOf(ids, read, watch);
}

export const useUser = (id: string): User | undefined => useLive(useClient().users.live(id));

export function useUsers(ids: readonly string[]): ReadonlyMap<string, User> {
  const { users } = useClient();
  const read = useCallback((id: string) => users.get(id), [users]);
  const watch = useCallback((wanted: readonly string[], changed: () => void) => {
    const offs = wanted.map((id) => users.live(id).subscribe(changed));
    return () => offs.forEach((off) => off());
  }, [users]);
  return useMapOf(ids, read, watch);
}

/** Values by id; the same map until one of them changes. */
function useMapOf<T>(
  ids: readonly string[],
  read: (id: string) => T | undefined,
  watch: (ids: readonly string[], changed: () => void) => () => void,
): ReadonlyMap<string, T> {
  const key = ids.join(' ');
  const store = useMemo(() => {
    const wanted = key === '' ? [] : key.split(' ');
    let last: ReadonlyMap<string, T> = new Map();
    const current = (): ReadonlyMap<string, T> => {
      const next = new Map<string, T>();
      for (const id of wanted) {
        const value = read(id);
        if (value !== undefined) next.set(id, value);
      }
      if (next.size !== last.size || [...next].some(([id, value]) => last.get(id) !== value)) last = next;
      return last;
    };
    return { current, subscribe: (changed: () => void) => watch(wanted, changed) };
  }, [key, read, watch]);
  return useSyncExternalStore(store.subscribe, store.current, store.current);
}
