import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { App, expect, t, test } from '../support/test.ts';
import { People } from '../support/people.ts';
import { Server } from '../support/server.ts';

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A Redis of the test's own: `kill` it, and the nodes have neither bus nor presence. */
async function redis(): Promise<{ url: string; process: ChildProcess }> {
  const port = await freePort();
  const process = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
  const answers = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('close', () => socket.destroy());
    });
  await expect.poll(answers).toBe(true);
  return { url: `redis://127.0.0.1:${port}`, process };
}

test('two people on two nodes talk, also while the nodes cannot hear each other', async ({ browser }) => {
  const postgres = process.env.TERTULIA_TEST_POSTGRES;
  if (!postgres) throw new Error('run this by scripts/with-services.sh postgres redis -- …');
  const shared = await redis();
  const name = `web${randomBytes(8).toString('hex')}`;
  const settings = [`store.url=${postgres}`, `store.schema=${name}`, `bus.url=${shared.url}`, `redis.url=${shared.url}`, `node.cluster=${name}`];
  const nodes = [new Server(), new Server()] as const;
  try {
    for (const node of nodes) await node.start(...settings.flatMap((setting) => ['--set', setting]));
    const people = new People(nodes[0]);
    const owner = await people.owner('Ada Lovelace');
    const guest = await people.guestOf(owner, 'Grace Hopper');
    const at = async (node: Server) => new App(await (await browser.newContext({ reducedMotion: 'reduce' })).newPage(), node.url);
    const ada = await (await at(nodes[0])).logIn(owner);
    const grace = await (await at(nodes[1])).logIn(guest);
    for (const app of [ada, grace]) await app.openChannel('general');
    await ada.say('general', 'Hello from the first node');
    await expect(grace.message('Hello from the first node')).toBeVisible();
    await grace.say('general', 'Hello from the second');
    await expect(ada.message('Hello from the second')).toBeVisible();

    shared.process.kill('SIGKILL');
    await expect(ada.page.getByText(t.banner.busAway)).toBeVisible({ timeout: 15_000 });
    await ada.say('general', 'The bus is gone');
    await expect(grace.message('The bus is gone')).toBeVisible();
  } finally {
    shared.process.kill('SIGKILL');
    for (const node of nodes) await node.remove();
  }
});
