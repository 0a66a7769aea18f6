import { type App, expect, type Person, t, test } from '../support/test.ts';
import { PASSWORD, WORKSPACE } from '../support/people.ts';

test('a new server: set it up, invite somebody, talk', async ({ server, open }) => {
  const ada = await open();
  await test.step('the owner comes by the link that the server printed', async () => {
    await ada.page.goto(server.setupLink);
    await expect(ada.page.getByRole('heading', { name: t.auth.setupTitle })).toBeVisible();
    await ada.page.getByLabel(t.auth.username).fill('ada');
    await ada.page.getByLabel(t.auth.displayName).fill('Ada Lovelace');
    await ada.page.getByLabel(t.auth.password).fill(PASSWORD);
    await ada.page.getByLabel(t.auth.workspaceName).fill(WORKSPACE);
    await ada.page.getByRole('button', { name: t.auth.setupDone }).click();
    await expect(ada.sidebar).toContainText(WORKSPACE);
  });

  const link = await test.step('and makes an invitation', async () => {
    await ada.sidebar.getByRole('button', { name: t.sidebar.invitePeople }).click();
    await ada.page.getByRole('button', { name: t.invite.create }).click();
    const field = ada.page.getByLabel(t.invite.link);
    await expect(field).toHaveValue(/^http/);
    const value = await field.inputValue();
    await ada.page.getByRole('dialog').getByRole('button', { name: t.close }).click();
    return value;
  });

  const grace = await open();
  await test.step('somebody registers with it', async () => {
    await grace.page.goto(link);
    await expect(grace.page.getByRole('heading', { name: t.auth.inviteTitle(WORKSPACE) })).toBeVisible();
    await grace.page.getByLabel(t.auth.username).fill('grace');
    await grace.page.getByLabel(t.auth.displayName).fill('Grace Hopper');
    await grace.page.getByLabel(t.auth.password).fill(PASSWORD);
    await grace.page.getByRole('button', { name: t.auth.signUp }).click();
    await expect(grace.sidebar).toContainText(WORKSPACE);
  });

  await test.step('they talk', async () => {
    await ada.openChannel('general');
    await grace.openChannel('general');
    await ada.say('general', 'Good morning, Grace');
    await expect(grace.message('Good morning, Grace')).toBeVisible();
    await grace.say('general', 'Good morning, Ada');
    await expect(ada.message('Good morning, Ada')).toBeVisible();
  });
});

test.describe('two people in a channel', () => {
  let owner: Person;
  let ada: App;
  let grace: App;

  test.beforeEach(async ({ people, open }) => {
    owner = await people.owner('Ada Lovelace');
    const guest = await people.guestOf(owner, 'Grace Hopper');
    ada = await open(owner);
    grace = await open(guest);
    await ada.openChannel('general');
    await grace.openChannel('general');
  });

  test('edits, reactions and deletions show at the other end', async () => {
    await ada.say('general', 'The engine weaves algebraic paterns');
    const seen = grace.message('The engine weaves');
    await expect(seen).toBeVisible();

    await ada.act(ada.message('The engine weaves'), t.message.edit);
    const editor = ada.page.getByRole('textbox', { name: t.composer.editing });
    await editor.fill('The engine weaves algebraic patterns');
    await editor.press('Enter');
    await expect(seen).toContainText('algebraic patterns');
    await expect(seen).toContainText(t.message.edited);

    await seen.hover();
    await seen.getByRole('button', { name: t.message.reactWith('👍') }).click();
    const chip = ada.message('The engine weaves').getByRole('button', { name: t.message.reaction('👍', 1, false) });
    await expect(chip).toBeVisible();
    await chip.click();
    await expect(seen.getByRole('button', { name: t.message.reaction('👍', 2, true) })).toBeVisible();

    await ada.choose(ada.message('The engine weaves'), t.message.delete);
    await ada.page.getByRole('dialog').getByRole('button', { name: t.delete }).click();
    await expect(grace.message(t.message.deleted)).toBeVisible();
    await expect(grace.page.getByText('algebraic patterns')).toHaveCount(0);
  });

  test('a reply goes into its thread', async () => {
    await ada.say('general', 'Shall we meet at noon?');
    const asked = grace.message('Shall we meet at noon?');
    await grace.act(asked, t.message.reply);
    await grace.reply('Noon is fine');
    await expect(grace.message('Noon is fine', grace.thread)).toBeVisible();

    const summary = ada.message('Shall we meet').getByRole('button', { name: t.message.replies(1) });
    await summary.click();
    await expect(ada.message('Noon is fine', ada.thread)).toBeVisible();
    await ada.reply('See you there');
    await expect(grace.message('See you there', grace.thread)).toBeVisible();
    await expect(ada.list.getByText('See you there')).toHaveCount(0);
  });

  test('typing, presence and read marks are live', async () => {
    test.setTimeout(150_000);
    await ada.composer('general').pressSequentially('I am thi');
    const line = grace.page.getByTestId('typing').first();
    await expect(line).toHaveText(t.typing(['Ada Lovelace']));
    await ada.composer('general').fill('');
    await expect(line).toHaveText('', { timeout: 8_000 });

    await ada.say('general', 'Who reads this?');
    await expect(ada.list.getByRole('button', { name: t.message.seenBy(1) })).toBeVisible();

    await grace.page.getByRole('button', { name: t.header.showMembers, exact: true }).click();
    const row = grace.page.getByRole('complementary', { name: t.members.title }).getByRole('listitem').filter({ hasText: 'Ada Lovelace' });
    await expect(row.getByRole('img', { name: t.presence.online })).toBeVisible();
    await ada.page.context().close();
    await expect(row.getByRole('img', { name: t.presence.offline })).toBeVisible({ timeout: 70_000 });
  });

  test('unread counts rise elsewhere and fall when read', async ({ people }) => {
    await people.newChannel(owner, 'launch');
    await ada.openChannel('launch');
    await grace.say('general', '@ada: while you are away');
    await expect(ada.item('general')).toHaveAccessibleName(new RegExp(t.sidebar.mentions(1)));
    await ada.openChannel('general');
    await expect(ada.item('general')).not.toHaveAccessibleName(/mention|unread/);
  });
});
