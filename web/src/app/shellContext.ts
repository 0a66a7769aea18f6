import type { User, Workspace } from '@tertulia/client';
import { createContext, useContext } from 'react';
import type { DialogName } from './Dialogs';

export interface ShellState {
  workspace: Workspace;
  me: User;
  /** One pane at a time. */
  narrow: boolean;
  open: (conversationId: string) => void;
  /** Opens the direct conversation with somebody. */
  message: (userId: string) => void;
  openDialog: (name: DialogName) => void;
  openProfile: (userId: string, anchor: HTMLElement) => void;
}

export const ShellContext = createContext<ShellState | null>(null);

export function useShell(): ShellState {
  const shell = useContext(ShellContext);
  if (!shell) throw new Error('outside of the shell');
  return shell;
}
