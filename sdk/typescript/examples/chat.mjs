// Chat from a terminal: node examples/chat.mjs URL USERNAME CONVERSATION   (password in TERTULIA_PASSWORD)
// Build the SDK first: npm run build
import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { Tertulia } from '@tertulia/client';

const [url, username, wanted] = process.argv.slice(2);
const client = new Tertulia({ url, WebSocket, deviceName: 'terminal' });
await client.auth.login({ username, password: process.env.TERTULIA_PASSWORD ?? '' });
await client.connect();

const list = client.conversations();
if (!list.current.ready) await new Promise((ready) => list.subscribe(() => list.current.ready && ready()));
const found = list.current.items.find((one) => one.name === wanted || one.id === wanted);
if (!found) {
  console.error(`no conversation ${wanted}; there are: ${list.current.items.map((one) => one.name ?? one.id).join(', ')}`);
  process.exit(1);
}
const conversation = client.conversation(found.id);
const timeline = conversation.timeline({ window: 50 });

const printed = new Set();
const print = () => {
  for (const { id, state, senderId, content } of timeline.current.messages) {
    const name = client.users.get(senderId)?.displayName;
    if (state !== 'sent' || name === undefined || printed.has(id)) continue;
    printed.add(id);
    console.log(`${name}: ${content.text ?? '(deleted)'}`);
  }
  conversation.markRead();
};
timeline.subscribe(print);
setInterval(print, 300);

const input = createInterface({ input: process.stdin }).on('line', (line) => line && conversation.send(line));
input.on('close', async () => {
  while (client.outbox.current.pending > 0) await new Promise((later) => setTimeout(later, 100));
  print();
  await client.close();
  process.exit(0);
});
