// What docs/http.md shows runs, and so does the example.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';

/** Runs `code` on a free port, which is returned. */
async function run(t: TestContext, code: string): Promise<number> {
  const cwd = fs.mkdtempSync(packagePath('build', 'samples-'));
  defer(t, () => fs.rmSync(cwd, { recursive: true }));
  const sample = code.replace('localPort: 8080', 'localPort: 0');
  assert.notEqual(sample, code);
  fs.writeFileSync(path.join(cwd, 'app.mjs'), `${sample}\nconsole.log(server.localPort);\n`);
  const child = spawn(process.execPath, ['app.mjs'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill());
  let said = '';
  for await (const text of child.stdout) {
    said += text;
    if (/^\d+\n/m.test(said)) break;
  }
  return Number(/^\d+$/m.exec(said)?.[0]);
}

async function ask(port: number, text: string): Promise<string> {
  const { WebSocket } = await import('ws');
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(client, 'open');
  client.send(text);
  const [answer] = await once(client, 'message');
  client.terminate();
  return String(answer);
}

test('app.mjs answers requests and messages on one port', async (t) => {
  const document = fs.readFileSync(packagePath('docs/http.md'), 'utf8');
  const [, code = ''] = /```js\n\/\/ app\.mjs\n([\s\S]*?)```/.exec(document) ?? [];
  const port = await run(t, code);
  const response = await fetch(`http://127.0.0.1:${port}/page`);
  assert.equal(await response.text(), 'You asked for /page');
  assert.equal(await ask(port, 'hello'), 'HELLO');
});

test('the example has a page, what it loads, and its WebSocket', async (t) => {
  const port = await run(t, fs.readFileSync(packagePath('examples/http.mjs'), 'utf8'));
  const url = `http://127.0.0.1:${port}`;
  const page = await fetch(url);
  assert.match(await page.text(), /<title>One port<\/title>/);
  const upload = await fetch(url, { method: 'POST', body: 'x'.repeat(100_000) });
  assert.equal(await upload.text(), '100000 bytes\n');
  const events = await fetch(`${url}/time`);
  const { value } = (await events.body?.getReader().read()) ?? {};
  assert.match(Buffer.from(value ?? '').toString(), /^data: .+\n\n$/);
  assert.equal(await ask(port, 'hello'), 'hello');
});
