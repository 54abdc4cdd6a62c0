// SPDX-License-Identifier: MIT
// `wsserver echo`, as a user runs it.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';

import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { authority, issue, pfxOf } from '../support/certificates.js';
import { COMMAND } from '../support/package_path.js';

function run(t: TestContext, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [COMMAND, 'echo', ...args]);
  t.after(async () => {
    if (child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  });
  return child;
}

/** The lines that the command writes; the first one tells the address. */
function linesOf(child: ChildProcess): AsyncIterator<string> {
  assert.ok(child.stdout);
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

async function exitOf(child: ChildProcess): Promise<{ code: number; stderr: string }> {
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += String(text);
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

test('serves wss:// with a certificate', async (t) => {
  const { cert, certFile, keyFile, pfxFile } = certificates();
  for (const args of [
    ['--cert', certFile, '--key', keyFile],
    ['--pfx', pfxFile, '--passphrase', 'secret'],
  ]) {
    const lines = linesOf(run(t, '--port', '0', ...args));
    const [, url] = /^Listening on (wss:\S+)$/.exec((await lines.next()).value) ?? [];
    assert.ok(url);
    const client = new WebSocket(url, { ca: cert });
    t.after(() => client.terminate());
    await once(client, 'open');
    client.send('over TLS');
    assert.equal(String((await once(client, 'message'))[0]), 'over TLS');
  }
  for (const [args, message] of [
    [['--cert', certFile], /belong together/],
    [['--pfx', '/nowhere.pfx'], /--pfx: ENOENT/],
    [['--pfx', pfxFile, '--key', keyFile], /excludes/],
    [['--pfx', pfxFile, '--passphrase', 'wrong'], /password/],
  ] as const) {
    const { code, stderr } = await exitOf(run(t, '--port', '0', ...args));
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  }
});

/** A certificate of the test authority, in the forms that the command takes. */
function certificates(): { cert: string; certFile: string; keyFile: string; pfxFile: string } {
  const pair = issue('echo.example');
  return { ...pair, cert: authority.cert, pfxFile: pfxOf('echo', pair, 'secret') };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`echoes, reports, and closes its clients with 1001 on ${signal}`, async (t) => {
    const child = run(t, '--port', '0', '--subprotocol', 'chat');
    const lines = linesOf(child);
    const [, url] = /^Listening on (ws:\S+)$/.exec((await lines.next()).value) ?? [];
    assert.ok(url);
    const client = new WebSocket(url, ['other', 'chat']);
    await once(client, 'open');
    assert.equal(client.protocol, 'chat');
    for (const [message, isBinary] of [
      ['grüße', false],
      [Buffer.alloc(16 * 1024 * 1024, 7), true],
    ] as const) {
      client.send(message);
      const [answer, binary] = await once(client, 'message');
      assert.equal(binary, isBinary);
      assert.ok(Buffer.from(message as string).equals(answer));
    }
    const report = JSON.parse((await lines.next()).value);
    assert.equal(report.connections, 1);
    assert.ok(report.residentBytes > 0);

    const closed = once(client, 'close');
    child.kill(signal);
    assert.equal((await closed)[0], 1001);
    assert.equal((await exitOf(child)).code, 0);
  });
}

const mistakes: [string[], RegExp][] = [
  [['--port', 'http'], /--port takes a whole number from 0 to 65535, not "http"/],
  [['--port', '65536'], /--port takes/],
  [['--max-connections', '0'], /--max-connections takes/],
  [['--prot', '1'], /--prot/],
];
for (const [args, text] of mistakes) {
  test(`a mistake is told with the usage: ${args.join(' ')}`, async (t) => {
    const { code, stderr } = await exitOf(run(t, ...args));
    assert.equal(code, 2);
    assert.match(stderr, text);
    assert.match(stderr, /Usage: wsserver echo/);
  });
}

const words: [string[], number, RegExp][] = [
  [['--version'], 0, /^\d+\.\d+\.\d+$/m],
  [['help'], 0, /Usage: wsserver <command>/],
  [['echo', '--help'], 0, /Usage: wsserver echo/],
  [['load', '--help'], 0, /Usage: wsserver load/],
  [[], 2, /a command is missing/],
  [['ecko'], 2, /there is no command "ecko"/],
];
for (const [args, status, text] of words) {
  test(`wsserver ${args.join(' ')}`, async (t) => {
    const child = spawn(process.execPath, [COMMAND, ...args]);
    t.after(() => child.kill('SIGKILL'));
    let stdout = '';
    child.stdout.on('data', (data) => {
      stdout += String(data);
    });
    const { code, stderr } = await exitOf(child);
    assert.equal(code, status);
    assert.match(stdout + stderr, text);
  });
}

test('clients beyond --max-connections are told of', async (t) => {
  const child = run(t, '--port', '0', '--max-connections', '1');
  const [, url = ''] = /^Listening on (ws:\S+)$/.exec((await linesOf(child).next()).value) ?? [];
  const first = new WebSocket(url);
  t.after(() => first.terminate());
  await once(first, 'open');
  assert.ok(child.stderr);
  const told = once(child.stderr, 'data');
  const second = new WebSocket(url);
  await once(second, 'error');
  assert.match(String(await told), /raise MaxConnections/);
});

test('a port that is taken is told in a sentence', async (t) => {
  const first = run(t, '--port', '0');
  const [, port] = /:(\d+)$/.exec((await linesOf(first).next()).value) ?? [];
  const { code, stderr } = await exitOf(run(t, '--port', String(port)));
  assert.equal(code, 1);
  assert.match(stderr, /10048/);
});

test('goes on when nobody reads what it says, or the disk is full', async (t) => {
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  for (const stdout of ['pipe', full] as const) {
    const port = await freePort();
    const args = [COMMAND, 'echo', '--port', `${port}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', stdout, stdout] });
    t.after(() => child.kill('SIGKILL'));
    child.stdout?.destroy();
    child.stderr?.destroy();
    let client: WebSocket;
    for (;;) {
      client = new WebSocket(`ws://127.0.0.1:${port}`);
      const opened = await once(client, 'open').catch(() => undefined);
      if (opened !== undefined) break;
      assert.equal(child.exitCode, null);
    }
    t.after(() => client.terminate());
    // It has reported twice by then.
    const end = performance.now() + 2500;
    while (performance.now() < end) {
      client.send('x');
      await once(client, 'message');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('--workers: several processes share the port, and the report is of all', async (t) => {
  const child = run(t, '--port', '0', '--workers', '2');
  const lines = linesOf(child);
  const [, url] = /^Listening on (ws:\S+)$/.exec((await lines.next()).value) ?? [];
  assert.ok(url);
  const clients = Array.from({ length: 20 }, () => new WebSocket(url));
  t.after(() => {
    for (const client of clients) client.terminate();
  });
  await Promise.all(
    clients.map(async (client) => {
      await once(client, 'open');
      client.send('hello');
      await once(client, 'message');
    }),
  );
  let report: { connections: number; residentBytes: number };
  do report = JSON.parse((await lines.next()).value);
  while (report.connections < 20);
  assert.ok(report.residentBytes > 40e6);
  const said = exitOf(child);
  const closed = clients.map((client) => once(client, 'close'));
  child.kill('SIGTERM');
  for (const [code] of await Promise.all(closed)) assert.equal(code, 1001);
  assert.deepEqual(await said, { code: 0, stderr: '' });
});

test('--workers: what is no number, and one that ends', async (t) => {
  const wrong = await exitOf(run(t, '--workers', 'many'));
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--workers takes a whole number/);
  const child = run(t, '--port', '0', '--workers', 'auto');
  const lines = linesOf(child);
  await lines.next();
  const [first] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
  process.kill(Number(first), 'SIGKILL');
  const [text] = await once(child.stderr as NodeJS.ReadableStream, 'data');
  assert.match(String(text), /worker \d+ \(\d+\) has ended: SIGKILL/);
});
