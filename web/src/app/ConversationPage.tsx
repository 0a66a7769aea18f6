import type { ConversationSummary } from '@tertulia/client';
import { useConversation, useConversations } from '@tertulia/client/react';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { ComposerNote } from '../features/composer/Composer';
import { DetailsPanel } from '../features/details/DetailsPanel';
import { PinsPanel } from '../features/details/PinsPanel';
import { MembersPanel } from '../features/people/MembersPanel';
import { attempt } from '../shared/errors';
import { isChannel, useTitle } from '../shared/names';
import { routes } from '../shared/routes';
import { t } from '../shared/strings';
import { Button } from '../shared/ui/Button';
import { Notice } from '../shared/ui/Panel';
import styles from './app.module.css';
import { Banner } from './Banner';
import { ConversationHeader } from './ConversationHeader';
import { rememberPlace } from './lastPlace';
import { Lost } from './Member';
import { rightsIn } from './rights';
import { useShell } from './shellContext';
import { ThreadPanel } from './ThreadPanel';
import { Talk } from './Talk';
import { useFocus } from './useFocus';

export type PanelName = 'members' | 'pins' | 'details';

/** A conversation, and the panel that may be open beside it. */
export function ConversationPage({ id, seq, threadRoot }: { id: string; seq?: number; threadRoot?: string }) {
  const { conversation, summary } = useConversation(id);
  const { ready } = useConversations();
  const [lost, setLost] = useState(false);
  const unknown = ready && !summary;
  useEffect(() => {
    if (unknown) conversation.load().catch(() => setLost(true));
  }, [unknown, conversation]);
  if (summary) return <Open key={id} summary={summary} seq={seq} threadRoot={threadRoot} />;
  return <main className={styles.main}>{lost && <Lost />}</main>;
}

function Open({ summary, seq, threadRoot }: { summary: ConversationSummary; seq?: number; threadRoot?: string }) {
  const { workspace, openProfile, openDialog } = useShell();
  const { conversation } = useConversation(summary.id);
  const title = useTitle(summary);
  const [panel, setPanel] = usePanel();
  const [, go] = useLocation();
  const [at, setAt] = useState<{ at: number } | null>(null);
  const rights = rightsIn(summary, workspace);
  const here = routes.conversation(workspace.slug, summary.id);
  const closeThread = useCallback(() => go(here), [go, here]);
  const member = summary.membership !== undefined;

  useEffect(() => rememberPlace(workspace.slug, summary.id), [workspace.slug, summary.id]);
  useFocus(conversation, member);

  const close = () => setPanel(null);
  const panels: Record<PanelName, ReactNode> = {
    members: <MembersPanel summary={summary} title={title} onClose={close} onAdd={rights.addPeople ? () => openDialog('add') : undefined} onProfile={openProfile} />,
    pins: <PinsPanel conversationId={summary.id} title={title} onClose={close} onJump={(target) => go(routes.message(workspace.slug, summary.id, target))} />,
    details: <DetailsPanel summary={summary} title={title} onClose={close} onLeft={() => go(routes.workspace(workspace.slug))} />,
  };
  const side = threadRoot ? <ThreadPanel key={threadRoot} summary={summary} title={title} root={threadRoot} onClose={closeThread} /> : panel && panels[panel];
  return (
    <>
      <main className={styles.main}>
        <ConversationHeader summary={summary} title={title} panel={threadRoot ? null : panel} onPanel={(next) => setPanel(next === panel && !threadRoot ? null : next)} onDate={(ms) => setAt({ at: ms })} />
        <Banner />
        {member ? <Talk summary={summary} title={title} seq={seq} at={at} onDetails={() => setPanel('details')} /> : <Outside summary={summary} title={title} />}
      </main>
      {side && <div className={styles.panel}>{side}</div>}
    </>
  );
}

/** A public channel that one has not joined. */
function Outside({ summary, title }: { summary: ConversationSummary; title: string }) {
  const { conversation } = useConversation(summary.id);
  const joinable = isChannel(summary) && summary.visibility === 'public' && !summary.archivedAt;
  return (
    <>
      <Notice title={title} hint={summary.topic} />
      <ComposerNote text={t.composer.notMember}>
        {joinable && (
          <Button look="primary" onClick={() => attempt(conversation.join())}>
            {t.composer.join}
          </Button>
        )}
      </ComposerNote>
      <div className={styles.gap} />
    </>
  );
}

/** Which panel is open stands in the address: `?panel=members`. */
function usePanel(): [PanelName | null, (panel: PanelName | null) => void] {
  const { workspace } = useShell();
  const [path, go] = useLocation();
  const [search, setSearch] = useSearchParams();
  const asked = search.get('panel');
  const panel = asked === 'members' || asked === 'pins' || asked === 'details' ? asked : null;
  const newest = useRef({ path, slug: workspace.slug });
  newest.current = { path, slug: workspace.slug };
  const set = useCallback(
    (next: PanelName | null) => {
      // A thread is a panel too: the other one takes its place.
      const thread = newest.current.path.indexOf('/t/');
      if (thread >= 0) return go(newest.current.path.slice(0, thread) + (next ? `?panel=${next}` : ''));
      setSearch(next ? { panel: next } : {}, { replace: true });
    },
    [go, setSearch],
  );
  return [panel, set];
}
