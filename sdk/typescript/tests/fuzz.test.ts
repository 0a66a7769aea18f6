import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { MessageView, Tertulia, Timeline } from '../src/index.js';
import { ModelServer, type ModelConversation } from './model.js';
import { seeded } from './random.js';
import { clientOf, connected, fakeTime, pass } from './support.js';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 40);
const FIRST = Number(process.env['FUZZ_SEED'] ?? 1);
const STEPS = 150;
const USERS = ['a', 'b', 'c'];
/** The last has so many members that only those who look get its events. */
const PLACES = ['one', 'two', 'big'];

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

interface Actor {
  user: string;
  client: Tertulia;
  timelines: Map<string, Timeline>;
  threads: Timeline[];
  sent: string[];
  /** Events told a second time, or after a later one. */
  disorder: string[];
}

/** The state before, plus events over a bad network, is the state that a fresh client loads. */
it.each(Array.from({ length: RUNS }, (_, i) => FIRST + i))('copies agree with a fresh one, seed %i', async (seed) => {
  const random = seeded(seed);
  const server = new ModelServer({ loseEvent: 0.05, repeatEvent: 0.08, loseAck: 0.02, refuse: 0.03, delayMs: 60, tooLarge: 40, page: 15, resume: 0.7 }, random);
  for (const place of PLACES) server.conversation(place, USERS).crowd = place === 'big' ? 200 : 0;
  const actors: Actor[] = [];
  for (const user of USERS) {
    const client = clientOf(server, user);
    const timelines = new Map(PLACES.map((place) => [place, client.conversation(place).timeline()]));
    client.connect().catch(() => undefined);
    actors.push({ user, client, timelines, threads: [], sent: [], disorder: watchOrder(client) });
  }
  await pass(1_000);
  for (let step = 0; step < STEPS; step++) {
    act(server, actors[Math.floor(random() * actors.length)] as Actor, random, step);
    await pass(random() * 120);
  }
  await settle(server, actors);
  for (const actor of actors) await compare(server, actor);
  await Promise.all(actors.map((actor) => actor.client.close()));
});

function watchOrder(client: Tertulia): string[] {
  const last = new Map<string, number>();
  const disorder: string[] = [];
  client.on('event', ({ conversationId, seq }) => {
    const log = `${conversationId} ${client.conversation(conversationId).summary.current?.epoch}`;
    if (seq <= (last.get(log) ?? 0)) disorder.push(`${log}: ${seq} after ${last.get(log)}`);
    last.set(log, seq);
  });
  return disorder;
}

function act(server: ModelServer, actor: Actor, random: () => number, step: number): void {
  const place = PLACES[Math.floor(random() * PLACES.length)] as string;
  const conversation = actor.client.conversation(place);
  const model = server.conversations.get(place) as ModelConversation;
  const known = [...model.messages.keys()];
  const some = known[Math.floor(random() * known.length)];
  const dice = random();
  const ignore = (): undefined => undefined;
  if (dice < 0.45 || some === undefined) {
    const inThread = some !== undefined && random() < 0.3 && !model.messages.get(some)?.threadRoot;
    actor.sent.push(conversation.send({ text: `text ${step}`, ...(inThread ? { threadRoot: some } : {}) }).id);
  } else if (dice < 0.55) {
    if (conversation.message(some)) conversation.edit(some, `edit ${step}`).catch(ignore);
  } else if (dice < 0.6) conversation.delete(some).catch(ignore);
  else if (dice < 0.72) conversation.react(some, random() < 0.5 ? '👍' : '🎉').catch(ignore);
  else if (dice < 0.76) conversation.pin(some, random() < 0.7).catch(ignore);
  else if (dice < 0.78) server.rename(model, actor.user, `name ${step}`);
  else if (dice < 0.8) actor.threads.push(conversation.timeline({ threadRoot: some }));
  else if (dice < 0.84) void actor.timelines.get(place)?.loadOlder().catch(ignore);
  else if (dice < 0.86)
    actor.timelines
      .get(place)
      ?.jumpTo(random() < 0.5 ? 'latest' : { id: some })
      .catch(ignore);
  else if (dice < 0.93) [...server.sockets].find((socket) => socket.user === actor.user)?.drop(random() < 0.7 ? 1006 : 4408, '');
  else if (dice < 0.95) {
    actor.client.disconnect();
    setTimeout(() => void actor.client.connect().catch(ignore), random() * 3_000);
  } else if (dice < 0.955) server.rebuild(model);
  else if (dice < 0.97) conversation.focus();
  else if (dice < 0.98) conversation.blur();
  else if (dice < 0.985) model.summary = !model.summary;
  else if (dice < 0.99) {
    [...server.sockets].find((socket) => socket.user === actor.user)?.deliver({ type: 'server.draining', payload: { reconnectAfterMs: random() * 500 } });
  }
  else conversation.markRead();
}

async function settle(server: ModelServer, actors: Actor[]): Promise<void> {
  Object.assign(server.chaos, { loseEvent: 0, repeatEvent: 0, loseAck: 0, refuse: 0 });
  for (const conversation of server.conversations.values()) conversation.summary = false;
  for (const actor of actors) actor.client.reconnect();
  for (let i = 0; i < 40; i++) {
    await pass(5_000);
    if (actors.every(({ client }) => client.outbox.current.pending === 0 && client.connection.current.state === 'connected')) break;
  }
  await pass(65_000);
}

async function whole(timeline: Timeline): Promise<Timeline> {
  const run = async (work: Promise<unknown>): Promise<void> => {
    await pass(1_000);
    await work;
  };
  await run(timeline.jumpTo('latest'));
  for (let i = 0; i < 30 && timeline.current.hasOlder; i++) await run(timeline.loadOlder());
  return timeline;
}

async function compare(server: ModelServer, actor: Actor): Promise<void> {
  const fresh = await connected(clientOf(server, actor.user));
  expect(actor.client.outbox.current).toEqual({ pending: 0, failed: 0 });
  expect(actor.disorder).toEqual([]);
  for (const place of PLACES) {
    expect(actor.client.conversation(place).summary.current?.head).toBe(server.conversations.get(place)?.head);
    actor.client.conversation(place).focus();
    await pass(2_000);
    expect(actor.client.conversation(place).summary.current?.sync).toBe('live');
    const { sync: _, lastMessage: __, ...mine } = actor.client.conversation(place).summary.current ?? {};
    const { sync: ___, lastMessage: ____, ...theirs } = fresh.conversation(place).summary.current ?? {};
    expect(clean(mine)).toEqual(clean(theirs));
    // Whatever is in the old copy is right before anything is loaded again …
    const model = server.conversations.get(place) as ModelConversation;
    const shown = (actor.timelines.get(place) as Timeline).current.messages;
    const want = await whole(fresh.conversation(place).timeline());
    const byId = new Map(want.current.messages.map((message) => [message.id, message]));
    for (const message of shown) expect(bare(message)).toEqual(byId.get(message.id));
    // … without holes …
    const first = shown[0]?.seq ?? 0;
    const last = shown.at(-1)?.seq ?? 0;
    expect(shown.map((message) => message.id)).toEqual(
      model
        .main()
        .filter((one) => one.seq >= first && one.seq <= last)
        .map((one) => one.id),
    );
    // … and the rest joins it.
    const all = await whole(actor.timelines.get(place) as Timeline);
    expect(all.current.messages.map(bare)).toEqual(want.current.messages);
    const order = [...model.messages.values()]
      .sort((a, b) => a.seq - b.seq)
      .filter((one) => one.senderId === actor.user)
      .map((one) => one.id);
    expect(order).toEqual(actor.sent.filter((id) => order.includes(id)));
  }
  const stored = PLACES.flatMap((place) => [...(server.conversations.get(place)?.messages.keys() ?? [])]);
  expect(actor.sent.filter((id) => !stored.includes(id))).toEqual([]);
  for (const thread of actor.threads) await compareThread(fresh, thread);
  await fresh.close();
}

async function compareThread(fresh: Tertulia, thread: Timeline): Promise<void> {
  if (!thread.current.ready) return;
  const again = fresh.conversation(thread.conversationId).timeline({ threadRoot: thread.threadRoot as string });
  await pass(2_000);
  expect(thread.current.messages.map(bare)).toEqual(again.current.messages);
  expect(thread.current.root && bare(thread.current.root)).toEqual(again.current.root);
}

/** A refused edit is remembered where it was made, and nowhere else. */
function bare({ draftEdit: _, error: __, ...message }: MessageView): Partial<MessageView> {
  return message;
}

/** Read marks of others and counts may be a badge apart; `updatedAt` is told by events only. */
function clean({ updatedAt: _, unreadCount: __, mentionCount: ___, membership: ____, ...view }: Record<string, unknown>): unknown {
  return view;
}
