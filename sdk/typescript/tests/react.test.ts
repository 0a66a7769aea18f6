// @vitest-environment happy-dom
import { act, createElement, type ReactElement } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  TertuliaProvider,
  useConnection,
  useConversations,
  useDraft,
  useOutbox,
  usePresence,
  useTimeline,
  useTyping,
  useUnread,
  useUsers,
} from '../src/react.js';
import { ModelServer } from './model.js';
import { clientOf, connected, fakeTime, pass } from './support.js';

(globalThis as unknown as { IS_REACT_ACT_ENVIRONMENT: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

it('renders what the client knows, and again when it changes', async () => {
  const server = new ModelServer();
  server.conversation('one', ['a', 'b']);
  server.conversation('two', ['a', 'b']);
  server.send('b', { messageId: 'm1', conversationId: 'one', content: { type: 'text', text: 'hello' } });
  const client = await connected(clientOf(server, 'a'));
  let renders = 0;
  function Screen({ id }: { id: string }): ReactElement {
    renders += 1;
    const { view } = useTimeline(id);
    const [draft, store] = useDraft(id);
    const users = useUsers(['a', 'b']);
    const presence = usePresence(['b']);
    const lines = view.messages.map((message) => `${users.get(message.senderId)?.displayName ?? '?'}: ${message.content.text} ${message.state}`);
    const state = [
      useConnection().state,
      useUnread().unread,
      useOutbox().pending,
      useTyping(id).length,
      useConversations().items.length,
      presence.get('b')?.status,
      draft?.text,
    ];
    return createElement('p', { onClick: () => store.set({ text: 'draft' }) }, [...lines, state.join()].join(' | '));
  }
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  const show = (id: string): Promise<void> =>
    act(async () => root.render(createElement(TertuliaProvider, { client }, createElement(Screen, { id }))));
  const settle = (): Promise<void> => act(async () => void (await pass(200)));
  const text = (): string | null => document.querySelector('p')?.textContent ?? null;
  await show('one');
  await settle();
  expect(text()).toBe('B: hello sent | connected,1,0,0,2,,');
  client.conversation('one').send('hi');
  server.send('b', { messageId: 'm2', conversationId: 'one', content: { type: 'text', text: 'again' } });
  await act(async () => document.querySelector('p')?.click());
  await settle();
  expect(text()).toContain('A: hi sent');
  expect(text()).toContain('B: again sent');
  expect(text()).toContain('draft');
  const before = renders;
  await settle();
  expect(renders).toBe(before);
  await show('two');
  expect(text()).toBe('connected,2,0,0,2,,');
  await act(async () => root.unmount());
  await client.close();
});
