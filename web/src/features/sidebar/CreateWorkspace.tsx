import type { Workspace } from '@tertulia/client';
import { useClient } from '@tertulia/client/react';
import { useState } from 'react';
import { errorText } from '../../shared/errors';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Dialog } from '../../shared/ui/Dialog';
import { Field } from '../../shared/ui/Field';

export function CreateWorkspace({ onClose, onCreated }: { onClose: () => void; onCreated: (workspace: Workspace) => void }) {
  const client = useClient();
  const [name, setName] = useState('');
  const [error, setError] = useState<string>();
  return (
    <Dialog title={t.rail.add} onClose={onClose}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          client.api.workspaces.create({ name: name.trim() }).then(onCreated, (refusal: unknown) => setError(errorText(refusal)));
        }}
      >
        <Field label={t.rail.name} hint={t.auth.workspaceHint} error={error} value={name} maxLength={100} required data-autofocus onChange={(e) => setName(e.target.value)} />
        <Button type="submit" look="primary" disabled={name.trim() === ''}>
          {t.rail.create}
        </Button>
      </form>
    </Dialog>
  );
}
