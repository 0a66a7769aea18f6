import type { Conversation } from '@tertulia/client';
import { useEffect } from 'react';

/**
 * Tells the server that somebody looks at this conversation, for as long as it is open in a window that can be seen:
 * a large one is pushed in full only then, and brings what it missed when one comes back.
 */
export function useFocus(conversation: Conversation, member: boolean) {
  useEffect(() => {
    if (!member) return;
    const look = () => (document.visibilityState === 'visible' ? conversation.focus() : conversation.blur());
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      conversation.blur();
    };
  }, [conversation, member]);
}
