import type { TertuliaError } from '@tertulia/client';
import { t } from './strings';
import { toast } from './toasts';

/** What to tell a person about a failure. */
export function errorText(error: unknown): string {
  const { code, field } = (error ?? {}) as Partial<TertuliaError>;
  if (code === 'OFFLINE') return t.errors.offline ?? '';
  if (code === 'INVALID_FIELD' && field) return `${t.errors.INVALID_FIELD} (${field})`;
  return (code && t.errors[code]) || (t.errors.generic ?? '');
}

/** Runs what a person asked for; a refusal becomes a notice. */
export function attempt(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if ((error as Partial<TertuliaError>)?.code !== 'ABORTED') toast(errorText(error), 'error');
  });
}
