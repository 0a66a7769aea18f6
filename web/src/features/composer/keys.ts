/** What a key press in the message box asks for. */
export type KeyAction = 'send' | 'bold' | 'italic' | 'code' | 'editLast' | 'cancel' | 'pick' | 'next' | 'previous' | 'dismiss' | null;

export interface KeyPress {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  /** An input method is composing: the key belongs to it. */
  isComposing: boolean;
  /** 229 = the key belongs to an input method; Safari says only this for the Enter that ends a composition. */
  keyCode: number;
}

export interface KeyState {
  empty: boolean;
  /** Suggestions are open. */
  suggesting: boolean;
  /** On a touch keyboard Enter makes a line; the button sends. */
  touch: boolean;
}

const FORMATS: Record<string, KeyAction> = { b: 'bold', i: 'italic' };

export function keyAction(press: KeyPress, state: KeyState): KeyAction {
  if (press.isComposing || press.keyCode === 229) return null;
  const command = (press.ctrlKey || press.metaKey) && !press.altKey;
  if (state.suggesting && !command) {
    const chosen = onSuggestion(press);
    if (chosen) return chosen;
  }
  if (press.key === 'Enter') return press.shiftKey || press.altKey || (state.touch && !command) ? null : 'send';
  if (press.key === 'Escape') return 'cancel';
  if (press.key === 'ArrowUp' && state.empty && !command && !press.shiftKey && !press.altKey) return 'editLast';
  if (command && press.shiftKey && press.key.toLowerCase() === 'c') return 'code';
  if (command && !press.shiftKey) return FORMATS[press.key.toLowerCase()] ?? null;
  return null;
}

function onSuggestion({ key, shiftKey }: KeyPress): KeyAction {
  switch (key) {
    case 'ArrowDown':
      return 'next';
    case 'ArrowUp':
      return 'previous';
    case 'Enter':
      return shiftKey ? null : 'pick';
    case 'Tab':
      return shiftKey ? 'previous' : 'pick';
    case 'Escape':
      return 'dismiss';
    default:
      return null;
  }
}
