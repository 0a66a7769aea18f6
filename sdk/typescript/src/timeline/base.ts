import type { JumpTarget, MessageView, Timeline, TimelineView } from '../api.js';
import type { Core } from '../core.js';
import { TertuliaError } from '../errors.js';
import { Derived } from '../live.js';
import type { Replica, Window } from '../replica.js';
import type { Message } from '../types.gen.js';

export const PAGE = 50;

type Loading = 'older' | 'newer' | 'jump';

/** What both kinds of timelines share: loading one thing at a time, and what is shown. */
export abstract class BaseTimeline implements Timeline, Window {
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
    replica.opened(this);
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
