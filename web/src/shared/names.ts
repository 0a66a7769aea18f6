import type { ConversationView } from '@tertulia/client';
import { useUser } from '@tertulia/client/react';
import { t } from './strings';

/** The name of a person, or a stand-in until the profile has come. */
export function useName(userId: string | undefined): string {
  return useUser(userId ?? '')?.displayName ?? t.somebody;
}

export type Titled = Pick<ConversationView, 'type' | 'name' | 'peerId'>;

/** `#launch` for channels, the person's or the group's name for the rest. */
export function titleOf(conversation: Titled, peerName: string | undefined): string {
  if (conversation.type === 'direct') return peerName ?? t.somebody;
  const name = conversation.name ?? t.somebody;
  return isChannel(conversation) ? `#${name}` : name;
}

export function useTitle(conversation: Titled | undefined): string {
  const peer = useUser(conversation?.peerId ?? '');
  return conversation ? titleOf(conversation, peer?.displayName) : '';
}

export function isChannel({ type }: Pick<ConversationView, 'type'>): boolean {
  return type === 'channel' || type === 'broadcast';
}
