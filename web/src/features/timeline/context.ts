import type { Conversation, ConversationSummary, MessageView, User } from '@tertulia/client';
import { createContext, type ReactNode, useContext } from 'react';

/** What the rows of one list have in common. */
export interface TimelineContext {
  conversation: Conversation;
  summary: ConversationSummary;
  me: User;
  /** The list shows a thread. */
  inThread: boolean;
  canPost: boolean;
  /** May delete others' messages and pin. */
  admin: boolean;
  editing: string | null;
  setEditing: (id: string | null) => void;
  renderEditor: (message: MessageView, done: () => void) => ReactNode;
  openThread: (root: string) => void;
  openProfile: (userId: string, anchor: HTMLElement) => void;
  jumpTo: (messageId: string) => void;
  /** The page's address of a message, with host. */
  linkTo: (message: MessageView) => string;
  /** Nothing is marked as read by itself any more until the reader leaves. */
  holdUnread: () => void;
}

export const Context = createContext<TimelineContext | null>(null);

export function useTimelineContext(): TimelineContext {
  const context = useContext(Context);
  if (!context) throw new Error('a message row outside of a list');
  return context;
}
