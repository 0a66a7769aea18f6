import type { MessageView } from '@tertulia/client';
import { copyText } from '../../shared/clipboard';
import { attempt } from '../../shared/errors';
import { t } from '../../shared/strings';
import { toast } from '../../shared/toasts';
import type { TimelineContext } from './context';

/** What the reader may do with a message. */
export function abilities(message: MessageView, { me, admin, canPost, inThread }: TimelineContext) {
  const live = !message.deletedAt && message.seq !== null && message.state === 'sent';
  const own = message.senderId === me.id;
  return {
    react: live,
    thread: live && !inThread,
    edit: live && own && canPost && message.content.type === 'text',
    delete: live && (own || admin),
    pin: live && !inThread,
    link: message.seq !== null,
    unread: live && !inThread,
  };
}

export async function copyLink(message: MessageView, context: TimelineContext): Promise<void> {
  if (await copyText(context.linkTo(message))) toast(t.message.linkCopied);
}

export function markUnread(message: MessageView, context: TimelineContext): void {
  if (message.seq === null) return;
  context.holdUnread();
  attempt(context.conversation.markUnread(message.seq));
}

/** Acts on the single keys that a focused message knows. True = the key was one. */
export function actOnKey(key: string, message: MessageView, context: TimelineContext): boolean {
  const may = abilities(message, context);
  switch (key.toLowerCase()) {
    case 'r':
    case 't':
      if (may.thread) context.openThread(message.threadRoot ?? message.id);
      return true;
    case 'e':
      if (may.edit) context.setEditing(message.id);
      return true;
    case 'p':
      if (may.pin) attempt(context.conversation.pin(message.id));
      return true;
    case 'u':
      if (may.unread) markUnread(message, context);
      return true;
    case 'c':
      if (may.link) void copyLink(message, context);
      return true;
    case '+':
      if (may.react) attempt(context.conversation.react(message.id, '👍'));
      return true;
    default:
      return false;
  }
}
