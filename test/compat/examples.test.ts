// The examples in the style of the C++ and JavaScript editions, with real clients.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { authority, issue, pfxOf } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';

type Test = Parameters<typeof defer>[0];

const folder = packagePath('examples');

/** A running example, and the lines that it prints. */
function start(t: Test, name: string, ...args: string[]): AsyncIterator<string> {
  const child = spawn(process.execPath, [path.join(folder, name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill('SIGKILL'));
  return createInterface(child.stdout)[Symbol.asyncIterator]();
}

/** The next line that matches. */
async function lineOf(lines: AsyncIterator<string>, wanted: RegExp): Promise<string> {
  for (;;) {
    const { done, value } = await lines.next();
    assert.ok(!done, `${wanted} was not printed`);
    if (wanted.test(value)) return value;
  }
}

async function portOf(lines: AsyncIterator<string>): Promise<string> {
  return (await lineOf(lines, /^Listening on port/)).replace(/\D+/, '');
}

const hears = async (client: WebSocket): Promise<string> => `${(await once(client, 'message'))[0]}`;

for (const name of ['compat_cpp_style.mjs', 'compat_js_style.mjs']) {
  test(`${name}: what one says, all hear`, async (t) => {
    const lines = start(t, name, '0');
    const port = await portOf(lines);
    const clients = [0, 1].map(() => new WebSocket(`ws://127.0.0.1:${port}`));
    const [first, second] = clients as [WebSocket, WebSocket];
    await Promise.all(clients.map((client) => once(client, 'open')));
    const text = 'grüß Gott '.repeat(20_000);
    const heard = clients.map(hears);
    first.send(text);
    for (const each of await Promise.all(heard)) assert.ok(each === text);
    const again = hears(first);
    second.send('again');
    assert.equal(await again, 'again');
    second.close(1001);
    await lineOf(lines, /^127\.0\.0\.1 has connected$/);
    await lineOf(lines, /^2: 5 bytes$/);
    await lineOf(lines, /^127\.0\.0\.1 has gone: 1001$/);
    first.terminate();
    await lineOf(lines, /^127\.0\.0\.1 has gone: 1006$/);
  });

  test(`${name}: with a certificate`, async (t) => {
    const file = pfxOf(name, issue(name, { key: 'rsa' }), 'secret');
    const lines = start(t, name, '0', file, 'secret');
    const port = await portOf(lines);
    const client = new WebSocket(`wss://127.0.0.1:${port}`, { ca: authority.cert });
    await once(client, 'open');
    const heard = hears(client);
    client.send('over TLS');
    assert.equal(await heard, 'over TLS');
    client.terminate();
    await lineOf(lines, /^1: 8 bytes$/);
  });
}
