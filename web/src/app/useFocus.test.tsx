import { act, cleanup, renderHook } from '@testing-library/react';
import type { Conversation } from '@tertulia/client';
import { afterEach, expect, it, vi } from 'vitest';
import { useFocus } from './useFocus';

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

it('has the focus while it is open, in a window that can be seen', () => {
  const told: string[] = [];
  const conversation = { focus: () => told.push('focus'), blur: () => told.push('blur') } as unknown as Conversation;
  const visible = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible');
  const { unmount } = renderHook(() => useFocus(conversation, true));
  const turn = (state: DocumentVisibilityState) => {
    visible.mockReturnValue(state);
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
  };
  turn('hidden');
  turn('visible');
  unmount();
  turn('hidden');
  expect(told).toEqual(['focus', 'blur', 'focus', 'blur']);
});

it('is nothing to those who are not members', () => {
  const focus = vi.fn();
  renderHook(() => useFocus({ focus, blur: focus } as unknown as Conversation, false));
  expect(focus).not.toHaveBeenCalled();
});
