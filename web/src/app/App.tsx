import type { ServerInfo } from '@tertulia/client';
import { useClient, useConnection, useMe } from '@tertulia/client/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { Invite } from '../features/auth/Invite';
import { Login } from '../features/auth/Login';
import { Setup } from '../features/auth/Setup';
import { SignUp } from '../features/auth/SignUp';
import { forgetDirectory } from '../shared/directory';
import { attempt } from '../shared/errors';
import { useDelayed } from '../shared/hooks';
import { routes } from '../shared/routes';
import { t } from '../shared/strings';
import { Button } from '../shared/ui/Button';
import { Notice } from '../shared/ui/Panel';
import { Member } from './Member';

const SESSION_REVOKED = 4503;

/** Who is here decides which half of the client shows. */
export function App() {
  const client = useClient();
  const me = useMe();
  const { stopped, code } = useConnection();
  const [restored, setRestored] = useState(false);
  const left = useRef(false);
  const [, go] = useLocation();
  useEffect(() => {
    void client.restore().catch(() => null).then(() => setRestored(true));
  }, [client]);
  useEffect(() => {
    forgetDirectory();
    // Where that can never be, `stopped` says why.
    if (me) client.connect().catch(() => {});
  }, [client, me?.id]);
  const logOut = useCallback(() => {
    left.current = true;
    attempt(client.auth.logout().finally(() => go(routes.login)));
  }, [client, go]);

  if (!restored) return null;
  if (stopped === 'upgrade-required') return <TooOld />;
  if (stopped === 'replaced') return <Replaced />;
  const revoked = !left.current && (code === SESSION_REVOKED || stopped === 'signed-out');
  return me ? <Member me={me} onLogOut={logOut} /> : <Guest notice={revoked ? t.state.revokedHint : undefined} />;
}

/** Pages for people who are not signed in. */
function Guest({ notice }: { notice?: string }) {
  const { info, failed, again } = useServerInfo();
  const slow = useDelayed(!info && !failed, 500);
  if (failed) {
    return (
      <Notice title={t.state.unreachable} hint={t.auth.unreachable}>
        <Button look="primary" onClick={again}>
          {t.state.tryNow}
        </Button>
      </Notice>
    );
  }
  if (!info) return slow ? <Notice title={t.state.connecting} /> : null;
  return (
    <Switch>
      <Route path="/setup">
        <Setup />
      </Route>
      <Route path="/invite/:token">{({ token }) => <Invite token={token} onJoined={() => {}} />}</Route>
      <Route path="/signup">{info.openRegistration ? <SignUp /> : <Redirect to={routes.login} replace />}</Route>
      <Route>{info.needsSetup ? <Notice title={t.auth.setupTitle} hint={t.auth.needsSetup} /> : <Login open={info.openRegistration} notice={notice} />}</Route>
    </Switch>
  );
}

function useServerInfo() {
  const client = useClient();
  const [info, setInfo] = useState<ServerInfo | null>(null);
  const [failed, setFailed] = useState(false);
  const again = useCallback(() => {
    setFailed(false);
    client.auth.info().then(setInfo, () => setFailed(true));
  }, [client]);
  useEffect(again, [again]);
  return { info, failed, again };
}

function TooOld() {
  return (
    <Notice title={t.state.oldTitle} hint={t.state.oldHint}>
      <Button look="primary" onClick={() => location.reload()}>
        {t.state.reload}
      </Button>
    </Notice>
  );
}

function Replaced() {
  const client = useClient();
  return (
    <Notice title={t.state.replacedTitle} hint={t.state.replacedHint}>
      <Button look="primary" onClick={() => attempt(client.connect())}>
        {t.state.useHere}
      </Button>
    </Notice>
  );
}
