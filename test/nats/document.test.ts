// What docs/nats.md shows runs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { packagePath } from '../support/package_path.js';

async function startSample(t: TestContext, nats: string): Promise<string> {
  const folder = fs.mkdtempSync(packagePath('build', 'samples-'));
  defer(t, () => fs.rmSync(folder, { recursive: true }));
  const text = fs.readFileSync(packagePath('docs/nats.md'), 'utf8');
  const [, code = ''] = /```js\n\/\/ node\.mjs\n([\s\S]*?)```/.exec(text) ?? [];
  const own = code.replace('8080', '0').replace('nats://127.0.0.1:4222', nats);
  const file = path.join(folder, 'node.mjs');
  fs.writeFileSync(file, `${own}\nconsole.log(server.localPort);\n`);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  defer(t, () => child.kill('SIGKILL'));
  return `ws://127.0.0.1:${(await once(createInterface(child.stdout), 'line'))[0]}`;
}

test('two nodes of the sample are one chat', { skip: WITHOUT_NATS }, async (t) => {
  const nats = await startNats(t);
  const urls = await Promise.all([1, 2].map(() => startSample(t, nats.url)));
  const clients = urls.map((url) => new WebSocket(url));
  for (const client of clients) defer(t, () => client.terminate());
  await Promise.all(clients.map((client) => once(client, 'open')));
  await nats.untilSubjects('wss.topic.chat', 'wss.topic.chat');
  const heard = clients.map((client) => once(client, 'message'));
  clients[0]?.send('hello');
  for (const [message] of await Promise.all(heard)) assert.equal(`${message}`, 'hello');
});
