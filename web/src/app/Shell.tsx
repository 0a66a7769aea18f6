import type { User, Workspace } from '@tertulia/client';
import { useClient, useConversations, useUnread } from '@tertulia/client/react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Route, Switch, useLocation, useRoute } from 'wouter';
import { OwnStatus } from '../features/people/OwnStatus';
import { ProfileCard } from '../features/people/ProfileCard';
import { Rail } from '../features/sidebar/Rail';
import { inOrder, sectionsOf } from '../features/sidebar/sections';
import { Sidebar } from '../features/sidebar/Sidebar';
import { attempt } from '../shared/errors';
import { useNarrow } from '../shared/hooks';
import { routes } from '../shared/routes';
import { t } from '../shared/strings';
import styles from './app.module.css';
import { ConversationPage } from './ConversationPage';
import { Dialogs, type DialogName } from './Dialogs';
import { Home } from './Home';
import { ShellContext } from './shellContext';
import { useShortcuts } from './useShortcuts';

interface Props {
  workspace: Workspace;
  workspaces: readonly Workspace[];
  me: User;
  onCreated: (workspace: Workspace) => void;
}

/** Rail, sidebar and what is open beside them. On a narrow screen one of the two shows. */
export function Shell({ workspace, workspaces, me, onCreated }: Props) {
  const client = useClient();
  const narrow = useNarrow();
  const { slug } = workspace;
  const [, go] = useLocation();
  const [, params] = useRoute<{ slug: string; id: string }>('/w/:slug/c/:id/*?');
  const currentId = params?.id;
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const [profile, setProfile] = useState<{ userId: string; anchor: HTMLElement } | null>(null);
  const { items } = useConversations();
  const order = useMemo(() => inOrder(sectionsOf(items, workspace.id)), [items, workspace.id]);
  const open = useCallback((id: string) => go(routes.conversation(slug, id)), [go, slug]);
  const message = useCallback((userId: string) => attempt(client.openDirect(userId).then(({ id }) => open(id))), [client, open]);
  const context = useMemo(
    () => ({ workspace, me, narrow, open, message, openDialog: setDialog, openProfile: (userId: string, anchor: HTMLElement) => setProfile({ userId, anchor }) }),
    [workspace, me, narrow, open, message],
  );
  useTitleBadge();
  useShortcuts({ order, currentId, open, onSwitch: () => setDialog('switcher'), onKeys: () => setDialog('keys') });

  return (
    <ShellContext value={context}>
      <div className={styles.shell} data-pane={narrow ? (currentId ? 'main' : 'side') : 'both'}>
        {(!narrow || !currentId) && (
          <div className={styles.side}>
            <Rail workspaces={workspaces} current={slug} onCreated={onCreated} />
            <Sidebar
              workspace={workspace}
              currentId={currentId}
              onJump={() => setDialog('switcher')}
              onCreateChannel={() => setDialog('channel')}
              onBrowse={() => setDialog('browse')}
              onNewMessage={() => setDialog('message')}
              onInvite={() => setDialog('invite')}
            >
              <OwnStatus />
            </Sidebar>
          </div>
        )}
        <Switch>
          <Route path="/w/:slug/c/:id/m/:seq">{({ id, seq }) => <ConversationPage key={id} id={id} seq={Number(seq)} />}</Route>
          <Route path="/w/:slug/c/:id/t/:root">{({ id, root }) => <ConversationPage key={id} id={id} threadRoot={root} />}</Route>
          <Route path="/w/:slug/c/:id">{({ id }) => <ConversationPage key={id} id={id} />}</Route>
          <Route path="/w/:slug/t/:root">{({ root }) => <Home order={order} threadRoot={root} />}</Route>
          <Route>
            <Home order={order} />
          </Route>
        </Switch>
        {dialog && <Dialogs name={dialog} currentId={currentId} onClose={() => setDialog(null)} />}
        {profile && <ProfileCard key={profile.userId} userId={profile.userId} anchor={profile.anchor} onClose={() => setProfile(null)} onMessage={message} />}
      </div>
    </ShellContext>
  );
}

/** What waits, before the name of the page: `(3) Tertulia`. */
function useTitleBadge(): void {
  const { unread, mentions } = useUnread();
  useEffect(() => {
    const mark = mentions > 0 ? `(${mentions}) ` : unread > 0 ? '• ' : '';
    document.title = `${mark}${t.app}`;
  }, [unread, mentions]);
}
