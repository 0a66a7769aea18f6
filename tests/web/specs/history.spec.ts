import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, expect, t, test } from '../support/test.ts';

const MINUTE_MS = 60_000;
const FIRST = Date.UTC(2024, 0, 1, 8);

for (const reducedMotion of ['reduce', 'no-preference'] as const) {
  test(`a long imported history opens, pages back to its first message and jumps to a date (motion: ${reducedMotion})`, async ({ server, people, open }) => {
    const count = 5_000;
    const file = join(server.data, 'history.jsonl');
    writeFileSync(file, lines(count));
    const owner = await people.owner();
    server.command('import', file);

    const ada = await open(owner, { reducedMotion });
    await ada.openChannel('archive');
    await expect(ada.message(`line ${count} `)).toBeInViewport();

    // Two thirds of a day from the start.
    await jumpToDate(ada, '2024-01-02');
    await expect(ada.list.getByText(/^line 961 /)).toBeInViewport();

    await pageBack(ada, /^line 1 /);
    await expect(ada.list.getByText(/^line 1 /)).toBeInViewport();
    await ada.page.getByRole('button', { name: t.timeline.jump(0) }).click();
    await expect(ada.message(`line ${count} `)).toBeInViewport();
  });
}

/** Where a real log lies: `TERTULIA_CORPUS=FILE` in the format of docs/import.md. */
const corpus = process.env.TERTULIA_CORPUS;

test('a real log of 200,000 messages opens and pages back to its first message', async ({ server, people, open }) => {
  test.skip(!corpus, 'TERTULIA_CORPUS names no file');
  test.setTimeout(300_000);
  const owner = await people.owner();
  server.command('import', corpus!);
  const ada = await open(owner, { reducedMotion: 'no-preference' });
  await ada.openChannel('ubuntu');
  await expect(ada.list.getByRole('article').last()).toBeVisible();
  await jumpToDate(ada, '2004-12-25');
  await pageBack(ada, /kleedrac: I'm afraid not/);
  await expect(ada.list.getByText(/kleedrac: I'm afraid not/)).toBeVisible();
  await jumpToDate(ada, '2010-01-01');
  await expect(ada.list.getByRole('article').first()).toBeVisible();
});

function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const at = new Date(FIRST + i * MINUTE_MS).toISOString();
    return `${JSON.stringify({ channel: 'archive', at, nick: `nick${i % 7}`, text: `line ${i + 1} of ${count}` })}\n`;
  }).join('');
}

async function jumpToDate(app: App, date: string): Promise<void> {
  await app.page.getByRole('button', { name: t.header.jumpToDate }).click();
  await app.page.getByLabel(t.date.label, { exact: true }).fill(date);
  await app.page.getByRole('button', { name: t.date.go, exact: true }).click();
}

/** Scrolls up until `text` is there. */
async function pageBack(app: App, text: RegExp): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await app.list.getByText(text).isVisible()) return;
    await app.list.evaluate((list) => list.scrollTo(0, 0));
    await app.page.waitForTimeout(100);
  }
}
