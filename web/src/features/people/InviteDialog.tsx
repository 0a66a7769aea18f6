import type { Workspace, WorkspaceRole } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { useState } from 'react';
import { copyText } from '../../shared/clipboard';
import { errorText } from '../../shared/errors';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Dialog } from '../../shared/ui/Dialog';
import { Field, Select } from '../../shared/ui/Field';
import styles from './people.module.css';

const ROLES: ReadonlyArray<readonly [WorkspaceRole, string]> = [
  ['member', t.members.member],
  ['guest', t.members.guest],
  ['admin', t.members.admin],
];

/** Makes a link that lets people into the workspace. */
export function InviteDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const client = useClient();
  const [role, setRole] = useState<WorkspaceRole>('member');
  const [link, setLink] = useState('');
  const [copied, setCopied] = useState(false);
  const [error, setError] = useState<string>();
  const create = async () => {
    try {
      const made = await client.api.invites.create(workspace.id, { role });
      // The page may be reached by another address than the one that the server knows.
      setLink(`${location.origin}/invite/${made.token}`);
    } catch (refusal) {
      setError(errorText(refusal));
    }
  };
  const mayAppoint = workspace.role === 'owner' || workspace.role === 'admin';
  return (
    <Dialog title={t.invite.title(workspace.name)} onClose={onClose}>
      <p className={styles.hint}>{t.invite.hint}</p>
      {link ? (
        <>
          <Field label={t.invite.link} value={link} readOnly data-autofocus dir="ltr" onFocus={(e) => e.target.select()} />
          <div className={styles.actions}>
            <Button look="primary" onClick={() => void copyText(link).then(setCopied)}>
              {copied ? t.copied : t.invite.copy}
            </Button>
          </div>
        </>
      ) : (
        <>
          <Select label={t.invite.role} value={role} options={mayAppoint ? ROLES : ROLES.slice(0, 2)} onPick={setRole} />
          {error && <p role="alert">{error}</p>}
          <div className={styles.actions}>
            <Button look="primary" data-autofocus onClick={() => void create()}>
              {t.invite.create}
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}
