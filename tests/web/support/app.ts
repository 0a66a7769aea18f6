import { expect, type Locator, type Page } from '@playwright/test';
import { t } from '../../../web/src/shared/strings.ts';
import { PASSWORD, type Person } from './people.ts';

export { t };

/** The web client in one page, by what a person sees and hears of it. */
export class App {
  constructor(
    readonly page: Page,
    readonly url: string,
  ) {}

  async logIn(person: Person): Promise<this> {
    await this.page.goto(`${this.url}/login`);
    await this.page.getByLabel(t.auth.username).fill(person.username);
    await this.page.getByLabel(t.auth.password).fill(PASSWORD);
    await this.page.getByRole('button', { name: t.auth.logIn }).click();
    await expect(this.page).toHaveURL(/\/w\//);
    return this;
  }

  get sidebar(): Locator {
    return this.page.getByRole('navigation', { name: t.sidebar.label });
  }

  /** A line of the sidebar; its name also tells what is unread. */
  item(name: string): Locator {
    return this.sidebar.getByRole('link', { name: new RegExp(`(^|[\\s#])${escape(name)}(\\s*,|$)`) });
  }

  /** The composer says when one may write. */
  async openChannel(name: string): Promise<void> {
    await this.item(name).click();
    await expect(this.composer(name)).toBeVisible();
  }

  composer(name: string): Locator {
    return this.page.getByRole('textbox', { name: new RegExp(`^${escape(t.composer.message(''))}#?${escape(name)}$`) });
  }

  /** The list in the middle. */
  get list(): Locator {
    return this.page.getByRole('log', { name: new RegExp(`^${escape(t.timeline.label(''))}`) });
  }

  get thread(): Locator {
    return this.page.getByRole('complementary', { name: t.thread.title });
  }

  message(text: string, within: Locator = this.list): Locator {
    return within.getByRole('article').filter({ hasText: text });
  }

  async say(channel: string, text: string): Promise<void> {
    const box = this.composer(channel);
    await box.fill(text);
    await box.press('Enter');
    await expect(box).toHaveValue('');
  }

  async reply(text: string): Promise<void> {
    const box = this.thread.getByRole('textbox', { name: t.composer.reply });
    await box.fill(text);
    await box.press('Enter');
  }

  /** A button of the bar that shows over a message. */
  async act(message: Locator, name: string): Promise<void> {
    await message.hover();
    await message.getByRole('button', { name, exact: true }).click();
  }

  /** An item of a message's menu. */
  async choose(message: Locator, name: string): Promise<void> {
    await this.act(message, t.message.more);
    await this.page.getByRole('menuitem', { name }).click();
  }

  /** The bodies of the messages on screen that begin with `prefix`, from top to bottom. */
  async texts(prefix: string): Promise<string[]> {
    const bodies = await this.list.getByRole('article').getByText(new RegExp(`^${escape(prefix)}`)).allTextContents();
    return bodies.map((body) => body.trim());
  }
}

export function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
