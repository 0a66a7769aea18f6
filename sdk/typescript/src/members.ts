import type { MembersView } from './api.js';
import type { Core } from './core.js';
import { applyToMembers } from './fold.js';
import { Derived } from './live.js';
import type { Replica } from './replica.js';
import type { MemberView } from './types.gen.js';

/** The members of one conversation: loaded when first looked at, then kept up to date by events. */
export class MembersList {
  readonly live: Derived<MembersView>;
  private items: readonly MemberView[] = [];
  private ready = false;
  private stop: (() => void) | undefined;

  constructor(private readonly core: Core, private readonly replica: Replica) {
    this.live = new Derived<MembersView>(() => ({ items: this.items, ready: this.ready }), (on) => this.watched(on));
  }

  private watched(on: boolean): void {
    this.stop?.();
    this.stop = undefined;
    if (!on) return;
    this.stop = this.replica.applied.add((event) => {
      const next = applyToMembers(this.items, event, () => void this.load());
      if (next !== this.items) this.put(next);
    });
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      const all: MemberView[] = [];
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await this.core.api.conversations.members(this.replica.id, cursor);
        all.push(...page.items);
        cursor = page.nextCursor;
      }
      this.core.users.put(all.map((one) => one.user));
      this.ready = true;
      this.put(all);
    } catch {
      // It stays as it is; the next look tries again.
    }
  }

  private put(items: readonly MemberView[]): void {
    this.items = items;
    this.live.touch();
  }
}
