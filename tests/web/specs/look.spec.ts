import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from '@playwright/test';
import { barriers } from '../support/axe.ts';
import { scene } from '../support/scene.ts';
import { expect, t, test } from '../support/test.ts';

const PICTURES = fileURLToPath(new URL('../../../test-results/screens', import.meta.url));

const LOOKS: [name: string, options: BrowserContextOptions][] = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true }],
];

for (const [look, options] of LOOKS) {
  test(`the main screens in ${look} have no barriers, and are pictured`, async ({ people, open }) => {
    const { ada: owner } = await scene(people);
    const found: string[] = [];
    const screen = async (page: Page, name: string) => {
      await page.screenshot({ path: `${PICTURES}/${name}-${look}.png` });
      found.push(...(await barriers(page)).map((one) => `${name}: ${one}`));
    };

    const visitor = await open(undefined, options);
    await visitor.page.goto(`${visitor.url}/login`);
    await expect(visitor.page.getByLabel(t.auth.username)).toBeVisible();
    await screen(visitor.page, 'login');

    const ada = await open(owner, options);
    // A wide window opens the channel by itself, a phone shows the list.
    await expect(look === 'phone' ? ada.item('general') : ada.message('section G')).toBeVisible();
    await screen(ada.page, 'start');
    await ada.openChannel('general');
    await expect(ada.message('section G')).toBeVisible();
    await screen(ada.page, 'conversation');
    await ada.page.getByRole('button', { name: t.header.showMembers, exact: true }).click();
    await expect(ada.page.getByRole('complementary').getByText('Alan Turing')).toBeVisible();
    await screen(ada.page, 'members');
    await ada.page.getByRole('button', { name: t.members.close }).click();
    await ada.list.getByRole('button', { name: t.message.replies(2) }).click();
    await expect(ada.message('nanosecond', ada.thread)).toBeVisible();
    await screen(ada.page, 'thread');
    await ada.page.goto(`${ada.url}/settings/profile`);
    await expect(ada.page.getByRole('navigation', { name: t.settings.title })).toBeVisible();
    await screen(ada.page, 'settings');
    await ada.page.goto(`${ada.url}/settings/appearance`);
    await expect(ada.page.getByText(t.settings.dark, { exact: true })).toBeVisible();
    await screen(ada.page, 'appearance');
    expect(found).toEqual([]);
  });
}
