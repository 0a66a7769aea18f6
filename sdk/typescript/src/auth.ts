import type { Auth, Tokens, TokenStore } from './api.js';
import { signedOut, TertuliaError } from './errors.js';
import type { Http } from './http.js';
import { Signal } from './live.js';
import type { Login, Register, ServerInfo, Session, Setup, SignedIn, User } from './types.gen.js';

/** A token that ends within this time is renewed before use. */
const EARLY_MS = 30_000;

export interface AuthOptions {
  http: () => Http;
  store: TokenStore;
  now: () => number;
  deviceName?: string | undefined;
  /** Nobody is signed in any more: stop, and with `purge` drop what is kept of them here. */
  leaving: (purge: boolean) => Promise<void>;
}

/** Who is signed in, and the tokens that prove it. */
export class AuthSession implements Auth {
  readonly me = new Signal<User | null>(null);
  private tokens: Tokens | null = null;
  private renewing: Promise<string | null> | null = null;

  constructor(private readonly options: AuthOptions) {
    options.store.subscribe?.((tokens) => void this.changedElsewhere(tokens));
  }

  async restore(): Promise<User | null> {
    this.take(await this.options.store.load());
    return this.me.current;
  }

  /** The access token, renewed if it is about to end; null = signed out. */
  async token(): Promise<string | null> {
    if (!this.tokens) return null;
    return this.options.now() < this.tokens.expiresAt - EARLY_MS ? this.tokens.accessToken : this.refresh();
  }

  refresh(): Promise<string | null> {
    this.renewing ??= this.renew().finally(() => (this.renewing = null));
    return this.renewing;
  }

  private async renew(): Promise<string | null> {
    const before = this.tokens;
    if (!before) return null;
    const exclusive = this.options.store.exclusive ?? (<T>(work: () => Promise<T>) => work());
    return exclusive(async () => {
      const kept = await this.options.store.load();
      if (kept && kept.refreshToken !== before.refreshToken) {
        // Another tab was faster.
        this.take(kept);
        if (this.options.now() < kept.expiresAt - EARLY_MS) return kept.accessToken;
      }
      try {
        const fresh = await this.http.once<SignedIn>('POST', 'auth/refresh', { refreshToken: (this.tokens ?? before).refreshToken }, null);
        return (await this.keep(fresh)).accessToken;
      } catch (thrown) {
        const error = TertuliaError.from(thrown);
        if (error.retry !== 'auth') throw error;
        await this.forget(error.code === 'SESSION_REVOKED');
        return null;
      }
    });
  }

  info(): Promise<ServerInfo> {
    return this.http.once<ServerInfo>('GET', 'server', undefined, null);
  }
  setup(body: Setup): Promise<SignedIn> {
    return this.enter('auth/setup', body);
  }
  register(body: Register): Promise<SignedIn> {
    return this.enter('auth/register', { ...this.device(), ...body });
  }
  login(body: Login): Promise<SignedIn> {
    return this.enter('auth/login', { ...this.device(), ...body });
  }

  async logout(): Promise<void> {
    // Signed out here even where the server can't be told: its session ends by itself.
    if (this.tokens) await this.http.call('POST', 'auth/logout').catch(() => undefined);
    await this.forget();
  }

  async changePassword(current: string, next: string): Promise<void> {
    await this.http.call('POST', 'auth/password', { currentPassword: current, newPassword: next });
  }
  async sessions(): Promise<Session[]> {
    const page = await this.http.call<{ items: Session[] }>('GET', 'auth/sessions');
    return page.items;
  }
  async revokeSession(id: string): Promise<void> {
    await this.http.call('DELETE', `auth/sessions/${id}`);
  }

  /** Our own profile changed. */
  async updated(user: User): Promise<void> {
    if (!this.tokens) return;
    this.tokens = { ...this.tokens, user };
    await this.options.store.save(this.tokens);
    this.me.set(user);
  }

  /** The tokens are no longer good. Without `purge`, what was not sent waits for the same person to sign in again. */
  async forget(purge = true): Promise<void> {
    if (!this.tokens) return;
    this.tokens = null;
    await this.options.leaving(purge);
    await this.options.store.save(null);
    this.me.set(null);
  }

  /** Another tab signed in, out, or renewed. */
  private async changedElsewhere(tokens: Tokens | null): Promise<void> {
    if (this.tokens && tokens?.user.id !== this.tokens.user.id) {
      this.tokens = null;
      await this.options.leaving(tokens === null);
    }
    this.take(tokens);
  }

  async required(): Promise<string> {
    const token = await this.token();
    if (token === null) throw signedOut();
    return token;
  }

  private get http(): Http {
    return this.options.http();
  }
  private device(): { deviceName?: string } {
    return this.options.deviceName === undefined ? {} : { deviceName: this.options.deviceName };
  }
  private async enter(path: string, body: unknown): Promise<SignedIn> {
    const signedIn = await this.http.once<SignedIn>('POST', path, body, null);
    await this.keep(signedIn);
    return signedIn;
  }
  private async keep(signedIn: SignedIn): Promise<Tokens> {
    const { user, accessToken, refreshToken, expiresInMs } = signedIn;
    const tokens = { user, accessToken, refreshToken, expiresAt: this.options.now() + expiresInMs };
    await this.options.store.save(tokens);
    this.take(tokens);
    return tokens;
  }
  private take(tokens: Tokens | null): void {
    this.tokens = tokens;
    const user = tokens?.user ?? null;
    if (user?.id !== this.me.current?.id || JSON.stringify(user) !== JSON.stringify(this.me.current)) this.me.set(user);
  }
}
