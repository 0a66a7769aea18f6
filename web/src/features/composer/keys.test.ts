import { describe, expect, it } from 'vitest';
import { type KeyPress, type KeyState, keyAction } from './keys';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 0, ...more });
const state = (more: Partial<KeyState> = {}): KeyState => ({ empty: false, suggesting: false, touch: false, ...more });

describe('keys of the message box', () => {
  it('Enter sends, Shift+Enter and Alt+Enter do not', () => {
    expect(keyAction(press('Enter'), state())).toBe('send');
    expect(keyAction(press('Enter', { ctrlKey: true }), state())).toBe('send');
    expect(keyAction(press('Enter', { shiftKey: true }), state())).toBeNull();
    expect(keyAction(press('Enter', { altKey: true }), state())).toBeNull();
  });

  it('never take a key that belongs to an input method', () => {
    expect(keyAction(press('Enter', { isComposing: true }), state())).toBeNull();
    expect(keyAction(press('Enter', { keyCode: 229 }), state())).toBeNull();
    expect(keyAction(press('Enter', { keyCode: 229 }), state({ suggesting: true }))).toBeNull();
  });

  it('on touch Enter makes a line', () => {
    expect(keyAction(press('Enter'), state({ touch: true }))).toBeNull();
    expect(keyAction(press('Enter', { ctrlKey: true }), state({ touch: true }))).toBe('send');
  });

  it('ArrowUp edits the last message only in an empty box', () => {
    expect(keyAction(press('ArrowUp'), state({ empty: true }))).toBe('editLast');
    expect(keyAction(press('ArrowUp'), state())).toBeNull();
  });

  it('drive the suggestions while they are open', () => {
    const open = state({ suggesting: true });
    expect(['ArrowDown', 'ArrowUp', 'Enter', 'Tab', 'Escape'].map((key) => keyAction(press(key), open))).toEqual(['next', 'previous', 'pick', 'pick', 'dismiss']);
    expect(keyAction(press('Enter', { shiftKey: true }), open)).toBeNull();
  });

  it('know the formats', () => {
    expect(keyAction(press('b', { ctrlKey: true }), state())).toBe('bold');
    expect(keyAction(press('I', { metaKey: true }), state())).toBe('italic');
    expect(keyAction(press('C', { ctrlKey: true, shiftKey: true }), state())).toBe('code');
    expect(keyAction(press('b'), state())).toBeNull();
  });
});
