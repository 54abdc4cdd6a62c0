// What docs/http.md shows runs, and so does the example.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { test } from 'node:test';
import { packagePath } from '../support/package_path.js';
import { runSample, sampleOf } from '../support/sample.js';

const SHOW = 'console.log(server.localPort);';

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
  const port = await runSample(t, sampleOf('docs/http.md', 'app.mjs'), SHOW);
  const response = await fetch(`http://127.0.0.1:${port}/page`);
  assert.equal(await response.text(), 'You asked for /page');
  assert.equal(await ask(port, 'hello'), 'HELLO');
});

test('the example has a page, what it loads, and its WebSocket', async (t) => {
  const port = await runSample(t, fs.readFileSync(packagePath('examples/http.mjs'), 'utf8'), SHOW);
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
