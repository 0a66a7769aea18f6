import type { People, Person } from './people.ts';

/** A workspace in which people have talked: for looking at. */
export async function scene(people: People): Promise<{ ada: Person; grace: Person }> {
  const ada = await people.owner('Ada Lovelace');
  const grace = await people.guestOf(ada, 'Grace Hopper');
  const alan = await people.guestOf(ada, 'Alan Turing');
  const general = await people.channel(ada, 'general');
  await people.call(ada, 'PATCH', `conversations/${general}`, { topic: 'What everybody should know' });
  await people.send(ada, general, 'Morning! The **engine** is back from the workshop. It now does `carry` in one turn.');
  await people.send(grace, general, 'Wonderful. I found a moth in relay 70 while it was away 🦋');
  const root = await people.send(alan, general, 'Can somebody tell me, in general, when it will stop?');
  await people.send(ada, general, 'Not in general, no.', { threadRoot: root });
  await people.send(grace, general, 'I have a nanosecond of wire for you, @alan', { threadRoot: root });
  await people.call(grace, 'POST', `messages/${root}/reactions`, { emoji: '😂' });
  await people.call(ada, 'POST', `messages/${root}/reactions`, { emoji: '😂' });
  await people.send(grace, general, '```\nDIVIDE A BY B GIVING C\n```\nIt reads like a sentence, as it should. @ada, what do you think?');
  await people.send(ada, general, '> as it should\n\nI agree. See [the notes](https://example.com/notes), section G.');
  const direct = await people.call<{ id: string }>(grace, 'POST', 'conversations', { type: 'direct', memberIds: [ada.id] });
  await people.send(grace, direct.id, 'Lunch at noon?');
  return { ada, grace };
}
