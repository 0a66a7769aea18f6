import { expect, test } from '../support/test.ts';

const numbered = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix} ${String(i + 1).padStart(2, '0')}`);

test('who was cut off catches up without a reload, in order and without duplicates', async ({ people, open }) => {
  const owner = await people.owner();
  const guest = await people.guestOf(owner, 'Grace Hopper');
  const ada = await open(owner);
  const grace = await open(guest);
  await ada.openChannel('general');
  await grace.openChannel('general');
  await ada.say('general', 'before the cut');
  await expect(grace.message('before the cut')).toBeVisible();
  await grace.page.evaluate(() => Object.assign(window, { stillTheSamePage: true }));

  await grace.page.context().setOffline(true);
  const missed = numbered('missed', 20);
  for (const text of missed) await ada.say('general', text);
  const held = numbered('held', 3);
  for (const text of held) await grace.say('general', text);
  await expect(grace.message(held[2]!)).toBeVisible();
  expect(await grace.texts('missed')).toEqual([]);
  expect(await ada.texts('held')).toEqual([]);

  await grace.page.context().setOffline(false);
  await expect.poll(() => grace.texts('missed'), { timeout: 30_000 }).toEqual(missed);
  await expect.poll(() => ada.texts('held'), { timeout: 30_000 }).toEqual(held);
  await expect.poll(() => grace.texts('held')).toEqual(held);
  expect(await grace.page.evaluate(() => 'stillTheSamePage' in window)).toBe(true);

  const channel = await people.channel(owner, 'general');
  const { items } = await people.call<{ items: { content: { text?: string } }[] }>(owner, 'GET', `conversations/${channel}/messages?limit=100`);
  const stored = items.map((message) => message.content.text ?? '');
  expect(stored.filter((text) => text.startsWith('held')).sort()).toEqual(held);
});

test('a server that is killed under the page loses nothing', async ({ server, people, open }) => {
  const owner = await people.owner();
  const guest = await people.guestOf(owner, 'Grace Hopper');
  const ada = await open(owner);
  const grace = await open(guest);
  await ada.openChannel('general');
  await grace.openChannel('general');
  const before = numbered('before', 5);
  for (const text of before) await ada.say('general', text);
  await expect.poll(() => grace.texts('before')).toEqual(before);

  await server.kill();
  const during = numbered('during', 5);
  for (const text of during) await ada.say('general', text);
  await server.start();

  await expect.poll(() => grace.texts('during'), { timeout: 45_000 }).toEqual(during);
  await expect.poll(() => ada.texts('during')).toEqual(during);
  expect(await grace.texts('before')).toEqual(before);
  await grace.say('general', 'all there');
  await expect(ada.message('all there')).toBeVisible();
  server.command('check');
});
