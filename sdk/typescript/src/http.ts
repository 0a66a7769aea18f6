import type { CallOptions } from './api.js';
import { offline, TertuliaError } from './errors.js';
import type { ErrorAnswer } from './types.gen.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Query = Record<string, string | number | undefined>;

export interface HttpOptions {
  /** Ends with a slash: `https://chat.example.org/`. */
  base: string;
  fetch: typeof fetch;
  /** The access token, made fresh if it is about to end; null = signed out. */
  token(): Promise<string | null>;
  /** The server refused the token: get another. */
  renew(): Promise<string | null>;
}

const TIMEOUT_MS = 30_000;

/** One REST call: JSON in, JSON out, refusals as `TertuliaError`. */
export class Http {
  constructor(private readonly options: HttpOptions) {}

  /** With the token of who is signed in; a refused token is renewed once. */
  async call<T>(method: Method, path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const used = await this.options.token();
    try {
      return await this.once<T>(method, path, body, used, options);
    } catch (thrown) {
      const error = TertuliaError.from(thrown);
      if (error.retry !== 'auth' || error.code === 'SESSION_REVOKED') throw error;
      // Somebody else may have renewed it while we were asking.
      const known = await this.options.token();
      const token = known === used ? await this.options.renew() : known;
      if (token === null) throw error;
      return this.once<T>(method, path, body, token, options);
    }
  }

  async once<T>(method: Method, path: string, body: unknown, token: string | null, options: CallOptions = {}): Promise<T> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), TIMEOUT_MS);
    const abort = (): void => limit.abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      if (options.signal?.aborted) throw new TertuliaError('ABORTED', 'aborted');
      const response = await this.options.fetch(`${this.options.base}api/v1/${path}`, {
        method, headers: headers(token, body !== undefined), signal: limit.signal, credentials: 'same-origin',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return await answer<T>(response);
    } catch (thrown) {
      if (thrown instanceof TertuliaError) throw thrown;
      if (options.signal?.aborted) throw new TertuliaError('ABORTED', 'aborted');
      if (limit.signal.aborted) throw new TertuliaError('TIMEOUT', 'no answer within 30 s', { retry: 'sameId' });
      throw offline(thrown instanceof Error ? thrown.message : undefined);
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    }
  }
}

function headers(token: string | null, json: boolean): Record<string, string> {
  const all: Record<string, string> = { accept: 'application/json' };
  if (json) all['content-type'] = 'application/json';
  if (token !== null) all['authorization'] = `Bearer ${token}`;
  return all;
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (response.ok) return body as T;
  const refused = (body as ErrorAnswer | undefined)?.error;
  if (refused?.code) throw TertuliaError.of(refused, response.status);
  // Not from our server: a proxy in between. 5xx there means: later.
  const retryAfterMs = Number(response.headers.get('retry-after')) * 1_000 || undefined;
  const code = response.status === 404 ? 'NOT_FOUND' : response.status >= 500 || response.status === 429 ? 'UNAVAILABLE' : 'INVALID_MESSAGE';
  throw new TertuliaError(code, `HTTP ${response.status}`, { status: response.status, retry: code === 'UNAVAILABLE' ? 'after' : 'never', retryAfterMs });
}

/** `?a=1&b=2` of what is defined. */
export function query(params: Query): string {
  const parts = Object.entries(params).filter(([, value]) => value !== undefined && value !== '');
  return parts.length === 0 ? '' : `?${parts.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}
