import type { User, Workspace } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { useCallback, useEffect, useState } from 'react';
import { Redirect, Route, Switch, useLocation, useSearchParams } from 'wouter';
import { Invite } from '../features/auth/Invite';
import { Settings } from '../features/settings/Settings';
import { CreateWorkspace } from '../features/sidebar/CreateWorkspace';
import { useDelayed } from '../shared/hooks';
import { routes } from '../shared/routes';
import { t } from '../shared/strings';
import { Button } from '../shared/ui/Button';
import { Notice } from '../shared/ui/Panel';
import { lastWorkspace } from './lastPlace';
import { Shell } from './Shell';

/** Pages for people who are signed in. */
export function Member({ me, onLogOut }: { me: User; onLogOut: () => void }) {
  const { workspaces, failed, load } = useWorkspaces(me.id);
  const [, go] = useLocation();
  const [search] = useSearchParams();
  const invite = search.get('invite');
  const joined = useCallback(
    (workspace: Workspace) => {
      load();
      go(routes.workspace(workspace.slug));
    },
    [load, go],
  );
  return (
    <Switch>
      <Route path="/invite/:token">{({ token }) => <Invite token={token} onJoined={joined} />}</Route>
      <Route path="/settings/:tab?">{({ tab }) => <Settings me={me} tab={tab ?? 'profile'} onLogOut={onLogOut} />}</Route>
      <Route path="/w/:slug/*?">{({ slug }) => <Place slug={slug} me={me} workspaces={workspaces} failed={failed} onRetry={load} onCreated={joined} />}</Route>
      <Route path="/login">
        <Redirect to={invite ? `/invite/${invite}` : '/'} replace />
      </Route>
      <Route>{workspaces || failed ? <Start workspaces={workspaces ?? []} failed={failed} onRetry={load} onCreated={joined} /> : <Waiting />}</Route>
    </Switch>
  );
}

/** The workspaces of whoever is signed in; loaded again when something new appears. */
function useWorkspaces(meId: string) {
  const client = useClient();
  const [workspaces, setWorkspaces] = useState<readonly Workspace[] | null>(null);
  const [failed, setFailed] = useState(false);
  const load = useCallback(() => {
    setFailed(false);
    client.api.workspaces.list().then(setWorkspaces, () => setFailed(true));
  }, [client]);
  useEffect(load, [load, meId]);
  useEffect(
    () =>
      client.on('conversation.added', ({ workspaceId }) => {
        if (workspaceId && !workspaces?.some((one) => one.id === workspaceId)) load();
      }),
    [client, load, workspaces],
  );
  useEffect(() => (failed ? client.on('connection', ({ state }) => state === 'connected' && load()) : undefined), [client, failed, load]);
  return { workspaces, failed, load };
}

interface PlaceProps {
  slug: string;
  me: User;
  workspaces: readonly Workspace[] | null;
  failed: boolean;
  onRetry: () => void;
  onCreated: (workspace: Workspace) => void;
}

function Place({ slug, me, workspaces, failed, onRetry, onCreated }: PlaceProps) {
  const workspace = workspaces?.find((one) => one.slug === slug);
  if (workspace && workspaces) return <Shell key={workspace.id} workspace={workspace} workspaces={workspaces} me={me} onCreated={onCreated} />;
  if (workspaces) return <Lost />;
  return failed ? <Unreachable onRetry={onRetry} /> : <Waiting />;
}

function Start({ workspaces, failed, onRetry, onCreated }: Pick<PlaceProps, 'failed' | 'onRetry' | 'onCreated'> & { workspaces: readonly Workspace[] }) {
  const [creating, setCreating] = useState(false);
  if (failed) return <Unreachable onRetry={onRetry} />;
  const last = lastWorkspace();
  const to = workspaces.find((one) => one.slug === last) ?? workspaces[0];
  if (to) return <Redirect to={routes.workspace(to.slug)} replace />;
  return (
    <Notice title={t.state.noWorkspaceTitle} hint={t.state.noWorkspaceHint}>
      <Button look="primary" onClick={() => setCreating(true)}>
        {t.rail.add}
      </Button>
      {creating && <CreateWorkspace onClose={() => setCreating(false)} onCreated={onCreated} />}
    </Notice>
  );
}

function Waiting() {
  return useDelayed(true, 500) ? <Notice title={t.state.connecting} /> : null;
}

function Unreachable({ onRetry }: { onRetry: () => void }) {
  return (
    <Notice title={t.state.unreachable} hint={t.auth.unreachable}>
      <Button look="primary" onClick={onRetry}>
        {t.state.tryNow}
      </Button>
    </Notice>
  );
}

export function Lost() {
  const [, go] = useLocation();
  return (
    <Notice title={t.state.notFoundTitle} hint={t.state.notFoundHint}>
      <Button look="primary" onClick={() => go('/')}>
        {t.state.goHome}
      </Button>
    </Notice>
  );
}
