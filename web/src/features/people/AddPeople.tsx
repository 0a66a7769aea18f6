import type { ConversationSummary, User } from '@tertulia/client';
import { useConversation, useMembers } from '@tertulia/client/react';
import { useMemo, useState } from 'react';
import { attempt } from '../../shared/errors';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { Dialog } from '../../shared/ui/Dialog';
import { PeoplePicker } from '../../shared/ui/PeoplePicker';
import styles from './people.module.css';

/** Puts people of the workspace into a conversation. */
export function AddPeople({ summary, title, workspaceId, onClose, onInvite }: { summary: ConversationSummary; title: string; workspaceId: string; onClose: () => void; onInvite?: () => void }) {
  const { conversation } = useConversation(summary.id);
  const { items } = useMembers(summary.id);
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const except = useMemo(() => new Set(items.map((member) => member.user.id)), [items]);
  const add = () => {
    attempt(conversation.addMembers(chosen.map((user) => user.id)));
    onClose();
  };
  return (
    <Dialog title={t.members.addTitle(title)} onClose={onClose}>
      <PeoplePicker workspaceId={workspaceId} except={except} chosen={chosen} onChosen={setChosen} />
      <div className={styles.actions}>
        {onInvite && (
          <Button look="quiet" onClick={onInvite}>
            {t.sidebar.invitePeople}
          </Button>
        )}
        <Button look="primary" disabled={chosen.length === 0} onClick={add}>
          {t.members.addDone}
        </Button>
      </div>
    </Dialog>
  );
}
