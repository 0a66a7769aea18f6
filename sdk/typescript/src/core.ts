import type { Api, ClientEvents } from './api.js';
import type { Connection } from './connection.js';
import type { DraftBook } from './drafts.js';
import type { Emitter } from './live.js';
import type { Marks } from './marks.js';
import type { Outbox } from './outbox.js';
import type { Replica } from './replica.js';
import type { TypingBook } from './typing.js';
import type { ConversationView } from './types.gen.js';
import type { UserBook } from './users.js';

/** What the parts of a client share. Made in `client.ts`, the one place that knows them all. */
export interface Core {
  readonly api: Api;
  readonly connection: Connection;
  readonly emitter: Emitter<ClientEvents>;
  readonly outbox: Outbox;
  readonly users: UserBook;
  readonly drafts: DraftBook;
  readonly typing: TypingBook;
  readonly marks: Marks;
  /** Our own id; empty while signed out. */
  me(): string;
  now(): number;
  random(): number;
  replica(id: string): Replica;
  request<T>(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** A conversation looks different in the list, or entered or left it. */
  listed(id: string): void;
  /** Keep its copy soon. */
  keep(id: string): void;
  /** We lost access: drop every copy. */
  forget(id: string): void;
  adopt(view: ConversationView): void;
  focus(id: string | null): void;
  /** The conversation on screen. */
  focused(): string | null;
}
