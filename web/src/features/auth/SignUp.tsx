import { useClient } from '@tertulia/client/react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { routes } from '../../shared/routes';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { type Account, AccountFields, bodyOf, complete, NO_ACCOUNT } from './AccountFields';
import styles from './auth.module.css';
import { AuthPage } from './AuthPage';
import { useSubmit } from './useSubmit';

/** A new account, by invitation or where the server lets anybody in. */
export function SignUp({ invite, title = t.auth.signUpTitle, hint }: { invite?: string; title?: string; hint?: string }) {
  const client = useClient();
  const [account, setAccount] = useState<Account>(NO_ACCOUNT);
  const [, go] = useLocation();
  // Whoever registers by an invitation is in already: its page has nothing more to ask.
  const register = () => client.auth.register({ ...bodyOf(account), ...(invite ? { invite } : {}) }).then(() => go('/', { replace: true }));
  const { busy, onSubmit, of, general } = useSubmit(register);
  const foot = (
    <>
      {t.auth.haveAccount} <Link href={invite ? `${routes.login}?invite=${encodeURIComponent(invite)}` : routes.login}>{t.auth.logIn}</Link>
    </>
  );
  return (
    <AuthPage title={title} hint={hint} foot={foot}>
      <form onSubmit={onSubmit}>
        {general && (
          <p className={styles.problem} role="alert">
            {general}
          </p>
        )}
        <AccountFields value={account} onChange={setAccount} of={of} />
        <Button type="submit" look="primary" className={styles.submit} disabled={busy || !complete(account)}>
          {t.auth.signUp}
        </Button>
      </form>
    </AuthPage>
  );
}
