import { type Browser, type BrowserContextOptions, test as base } from '@playwright/test';
import { App } from './app.ts';
import { People, type Person } from './people.ts';
import { Server } from './server.ts';

interface Fixtures {
  server: Server;
  people: People;
  /** A browser of its own, signed in as somebody, or as nobody yet. */
  open: (person?: Person, options?: BrowserContextOptions) => Promise<App>;
}

export const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    const server = new Server();
    await server.start();
    await use(server);
    await server.remove();
  },
  people: async ({ server }, use) => use(new People(server)),
  open: async ({ browser, server }, use) => {
    const contexts: Awaited<ReturnType<Browser['newContext']>>[] = [];
    const faults: string[] = [];
    await use(async (person, options) => {
      const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
      contexts.push(context);
      const page = await context.newPage();
      page.on('pageerror', (error) => faults.push(error.message));
      const app = new App(page, server.url);
      return person ? app.logIn(person) : app;
    });
    for (const context of contexts) await context.close();
    if (faults.length > 0) throw new Error(`errors that no code of the page caught:\n${faults.join('\n')}`);
  },
});

export { expect } from '@playwright/test';
export { App, escape, t } from './app.ts';
export type { Person } from './people.ts';
