import type { ClientFrame, Marked } from './types.gen.js';

const DELIVERED_EVERY_MS = 2_000;
const READ_EVERY_MS = 1_000;
const PER_TURN = 20;

export interface MarksIo {
  request<T>(frame: ClientFrame): Promise<T>;
  post(frame: ClientFrame): boolean;
  online(): boolean;
  /** What the server says after a read mark. */
  marked(conversationId: string, marked: Marked): void;
  /** The server was told that we have it. */
  received(conversationId: string, seq: number): void;
}

/** Tells the server how far we have come: the newest mark of each conversation, batched. */
export class Marks {
  private readonly delivered_ = new Map<string, number>();
  private readonly read_ = new Map<string, number>();
  private readonly inFlight = new Set<string>();
  private deliveredTimer: ReturnType<typeof setTimeout> | undefined;
  private readTimer: ReturnType<typeof setTimeout> | undefined;
  private readAt = -Infinity;

  constructor(private readonly io: MarksIo, private readonly now: () => number) {}

  delivered(conversationId: string, seq: number): void {
    this.delivered_.set(conversationId, Math.max(seq, this.delivered_.get(conversationId) ?? 0));
    this.deliveredTimer ??= setTimeout(() => this.flushDelivered(), DELIVERED_EVERY_MS);
  }

  read(conversationId: string, seq: number): void {
    this.read_.set(conversationId, Math.max(seq, this.read_.get(conversationId) ?? 0));
    this.delivered_.delete(conversationId);
    this.readTimer ??= setTimeout(() => this.flushRead(), Math.max(0, this.readAt + READ_EVERY_MS - this.now()));
  }

  /** A mark of ours is on its way: what the server says about this conversation may be older. */
  reading(conversationId: string): boolean {
    return this.read_.has(conversationId) || this.inFlight.has(conversationId);
  }

  forgetRead(conversationId: string): void {
    this.read_.delete(conversationId);
  }

  /** Sends what waits, now. */
  flush(): void {
    this.flushRead();
    this.flushDelivered();
  }

  stop(): void {
    clearTimeout(this.deliveredTimer);
    clearTimeout(this.readTimer);
    this.deliveredTimer = this.readTimer = undefined;
    this.delivered_.clear();
    this.read_.clear();
  }

  private flushDelivered(): void {
    this.deliveredTimer = undefined;
    if (!this.io.online()) return;
    for (const [conversationId, seq] of [...this.delivered_].slice(0, PER_TURN)) {
      this.delivered_.delete(conversationId);
      if (this.io.post({ type: 'receipt.delivered', payload: { conversationId, seq } })) this.io.received(conversationId, seq);
    }
    if (this.delivered_.size > 0) this.deliveredTimer = setTimeout(() => this.flushDelivered(), DELIVERED_EVERY_MS);
  }

  private flushRead(): void {
    clearTimeout(this.readTimer);
    this.readTimer = undefined;
    if (!this.io.online()) return;
    this.readAt = this.now();
    for (const [conversationId, seq] of this.read_) void this.sendRead(conversationId, seq);
    this.read_.clear();
  }

  private async sendRead(conversationId: string, seq: number): Promise<void> {
    this.inFlight.add(conversationId);
    try {
      const marked = await this.io.request<Marked>({ type: 'receipt.read', payload: { conversationId, seq } });
      this.inFlight.delete(conversationId);
      if (marked && !this.read_.has(conversationId)) this.io.marked(conversationId, marked);
    } catch {
      this.inFlight.delete(conversationId);
      // Not lost: it goes with the next one, or when the connection is back.
      if (!this.io.online()) this.read_.set(conversationId, Math.max(seq, this.read_.get(conversationId) ?? 0));
    }
  }
}
