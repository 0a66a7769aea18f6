import type { User, Workspace } from '@tertulia/client';
import { useClient, useMe } from '@tertulia/client/react';
import { useMemo, useState } from 'react';
import { errorText } from '../../shared/errors';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Dialog } from '../../shared/ui/Dialog';
import { Field } from '../../shared/ui/Field';
import { PeoplePicker } from '../../shared/ui/PeoplePicker';
import styles from './create.module.css';

const NAME_CHARS_MAX = 100;

/** One person: a direct conversation. Several: a group. */
export function NewMessage({ workspace, onClose, onOpen }: { workspace: Workspace; onClose: () => void; onOpen: (id: string) => void }) {
  const client = useClient();
  const me = useMe();
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const [name, setName] = useState('');
  const [error, setError] = useState<string>();
  const except = useMemo(() => new Set(me ? [me.id] : []), [me]);
  const usual = [me, ...chosen].flatMap((user) => user?.displayName.split(' ')[0] ?? []).join(', ').slice(0, NAME_CHARS_MAX);
  const [first] = chosen;
  const start = async () => {
    if (!first) return;
    try {
      const group = { type: 'group', workspaceId: workspace.id, name: name.trim() || usual, memberIds: chosen.map((user) => user.id) } as const;
      const made = chosen.length === 1 ? await client.openDirect(first.id) : await client.createConversation(group);
      onClose();
      onOpen(made.id);
    } catch (refusal) {
      setError(errorText(refusal));
    }
  };
  return (
    <Dialog title={t.create.directTitle} onClose={onClose}>
      <p className={styles.hint}>{t.create.directHint}</p>
      <PeoplePicker workspaceId={workspace.id} except={except} chosen={chosen} onChosen={setChosen} />
      {chosen.length > 1 && <Field label={t.create.groupName} placeholder={usual} value={name} maxLength={NAME_CHARS_MAX} onChange={(e) => setName(e.target.value)} />}
      {error && <p role="alert">{error}</p>}
      <div className={styles.footer}>
        <Button look="primary" disabled={chosen.length === 0} onClick={() => void start()}>
          {t.create.start}
        </Button>
      </div>
    </Dialog>
  );
}
