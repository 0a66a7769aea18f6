import type { User } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { ArrowLeft } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { attempt, errorText } from '../../shared/errors';
import { routes } from '../../shared/routes';
import { t } from '../../shared/strings';
import { setTheme, type Theme, theme } from '../../shared/theme';
import { toast } from '../../shared/toasts';
import { Button } from '../../shared/ui/Button';
import { Field } from '../../shared/ui/Field';
import { Sessions } from './Sessions';
import styles from './settings.module.css';

const TABS = { profile: t.settings.profile, appearance: t.settings.appearance, sessions: t.settings.sessions, keyboard: t.settings.keyboard } as const;
type Tab = keyof typeof TABS;

/** What people decide about their account and this device. */
export function Settings({ me, tab: asked, onLogOut }: { me: User; tab: string; onLogOut: () => void }) {
  const tab: Tab = asked in TABS ? (asked as Tab) : 'profile';
  const pages: Record<Tab, ReactNode> = { profile: <Profile me={me} />, appearance: <Appearance />, sessions: <Sessions />, keyboard: <Shortcuts /> };
  return (
    <div className={styles.page}>
      <nav aria-label={t.settings.title} className={styles.nav}>
        <Link href="/" className={styles.back}>
          <ArrowLeft size={16} aria-hidden /> {t.back}
        </Link>
        {Object.entries(TABS).map(([key, name]) => (
          <Link key={key} href={routes.settings(key)} className={key === tab ? styles.active : undefined} aria-current={key === tab ? 'page' : undefined}>
            {name}
          </Link>
        ))}
        <Button className={styles.logOut} onClick={onLogOut}>
          {t.settings.logOut}
        </Button>
      </nav>
      <main className={styles.main}>
        <h1>{TABS[tab]}</h1>
        {pages[tab]}
      </main>
    </div>
  );
}

function Profile({ me }: { me: User }) {
  const client = useClient();
  const [name, setName] = useState(me.displayName);
  const save = async () => {
    await client.api.users.update({ displayName: name.trim() });
    toast(t.settings.saved);
  };
  return (
    <>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          attempt(save());
        }}
      >
        <Field label={t.auth.username} value={me.username} readOnly dir="ltr" />
        <Field label={t.settings.displayName} value={name} maxLength={100} required onChange={(e) => setName(e.target.value)} />
        <Button type="submit" look="primary" disabled={name.trim() === '' || name.trim() === me.displayName}>
          {t.save}
        </Button>
      </form>
      <Password />
    </>
  );
}

function Password() {
  const client = useClient();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [error, setError] = useState<string>();
  const change = async () => {
    try {
      await client.auth.changePassword(current, next);
      setCurrent('');
      setNext('');
      setError(undefined);
      toast(t.settings.passwordChanged);
    } catch (refusal) {
      setError(errorText(refusal));
    }
  };
  return (
    <form
      className={styles.part}
      onSubmit={(e) => {
        e.preventDefault();
        void change();
      }}
    >
      <h2>{t.settings.password}</h2>
      <Field label={t.settings.currentPassword} type="password" autoComplete="current-password" required value={current} error={error} onChange={(e) => setCurrent(e.target.value)} />
      <Field label={t.settings.newPassword} hint={t.auth.passwordHint} type="password" autoComplete="new-password" required minLength={8} value={next} onChange={(e) => setNext(e.target.value)} />
      <Button type="submit" disabled={!current || next.length < 8}>
        {t.settings.password}
      </Button>
    </form>
  );
}

const THEMES: ReadonlyArray<readonly [Theme, string]> = [
  ['system', t.settings.system],
  ['light', t.settings.light],
  ['dark', t.settings.dark],
];

function Appearance() {
  const [choice, setChoice] = useState(theme);
  return (
    <fieldset className={styles.choices}>
      <legend>{t.settings.theme}</legend>
      {THEMES.map(([key, name]) => (
        <label key={key}>
          <input
            type="radio"
            name="theme"
            checked={key === choice}
            onChange={() => {
              setChoice(key);
              setTheme(key);
            }}
          />
          {name}
        </label>
      ))}
    </fieldset>
  );
}


/** The keys that do something, as a table. */
export function Shortcuts() {
  return (
    <dl className={styles.keys}>
      {t.keys.map(([keys, what]) => (
        <div key={keys}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}
