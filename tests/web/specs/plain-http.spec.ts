import { PLAIN_HOST } from '../playwright.config.ts';
import { App, expect, test } from '../support/test.ts';

test('works on a plain http address of a local network, where the browser withholds its best parts', async ({ server, people, open }) => {
  const owner = await people.owner();
  const guest = await people.guestOf(owner, 'Grace Hopper');
  const { page } = await open();
  const ada = await new App(page, server.url.replace('127.0.0.1', PLAIN_HOST)).logIn(owner);
  expect(await page.evaluate(() => [isSecureContext, 'randomUUID' in crypto, 'serviceWorker' in navigator])).toEqual([false, false, false]);

  const grace = await open(guest);
  await ada.openChannel('general');
  await grace.openChannel('general');
  await ada.say('general', 'over plain http');
  await expect(grace.message('over plain http')).toBeVisible();
  await grace.say('general', 'and back');
  await expect(ada.message('and back')).toBeVisible();
  await page.reload();
  await expect(ada.message('and back')).toBeVisible();
});
