import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = process.env.TERTULIA_BIN ?? fileURLToPath(new URL('../../../target/debug/tertulia', import.meta.url));
const START_TIMEOUT_MS = 20_000;

/** The real binary on a port of its own, with a folder of its own. */
export class Server {
  /** `http://127.0.0.1:PORT` */
  url = '';
  /** Creates the first account; printed while there is none. */
  setupLink = '';
  readonly data = mkdtempSync(join(tmpdir(), 'tertulia-e2e-'));
  private process: ChildProcess | undefined;
  private port = 0;
  private log = '';

  /** Again after [`kill`]: on the same port, with the same data. */
  async start(...flags: string[]): Promise<void> {
    if (!existsSync(BINARY)) throw new Error(`no server at ${BINARY}: run \`cargo build\`, or set TERTULIA_BIN`);
    this.log = '';
    const child = spawn(BINARY, ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (this.log += String(bytes)));
    await this.ready(child);
  }

  /** As a power cut would: no warning, nothing flushed. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it and drops its folder. */
  async remove(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Runs another command of the binary on this server's data. */
  command(...args: string[]): string {
    const done = spawnSync(BINARY, [...args, '--data', this.data], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`tertulia ${args[0]} ended with ${done.status}\n${done.stderr}`);
    return done.stdout + done.stderr;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await gone;
    clearTimeout(late);
  }

  private async ready(child: ChildProcess): Promise<void> {
    const until = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < until) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}\n${this.log}`);
      const address = /https?:\/\/127\.0\.0\.1:(\d+)/.exec(this.log);
      if (address && (await this.answers(address[0]))) {
        this.url = address[0];
        this.port = Number(address[1]);
        this.setupLink = /https?:\/\/\S+\/setup\S*/.exec(this.log)?.[0] ?? '';
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the server did not start\n${this.log}`);
  }

  private async answers(url: string): Promise<boolean> {
    return fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
  }
}
