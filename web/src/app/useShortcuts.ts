import type { ConversationSummary } from '@tertulia/client';
import { useWindowKey } from '../shared/hooks';

interface Input {
  order: readonly ConversationSummary[];
  currentId: string | undefined;
  open: (id: string) => void;
  onSwitch: () => void;
  onKeys: () => void;
}

/** The keys that work everywhere in the shell. */
export function useShortcuts({ order, currentId, open, onSwitch, onKeys }: Input): void {
  useWindowKey((e) => {
    if (e.defaultPrevented || e.isComposing) return;
    const command = e.ctrlKey || e.metaKey;
    if (command && !e.shiftKey && !e.altKey && e.key.toLowerCase() === 'k') onSwitch();
    else if (command && e.key === '/') onKeys();
    else if (e.altKey && !command && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) step(e.key === 'ArrowUp' ? -1 : 1, e.shiftKey);
    else if (e.key === 'F6') toRegion(e.shiftKey ? -1 : 1);
    else return;
    e.preventDefault();
  });

  function step(by: 1 | -1, unreadOnly: boolean): void {
    const from = order.findIndex((one) => one.id === currentId);
    for (let n = 1; n <= order.length; n++) {
      const next = order[(from + by * n + order.length * 2) % order.length];
      if (next && next.id !== currentId && (!unreadOnly || (next.unreadCount > 0 && !next.muted))) return open(next.id);
    }
  }
}

/** Moves the focus between the big parts of the window. */
function toRegion(by: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>('nav,main,aside')];
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const next = regions[(at + by + regions.length) % regions.length];
  const target = next?.querySelector<HTMLElement>('[aria-current=page],textarea,a,button');
  target?.focus();
}
