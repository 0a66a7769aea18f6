import { expect, t, test } from '../support/test.ts';

const NASTY = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'"); DROP TABLE messages;-- [x](javascript:window.pwned=1)`;
const NASTY_NAME = `<b onmouseover=window.pwned=1>'; DROP TABLE users;--`;

test('HTML and SQL are text, wherever people write', async ({ people, open }) => {
  const owner = await people.owner('Ada Lovelace');
  const guest = await people.guestOf(owner, 'Grace Hopper');
  await people.call(guest, 'PATCH', 'users/me', { displayName: NASTY_NAME });
  await people.call(owner, 'PATCH', `workspaces/${await people.workspace(owner)}`, { name: NASTY_NAME });
  const channel = await people.channel(owner, 'general');
  await people.call(owner, 'PATCH', `conversations/${channel}`, { topic: NASTY });
  const group = await people.call<{ id: string }>(owner, 'POST', 'conversations', { type: 'group', name: NASTY_NAME, memberIds: [guest.id] });
  await people.send(guest, group.id, 'in the group');

  const ada = await open(owner);
  await ada.openChannel('general');
  await ada.say('general', NASTY);
  await people.send(guest, channel, NASTY, { content: { type: 'text', text: NASTY, format: 'plain' } });
  await people.send(guest, channel, `${NASTY} in a thread`, { threadRoot: await people.send(guest, channel, 'root of it') });

  await expect(ada.list.getByText('DROP TABLE messages').first()).toBeVisible();
  await expect(ada.list.getByText('<img src=x').first()).toBeVisible();
  await expect(ada.sidebar).toContainText(NASTY_NAME);
  await ada.message('root of it').getByRole('button', { name: t.message.replies(1) }).click();
  await expect(ada.thread).toContainText('DROP TABLE messages');
  await expect(ada.item(NASTY_NAME)).toBeVisible();
  await ada.openChannel(NASTY_NAME);
  await ada.page.getByRole('button', { name: t.header.showMembers, exact: true }).click();
  await expect(ada.page.getByRole('complementary', { name: t.members.title })).toContainText(NASTY_NAME);

  expect(await ada.page.evaluate(() => 'pwned' in window)).toBe(false);
  await expect(ada.page.locator('img[src="x"], b[onmouseover], a[href^="javascript:"]')).toHaveCount(0);
});
