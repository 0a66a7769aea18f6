import type { JumpTarget } from '../api.js';
import type { Message, Thread } from '../types.gen.js';
import { BaseTimeline } from './base.js';

/** A thread: its replies from the first on. */
export class ThreadTimeline extends BaseTimeline {
  private hi = 0;
  private cursor: string | undefined;
  protected readonly hasOlder = false;

  get atEnd(): boolean {
    return this.hi === Infinity;
  }
  covers(message: Message): boolean {
    return message.threadRoot === this.threadRoot && message.seq <= this.hi;
  }
  loadOlder(): Promise<void> {
    return Promise.resolve();
  }
  loadNewer(limit = 100): Promise<void> {
    if (!this.ready || this.atEnd) return Promise.resolve();
    return this.turn('newer', (round) => this.next(limit, round));
  }
  restart(): void {
    if (this.ready) void this.jumpTo('latest').catch(() => undefined);
  }

  protected async jump(target: JumpTarget, round: number): Promise<string | null> {
    const found = (message: Message): boolean => typeof target === 'object' && 'id' in target && message.id === target.id;
    this.hi = 0;
    this.cursor = undefined;
    do await this.next(100, round);
    while (round === this.round && !this.atEnd && !this.messages().some(found));
    const all = this.messages();
    return (all.find(found) ?? all.at(-1))?.id ?? null;
  }

  private async next(limit: number, round: number): Promise<void> {
    const root = this.threadRoot ?? '';
    if (!this.replica.copy) this.core.adopt(await this.core.api.conversations.get(this.replica.id));
    let page: Thread;
    for (let tries = 0; ; tries++) {
      page = await this.core.api.messages.thread(this.replica.id, root, this.cursor, limit);
      if (round !== this.round) return;
      if (this.replica.merge([page.root, ...page.items], page.head, page.epoch) || tries === 2) break;
    }
    this.cursor = page.nextCursor;
    this.hi = this.cursor === undefined ? Infinity : (page.items.at(-1)?.seq ?? Infinity);
    this.ready = true;
    this.touch();
  }
}
