import type { Replica } from './replica.js';
import type { Core } from './core.js';
import type { PresenceBook } from './presence.js';
import type { Event, ServerFrame } from './types.gen.js';

/** One line per kind of frame: what each does. */
export function receive(core: Core, presence: PresenceBook, known: ReadonlyMap<string, Replica>, frame: ServerFrame): void {
  switch (frame.type) {
    case 'message.new': case 'message.updated': case 'message.deleted': case 'message.reaction': case 'message.pinned':
    case 'member.joined': case 'member.left': case 'member.updated': case 'conversation.updated':
      return core.replica(frame.payload.conversationId).tracker.receive(toEvent(frame));
    case 'conversation.added':
      core.adopt(frame.payload.conversation);
      return core.emitter.emit('conversation.added', frame.payload.conversation);
    case 'conversation.removed':
      return core.forget(frame.payload.conversationId);
    case 'conversation.activity':
      return core.replica(frame.payload.conversationId).happened(frame.payload);
    case 'receipt.read': case 'receipt.delivered': {
      const { conversationId, userId, seq, at } = frame.payload;
      return known.get(conversationId)?.receipt(frame.type === 'receipt.read' ? 'read' : 'delivered', userId, seq, at);
    }
    case 'typing.indicator':
      return core.typing.heard(frame.payload);
    case 'presence.changed':
      return presence.heard([frame.payload]);
    case 'presence.bulk':
      return presence.heard(frame.payload.items);
    case 'notification.badge': {
      // Older than our own mark, which is on its way: the badge after it tells the same and more.
      const older = core.marks.reading(frame.payload.conversationId);
      return older ? undefined : known.get(frame.payload.conversationId)?.counted(frame.payload);
    }
    default:
  }
}

/** Live, an event's body is spread over the payload; in pages it has one of its own. */
function toEvent(frame: Extract<ServerFrame, { payload: { seq: number; actorId: string } }>): Event {
  const { conversationId, seq, actorId, at, ...payload } = frame.payload;
  return { conversationId, seq, actorId, at, type: frame.type, payload } as Event;
}
