import { offline, TertuliaError } from './errors.js';
import type { Ack, ClientFrame, Connected, Heartbeat, ServerFrame } from './types.gen.js';

export interface SocketEnd {
  code: number;
  reason: string;
}

export interface SocketOwner {
  connected(hello: Connected): void;
  frame(frame: ServerFrame): void;
  beat(rttMs: number, beat: Heartbeat): void;
  /** Once. */
  ended(end: SocketEnd): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: TertuliaError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** Until `connected`. */
const HELLO_MS = 10_000;
/** Any frame is a sign of life; without one for this long past the heartbeat's interval, the peer is dead. */
const SLACK_MS = 10_000;
const PROBE_MS = 5_000;

/** One WebSocket: frames, acks by id, heartbeats. Knows nothing of reconnecting. */
export class Socket {
  private readonly waiting = new Map<string, Waiting>();
  private lastId = 0;
  private open = false;
  private over = false;
  private intervalMs = 30_000;
  private beatTimer: ReturnType<typeof setInterval> | undefined;
  private deadTimer: ReturnType<typeof setTimeout> | undefined;
  /** Frames of a type that this version does not know. */
  unknown = 0;

  constructor(private readonly ws: WebSocket, private readonly now: () => number, private readonly owner: SocketOwner) {
    ws.onmessage = (event: MessageEvent) => this.read(event.data);
    ws.onclose = (event: CloseEvent) => this.end({ code: event.code, reason: event.reason });
    ws.onerror = () => undefined; // A close event always follows.
    this.deadline(HELLO_MS);
  }

  request<T>(frame: ClientFrame, timeoutMs: number): Promise<T> {
    const id = String(++this.lastId);
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new TertuliaError('TIMEOUT', `no ack within ${timeoutMs} ms`, { retry: 'sameId' }));
      }, timeoutMs);
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, timer });
      if (this.write({ ...frame, id })) return;
      clearTimeout(timer);
      this.waiting.delete(id);
      reject(offline());
    });
  }

  post(frame: ClientFrame): boolean {
    return this.write(frame);
  }

  /** Is anybody there? Finds out within 5 s instead of 40. */
  probe(): void {
    if (!this.open) return;
    this.deadline(PROBE_MS);
    this.beat();
  }

  close(): void {
    this.end({ code: 1000, reason: '' });
  }

  private write(frame: object): boolean {
    if (this.over || !this.open || this.ws.readyState !== 1) return false;
    this.ws.send(JSON.stringify(frame));
    return true;
  }

  private read(data: unknown): void {
    if (this.over || typeof data !== 'string') return;
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      return;
    }
    if (typeof frame !== 'object' || frame === null) return;
    if (this.open) this.deadline(this.intervalMs + SLACK_MS);
    if (frame.type === 'connected') this.hello(frame.payload);
    else if (frame.type === 'ack') this.acked(frame.payload);
    else if (frame.type === 'error') this.failed(frame.payload.refId, TertuliaError.of(frame.payload));
    else if (KNOWN.has(frame.type)) this.owner.frame(frame);
    else this.unknown += 1;
  }

  private hello(hello: Connected): void {
    if (this.open) return;
    this.open = true;
    this.intervalMs = hello.heartbeatIntervalMs;
    this.deadline(this.intervalMs + SLACK_MS);
    this.beatTimer = setInterval(() => this.beat(), this.intervalMs);
    this.owner.connected(hello);
  }

  private beat(): void {
    const from = this.now();
    this.request<Heartbeat>({ type: 'heartbeat', payload: {} }, this.intervalMs).then(
      (beat) => this.owner.beat(this.now() - from, { ...beat, heads: beat?.heads ?? {} }),
      () => undefined, // The deadline judges.
    );
  }

  private acked(ack: Ack): void {
    if (ack.status === 'error' && ack.error) return this.failed(ack.refId, TertuliaError.of(ack.error));
    this.take(ack.refId)?.resolve(ack.result);
  }

  private failed(id: string | undefined, error: TertuliaError): void {
    if (id !== undefined) this.take(id)?.reject(error);
  }

  private take(id: string): Waiting | undefined {
    const waiting = this.waiting.get(id);
    if (waiting) clearTimeout(waiting.timer);
    this.waiting.delete(id);
    return waiting;
  }

  private deadline(ms: number): void {
    clearTimeout(this.deadTimer);
    this.deadTimer = setTimeout(() => this.end({ code: 1006, reason: 'silence' }), ms);
  }

  private end(end: SocketEnd): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.beatTimer);
    clearTimeout(this.deadTimer);
    for (const id of [...this.waiting.keys()]) this.take(id)?.reject(offline('the connection was lost'));
    this.ws.onmessage = this.ws.onclose = null;
    try {
      this.ws.close(1000);
    } catch {
      // Closed already.
    }
    this.owner.ended(end);
  }
}

const KNOWN: ReadonlySet<ServerFrame['type']> = new Set<ServerFrame['type']>([
  'message.new', 'message.updated', 'message.deleted', 'message.reaction', 'message.pinned', 'member.joined', 'member.left', 'member.updated',
  'conversation.updated', 'conversation.added', 'conversation.removed', 'conversation.activity', 'receipt.delivered', 'receipt.read', 'typing.indicator', 'presence.changed',
  'presence.bulk', 'notification.badge', 'token.refresh', 'server.draining', 'server.health',
]);
