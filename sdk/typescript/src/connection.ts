import type { ConnectionInfo, StopReason } from './api.js';
import { afterClose, askedMs, backoffMs, isProtocolFault, type AfterClose } from './close.js';
import { offline, TertuliaError } from './errors.js';
import { Listeners, Signal } from './live.js';
import { Socket, type SocketEnd } from './socket.js';
import type { ClientFrame, Connected, Heartbeat, ServerFrame } from './types.gen.js';

export interface ConnectionOptions {
  /** A fresh address with a ticket in it. Throws a `TertuliaError`. */
  address(resume: string | null): Promise<string>;
  WebSocket: new (url: string, protocols?: string | string[]) => WebSocket;
  /** Renews the access token; null = signed out. */
  renew(): Promise<string | null>;
  ackTimeoutMs: number;
  now(): number;
  random(): number;
  log(level: 'debug' | 'info' | 'warn', event: string, data?: Record<string, unknown>): void;
}

const LOST_AFTER_MS = 5_000;
const STABLE_AFTER_MS = 30_000;
const FAULT_MEMORY_MS = 600_000;
/** What the old socket still carries when the new one takes over arrives within this time. */
const LINGER_MS = 5_000;
/** As far as a timer goes. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Keeps one socket open, whatever happens, until told not to. */
export class Connection {
  readonly info: Signal<ConnectionInfo>;
  /** A socket is ready; whether it resumed where the last one ended. */
  readonly up = new Listeners<Connected>();
  readonly down = new Listeners<void>();
  readonly frame = new Listeners<ServerFrame>();
  readonly heads = new Listeners<Heartbeat['heads']>();
  /** The server will never take these tokens again; `true` = drop local copies too. */
  readonly refused = new Listeners<boolean>();

  private wanted = false;
  private current: Socket | null = null;
  /** On its way: the first one, or the one that takes over while the server drains. */
  private opening: Socket | null = null;
  /** Taken over by a resumed one while the server drains; what it still says about the logs counts. */
  private leaving: Socket | null = null;
  private attempt = 0;
  private run = 0;
  /** The server does not want to see us sooner. */
  private notBefore = -Infinity;
  private resume: string | null = null;
  private faultAt = -Infinity;
  private retryTimer: Timer;
  private lostTimer: Timer;
  private stableTimer: Timer;
  private drainTimer: Timer;
  private lingerTimer: Timer;

  constructor(private readonly options: ConnectionOptions) {
    this.info = new Signal<ConnectionInfo>({ state: 'disconnected', lost: false, stopped: 'asked', attempt: 0, since: options.now(), browserOnline: true, away: [] });
  }

  get isUp(): boolean {
    return this.current !== null;
  }

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.attempt = 0;
    this.connecting();
    void this.open();
  }

  stop(stopped: StopReason, purge = false, end?: SocketEnd): void {
    const wasWanted = this.wanted;
    this.wanted = false;
    this.resume = null;
    this.run += 1;
    for (const timer of [this.retryTimer, this.lostTimer, this.stableTimer, this.drainTimer]) clearTimeout(timer);
    this.retryTimer = this.lostTimer = this.stableTimer = this.drainTimer = undefined;
    this.notBefore = -Infinity;
    const { current, opening } = this;
    this.current = this.opening = null;
    this.letGo();
    opening?.close();
    current?.close();
    if (current) this.down.call();
    if (wasWanted) this.change({ ...end, state: 'disconnected', stopped, lost: false, since: this.options.now() }, 'nextRetryAt');
    if (stopped === 'signed-out') this.refused.call(purge);
  }

  /** Something says that the network may be back: try at once, or make sure that the socket still lives. */
  wake(): void {
    if (!this.wanted) return;
    if (this.current) this.current.probe();
    else if (!this.opening && this.retryTimer !== undefined && this.options.now() >= this.notBefore) {
      clearTimeout(this.retryTimer);
      void this.open();
    }
  }

  network(browserOnline: boolean): void {
    this.change({ browserOnline });
    if (browserOnline) this.wake();
  }

  /** Asks and waits for the ack. Rejects with `OFFLINE` if the socket ends first: the outcome is unknown then. */
  request<T>(frame: ClientFrame, timeoutMs = this.options.ackTimeoutMs): Promise<T> {
    return this.current ? this.current.request<T>(frame, timeoutMs) : Promise.reject(offline());
  }

  /** Says it once and forgets it; false = nobody was there to hear it. */
  post(frame: ClientFrame): boolean {
    return this.current?.post(frame) ?? false;
  }

  private async open(): Promise<void> {
    this.retryTimer = undefined;
    const run = ++this.run;
    let ws: WebSocket;
    try {
      const url = await this.options.address(this.resume);
      if (run !== this.run || !this.wanted) return;
      ws = new this.options.WebSocket(url, 'tertulia.v1');
    } catch (thrown) {
      if (run === this.run && this.wanted) this.noTicket(TertuliaError.from(thrown));
      return;
    }
    const socket: Socket = new Socket(ws, this.options.now, {
      connected: (hello) => this.connected(socket, hello),
      frame: (frame) => this.heard(socket, frame),
      beat: (rttMs, beat) => {
        this.change({ rttMs });
        this.heads.call(beat.heads);
      },
      ended: (end) => this.ended(socket, end),
    });
    this.opening = socket;
  }

  private noTicket(error: TertuliaError): void {
    if (error.retry === 'auth') this.stop('signed-out', error.code === 'SESSION_REVOKED');
    else if (error.code === 'UPGRADE_REQUIRED') this.stop('upgrade-required');
    // A place in the server's queue of handshakes; a takeover that is refused waits for the old socket's end.
    else if (error.retryAfterMs) this.retryIn(askedMs(error.retryAfterMs, this.options.random), true);
    else this.retryIn(backoffMs(this.attempt, this.options.random));
  }

  private connected(socket: Socket, hello: Connected): void {
    const before = this.current;
    this.current = socket;
    if (this.opening === socket) this.opening = null;
    this.resume = hello.resumeToken;
    clearTimeout(this.lostTimer);
    clearTimeout(this.stableTimer);
    this.lostTimer = undefined;
    this.stableTimer = setTimeout(() => {
      this.attempt = 0;
      this.change({ attempt: 0 });
    }, STABLE_AFTER_MS);
    if (before && hello.resumed) this.linger(before);
    else if (before) {
      this.down.call();
      before.close();
    }
    this.change({ state: 'connected', lost: false, since: this.options.now(), away: [] }, 'nextRetryAt', 'stopped', 'code', 'reason');
    this.up.call(hello);
  }

  /** What was on its way to the old socket, acks too, still arrives; then it goes. */
  private linger(before: Socket): void {
    this.letGo();
    this.leaving = before;
    this.lingerTimer = setTimeout(() => this.letGo(), LINGER_MS);
  }

  private letGo(): void {
    clearTimeout(this.lingerTimer);
    const { leaving } = this;
    this.leaving = null;
    leaving?.close();
  }

  private heard(socket: Socket, frame: ServerFrame): void {
    if (socket === this.leaving) {
      // Durable events have a place in a log; anything else the new socket tells, and newer.
      if ('payload' in frame && 'actorId' in frame.payload) this.frame.call(frame);
      return;
    }
    if (frame.type === 'token.refresh') void this.answerToken(socket);
    else if (frame.type === 'server.draining') this.drain(frame.payload.reconnectAfterMs);
    else if (frame.type === 'server.health') this.change({ away: frame.payload.away });
    else if (socket === this.current) this.frame.call(frame);
  }

  private async answerToken(socket: Socket): Promise<void> {
    try {
      const accessToken = await this.options.renew();
      if (accessToken === null) this.stop('signed-out');
      else await socket.request({ type: 'auth.refresh', payload: { accessToken } }, this.options.ackTimeoutMs);
    } catch (thrown) {
      // The server closes with 4410 when the token ends; that path renews it again.
      this.options.log('warn', 'auth.refresh', { code: TertuliaError.from(thrown).code });
    }
  }

  /** The new socket first, then the old one goes: nothing is missed and nobody sees it. */
  private drain(afterMs: number): void {
    clearTimeout(this.drainTimer);
    this.notBefore = this.options.now() + afterMs;
    this.drainTimer = setTimeout(() => {
      if (this.wanted && !this.opening && this.retryTimer === undefined) void this.open();
    }, afterMs);
  }

  private ended(socket: Socket, end: SocketEnd): void {
    if (this.leaving === socket) this.leaving = null;
    if (this.opening === socket) this.opening = null;
    else if (this.current !== socket) return;
    const wasCurrent = this.current === socket;
    if (wasCurrent) this.current = null;
    this.options.log('info', 'socket.closed', { code: end.code, reason: end.reason });
    if (wasCurrent) this.down.call();
    if (!this.wanted) return;
    const next = this.judge(end);
    if ('stop' in next) return this.stop(next.stop, next.purge, end);
    if (!next.resume) this.resume = null;
    if (this.current) return; // A takeover failed; the old one still serves.
    this.connecting(end);
    if (this.opening) return;
    if (next.refresh) void this.renewThenRetry(next.waitMs);
    else this.retryIn(next.waitMs, next.firm);
  }

  private judge(end: SocketEnd): AfterClose {
    const now = this.options.now();
    const repeated = now - this.faultAt < FAULT_MEMORY_MS;
    if (isProtocolFault(end.code)) this.faultAt = now;
    return afterClose(end.code, end.reason, this.attempt, repeated, this.options.random);
  }

  private async renewThenRetry(waitMs: number): Promise<void> {
    const run = this.run;
    const token = await this.options.renew().catch(() => undefined);
    if (run !== this.run || !this.wanted) return;
    if (token === null) this.stop('signed-out');
    else this.retryIn(waitMs);
  }

  /** `asked`: by the server, which is no failure. */
  private retryIn(wanted: number, asked = false): void {
    const waitMs = Math.min(Math.max(wanted, this.notBefore - this.options.now()), TIMER_MAX_MS);
    if (asked) this.notBefore = this.options.now() + waitMs;
    else this.attempt += 1;
    clearTimeout(this.stableTimer);
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void this.open(), waitMs);
    this.change({ attempt: this.attempt, nextRetryAt: this.options.now() + waitMs });
  }

  private connecting(end?: SocketEnd): void {
    const since = this.info.current.state === 'connecting' ? this.info.current.since : this.options.now();
    this.change({ ...end, state: 'connecting', since }, 'stopped');
    this.lostTimer ??= setTimeout(() => this.change({ lost: true }), LOST_AFTER_MS);
  }

  private change(patch: Partial<ConnectionInfo>, ...without: (keyof ConnectionInfo)[]): void {
    const next: Record<string, unknown> = { ...this.info.current, ...patch };
    for (const key of without) if (!(key in patch)) delete next[key];
    this.info.set(next as unknown as ConnectionInfo);
  }
}

type Timer = ReturnType<typeof setTimeout> | undefined;
