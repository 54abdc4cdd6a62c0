// What docs/workers.md shows runs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';

/** A folder with the samples by their names, within the package so that they find it. */
function writeSamples(t: TestContext): string {
  const folder = fs.mkdtempSync(packagePath('build', 'samples-'));
  defer(t, () => fs.rmSync(folder, { recursive: true }));
  const text = fs.readFileSync(packagePath('docs/workers.md'), 'utf8');
  for (const [, name = '', code = ''] of text.matchAll(/```js\n\/\/ (\S+)\n([\s\S]*?)```/g)) {
    fs.writeFileSync(path.join(folder, name), code.replaceAll('localPort: 8080', 'localPort: 0'));
  }
  return folder;
}

test('main.mjs runs server.mjs on all processors, and a chat reaches all', async (t) => {
  const cwd = writeSamples(t);
  const parent = spawn(process.execPath, ['main.mjs'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, async () => {
    const exited = once(parent, 'exit');
    parent.kill('SIGTERM');
    await exited;
  });
  const [line] = await once(parent.stdout as NodeJS.ReadableStream, 'data');
  const port = /\d+/.exec(String(line))?.[0];
  const clients = Array.from({ length: 8 }, () => new WebSocket(`ws://127.0.0.1:${port}`));
  const heard = clients.map((client) => once(client, 'message'));
  await Promise.all(clients.map((client) => once(client, 'open')));
  // The others learn of a subscription when they have had their turns.
  const speaking = setInterval(() => clients[0]?.send('hello'), 20);
  for (const [message] of await Promise.all(heard)) assert.equal(String(message), 'hello');
  clearInterval(speaking);
  for (const client of clients) client.terminate();
});

for (const [name, end] of [
  ['server.mjs', 'setImmediate(() => process.exit(server.listening ? 7 : 1))'],
  [
    'threads.mjs',
    'if (isMainThread) setTimeout(() => process.exit(server.listening ? 7 : 1), 500)',
  ],
] as const) {
  test(`${name} runs alone`, async (t) => {
    const cwd = writeSamples(t);
    fs.appendFileSync(path.join(cwd, name), `\n${end};\n`);
    const child = spawn(process.execPath, [name], { cwd, stdio: 'inherit' });
    assert.deepEqual(await once(child, 'exit'), [7, null]);
  });
}
