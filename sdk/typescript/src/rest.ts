import type { Api } from './api.js';
import { query, type Http } from './http.js';
import type {
  ConversationView, EventPage, InviteCreated, InvitePreview, MemberView, Message, MessagePage, MessageVersion, Page, Receipt,
  Thread, User, Workspace, WorkspaceMember,
} from './types.gen.js';

/** As many ids as one `GET users?ids=` takes. */
const IDS_MAX = 100;

type Items<T> = { items: T[] };

/** The REST calls that need no local state: path in, generated type out. */
export function makeApi(http: Http, updatedMe: (user: User) => Promise<void>): Api {
  const get = <T>(path: string): Promise<T> => http.call<T>('GET', path);
  const items = async <T>(path: string): Promise<T[]> => (await get<Items<T>>(path)).items;
  return {
    users: {
      me: () => get<User>('users/me'),
      async update(patch) {
        const user = await http.call<User>('PATCH', 'users/me', patch);
        await updatedMe(user);
        return user;
      },
      get: (id) => get<User>(`users/${id}`),
      async getMany(ids) {
        const pages: Promise<User[]>[] = [];
        for (let i = 0; i < ids.length; i += IDS_MAX) pages.push(items<User>(`users${query({ ids: ids.slice(i, i + IDS_MAX).join(',') })}`));
        return (await Promise.all(pages)).flat();
      },
      search: async (text, options) => (await http.call<Items<User>>('GET', `users${query({ query: text })}`, undefined, options)).items,
    },
    workspaces: {
      list: () => items<Workspace>('workspaces'),
      create: (body) => http.call<Workspace>('POST', 'workspaces', body),
      get: (id) => get<Workspace>(`workspaces/${id}`),
      rename: (id, name) => http.call<Workspace>('PATCH', `workspaces/${id}`, { name }),
      members: (id, cursor) => get<Page<WorkspaceMember>>(`workspaces/${id}/members${query({ cursor })}`),
      setRole: (id, userId, role) => http.call('PATCH', `workspaces/${id}/members/${userId}`, { role }),
      removeMember: (id, userId) => http.call('DELETE', `workspaces/${id}/members/${userId}`),
      channels: (id, text, cursor) => get<Page<ConversationView>>(`workspaces/${id}/channels${query({ query: text, cursor })}`),
    },
    invites: {
      list: (workspaceId) => items<InviteCreated>(`workspaces/${workspaceId}/invites`),
      create: (workspaceId, body) => http.call<InviteCreated>('POST', `workspaces/${workspaceId}/invites`, body ?? {}),
      revoke: (workspaceId, id) => http.call('DELETE', `workspaces/${workspaceId}/invites/${id}`),
      preview: (token) => http.once<InvitePreview>('GET', `invites/${encodeURIComponent(token)}`, undefined, null),
      accept: (token) => http.call<Workspace>('POST', `invites/${encodeURIComponent(token)}/accept`),
    },
    conversations: {
      list: (cursor) => get<Page<ConversationView>>(`conversations${query({ cursor })}`),
      create: (body) => http.call<ConversationView>('POST', 'conversations', body),
      get: (id) => get<ConversationView>(`conversations/${id}`),
      members: (id, cursor) => get<Page<MemberView>>(`conversations/${id}/members${query({ cursor, limit: 200 })}`),
      events: (id, after, limit) => get<EventPage>(`conversations/${id}/events${query({ after, limit })}`),
      receipts: (id) => items<Receipt>(`conversations/${id}/receipts`),
    },
    messages: {
      page: (id, at) => get<MessagePage>(`conversations/${id}/messages${query(at)}`),
      thread: (id, root, cursor, limit) => get<Thread>(`conversations/${id}/threads/${root}${query({ cursor, limit })}`),
      get: (id) => get<Message>(`messages/${id}`),
      versions: (id) => items<MessageVersion>(`messages/${id}/versions`),
    },
  };
}
