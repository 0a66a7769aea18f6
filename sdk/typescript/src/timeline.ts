import type { JumpTarget, MessageView, Timeline, TimelineView } from './api.js';
import type { Core } from './core.js';
import { TertuliaError } from './errors.js';
import { Derived } from './live.js';
import type { Replica, Window } from './replica.js';
import type { Message, MessagePage } from './types.gen.js';

const PAGE = 50;

type Loading = 'older' | 'newer' | 'jump';

/** What both kinds of timelines share: loading one thing at a time, and what is shown. */
abstract class BaseTimeline implements Timeline, Window {
  protected loading: Loading | null = null;
  protected ready = false;
  protected error: TertuliaError | undefined;
  /** A jump makes answers to earlier questions void. */
  protected round = 0;
  protected closed = false;
  private readonly view: Derived<TimelineView>;
  private readonly unread: { after: number | null };
  private list: readonly MessageView[] = [];

  constructor(protected readonly core: Core, protected readonly replica: Replica, readonly threadRoot?: string) {
    const view = replica.view;
    this.unread = { after: view?.membership && view.unreadCount > 0 && !threadRoot ? view.membership.readSeq : null };
    this.view = new Derived<TimelineView>(() => this.show());
    replica.windows.add(this);
    queueMicrotask(() => {
      if (this.round === 0 && !this.closed) void this.jumpTo('latest').catch(() => undefined);
    });
  }

  abstract readonly atEnd: boolean;
  abstract covers(message: Message): boolean;
  abstract restart(): void;
  abstract loadOlder(limit?: number): Promise<void>;
  abstract loadNewer(limit?: number): Promise<void>;
  protected abstract jump(target: JumpTarget, round: number): Promise<string | null>;
  protected abstract get hasOlder(): boolean;

  get conversationId(): string {
    return this.replica.id;
  }
  get current(): TimelineView {
    return this.view.current;
  }
  subscribe(changed: () => void): () => void {
    return this.view.subscribe(changed);
  }
  touch(): void {
    this.view.touch();
  }
  clearUnreadMark(): void {
    this.unread.after = null;
    this.touch();
  }
  close(): void {
    this.closed = true;
    this.round += 1;
    this.replica.windows.delete(this);
  }

  async jumpTo(target: JumpTarget): Promise<string | null> {
    const round = ++this.round;
    this.begin('jump');
    try {
      return await this.jump(target, round);
    } catch (thrown) {
      if (round === this.round) this.error = TertuliaError.from(thrown);
      throw thrown;
    } finally {
      if (round === this.round) this.end();
    }
  }

  /** Runs a load unless one runs already; its failure is in `error`, and thrown. */
  protected async turn(kind: Loading, load: (round: number) => Promise<void>): Promise<void> {
    if (this.loading !== null || this.closed) return;
    const { round } = this;
    this.begin(kind);
    try {
      await load(round);
    } catch (thrown) {
      if (round === this.round) this.error = TertuliaError.from(thrown);
      throw thrown;
    } finally {
      if (round === this.round) this.end();
    }
  }

  protected messages(): Message[] {
    const all: Message[] = [];
    for (const { message } of this.replica.copy?.held.values() ?? []) if (this.covers(message)) all.push(message);
    return all.sort((a, b) => a.seq - b.seq);
  }

  private begin(kind: Loading): void {
    this.loading = kind;
    this.error = undefined;
    this.touch();
  }
  private end(): void {
    this.loading = null;
    this.touch();
  }

  private show(): TimelineView {
    const messages = this.ready ? this.messages() : [];
    const list = messages.map((message) => this.replica.shown(message));
    if (this.ready && this.atEnd) list.push(...this.unsent(messages));
    if (list.length !== this.list.length || list.some((one, i) => one !== this.list[i])) this.list = list;
    const root = this.threadRoot === undefined ? undefined : this.replica.held(this.threadRoot);
    return {
      messages: this.list, ready: this.ready, loading: this.loading, hasOlder: this.hasOlder, hasNewer: this.ready && !this.atEnd,
      firstUnreadId: this.firstUnread(messages),
      ...(root ? { root: this.replica.shown(root) } : {}), ...(this.error ? { error: this.error } : {}),
    };
  }

  /** Ours that the log does not have yet; stored ones whose event is still on its way come first. */
  private unsent(shown: readonly Message[]): MessageView[] {
    const ids = new Set(shown.map((message) => message.id));
    const views: MessageView[] = [];
    for (const { message, doing } of this.core.outbox.sends(this.replica.id)) {
      if (!message || ids.has(message.id) || message.threadRoot !== this.threadRoot) continue;
      if (doing.type === 'message.send' && doing.payload.scheduledAt) continue;
      views.push(this.replica.shown(message));
    }
    return views.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity) || 0);
  }

  private firstUnread(messages: readonly Message[]): string | null {
    const { after } = this.unread;
    if (after === null || !this.ready) return null;
    const first = messages[0];
    if (this.hasOlder && first && first.seq > after + 1) {
      // The first unread one may lie before the window.
      return null;
    }
    return messages.find((message) => message.seq > after && message.senderId !== this.core.me())?.id ?? null;
  }
}

/** A window on a conversation: the messages outside threads from `lo` to `hi`. */
export class MainTimeline extends BaseTimeline {
  private lo = Infinity;
  private hi = Infinity;
  private older = true;

  constructor(core: Core, replica: Replica, private readonly size = 500) {
    super(core, replica);
  }

  get atEnd(): boolean {
    return this.hi === Infinity;
  }
  protected get hasOlder(): boolean {
    return this.ready && this.older;
  }
  covers(message: Message): boolean {
    return !message.threadRoot && message.seq >= this.lo && message.seq <= this.hi;
  }

  override touch(): void {
    if (this.ready && this.atEnd && this.loading === null) this.trimOld(this.size + PAGE * 2);
    super.touch();
  }

  loadOlder(limit = PAGE): Promise<void> {
    if (!this.hasOlder) return Promise.resolve();
    return this.turn('older', async (round) => {
      const page = await this.page({ before: this.lo, limit }, round);
      if (!page) return;
      this.older = page.before !== undefined && page.items.length > 0;
      if (this.atEnd && this.replica.tailFrom === this.lo) this.replica.tailFrom = this.older ? (page.items[0]?.seq ?? this.lo) : 0;
      this.lo = this.older ? (page.items[0]?.seq ?? this.lo) : 0;
      const all = this.messages();
      if (all.length > this.size) this.hi = all[this.size - 1]?.seq ?? this.hi;
    });
  }

  loadNewer(limit = PAGE): Promise<void> {
    if (!this.ready || this.atEnd) return Promise.resolve();
    return this.turn('newer', async (round) => {
      const page = await this.page({ after: this.hi, limit }, round);
      if (!page) return;
      this.hi = page.after === undefined ? Infinity : (page.items.at(-1)?.seq ?? this.hi);
      this.trimOld(this.size);
    });
  }

  /** The copy was replaced: at the end the new tail is the window; elsewhere its place is read again. */
  restart(): void {
    if (!this.ready) return;
    this.round += 1;
    this.loading = null;
    if (this.atEnd) {
      if (!this.fromTail()) this.reload('latest');
    } else this.reload({ seq: Math.round((this.lo + this.hi) / 2) });
    this.touch();
  }

  private reload(target: JumpTarget): void {
    void this.jumpTo(target).catch(() => undefined);
  }

  protected async jump(target: JumpTarget, round: number): Promise<string | null> {
    if (target === 'latest') return this.toLatest(round);
    if (target === 'firstUnread') {
      const view = this.replica.view;
      const readSeq = view?.membership?.readSeq ?? 0;
      if (!view || view.unreadCount === 0) return this.toLatest(round);
      return this.around({ around: readSeq + 1 }, round, (message) => message.seq > readSeq && message.senderId !== this.core.me());
    }
    if ('seq' in target) return this.around({ around: target.seq }, round, (message) => message.seq >= target.seq);
    if ('at' in target) {
      const at = new Date(target.at).toISOString();
      return this.around({ at }, round, (message) => message.createdAt >= at);
    }
    return this.toMessage(target.id, round);
  }

  private async toMessage(id: string, round: number): Promise<string | null> {
    let message = this.replica.held(id) ?? (await this.core.api.messages.get(id));
    // A reply is shown in its thread: here, go to what it hangs on.
    if (message.threadRoot) message = this.replica.held(message.threadRoot) ?? (await this.core.api.messages.get(message.threadRoot));
    if (message.conversationId !== this.replica.id || round !== this.round) return null;
    if (this.ready && this.covers(message)) return message.id;
    return this.around({ around: message.seq }, round, (one) => one.seq >= message.seq);
  }

  private async toLatest(round: number): Promise<string | null> {
    if (!this.fromTail()) {
      const page = await this.page({ limit: PAGE }, round);
      if (!page) return null;
      this.show_(page, Infinity);
      if (this.replica.copy) this.replica.tailFrom = this.lo;
    }
    return this.messages().at(-1)?.id ?? null;
  }

  /** The newest messages are here already. */
  private fromTail(): boolean {
    const { tailFrom, tracker } = this.replica;
    if (tailFrom === null || tracker.state === 'cold' || tracker.state === 'reset' && !this.ready) return false;
    const tail = this.replica.main(tailFrom);
    if (tail.length === 0) return false;
    this.lo = tail.length > this.size ? (tail.at(-this.size)?.seq ?? tailFrom) : tailFrom;
    this.hi = Infinity;
    this.older = this.lo > 1;
    this.ready = true;
    return true;
  }

  private async around(at: { around?: number; at?: string }, round: number, wanted: (message: Message) => boolean): Promise<string | null> {
    const page = await this.page({ ...at, limit: PAGE }, round);
    if (!page) return null;
    this.show_(page, page.after === undefined ? Infinity : (page.items.at(-1)?.seq ?? Infinity));
    const all = this.messages();
    return (all.find(wanted) ?? all.at(-1))?.id ?? null;
  }

  private show_(page: MessagePage, hi: number): void {
    this.older = page.before !== undefined && page.items.length > 0;
    this.lo = this.older ? (page.items[0]?.seq ?? 0) : 0;
    this.hi = hi;
    this.ready = true;
  }

  /** Null = somebody jumped elsewhere meanwhile. */
  private async page(at: { before?: number; after?: number; around?: number; at?: string; limit: number }, round: number): Promise<MessagePage | null> {
    if (!this.replica.copy) this.core.adopt(await this.core.api.conversations.get(this.replica.id));
    for (let tries = 0; ; tries++) {
      const page = await this.core.api.messages.page(this.replica.id, at);
      if (round !== this.round) return null;
      if (this.replica.merge(page.items, page.head, page.epoch) || tries === 2) return page;
    }
  }

  private trimOld(max: number): void {
    const all = this.messages();
    if (all.length <= max) return;
    this.lo = all.at(-this.size)?.seq ?? this.lo;
    this.older = true;
  }
}

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
    const page = await this.core.api.messages.thread(this.replica.id, root, this.cursor, limit);
    if (round !== this.round) return;
    this.replica.merge([page.root, ...page.items], page.head, page.epoch);
    this.cursor = page.nextCursor;
    this.hi = this.cursor === undefined ? Infinity : (page.items.at(-1)?.seq ?? Infinity);
    this.ready = true;
    this.touch();
  }
}
