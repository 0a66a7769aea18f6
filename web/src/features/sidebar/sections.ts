import type { ConversationSummary } from '@tertulia/client';
import { isChannel } from '../../shared/names';

export interface Sections {
  pinned: ConversationSummary[];
  /** By name, so that they stay where one looks for them. */
  channels: ConversationSummary[];
  /** Direct ones and groups, the most recent first. */
  directs: ConversationSummary[];
}

/** What belongs to a workspace, in the sections of the sidebar. Conversations of no workspace are everywhere. */
export function sectionsOf(items: readonly ConversationSummary[], workspaceId: string): Sections {
  const here = items.filter((one) => one.membership && (!one.workspaceId || one.workspaceId === workspaceId) && !(one.archivedAt && isChannel(one)));
  const pinned = here.filter((one) => one.membership?.pinned);
  const rest = here.filter((one) => !one.membership?.pinned);
  return {
    pinned,
    channels: rest.filter(isChannel).sort((a, b) => (a.name ?? '').localeCompare(b.name ?? '')),
    directs: rest.filter((one) => !isChannel(one)),
  };
}

/** From top to bottom: for moving with the keyboard. */
export function inOrder({ pinned, channels, directs }: Sections): ConversationSummary[] {
  return [...pinned, ...channels, ...directs];
}
