import type { Workspace } from '@tertulia/client';
import { Plus, Settings } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { initialsOf } from '../../shared/person';
import { routes } from '../../shared/routes';
import { t } from '../../shared/strings';
import { CreateWorkspace } from './CreateWorkspace';
import styles from './sidebar.module.css';

/** The workspaces, at the very start of the window. */
export function Rail({ workspaces, current, onCreated }: { workspaces: readonly Workspace[]; current: string; onCreated: (workspace: Workspace) => void }) {
  const [creating, setCreating] = useState(false);
  return (
    <nav className={styles.rail} aria-label={t.rail.label}>
      {workspaces.map((workspace) => (
        <Link
          key={workspace.id}
          href={routes.workspace(workspace.slug)}
          className={`${styles.workspace} ${workspace.slug === current ? styles.here : ''}`}
          aria-current={workspace.slug === current ? 'true' : undefined}
          aria-label={workspace.name}
          title={workspace.name}
        >
          {initialsOf(workspace.name).slice(0, 1)}
        </Link>
      ))}
      <button type="button" className={styles.workspace} aria-label={t.rail.add} title={t.rail.add} onClick={() => setCreating(true)}>
        <Plus size={18} aria-hidden />
      </button>
      <Link href={routes.settings()} className={`${styles.workspace} ${styles.settings}`} aria-label={t.rail.settings} title={t.rail.settings}>
        <Settings size={20} aria-hidden />
      </Link>
      {creating && (
        <CreateWorkspace
          onClose={() => setCreating(false)}
          onCreated={(workspace) => {
            setCreating(false);
            onCreated(workspace);
          }}
        />
      )}
    </nav>
  );
}
