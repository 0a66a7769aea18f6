import type { ConversationSummary } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { useEffect, useState } from 'react';
import { Redirect } from 'wouter';
import { routes } from '../shared/routes';
import { t } from '../shared/strings';
import { Notice } from '../shared/ui/Panel';
import { lastConversation } from './lastPlace';
import { Lost } from './Member';
import { useShell } from './shellContext';

/** A workspace without a conversation in the address: goes where one was, or to the first. */
export function Home({ order, threadRoot }: { order: readonly ConversationSummary[]; threadRoot?: string }) {
  const { workspace, narrow } = useShell();
  if (threadRoot) return <Thread root={threadRoot} />;
  if (narrow) return null;
  const last = lastConversation(workspace.slug);
  const to = order.find((one) => one.id === last) ?? order.find((one) => one.isDefault) ?? order[0];
  if (to) return <Redirect to={routes.conversation(workspace.slug, to.id)} replace />;
  return (
    <main>
      <Notice title={t.sidebar.empty} hint={t.state.pick} />
    </main>
  );
}

/** A thread's short address names no conversation: ask which one it is in. */
function Thread({ root }: { root: string }) {
  const client = useClient();
  const { workspace } = useShell();
  const [found, setFound] = useState<{ conversationId: string } | 'lost' | null>(null);
  useEffect(() => {
    client.api.messages.get(root).then(setFound, () => setFound('lost'));
  }, [client, root]);
  if (found === 'lost') return <Lost />;
  return found ? <Redirect to={routes.thread(workspace.slug, found.conversationId, root)} replace /> : null;
}
