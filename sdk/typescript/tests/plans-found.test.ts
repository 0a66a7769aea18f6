/** What plans found: the shortest plan for each, see `plans.md`. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Event } from '../src/types.gen.js';
import { Player, type Plan, type Step } from './plan-player.js';
import { fold, newMessage, viewOf } from './plans.js';
import { fakeTime } from './support.js';

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

const ID = 'c1';
const AT = '2026-01-01T00:00:00.000Z';
const message = (seq: number): Event => newMessage(ID, seq, `m${seq}`, 'u2', `text ${seq}`, AT);
const joined = (seq: number): Event => ({ conversationId: ID, seq, actorId: 'u1', at: AT, type: 'member.joined', payload: { member: { userId: 'u1', role: 'member', joinedAt: AT } } });
const left = (seq: number): Event => ({ conversationId: ID, seq, actorId: 'u1', at: AT, type: 'member.left', payload: { userId: 'u1' } });

/** A plan in one conversation that ends at rest. */
function plan(steps: Step[]): Plan {
  const log = steps.flatMap((step) => ('log' in step ? step.log : []));
  return { seed: 'found', me: 'u1', syncs: 'held', conversations: [viewOf(ID, 3)], steps, final: { [ID]: { head: log.length, epoch: 'e1', messages: fold(log) } } };
}

it('heeds a hint of a conversation that it has no copy of yet', async () => {
  const steps: Step[] = [
    { log: [message(1), message(2)] }, { up: { resumed: false } }, { sync: 'read' }, { log: [message(3)] },
    { frame: { type: 'conversation.activity', payload: { conversationId: ID, lastSeq: 3, newMessages: 1 } } }, { sync: 'answer' },
  ];
  expect(await new Player(plan(steps)).play()).toEqual([]);
});

it('goes on with a copy that was none of ours when the connection began', async () => {
  const steps: Step[] = [
    { log: [joined(1), left(2)] }, { up: { resumed: false } }, { sync: 'read' }, { sync: 'answer' }, { added: [ID, 2] }, { down: 1006 },
    { log: [joined(3), message(4)] }, { up: { resumed: false } }, { sync: 'read' }, { sync: 'answer' }, { log: [message(5)] }, { deliver: [[ID, 5]] },
  ];
  expect(await new Player(plan(steps)).play()).toEqual([]);
});
