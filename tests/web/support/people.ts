import type { Server } from './server.ts';

export const PASSWORD = 'correct horse battery';
export const WORKSPACE = 'Babbage Engines';

/** Somebody with an account, as seen from outside of a browser. */
export interface Person {
  username: string;
  displayName: string;
  id: string;
  token: string;
}

interface SignedIn {
  user: { id: string };
  accessToken: string;
}

/** Makes accounts and content through REST, where a test is about something else. */
export class People {
  constructor(private readonly server: Server) {}

  /** The first account, with a workspace and its channel. */
  async owner(displayName = 'Ada Lovelace'): Promise<Person> {
    const token = /[=#/]([\w.~-]{16,})$/.exec(this.server.setupLink)?.[1];
    const username = usernameOf(displayName);
    const body = { token, username, displayName, password: PASSWORD, workspaceName: WORKSPACE };
    return person(username, displayName, await this.call<SignedIn>(null, 'POST', 'auth/setup', body));
  }

  /** Somebody who came by a link of `host`. */
  async guestOf(host: Person, displayName: string): Promise<Person> {
    const username = usernameOf(displayName);
    const body = { username, displayName, password: PASSWORD, invite: await this.invite(host) };
    return person(username, displayName, await this.call<SignedIn>(null, 'POST', 'auth/register', body));
  }

  async invite(host: Person): Promise<string> {
    return (await this.call<{ token: string }>(host, 'POST', `workspaces/${await this.workspace(host)}/invites`, {})).token;
  }

  /** The one that they are in. */
  async workspace(who: Person): Promise<string> {
    const { items } = await this.call<{ items: { id: string }[] }>(who, 'GET', 'workspaces');
    return items[0]!.id;
  }

  async newChannel(who: Person, name: string): Promise<string> {
    const body = { type: 'channel', visibility: 'public', workspaceId: await this.workspace(who), name };
    return (await this.call<{ id: string }>(who, 'POST', 'conversations', body)).id;
  }

  async channel(who: Person, name: string): Promise<string> {
    const { items } = await this.call<{ items: { id: string; name?: string }[] }>(who, 'GET', 'conversations');
    const found = items.find((one) => one.name === name);
    if (!found) throw new Error(`${who.username} is in no channel ${name}`);
    return found.id;
  }

  async send(who: Person, conversation: string, text: string, rest: Record<string, unknown> = {}): Promise<string> {
    const messageId = crypto.randomUUID();
    await this.call(who, 'POST', `conversations/${conversation}/messages`, { messageId, content: { type: 'text', text }, ...rest });
    return messageId;
  }

  /** One call; waits where the server asks to. */
  async call<T>(who: Person | null, method: string, path: string, body?: unknown): Promise<T> {
    for (;;) {
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (who) headers.authorization = `Bearer ${who.token}`;
      const answer = await fetch(`${this.server.url}/api/v1/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
      const text = await answer.text();
      if (answer.ok) return (text ? JSON.parse(text) : undefined) as T;
      if (answer.status !== 429) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      await new Promise((resolve) => setTimeout(resolve, JSON.parse(text).error.retryAfterMs ?? 1_000));
    }
  }
}

function usernameOf(displayName: string): string {
  return displayName.toLowerCase().split(' ')[0]?.replace(/[^a-z0-9]/g, '') || 'somebody';
}

function person(username: string, displayName: string, signedIn: SignedIn): Person {
  return { username, displayName, id: signedIn.user.id, token: signedIn.accessToken };
}
