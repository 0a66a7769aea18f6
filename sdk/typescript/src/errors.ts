import type { ErrorCode } from './api.js';
import type { ErrorBody, Retry } from './types.gen.js';

interface Details {
  retry?: Retry;
  retryAfterMs?: number | undefined;
  field?: string | undefined;
  status?: number | undefined;
  requestId?: string | undefined;
}

/** The one error of this package. `retry` says what to do next; `code` says why. */
export class TertuliaError extends Error {
  override readonly name = 'TertuliaError';
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly retryAfterMs?: number;
  /** The field that `INVALID_FIELD` is about. */
  readonly field?: string;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** Names this request in the server's log. */
  readonly requestId?: string;

  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message);
    this.code = code;
    this.retry = details.retry ?? 'never';
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    if (details.field !== undefined) this.field = details.field;
    if (details.status !== undefined) this.status = details.status;
    if (details.requestId !== undefined) this.requestId = details.requestId;
  }

  /** True where the same call can succeed later without anybody changing anything. */
  get temporary(): boolean {
    return this.retry === 'after' || this.retry === 'sameId';
  }

  static of(body: ErrorBody, status?: number): TertuliaError {
    return new TertuliaError(body.code, body.message, {
      retry: body.retry, retryAfterMs: body.retryAfterMs, field: body.details?.field, requestId: body.requestId, status,
    });
  }

  /** Whatever was thrown, as one of ours. What is not ours is a lost connection: its outcome is unknown. */
  static from(thrown: unknown): TertuliaError {
    if (thrown instanceof TertuliaError) return thrown;
    if (thrown instanceof Error && thrown.name === 'AbortError') return new TertuliaError('ABORTED', 'aborted');
    return offline(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

export const offline = (message = 'no connection'): TertuliaError => new TertuliaError('OFFLINE', message, { retry: 'sameId' });
export const signedOut = (): TertuliaError => new TertuliaError('SIGNED_OUT', 'nobody is signed in', { retry: 'auth' });
