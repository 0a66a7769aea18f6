import type { ConversationList, ConversationSummary, UnreadTotals } from './api.js';
import { Derived, Listeners } from './live.js';
import type { Replica } from './replica.js';

/** The conversations that one is in: the newest first, pinned ones before all, archived ones last. */
export class Lists {
  readonly unread = new Derived<UnreadTotals>((before) => this.totals(before));
  readonly changed = new Listeners<void>();
  private readonly lists = new Map<string, Derived<ConversationList>>();
  private ready = false;

  constructor(private readonly replicas: ReadonlyMap<string, Replica>) {}

  of(workspaceId: string | undefined): Derived<ConversationList> {
    const key = workspaceId ?? '';
    let list = this.lists.get(key);
    if (!list) this.lists.set(key, (list = new Derived<ConversationList>((before) => this.build(workspaceId, before))));
    return list;
  }

  setReady(ready: boolean): void {
    this.ready = ready;
    this.touch();
  }

  touch(): void {
    for (const list of this.lists.values()) list.touch();
    this.unread.touch();
    this.changed.call();
  }

  private *mine(): Generator<ConversationSummary> {
    for (const replica of this.replicas.values()) {
      const summary = replica.isMember ? replica.summary.current : undefined;
      if (summary) yield summary;
    }
  }

  private build(workspaceId: string | undefined, before: ConversationList | undefined): ConversationList {
    // Direct conversations and groups belong to no workspace: they show in each.
    const items = [...this.mine()].filter((one) => workspaceId === undefined || one.workspaceId === undefined || one.workspaceId === workspaceId).sort(order);
    const same = before && before.ready === this.ready && before.items.length === items.length && items.every((one, i) => one === before.items[i]);
    return same ? before : { items, ready: this.ready };
  }

  private totals(before: UnreadTotals | undefined): UnreadTotals {
    let unread = 0;
    let mentions = 0;
    for (const one of this.mine()) {
      if (one.muted) continue;
      unread += one.unreadCount;
      mentions += one.mentionCount;
    }
    return before && before.unread === unread && before.mentions === mentions ? before : { unread, mentions };
  }
}

function order(a: ConversationSummary, b: ConversationSummary): number {
  const pinned = Number(b.membership?.pinned ?? false) - Number(a.membership?.pinned ?? false);
  if (pinned !== 0) return pinned;
  const archived = Number(a.archivedAt !== undefined) - Number(b.archivedAt !== undefined);
  if (archived !== 0) return archived;
  const at = (one: ConversationSummary): string => one.lastMessageAt ?? one.createdAt;
  return at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : a.id < b.id ? -1 : 1;
}
