import type { ConversationSummary, Workspace } from '@tertulia/client';
import { isChannel } from '../shared/names';
import { t } from '../shared/strings';

/** What the reader may do in a conversation. The server decides; this only spares people a refusal. */
export function rightsIn(summary: ConversationSummary, workspace: Workspace) {
  const over = summary.workspaceId === workspace.id && (workspace.role === 'owner' || workspace.role === 'admin');
  const direct = summary.type === 'direct';
  const admin = !direct && (summary.membership?.role === 'admin' || over);
  const adminsOnly = summary.type === 'broadcast' || summary.settings.onlyAdminsCanPost;
  const archived = summary.archivedAt !== undefined;
  return {
    admin,
    /** Why one may not write; undefined = one may. */
    silence: archived ? t.composer.archived : adminsOnly && !admin ? t.composer.onlyAdmins : undefined,
    addPeople: !direct && !archived && (admin || (summary.settings.allowMemberInvites && workspace.role !== 'guest' && summary.type !== 'broadcast')),
    mentionAll: isChannel(summary) || summary.type === 'group',
  };
}
