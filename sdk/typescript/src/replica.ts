import { Activity, applyActivity, applySkipped } from './activity.js';
import type { ConversationSummary, MessageView } from './api.js';
import { backoffMs } from './close.js';
import type { Core } from './core.js';
import { apply, applyToMessages, applyToView, countEvent, type Copy, type Held } from './fold.js';
import { Derived, Listeners } from './live.js';
import { project, type RefusedEdit } from './project.js';
import type { Op } from './outbox.js';
import { Tracker, type Start } from './tracker.js';
import type { ConversationActivity, ConversationView, Event, Message, Receipt, SyncConversation } from './types.gen.js';

export interface Snapshot extends Start {
  messages: Message[];
  view?: ConversationView;
}

/** A copy as it is kept between page loads. */
export interface KeptCopy extends Start {
  view: ConversationView;
  viewAsOf: number;
  countsAsOf: number;
  tailFrom: number | null;
  held: Held[];
}

/** What a replica needs to know of the windows that look at it. */
export interface Window {
  covers(message: Message): boolean;
  /** It shows the newest messages and follows them. */
  readonly atEnd: boolean;
  touch(): void;
  /** The copy was replaced. */
  restart(): void;
}

const EVENTS_PAGE = 500;
const SNAPSHOT_PAGE = 50;
/** Events kept for pages that were read before them. */
const RECENT_MAX = 1_000;
/** Past this many messages, those that no window shows go. */
const HELD_MAX = 3_000;
const TAIL_KEPT = 200;
const KEPT_MESSAGES = 50;

/** The local copy of one conversation, and what is on its way on top of it. */
export class Replica {
  copy: Copy | null = null;
  /** All messages outside threads from here to the last event are held; null = none are. */
  tailFrom: number | null = null;
  readonly tracker: Tracker<Snapshot>;
  readonly windows = new Set<Window>();
  readonly receipts = new Map<string, Receipt>();
  readonly receiptsLive = new Derived<readonly Receipt[]>(() => [...this.receipts.values()].sort((a, b) => (a.userId < b.userId ? -1 : 1)));
  readonly summary: Derived<ConversationSummary | undefined>;
  /** Every event, once, after it was applied. */
  readonly applied = new Listeners<Event>();
  readonly refused = new Map<string, RefusedEdit>();
  private readonly activity: Activity;
  /** About when the newest message came that the copy does not have. */
  private happenedAt = '';
  private recent: Event[] = [];
  private readonly views = new Map<string, { message: Message; ops: readonly Op[]; refused: RefusedEdit | undefined; view: MessageView }>();

  constructor(readonly id: string, private readonly core: Core) {
    this.activity = new Activity({
      focused: () => core.focused() === id, memberCount: () => this.copy?.view.memberCount ?? 0, now: () => core.now(),
      fetch: (head) => this.tracker.noticeHead(head),
    });
    this.tracker = new Tracker<Snapshot>({
      lazy: () => this.activity.lazy,
      skipped: (event) => this.skipped(event),
      fill: (after) => core.api.conversations.events(id, after, EVENTS_PAGE),
      snapshot: () => this.load(),
      apply: (event) => this.take(event),
      replace: (snapshot) => this.replace(snapshot),
      gone: () => core.forget(id),
      changed: (state) => {
        this.summary.touch();
        core.emitter.emit('sync', { conversationId: id, state });
      },
      later: (tries, again) => void setTimeout(again, 300 + backoffMs(tries, core.random, 1_000)),
    });
    this.summary = new Derived<ConversationSummary | undefined>(() => this.summarize());
  }

  get isMember(): boolean {
    return this.copy?.view.membership !== undefined;
  }
  get view(): ConversationView | undefined {
    return this.copy?.view;
  }

  /** The server's view of it came, in whatever way. */
  adopt(view: ConversationView): void {
    const { tracker, isMember } = this;
    // It was none of ours when the connection began, so nobody asked how it goes on: this answers it.
    if (tracker.state === 'stale' && !isMember && view.membership && this.core.connection.info.current.state === 'connected') tracker.syncing();
    if (!this.copy || tracker.state === 'cold') this.start(view);
    else if (view.epoch === tracker.epoch) {
      this.lay(view);
      // A sync that had no room to name it says where it is now.
      if (tracker.state === 'syncing') this.jump(view);
      else tracker.noticeHead(view.head);
    } else if (tracker.state === 'live' || tracker.state === 'behind' || tracker.state === 'syncing') tracker.reset();
    this.changedView();
  }

  private jump(view: ConversationView): void {
    if (view.head === this.tracker.lastSeq) this.tracker.begin({ epoch: view.epoch, lastSeq: view.head });
    else if (this.copy?.held.size === 0) this.start(view);
    else if (this.activity.lazy) {
      this.tracker.noticeHead(view.head);
      this.tracker.synced(undefined, Replica.fromSync);
    }
    else this.tracker.reset();
  }

  /** A view that is older than the copy catches up; one that is newer waits for the copy. */
  private lay(view: ConversationView): void {
    const { copy } = this;
    if (!copy || (view.head < copy.lastSeq && (this.recent[0]?.seq ?? Infinity) > view.head + 1)) return;
    // Our own mark may still be on its way: then the server's counts are older than ours.
    const { unreadCount, mentionCount, membership } = copy.view;
    const reading = membership && view.membership && this.core.marks.reading(this.id);
    // We may have heard of messages after it, without having them.
    const older = this.tracker.state === 'behind' && view.head < copy.countsAsOf;
    const head = older ? Math.max(view.head, copy.view.head) : view.head;
    copy.view = { ...view, head, ...(reading || older ? { unreadCount, mentionCount } : {}), ...(reading ? { membership: { ...view.membership, ...membership } } : {}) };
    copy.viewAsOf = view.head;
    copy.countsAsOf = reading || older ? Math.max(copy.countsAsOf, copy.lastSeq) : view.head;
    for (const event of this.recent) applyToView(copy, event, this.core.me());
  }

  restore(kept: KeptCopy): void {
    if (this.copy) return;
    const { view, viewAsOf, countsAsOf, lastSeq } = kept;
    this.copy = { view, viewAsOf, countsAsOf, lastSeq, held: new Map(kept.held.map((one) => [one.message.id, one])) };
    this.tailFrom = kept.tailFrom;
    this.tracker.restore(kept);
    this.changedView();
  }

  /** What is worth keeping: null while the copy is in pieces. */
  kept(): KeptCopy | null {
    if (!this.copy || !this.tracker.epoch || !this.isMember || this.tracker.state === 'reset' || this.tracker.state === 'cold') return null;
    const { view, viewAsOf, countsAsOf, held } = this.copy;
    const { tailFrom } = this;
    const tail = tailFrom === null ? [] : this.main(tailFrom).slice(-KEPT_MESSAGES);
    const from = tail.length < KEPT_MESSAGES ? tailFrom : (tail[0]?.seq ?? null);
    return {
      view, viewAsOf, countsAsOf, epoch: this.tracker.epoch, lastSeq: this.tracker.lastSeq, tailFrom: from,
      held: tail.map((message) => held.get(message.id)).filter((one) => one !== undefined),
    };
  }

  /** A page read when the log's head was `head` joins the copy. False = it is too old to be brought up to date: read it again. */
  merge(messages: readonly Message[], head: number, epoch: string): boolean {
    if (!this.copy) return false;
    if (this.tracker.epoch !== null && epoch !== this.tracker.epoch) {
      if (this.tracker.state === 'live' || this.tracker.state === 'behind') this.tracker.reset();
      return true;
    }
    const { held, lastSeq } = this.copy;
    if (head < lastSeq && (this.recent[0]?.seq ?? Infinity) > head + 1) return false;
    for (const message of messages) {
      if ((held.get(message.id)?.asOf ?? -1) < head) held.set(message.id, { message, asOf: head });
    }
    for (const event of this.recent) if (event.seq > head) applyToMessages(held, event, this.core.me());
    this.core.keep(this.id);
    this.touch();
    return true;
  }

  /** Read state and counts as the server has them. */
  counted(state: { readSeq: number; unreadCount: number; mentionCount: number; head?: number; receipts?: readonly Receipt[] }): void {
    const view = this.copy?.view;
    if (!this.copy || !view) return;
    for (const receipt of state.receipts ?? []) this.receipts.set(receipt.userId, receipt);
    if (state.receipts?.length) this.receiptsLive.touch();
    const membership = view.membership && { ...view.membership, readSeq: state.readSeq };
    const before = Math.max(this.copy.countsAsOf, this.copy.lastSeq);
    this.copy.countsAsOf = state.head ?? before;
    this.copy.view = { ...view, ...(membership ? { membership } : {}), unreadCount: state.unreadCount, mentionCount: state.mentionCount };
    // Events that came while this was on its way.
    for (const event of this.recent) countEvent(this.copy, event, this.core.me());
    this.copy.countsAsOf = Math.max(this.copy.countsAsOf, before);
    this.changedView();
  }

  /** Something happened that is not pushed to us. */
  happened(what: ConversationActivity): void {
    if (!this.copy) return this.tracker.noticeHead(what.lastSeq);
    if (this.core.focused() !== this.id) applyActivity(this.copy, what);
    if (what.newMessages > 0) this.happenedAt = new Date(this.core.now()).toISOString();
    this.activity.heard(what.lastSeq);
    this.changedView();
  }

  /** The log is at least this long; `events` are of its end. */
  noticeHead(head: number, events: readonly Event[] = []): void {
    this.tracker.noticeHead(head);
    const last = events.findLast((one) => one.type === 'message.new');
    if (last && last.at > this.happenedAt) this.happenedAt = last.at;
    if (this.tracker.state === 'behind' && (this.copy?.view.head ?? head) < head) this.setView((view) => ({ ...view, head }));
  }

  /** A window on it opened. */
  opened(window: Window): void {
    this.windows.add(window);
    this.tracker.catchUp();
  }

  private skipped(event: Event): void {
    if (!this.copy) return;
    if (event.type.startsWith('message.') && this.activity.pushed()) return this.tracker.lookedAt();
    applySkipped(this.copy, event, this.core.me());
    if (event.type === 'message.new') this.happenedAt = event.at;
    this.changedView();
  }

  setView(change: (view: ConversationView) => ConversationView): void {
    if (!this.copy) return;
    this.copy.view = change(this.copy.view);
    this.changedView();
  }

  /** The server knows that we have everything up to here. */
  received(seq: number): void {
    this.setView((view) => {
      const { membership } = view;
      return membership && membership.deliveredSeq < seq ? { ...view, membership: { ...membership, deliveredSeq: seq } } : view;
    });
  }

  /** How far somebody came; never back. */
  receipt(kind: 'read' | 'delivered', userId: string, seq: number, at: string): void {
    const before = this.receipts.get(userId) ?? { userId, deliveredSeq: 0, readSeq: 0 };
    const key = kind === 'read' ? 'readSeq' : 'deliveredSeq';
    if (before[key] >= seq) return;
    const after: Receipt = { ...before, [key]: seq, [kind === 'read' ? 'readAt' : 'deliveredAt']: at };
    if (kind === 'read' && after.deliveredSeq < seq) after.deliveredSeq = seq;
    this.receipts.set(userId, after);
    this.receiptsLive.touch();
  }

  /** A sync's answer as a copy to start over from. */
  static fromSync(answer: SyncConversation): Snapshot {
    return { epoch: answer.epoch, lastSeq: answer.lastSeq, messages: answer.messages };
  }

  /** Messages outside threads, by `seq`, from one on. */
  main(from = 0): Message[] {
    const all: Message[] = [];
    for (const { message } of this.copy?.held.values() ?? []) if (!message.threadRoot && message.seq >= from) all.push(message);
    return all.sort((a, b) => a.seq - b.seq);
  }

  held(id: string): Message | undefined {
    return this.copy?.held.get(id)?.message;
  }

  /** As it is to be shown; the same object until something about it changes. */
  shown(message: Message): MessageView {
    const ops = this.core.outbox.of(message.id);
    const refused = this.refused.get(message.id);
    const before = this.views.get(message.id);
    if (before && before.message === message && before.ops === ops && before.refused === refused) return before.view;
    const view = project(message, ops, this.core.me(), refused);
    this.views.set(message.id, { message, ops, refused, view });
    return view;
  }

  touch(): void {
    for (const window of this.windows) window.touch();
    this.summary.touch();
  }

  /** We have no access any more. */
  drop(): void {
    this.tracker.disconnected();
    this.activity.stop();
    this.copy = null;
    this.tailFrom = null;
    this.recent = [];
    this.views.clear();
    this.receipts.clear();
    this.touch();
    this.receiptsLive.touch();
  }

  private start(view: ConversationView): void {
    this.core.outbox.settle(this.id, this.copy && this.copy.view.epoch !== view.epoch ? Infinity : view.head);
    this.copy = { view, viewAsOf: view.head, countsAsOf: view.head, lastSeq: view.head, held: new Map<string, Held>() };
    this.recent = [];
    this.tailFrom = null;
    this.tracker.begin({ epoch: view.epoch, lastSeq: view.head });
  }

  private take(event: Event): void {
    if (!this.copy) return;
    this.recent.push(event);
    if (this.recent.length > RECENT_MAX + 200) this.recent = this.recent.slice(-RECENT_MAX);
    apply(this.copy, event, this.core.me());
    this.core.outbox.settle(this.id, event.seq);
    if (event.type === 'message.new') this.arrived(event.payload.message, event.seq);
    if (event.type === 'message.updated' || event.type === 'message.deleted') this.refused.delete(event.payload.messageId);
    if (this.copy.held.size > HELD_MAX) this.prune();
    this.touch();
    this.core.listed(this.id);
    this.core.keep(this.id);
    this.applied.call(event);
    this.core.emitter.emit('event', event);
  }

  private arrived(message: Message, seq: number): void {
    this.core.typing.stopped(this.id, message.senderId, message.threadRoot);
    if (message.senderId === this.core.me()) return;
    this.core.marks.delivered(this.id, seq);
    if (this.tracker.state === 'live' && !message.deletedAt && this.core.focused() !== this.id) this.core.emitter.emit('message.new', this.shown(message));
  }

  private async load(): Promise<Snapshot> {
    const view = await this.core.api.conversations.get(this.id);
    const page = await this.core.api.messages.page(this.id, { limit: SNAPSHOT_PAGE });
    return { epoch: page.epoch, lastSeq: page.head, messages: page.items, view };
  }

  private replace(snapshot: Snapshot): void {
    const view = snapshot.view ?? this.copy?.view;
    if (!view) return;
    const { messages, lastSeq, epoch } = snapshot;
    // Stored in a log that is gone: their `seq` means nothing in this one.
    this.core.outbox.settle(this.id, this.copy?.view.epoch === epoch ? lastSeq : Infinity);
    const asOf = snapshot.view?.epoch === epoch ? snapshot.view.head : lastSeq;
    const held = new Map<string, Held>(messages.map((message) => [message.id, { message, asOf: lastSeq }]));
    this.copy = { view: { ...view, head: lastSeq, epoch }, viewAsOf: asOf, countsAsOf: asOf, lastSeq, held };
    this.recent = [];
    this.views.clear();
    this.tailFrom = messages[0]?.seq ?? null;
    for (const window of this.windows) window.restart();
    // A sync's answer has no view: what it says about name and members may be old.
    if (!snapshot.view) void this.core.api.conversations.get(this.id).then((fresh) => this.core.adopt(fresh), () => undefined);
    this.changedView();
  }

  private changedView(): void {
    this.touch();
    this.core.listed(this.id);
    this.core.keep(this.id);
  }

  private prune(): void {
    if (!this.copy) return;
    const floor = this.main().at(-TAIL_KEPT)?.seq ?? 0;
    for (const [id, { message }] of this.copy.held) {
      if (message.seq >= floor || [...this.windows].some((window) => window.covers(message))) continue;
      this.copy.held.delete(id);
      this.views.delete(id);
    }
    if (this.tailFrom !== null && ![...this.windows].some((window) => window.atEnd)) this.tailFrom = Math.max(this.tailFrom, floor);
  }

  private summarize(): ConversationSummary | undefined {
    const view = this.copy?.view;
    if (!view) return undefined;
    const last = this.tailFrom === null ? undefined : this.main(this.tailFrom).at(-1);
    const draft = this.core.drafts.text(this.id);
    const mutedUntil = view.membership?.mutedUntil;
    return {
      ...view, sync: this.tracker.state,
      ...(this.tracker.state !== 'live' && this.happenedAt > (view.lastMessageAt ?? '') ? { lastMessageAt: this.happenedAt } : {}),
      muted: view.membership?.notificationLevel === 'off' || (mutedUntil !== undefined && Date.parse(mutedUntil) > this.core.now()),
      ...(last ? { lastMessage: this.shown(last) } : {}), ...(draft ? { draft } : {}),
    };
  }
}
