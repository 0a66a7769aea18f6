import type { MessageView, TimelineView } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { useEffect, useRef, useState } from 'react';
import { t } from '../../shared/strings';

const PAUSE_MS = 2_000;

/** What a screen reader says about messages that arrive while the list is open: at most once in two seconds, never our own. */
export function useAnnouncer(view: TimelineView, meId: string): string {
  const client = useClient();
  const [spoken, setSpoken] = useState('');
  const heard = useRef<number | null>(null);
  const waiting = useRef<MessageView[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    const newest = view.messages.findLast((message) => message.seq !== null)?.seq ?? 0;
    if (!view.ready) return;
    const since = heard.current;
    heard.current = Math.max(since ?? 0, newest);
    if (since === null || view.loading || view.hasNewer) return;
    waiting.current.push(...view.messages.filter((message) => (message.seq ?? 0) > since && message.senderId !== meId));
    if (waiting.current.length === 0 || timer.current) return;
    const speak = () => {
      const [only, ...more] = waiting.current.splice(0);
      timer.current = undefined;
      if (!only) return;
      const name = client.users.get(only.senderId)?.displayName ?? t.somebody;
      setSpoken(more.length > 0 ? t.timeline.announceMany(more.length + 1) : t.timeline.announce(name, only.content.text ?? ''));
      timer.current = setTimeout(() => {
        timer.current = undefined;
        if (waiting.current.length > 0) speak();
      }, PAUSE_MS);
    };
    speak();
  }, [view, meId, client]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return spoken;
}
