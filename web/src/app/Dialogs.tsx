import { useConversation } from '@tertulia/client/react';
import { BrowseChannels } from '../features/create/BrowseChannels';
import { CreateChannel } from '../features/create/CreateChannel';
import { NewMessage } from '../features/create/NewMessage';
import { AddPeople } from '../features/people/AddPeople';
import { InviteDialog } from '../features/people/InviteDialog';
import { Shortcuts } from '../features/settings/Settings';
import { Switcher } from '../features/switcher/Switcher';
import { useTitle } from '../shared/names';
import { t } from '../shared/strings';
import { Dialog } from '../shared/ui/Dialog';
import { useShell } from './shellContext';

export type DialogName = 'switcher' | 'channel' | 'browse' | 'message' | 'invite' | 'add' | 'keys';

/** The windows that open over the shell, one at a time. */
export function Dialogs({ name, currentId, onClose }: { name: DialogName; currentId?: string; onClose: () => void }) {
  const { workspace, open, message, openDialog } = useShell();
  switch (name) {
    case 'switcher':
      return <Switcher workspace={workspace} onClose={onClose} onConversation={open} onPerson={message} />;
    case 'channel':
      return <CreateChannel workspace={workspace} onClose={onClose} onCreated={open} />;
    case 'browse':
      return <BrowseChannels workspace={workspace} onClose={onClose} onOpen={open} />;
    case 'message':
      return <NewMessage workspace={workspace} onClose={onClose} onOpen={open} />;
    case 'invite':
      return <InviteDialog workspace={workspace} onClose={onClose} />;
    case 'add':
      return currentId ? <AddHere id={currentId} onClose={onClose} onInvite={workspace.role === 'guest' ? undefined : () => openDialog('invite')} /> : null;
    case 'keys':
      return (
        <Dialog title={t.settings.keyboard} onClose={onClose} wide>
          <Shortcuts />
        </Dialog>
      );
  }
}

function AddHere({ id, onClose, onInvite }: { id: string; onClose: () => void; onInvite?: () => void }) {
  const { workspace } = useShell();
  const { summary } = useConversation(id);
  const title = useTitle(summary);
  return summary ? <AddPeople summary={summary} title={title} workspaceId={summary.workspaceId ?? workspace.id} onClose={onClose} onInvite={onInvite} /> : null;
}
