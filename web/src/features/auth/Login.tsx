import { useClient } from '@tertulia/client/react';
import { useState } from 'react';
import { Link } from 'wouter';
import { routes } from '../../shared/routes';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Field } from '../../shared/ui/Field';
import styles from './auth.module.css';
import { AuthPage } from './AuthPage';
import { useSubmit } from './useSubmit';

const WRONG = { TOKEN_INVALID: t.auth.wrong, FORBIDDEN: t.auth.wrong, NOT_FOUND: t.auth.wrong, SIGNED_OUT: t.auth.wrong };

export function Login({ open, notice }: { open: boolean; notice?: string }) {
  const client = useClient();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const { busy, onSubmit, of, general } = useSubmit(() => client.auth.login({ username: username.trim(), password }), WRONG);
  const foot = open && (
    <>
      {t.auth.noAccount} <Link href={routes.signUp}>{t.auth.signUp}</Link>
    </>
  );
  return (
    <AuthPage title={t.auth.logInTitle} hint={t.auth.logInHint} foot={foot}>
      {notice && (
        <p className={styles.notice} role="status">
          {notice}
        </p>
      )}
      <form onSubmit={onSubmit}>
        {general && (
          <p className={styles.problem} role="alert">
            {general}
          </p>
        )}
        <Field label={t.auth.username} name="username" autoComplete="username" autoCapitalize="none" dir="ltr" required autoFocus value={username} error={of('username')} onChange={(e) => setUsername(e.target.value)} />
        <Field label={t.auth.password} name="password" type="password" autoComplete="current-password" required value={password} error={of('password')} onChange={(e) => setPassword(e.target.value)} />
        <Button type="submit" look="primary" className={styles.submit} disabled={busy || !username || !password}>
          {t.auth.logIn}
        </Button>
      </form>
    </AuthPage>
  );
}
