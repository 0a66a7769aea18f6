import { useClient } from '@tertulia/client/react';
import { useState } from 'react';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Field } from '../../shared/ui/Field';
import { type Account, AccountFields, bodyOf, complete, NO_ACCOUNT } from './AccountFields';
import styles from './auth.module.css';
import { AuthPage } from './AuthPage';
import { useSubmit } from './useSubmit';

const REFUSED = { TOKEN_INVALID: t.auth.setupRefused, FORBIDDEN: t.auth.setupRefused, GONE: t.auth.setupRefused, NOT_FOUND: t.auth.setupRefused };

/** The token of the link; it stands behind `#`, so that no server or proxy logs it. */
function tokenOfLink(): string {
  return new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
}

/** The very first page of a new server: its owner and its workspace. */
export function Setup() {
  const client = useClient();
  const [token] = useState(tokenOfLink);
  const [account, setAccount] = useState<Account>(NO_ACCOUNT);
  const [workspaceName, setWorkspaceName] = useState('');
  const { busy, onSubmit, of, general } = useSubmit(() => client.auth.setup({ token, workspaceName: workspaceName.trim(), ...bodyOf(account) }), REFUSED);
  if (!token) return <AuthPage title={t.auth.setupTitle} hint={t.auth.setupNoToken}>{null}</AuthPage>;
  return (
    <AuthPage title={t.auth.setupTitle} hint={t.auth.setupHint}>
      <form onSubmit={onSubmit}>
        {general && (
          <p className={styles.problem} role="alert">
            {general}
          </p>
        )}
        <AccountFields value={account} onChange={setAccount} of={of} />
        <Field label={t.auth.workspaceName} hint={t.auth.workspaceHint} required maxLength={100} value={workspaceName} error={of('workspaceName') ?? of('name')} onChange={(e) => setWorkspaceName(e.target.value)} />
        <Button type="submit" look="primary" className={styles.submit} disabled={busy || !complete(account) || workspaceName.trim() === ''}>
          {t.auth.setupDone}
        </Button>
      </form>
    </AuthPage>
  );
}
