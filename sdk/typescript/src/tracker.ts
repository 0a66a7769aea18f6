import type { SyncState } from './api.js';
import { TertuliaError } from './errors.js';
import type { Event, EventPage, SyncConversation } from './types.gen.js';

/** What a local copy starts over from. */
export interface Start {
  epoch: string;
  lastSeq: number;
}

export interface TrackerIo<S extends Start> {
  fill(after: number): Promise<EventPage>;
  snapshot(): Promise<S>;
  /** The event after the last one; called once for each, in order. */
  apply(event: Event): void;
  /** The copy is worth nothing any more: this is what is there now. */
  replace(snapshot: S): void;
  /** The server says that we may not read it. */
  gone(): void;
  changed(state: SyncState): void;
  /** Nobody looks at this conversation, and the server pushes it in full only to those who do: what is missing may wait. */
  lazy(): boolean;
  /** An event that can't be applied yet, and nothing will be asked for on its account. */
  skipped(event: Event): void;
  /** Runs `again` later; the number of tries so far grows from 0. */
  later(tries: number, again: () => void): void;
}

const BUFFER_MAX = 1_000;
/** Fills in a row that bring nothing, before starting over. */
const FRUITLESS_MAX = 3;
/** Further behind than this, starting over costs less than catching up. */
const BEHIND_MAX = 500;

/**
 * Keeps one conversation's copy on the server's log: applies each event once and in order, whatever is lost,
 * repeated or reordered on the way, and starts over where the log is another one. A copy that nobody looks at may be
 * `behind` on purpose: it knows how long the log is, and asks when somebody does.
 */
export class Tracker<S extends Start> {
  state: SyncState = 'cold';
  epoch: string | null = null;
  lastSeq = 0;
  /** The log is at least this long, as far as we heard. */
  private head = 0;
  /** The same, heard since the last question: an answer may tell of a shorter log. */
  private noted = 0;
  /** The copy was to be replaced when the connection ended. */
  private owesReset = false;
  /** Somebody opened it: catch up once, also where it is left behind otherwise. */
  private wanted = false;
  /** Events that can't be applied yet, with the round in which they came. */
  private readonly buffer = new Map<number, { event: Event; round: number }>();
  /** Answers to what an earlier round asked are void. */
  private round = 0;
  private fruitless = 0;

  constructor(private readonly io: TrackerIo<S>) {}

  /** The copy is at this place, and events follow. */
  begin(start: Start): void {
    const { noted } = this;
    this.round += 1;
    this.at(start);
    // Heard before there was a copy, or while it was asked about: the log may be longer by now.
    this.note(noted);
    this.settle();
  }

  /** A copy from the cache: right as of then. */
  restore(start: Start): void {
    this.at(start);
    this.to('stale');
  }

  /** How far it needs no telling: to the head, for a copy that is behind on purpose. */
  get position(): number {
    return this.io.lazy() ? Math.max(this.lastSeq, this.head) : this.lastSeq;
  }

  receive(event: Event): void {
    if (event.seq <= this.lastSeq && this.state !== 'reset' && this.state !== 'cold') return;
    const settled = this.state === 'live' || this.state === 'behind';
    if (settled && event.seq === this.lastSeq + 1) {
      this.take(event);
      return this.settle();
    }
    this.note(event.seq);
    if (settled && this.io.lazy()) {
      this.to('behind');
      return this.io.skipped(event);
    }
    this.buffer.set(event.seq, { event, round: this.round });
    if (this.buffer.size > BUFFER_MAX) {
      this.buffer.clear();
      if (this.state !== 'cold' && this.state !== 'syncing') this.reset();
    } else if (settled) this.fill();
  }

  /** The server's log is at least this long. */
  noticeHead(head: number): void {
    this.note(head);
    this.lookedAt();
  }

  /** Everything up to the head, whether somebody looks at it for long or not. */
  catchUp(): void {
    this.wanted = this.state !== 'live';
    this.lookedAt();
  }

  /** Somebody may look at it now: what was left out is wanted. */
  lookedAt(): void {
    if (this.state === 'live' || this.state === 'behind') this.settle();
  }

  disconnected(): void {
    this.round += 1;
    this.buffer.clear();
    if (this.state === 'cold') return void (this.head = this.noted = 0);
    if (this.state === 'reset') this.owesReset = true;
    this.to('stale');
  }

  /** The connection goes on where the last one ended: what it missed follows as events. */
  resumed(): void {
    if (this.state !== 'stale') return;
    if (this.owesReset) this.reset();
    else this.settle();
  }

  /** A sync that includes this conversation is on its way; events are kept for after it. */
  syncing(): void {
    this.round += 1;
    this.noted = 0;
    this.to('syncing');
  }

  /** What the sync said about it; nothing = it was up to date. */
  synced(answer: SyncConversation | undefined, snapshot: (answer: SyncConversation) => S): void {
    if (this.state !== 'syncing') return;
    if (!answer) return this.settle();
    if (answer.tooLarge) return this.replaced(snapshot(answer), this.round);
    if (answer.epoch !== this.epoch || answer.head < this.lastSeq) return this.reset();
    this.head = Math.max(answer.head, this.noted);
    this.takeAll(answer.events);
    this.settle();
  }

  /** What a sync that nobody waited for said: events go on meanwhile. */
  confirmed(answer: SyncConversation): void {
    if (this.state !== 'live' && this.state !== 'behind') return;
    if (answer.epoch !== this.epoch) return this.reset();
    for (const event of answer.events) this.receive(event);
    this.noticeHead(answer.head);
  }

  reset(): void {
    const round = ++this.round;
    this.noted = 0;
    this.to('reset');
    this.ask(() => this.io.snapshot(), (snapshot) => this.replaced(snapshot, round));
  }

  private fill(): void {
    if (this.head - this.lastSeq > BEHIND_MAX) return this.reset();
    const round = ++this.round;
    this.noted = 0;
    this.to('filling');
    this.ask(() => this.io.fill(this.lastSeq), (page) => {
      if (page.epoch !== this.epoch || page.head < this.lastSeq) return this.reset();
      // What came before we asked and is not in the log belongs to another log.
      for (const [seq, one] of this.buffer) if (one.round < round && seq > page.head) this.buffer.delete(seq);
      const before = this.lastSeq;
      this.takeAll(page.items);
      this.drain();
      this.fruitless = this.lastSeq > before ? 0 : this.fruitless + 1;
      if (this.fruitless >= FRUITLESS_MAX && (this.buffer.size > 0 || page.head > this.lastSeq)) {
        this.buffer.clear();
        this.fruitless = 0;
        return this.reset();
      }
      this.head = Math.max(page.head, this.noted);
      if (this.lastSeq >= page.head) this.wanted = false;
      this.settle();
    });
  }

  private replaced(snapshot: S, round: number): void {
    const { noted } = this;
    this.at(snapshot);
    this.io.replace(snapshot);
    for (const [seq, one] of this.buffer) if (seq <= this.lastSeq || one.round < round) this.buffer.delete(seq);
    this.note(noted);
    this.settle();
  }

  private at(start: Start): void {
    this.epoch = start.epoch;
    this.lastSeq = this.head = start.lastSeq;
    this.noted = 0;
  }

  private note(head: number): void {
    this.head = Math.max(this.head, head);
    this.noted = Math.max(this.noted, head);
  }

  /** Applies what is buffered and follows; live if nothing is missing, else asks for it, now or when it is looked at. */
  private settle(): void {
    this.drain();
    const missing = this.buffer.size > 0 || this.head > this.lastSeq;
    if (missing && (this.wanted || !this.io.lazy())) return this.fill();
    this.owesReset = this.wanted = false;
    this.fruitless = 0;
    this.buffer.clear();
    this.to(missing ? 'behind' : 'live');
  }

  private takeAll(events: readonly Event[]): void {
    for (const event of events) if (event.seq === this.lastSeq + 1) this.take(event);
  }

  private take(event: Event): void {
    this.lastSeq = event.seq;
    this.io.apply(event);
  }

  private drain(): void {
    for (let next; (next = this.buffer.get(this.lastSeq + 1)); ) this.take(next.event);
    for (const seq of this.buffer.keys()) if (seq <= this.lastSeq) this.buffer.delete(seq);
  }

  /** Asks until there is an answer, unless another round begins. */
  private ask<T>(question: () => Promise<T>, answered: (answer: T) => void, tries = 0): void {
    const round = this.round;
    question().then(
      (answer) => {
        if (round === this.round) answered(answer);
      },
      (thrown: unknown) => {
        if (round !== this.round) return;
        const error = TertuliaError.from(thrown);
        if (error.code === 'NOT_FOUND' || error.code === 'FORBIDDEN') return this.io.gone();
        if (error.retry === 'resync') return this.reset();
        this.io.later(tries, () => {
          if (round === this.round) this.ask(question, answered, tries + 1);
        });
      },
    );
  }

  private to(state: SyncState): void {
    if (this.state === state) return;
    this.state = state;
    this.io.changed(state);
  }
}
