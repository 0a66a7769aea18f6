import type { MessageView } from './api.js';
import { react, tombstone, without } from './fold.js';
import type { Op } from './outbox.js';
import type { Message, UserId } from './types.gen.js';
import type { TertuliaError } from './errors.js';

/** An edit that the server refused: its text is not lost. */
export interface RefusedEdit {
  text: string;
  error: TertuliaError;
}

/** A message as it is to be shown: what the server said, and on top what is still on its way. */
export function project(message: Message, ops: readonly Op[], me: UserId, refused: RefusedEdit | undefined): MessageView {
  const send = ops.find((op) => op.message);
  let shown: Message = message;
  let pending: MessageView['pending'];
  for (const { doing, at, state } of ops) {
    const when = new Date(at).toISOString();
    if (doing.type === 'message.edit') {
      shown = { ...shown, content: doing.payload.content, editedAt: when };
      if (state !== 'acked') pending = 'edit';
    } else if (doing.type === 'message.delete') {
      shown = tombstone(shown, when);
      if (state !== 'acked') pending = 'delete';
    } else if (doing.type === 'message.react') {
      shown = { ...shown, reactions: react(shown.reactions, doing.payload.emoji, doing.payload.action === 'add', me, me) };
    } else if (doing.type === 'message.pin') {
      shown = doing.payload.action === 'add' ? { ...shown, pinnedAt: shown.pinnedAt ?? when } : without(shown, 'pinnedAt');
    }
  }
  const unsent = send !== undefined && send.state !== 'acked';
  return {
    ...shown,
    seq: unsent ? null : shown.seq,
    key: message.id,
    state: unsent ? (send.state as 'queued' | 'sending' | 'failed') : 'sent',
    ...(unsent && send.error ? { error: send.error } : {}),
    ...(pending ? { pending } : {}),
    ...(refused ? { draftEdit: refused.text, error: refused.error } : {}),
  };
}
