import type { InvitePreview, Workspace } from '@tertulia/client';
import { useClient, useMe } from '@tertulia/client/react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { t } from '../../shared/strings';
import { shortDate } from '../../shared/time';
import { Button } from '../../shared/ui/Button';
import styles from './auth.module.css';
import { AuthPage } from './AuthPage';
import { SignUp } from './SignUp';
import { useSubmit } from './useSubmit';

/** Where an invitation link leads: a new account, or one more workspace. */
export function Invite({ token, onJoined }: { token: string; onJoined: (workspace: Workspace) => void }) {
  const client = useClient();
  const me = useMe();
  const [preview, setPreview] = useState<InvitePreview | 'invalid' | null>(null);
  useEffect(() => {
    client.api.invites.preview(token).then(setPreview, () => setPreview('invalid'));
  }, [client, token]);
  if (!preview) return null;
  if (preview === 'invalid') return <AuthPage title={t.auth.inviteInvalid} hint={t.auth.inviteInvalidHint} foot={<Link href="/">{t.state.goHome}</Link>}>{null}</AuthPage>;
  const title = t.auth.inviteTitle(preview.workspaceName);
  const hint = t.auth.inviteHint(preview.role, shortDate(preview.expiresAt));
  return me ? <Accept token={token} title={title} hint={hint} name={me.displayName} onJoined={onJoined} /> : <SignUp invite={token} title={title} hint={hint} />;
}

function Accept({ token, title, hint, name, onJoined }: { token: string; title: string; hint: string; name: string; onJoined: (workspace: Workspace) => void }) {
  const client = useClient();
  const { busy, onSubmit, general } = useSubmit(() => client.api.invites.accept(token).then(onJoined));
  return (
    <AuthPage title={title} hint={hint} foot={t.auth.inviteAs(name)}>
      <form onSubmit={onSubmit}>
        {general && (
          <p className={styles.problem} role="alert">
            {general}
          </p>
        )}
        <Button type="submit" look="primary" className={styles.submit} disabled={busy} autoFocus>
          {t.auth.inviteJoin}
        </Button>
      </form>
    </AuthPage>
  );
}
