import type { Workspace } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { useState } from 'react';
import { errorText } from '../../shared/errors';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Dialog } from '../../shared/ui/Dialog';
import { Check, Field } from '../../shared/ui/Field';
import styles from './create.module.css';

export function CreateChannel({ workspace, onClose, onCreated }: { workspace: Workspace; onClose: () => void; onCreated: (id: string) => void }) {
  const client = useClient();
  const [name, setName] = useState('');
  const [topic, setTopic] = useState('');
  const [isPrivate, setPrivate] = useState(false);
  const [isBroadcast, setBroadcast] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const create = async () => {
    setBusy(true);
    try {
      const made = await client.createConversation({
        type: isBroadcast ? 'broadcast' : 'channel',
        workspaceId: workspace.id,
        name: name.trim().replace(/^#/, ''),
        ...(topic.trim() ? { topic: topic.trim() } : {}),
        visibility: isPrivate ? 'private' : 'public',
      });
      onClose();
      onCreated(made.id);
    } catch (refusal) {
      setError(errorText(refusal));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t.create.channelTitle} onClose={onClose}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void create();
        }}
      >
        <Field label={t.create.name} hint={t.create.nameHint} error={error} value={name} required maxLength={100} data-autofocus onChange={(e) => setName(e.target.value)} />
        <Field label={t.create.topic} value={topic} maxLength={250} onChange={(e) => setTopic(e.target.value)} />
        <Check label={t.create.isPrivate} checked={isPrivate} onChange={(e) => setPrivate(e.target.checked)} />
        <Check label={t.create.isBroadcast} checked={isBroadcast} onChange={(e) => setBroadcast(e.target.checked)} />
        <div className={styles.footer}>
          <Button type="submit" look="primary" disabled={busy || name.trim() === ''}>
            {t.create.create}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
