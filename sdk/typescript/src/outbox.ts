import { backoffMs } from './close.js';
import { TertuliaError } from './errors.js';
import { Listeners, Signal } from './live.js';
import type { Changed, ClientFrame, Message, MessageSent } from './types.gen.js';

/** What a person did to messages: sent in order, kept until the server has it. */
export type Doing = Extract<ClientFrame, { type: 'message.send' | 'message.edit' | 'message.delete' | 'message.react' | 'message.pin' }>;

export interface Op {
  readonly id: string;
  /** The conversation: one lane each, one in flight per lane, so order survives every retry. */
  readonly lane: string;
  readonly messageId: string;
  readonly doing: Doing;
  /** ms since 1970. */
  readonly at: number;
  /** `acked` = stored by the server, but its event has not come yet. */
  readonly state: 'queued' | 'sending' | 'failed' | 'acked';
  readonly error?: TertuliaError;
  /** Of the event, once acked. */
  readonly seq?: number;
  /** Of a message to be sent: what it will look like. */
  readonly message?: Message;
}

export interface OutboxIo {
  request<T>(frame: Doing): Promise<T>;
  online(): boolean;
  now(): number;
  random(): number;
  /** The last event applied in this conversation; past an op's, the op has done its work. */
  applied(lane: string): number;
  save(op: Op): void;
  remove(id: string): void;
  newId(): string;
}

interface Lane {
  ops: Op[];
  timer: ReturnType<typeof setTimeout> | undefined;
  tries: number;
  inFlight: string | null;
}

const DAY_MS = 86_400_000;
const NONE: readonly Op[] = [];

export class Outbox {
  readonly counts = new Signal<{ readonly pending: number; readonly failed: number }>({ pending: 0, failed: 0 });
  /** Which message looks different now. */
  readonly changed = new Listeners<{ lane: string; messageId: string }>();
  readonly refused = new Listeners<Op>();
  private readonly lanes = new Map<string, Lane>();
  private readonly byMessage = new Map<string, readonly Op[]>();
  private readonly promises = new Map<string, { resolve(): void; reject(error: TertuliaError): void }>();

  constructor(private readonly io: OutboxIo) {}

  /** Queues it. The promise tells when the server has it, or why it never will. */
  add(lane: string, doing: Doing, message?: Message): { op: Op; done: Promise<void> } {
    const op: Op = {
      id: this.io.newId(), lane, messageId: doing.payload.messageId, doing, at: this.io.now(), state: 'queued', ...(message ? { message } : {}),
    };
    const done = new Promise<void>((resolve, reject) => this.promises.set(op.id, { resolve, reject }));
    done.catch(() => undefined);
    this.supersede(op);
    this.lane(lane).ops.push(op);
    this.io.save(op);
    this.touch(op);
    this.pump(lane);
    return { op, done };
  }

  /** Ops of an earlier run. What waited for more than a day is not sent unasked. */
  restore(ops: readonly Op[]): void {
    for (const kept of [...ops].sort((a, b) => (a.id < b.id ? -1 : 1))) {
      if (this.find(kept.id)) continue;
      const failed = kept.state === 'failed' || this.io.now() - kept.at > DAY_MS;
      const error = new TertuliaError('TIMEOUT', 'it was not sent', { retry: 'sameId' });
      const op: Op = failed ? { ...kept, state: 'failed', error } : { ...kept, state: 'queued' };
      this.lane(op.lane).ops.push(op);
      this.touch(op);
    }
    this.up();
  }

  of(messageId: string): readonly Op[] {
    return this.byMessage.get(messageId) ?? NONE;
  }
  sends(lane: string): Op[] {
    return (this.lanes.get(lane)?.ops ?? []).filter((op) => op.message);
  }

  up(): void {
    for (const [name, lane] of this.lanes) {
      clearTimeout(lane.timer);
      lane.timer = undefined;
      lane.tries = 0;
      this.pump(name);
    }
  }

  /** An unsent message gets another text. False = it is on its way or sent. */
  rewrite(messageId: string, doing: Doing, message: Message): boolean {
    const op = this.of(messageId).find((one) => one.message);
    if (!op || (op.state !== 'queued' && op.state !== 'failed')) return false;
    if (this.lanes.get(op.lane)?.inFlight === op.id) return false;
    this.replace({ ...op, doing, message });
    return true;
  }

  retry(messageId: string): void {
    for (const op of this.of(messageId).filter((one) => one.state === 'failed')) {
      this.drop(op, null);
      const { error: _, ...again } = op;
      const queued: Op = { ...again, id: this.io.newId(), at: this.io.now(), state: 'queued' };
      this.lane(op.lane).ops.push(queued);
      this.io.save(queued);
      this.touch(queued);
      this.pump(op.lane);
    }
  }

  /** Takes back what was not sent. False = too late. */
  discard(messageId: string): boolean {
    const ops = this.of(messageId);
    const send = ops.find((one) => one.message);
    if (!send || send.state === 'acked' || this.lanes.get(send.lane)?.inFlight === send.id) return false;
    for (const op of ops) this.drop(op, new TertuliaError('ABORTED', 'discarded'));
    return true;
  }

  /** Events up to `seq` were applied: what they tell needs no patch any more. */
  settle(lane: string, seq: number): void {
    for (const op of this.lanes.get(lane)?.ops.filter((one) => one.state === 'acked') ?? []) if ((op.seq ?? 0) <= seq) this.drop(op, null);
  }

  /** The conversation is gone, or everything is. */
  clear(lane?: string): void {
    for (const [name, one] of [...this.lanes]) {
      if (lane !== undefined && name !== lane) continue;
      clearTimeout(one.timer);
      one.timer = undefined;
      for (const op of [...one.ops]) this.drop(op, new TertuliaError('ABORTED', 'the conversation is gone'));
    }
  }

  stop(): void {
    for (const lane of this.lanes.values()) clearTimeout(lane.timer);
  }

  private pump(name: string): void {
    const lane = this.lane(name);
    if (lane.inFlight !== null || lane.timer !== undefined || !this.io.online()) return;
    const next = lane.ops.find((op) => op.state === 'queued' || op.state === 'sending');
    if (!next) return;
    lane.inFlight = next.id;
    if (next.state === 'queued') this.replace({ ...next, state: 'sending' });
    this.io.request<MessageSent & Changed>(next.doing).then(
      (result) => this.done(lane, next.id, result),
      (thrown: unknown) => this.failed(lane, next.id, TertuliaError.from(thrown)),
    );
  }

  private done(lane: Lane, id: string, result: (MessageSent & Changed) | undefined): void {
    lane.inFlight = null;
    lane.tries = 0;
    const op = this.find(id);
    if (!op) return;
    this.io.remove(id);
    this.promises.get(id)?.resolve();
    this.promises.delete(id);
    const seq = result?.seq;
    if (seq === undefined || seq <= this.io.applied(op.lane)) this.drop(op, null);
    else {
      const message = op.message && { ...op.message, seq, createdAt: result?.createdAt ?? op.message.createdAt };
      this.replace({ ...op, state: 'acked', seq, ...(message ? { message } : {}) }, false);
    }
    this.pump(op.lane);
  }

  private failed(lane: Lane, id: string, error: TertuliaError): void {
    lane.inFlight = null;
    const op = this.find(id);
    if (!op) return;
    if (error.retry === 'never' || error.retry === 'resync') {
      if (op.message) this.replace({ ...op, state: 'failed', error });
      else {
        this.refused.call({ ...op, error });
        this.drop(op, error);
      }
      this.promises.get(id)?.reject(error);
      this.promises.delete(id);
      this.pump(op.lane);
      return;
    }
    // The same again. Without a connection, `up` starts it; else after a while.
    if (op.message) this.replace({ ...op, state: 'queued' }, false);
    if (!this.io.online()) return;
    const waitMs = Math.max(error.retryAfterMs ?? 0, 200 + backoffMs(lane.tries++, this.io.random, 1_000));
    lane.timer = setTimeout(() => {
      lane.timer = undefined;
      this.pump(op.lane);
    }, waitMs);
  }

  /** Of several edits, or toggles of one emoji, that still wait, only the last counts. */
  private supersede(op: Op): void {
    for (const old of this.of(op.messageId)) {
      if (old.state !== 'queued' || old.message || this.lanes.get(old.lane)?.inFlight === old.id || !sameSlice(old.doing, op.doing)) continue;
      this.drop(old, null);
    }
  }

  private drop(op: Op, error: TertuliaError | null): void {
    const lane = this.lane(op.lane);
    lane.ops = lane.ops.filter((one) => one.id !== op.id);
    this.io.remove(op.id);
    const promise = this.promises.get(op.id);
    this.promises.delete(op.id);
    if (error) promise?.reject(error);
    else promise?.resolve();
    this.touch(op);
  }

  private replace(op: Op, save = true): void {
    const lane = this.lane(op.lane);
    lane.ops = lane.ops.map((one) => (one.id === op.id ? op : one));
    if (save) this.io.save(op);
    this.touch(op);
  }

  private touch(op: Op): void {
    const ops = this.lane(op.lane).ops.filter((one) => one.messageId === op.messageId);
    if (ops.length === 0) this.byMessage.delete(op.messageId);
    else this.byMessage.set(op.messageId, ops);
    this.changed.call({ lane: op.lane, messageId: op.messageId });
    this.count();
  }

  private count(): void {
    let pending = 0;
    let failed = 0;
    for (const lane of this.lanes.values()) {
      for (const op of lane.ops) {
        if (op.state === 'failed') failed += 1;
        else if (op.state !== 'acked') pending += 1;
      }
    }
    const before = this.counts.current;
    if (before.pending !== pending || before.failed !== failed) this.counts.set({ pending, failed });
  }

  private lane(name: string): Lane {
    let lane = this.lanes.get(name);
    if (!lane) this.lanes.set(name, (lane = { ops: [], timer: undefined, tries: 0, inFlight: null }));
    return lane;
  }
  private find(id: string): Op | undefined {
    for (const lane of this.lanes.values()) for (const op of lane.ops) if (op.id === id) return op;
    return undefined;
  }
}

function sameSlice(a: Doing, b: Doing): boolean {
  if (a.type === 'message.react' && b.type === 'message.react') return a.payload.emoji === b.payload.emoji;
  return a.type === b.type && a.type !== 'message.send';
}
