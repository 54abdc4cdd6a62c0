// `wsserver echo --nats`: what is published at NATS reaches the clients of all processes.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connect } from '@nats-io/transport-node';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { COMMAND } from '../support/package_path.js';

function run(t: TestContext, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [COMMAND, 'echo', '--port', '0', ...args]);
  defer(t, () => child.kill('SIGKILL'));
  return child;
}

async function urlOf(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = await once(lines, 'line');
  return /^Listening on (ws:\S+)$/.exec(line)?.[1] as string;
}

test('echo joins alone and with workers, and leaves', { skip: WITHOUT_NATS }, async (t) => {
  const nats = await startNats(t);
  const bare = await connect({ servers: nats.url });
  defer(t, () => bare.close());
  const alone = run(t, '--nats', 'nats://127.0.0.1:1', '--nats', nats.url);
  const many = run(t, '--workers', '2', '--nats', nats.url);
  const urls = await Promise.all([alone, many, many].map(urlOf));
  const clients = urls.map((url) => new WebSocket(url));
  await Promise.all(clients.map((client) => once(client, 'open')));
  const told = clients.map((client) => once(client, 'message'));
  bare.publish('wss.everybody', 'hello');
  for (const [message] of await Promise.all(told)) assert.equal(`${message}`, 'hello');
  const [client] = clients;
  client?.send('echo');
  assert.equal(`${(await once(client as WebSocket, 'message'))[0]}`, 'echo');
  for (const child of [alone, many]) {
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  }
});

test('without NATS echo says so, and ends', { skip: WITHOUT_NATS }, async (t) => {
  for (const args of [[], ['--workers', '1']]) {
    const child = run(t, '--nats', 'nats://me:hidden@127.0.0.1:1', ...args);
    const said = text(child.stderr as NodeJS.ReadableStream as never);
    const [code] = await once(child, 'exit');
    assert.equal(code, 1);
    assert.match(await said, /NATS at 127\.0\.0\.1:1 cannot be reached: connection refused/);
    assert.doesNotMatch(await said, /hidden/);
  }
});
