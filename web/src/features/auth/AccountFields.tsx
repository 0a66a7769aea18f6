import { t } from '../../shared/strings';
import { Field } from '../../shared/ui/Field';

export interface Account {
  displayName: string;
  username: string;
  password: string;
}

export const NO_ACCOUNT: Account = { displayName: '', username: '', password: '' };

/** Whether the server can take it; it has the last word. */
export function complete({ username, password }: Account): boolean {
  return username.trim().length >= 2 && password.length >= 8;
}

/** As the wire wants it: an empty name is left out. */
export function bodyOf({ displayName, username, password }: Account) {
  return { username: username.trim(), password, ...(displayName.trim() ? { displayName: displayName.trim() } : {}) };
}

/** Name, username and password of a new account. */
export function AccountFields({ value, onChange, of }: { value: Account; onChange: (value: Account) => void; of: (field: string) => string | undefined }) {
  return (
    <>
      <Field label={t.auth.displayName} hint={t.auth.displayNameHint} name="name" autoComplete="name" maxLength={100} autoFocus value={value.displayName} error={of('displayName')} onChange={(e) => onChange({ ...value, displayName: e.target.value })} />
      <Field label={t.auth.username} hint={t.auth.usernameHint} name="username" autoComplete="username" autoCapitalize="none" dir="ltr" maxLength={50} required value={value.username} error={of('username')} onChange={(e) => onChange({ ...value, username: e.target.value })} />
      <Field label={t.auth.password} hint={t.auth.passwordHint} name="password" type="password" autoComplete="new-password" required value={value.password} error={of('password')} onChange={(e) => onChange({ ...value, password: e.target.value })} />
    </>
  );
}
