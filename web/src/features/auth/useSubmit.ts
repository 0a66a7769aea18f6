import type { TertuliaError } from '@tertulia/client';
import { type FormEvent, useState } from 'react';
import { errorText } from '../../shared/errors';
import { t } from '../../shared/strings';

export interface Problem {
  text: string;
  /** The field that it is about. */
  field?: string;
}

/** What went wrong with signing in or up, in words for the person in front of it. */
function problemOf(error: unknown, words: Record<string, string>): Problem {
  const { code, field } = (error ?? {}) as Partial<TertuliaError>;
  if (code === 'INVALID_FIELD' && field) return { text: field === 'username' ? t.auth.usernameHint : field === 'password' ? t.auth.passwordHint : errorText(error), field };
  if (code === 'CONFLICT') return { text: t.auth.taken, field: 'username' };
  if (code === 'RATE_LIMITED') return { text: t.auth.tooMany };
  if (code === 'OFFLINE' || code === 'UNAVAILABLE') return { text: t.auth.unreachable };
  return { text: (code && words[code]) || errorText(error) };
}

/** Sends a form once at a time and keeps what the server said. `words` names codes that mean something of their own here. */
export function useSubmit(work: () => Promise<unknown>, words: Record<string, string> = {}) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const onSubmit = (e: FormEvent) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(null);
    work()
      .catch((error: unknown) => setProblem(problemOf(error, words)))
      .finally(() => setBusy(false));
  };
  const of = (field: string) => (problem?.field === field ? problem.text : undefined);
  return { busy, onSubmit, of, general: problem && !problem.field ? problem.text : null };
}
