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
  /** Runs `again` later; the number of tries so far grows from 0. */
  later(tries: number, again: () => void): void;
}

const BUFFER_MAX = 1_000;
/** Fills in a row that bring nothing, before starting over. */
const FRUITLESS_MAX = 3;

/**
 * Keeps one conversation's copy on the server's log: applies each event once and in order, whatever is lost,
 * repeated or reordered on the way, and starts over where the log is another one.
 */
export class Tracker<S extends Start> {
  state: SyncState = 'cold';
  epoch: string | null = null;
  lastSeq = 0;
  /** Events that can't be applied yet, with the round in which they came. */
  private readonly buffer = new Map<number, { event: Event; round: number }>();
  /** Answers to what an earlier round asked are void. */
  private round = 0;
  private fruitless = 0;

  constructor(private readonly io: TrackerIo<S>) {}

  /** The copy is at this place, and events follow. */
  begin(start: Start): void {
    this.round += 1;
    this.epoch = start.epoch;
    this.lastSeq = start.lastSeq;
    this.settle(Infinity);
  }

  /** A copy from the cache: right as of then. */
  restore(start: Start): void {
    this.epoch = start.epoch;
    this.lastSeq = start.lastSeq;
    this.to('stale');
  }

  receive(event: Event): void {
    if (event.seq <= this.lastSeq && this.state !== 'reset' && this.state !== 'cold') return;
    if (this.state === 'live' && event.seq === this.lastSeq + 1) {
      this.take(event);
      return;
    }
    this.buffer.set(event.seq, { event, round: this.round });
    if (this.buffer.size > BUFFER_MAX) {
      this.buffer.clear();
      if (this.state !== 'cold' && this.state !== 'syncing') this.reset();
    } else if (this.state === 'live') this.fill();
  }

  /** The server's log is at least this long. */
  noticeHead(head: number): void {
    if (this.state === 'live' && head > this.lastSeq) this.fill();
  }

  disconnected(): void {
    this.round += 1;
    this.buffer.clear();
    if (this.state !== 'cold') this.to('stale');
  }

  /** A sync that includes this conversation is on its way; events are kept for after it. */
  syncing(): void {
    this.round += 1;
    this.to('syncing');
  }

  /** What the sync said about it; nothing = it was up to date. */
  synced(answer: SyncConversation | undefined, snapshot: (answer: SyncConversation) => S): void {
    if (this.state !== 'syncing') return;
    if (!answer) return this.settle(Infinity);
    if (answer.tooLarge) return this.replaced(snapshot(answer), this.round);
    if (answer.epoch !== this.epoch || answer.head < this.lastSeq) return this.reset();
    this.takeAll(answer.events);
    if (answer.hasMore) this.fill();
    else this.settle(Infinity);
  }

  reset(): void {
    const round = ++this.round;
    this.to('reset');
    this.ask(() => this.io.snapshot(), (snapshot) => this.replaced(snapshot, round));
  }

  private fill(): void {
    const round = ++this.round;
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
      this.settle(page.head);
    });
  }

  private replaced(snapshot: S, round: number): void {
    this.epoch = snapshot.epoch;
    this.lastSeq = snapshot.lastSeq;
    this.io.replace(snapshot);
    for (const [seq, one] of this.buffer) if (seq <= this.lastSeq || one.round < round) this.buffer.delete(seq);
    this.settle(Infinity);
  }

  /** Applies what is buffered and follows; live if nothing is missing, else asks for it. */
  private settle(head: number): void {
    this.drain();
    if (this.buffer.size > 0 || (head !== Infinity && head > this.lastSeq)) this.fill();
    else {
      this.fruitless = 0;
      this.to('live');
    }
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
