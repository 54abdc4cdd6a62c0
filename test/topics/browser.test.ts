// native-wsserver/client in a page in Chromium, whose server is killed and comes back.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { type TestContext, test } from 'node:test';
import type * as ClientModule from 'native-wsserver/client' with { 'resolution-mode': 'import' };
import { browse, servePage } from '../support/browser.js';
import { messageOf, startChild } from '../support/child.js';
import { packagePath } from '../support/package_path.js';
import { skipWithout } from '../support/programs.js';
import { until } from '../support/server.js';
import { MemoryBus, serveKept } from '../support/topics.js';

declare const TopicsClient: typeof ClientModule.TopicsClient;

/** How many numbers are published before the server dies, while it is away, and afterwards. */
const COUNT = 10;

/** What the page does. It is sent to the browser as text, behind the client. */
async function runPage({ url, count }: { url: string; count: number }): Promise<void> {
  const client = new TopicsClient(url, { minDelay: 20, maxDelay: 100 });
  const numbers: number[] = [];
  const log: string[] = [];
  client.on('open', ({ again }) => log.push(again ? 'back' : 'open'));
  client.on('gap', ({ topic }) => log.push(`gap ${topic}`));
  client.on('error', ({ message }) => log.push(message));
  const binary = new Promise<number[]>((resolve) => {
    client.subscribe<Uint8Array>('plain', (bytes) => resolve([...bytes]));
  });
  const done = new Promise<void>((resolve) => {
    client.subscribe<number>('kept.n', (number) => {
      if (numbers.push(number) === count) {
        // The server dies of it, so that nobody says whether it has been published.
        client.publish('die', 0).catch(({ message }) => log.push(message));
      }
      if (numbers.length === 3 * count) resolve();
    });
  });
  await done;
  await client.publish('plain', Uint8Array.of(1, 2, 255));
  const report = { numbers, log, binary: await binary };
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
}

/** A server that publishes to whoever has come, and dies when it is told to. */
async function startMortal(t: TestContext): Promise<{ port: number; died: Promise<unknown> }> {
  const child = startChild(
    t,
    async ({ serveTopics, WSServer }, count) => {
      const server = new WSServer({ localHost: '127.0.0.1' });
      serveTopics(server, {
        authorize(_, action, topic) {
          if (action === 'publish') process.kill(process.pid, 'SIGKILL');
          if (topic === 'kept.n') {
            setTimeout(() => {
              for (let number = 0; number < count; number++) {
                const publication = { topic, kind: 1, payload: `${number}`, id: `${number + 1}` };
                Reflect.get(server, 'publisher').deliver(publication);
              }
            }, 100);
          }
          return true;
        },
      });
      await server.startListening();
      process.send?.(server.localPort);
    },
    COUNT,
  );
  const port = await messageOf<number>(child);
  return { port, died: once(child, 'exit') };
}

test('a page loses nothing by the death of its server', {
  skip: skipWithout('chromium', '--version'),
}, async (t) => {
  const mortal = await startMortal(t);
  const tasks = { url: `ws://127.0.0.1:${mortal.port}`, count: COUNT };
  const client = fs.readFileSync(packagePath('dist/client.mjs'), 'utf8');
  const script = `${client}\n(${runPage})(${JSON.stringify(tasks)})`;
  const page = await servePage(t, `<!doctype html><script type="module">${script}</script>`);
  const browser = browse(t, page.url);
  browser.catch(() => {});
  await mortal.died;

  const bus = new MemoryBus();
  for (let number = 0; number < 2 * COUNT; number++) {
    await bus.history.publish('kept.n', 1, Buffer.from(`${number}`));
  }
  const server = await serveKept(t, () => true, bus, { localPort: mortal.port });
  await Promise.race([until(() => server.topics().includes('kept.n')), browser]);
  for (let number = 2 * COUNT; number < 3 * COUNT; number++) {
    await bus.history.publish('kept.n', 1, Buffer.from(`${number}`));
  }
  const { numbers, log, binary } = await Promise.race([page.report, browser]);
  assert.deepEqual(
    numbers,
    Array.from({ length: 3 * COUNT }, (_, number) => number),
  );
  assert.deepEqual(log, ['open', 'The connection is lost', 'back', 'gap plain']);
  assert.deepEqual(binary, [1, 2, 255]);
});
