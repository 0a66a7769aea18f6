import type { ConversationSummary } from '@tertulia/client';
import { t } from '../shared/strings';
import { Panel } from '../shared/ui/Panel';
import { Talk } from './Talk';

/** A thread beside its conversation. */
export function ThreadPanel({ summary, title, root, onClose }: { summary: ConversationSummary; title: string; root: string; onClose: () => void }) {
  return (
    <Panel title={t.thread.title} note={<bdi>{title}</bdi>} closeLabel={t.thread.close} onClose={onClose}>
      <Talk summary={summary} title={title} threadRoot={root} />
    </Panel>
  );
}
