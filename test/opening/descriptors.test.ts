// A server that listens on descriptors which somebody else has opened: LocalHost=fd:3.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { WebSocket } from 'ws';
import type * as Sockets from '../../dist/workers/sockets.js';
import { messageOf, sourceOf } from '../support/child.js';
import { defer } from '../support/defer.js';
import { makeFolder } from '../support/files.js';
import { packagePath } from '../support/package_path.js';
import { skipWithout } from '../support/programs.js';
import { collect, startEcho } from '../support/server.js';

const { openSockets }: typeof Sockets = require(packagePath('dist/workers/sockets.js'));

/** A socket that listens on a free port, on which nobody accepts. */
function openListening(t: TestContext): number {
  const { rows } = openSockets({ localHost: '127.0.0.1' }, 1);
  const fd = rows[0]?.[0] as number;
  defer(t, () => fs.closeSync(fd));
  return fd;
}

/** What a client gets back for "hello", from `url`. */
async function echoed(t: TestContext, url: string): Promise<string> {
  const client = new WebSocket(url);
  defer(t, () => client.terminate());
  await once(client, 'open');
  client.send('hello');
  const [message] = await once(client, 'message');
  return String(message);
}

/** Runs an echo server that listens on `localHost`, and says where that is. */
function echoSource(localHost: string): string {
  return sourceOf(async ({ WSServer }, host) => {
    const server = new WSServer({ localHost: host });
    server.on('DataIn', (event) => void server.sendText(event.connectionId, event.text));
    await server.startListening();
    const said = { port: server.localPort, pid: process.pid };
    if (process.send) process.send(said);
    else console.log(JSON.stringify(said));
  }, localHost);
}

test('a child listens on what its parent passes, and the parent goes on after it', async (t) => {
  const fd = openListening(t);
  const start = (): ChildProcess => {
    const child = spawn(process.execPath, ['-e', echoSource('fd:4')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd],
    });
    defer(t, () => child.kill('SIGKILL'));
    return child;
  };
  const first = start();
  const { port } = await messageOf<{ port: number }>(first);
  assert.equal(await echoed(t, `ws://127.0.0.1:${port}`), 'hello');
  first.kill('SIGKILL');
  await once(first, 'exit');
  // Nobody accepts, yet nobody is refused.
  const waits = echoed(t, `ws://127.0.0.1:${port}`);
  await messageOf(start());
  assert.equal(await waits, 'hello');
});

test('stopping leaves the descriptor, and listening can start again', async (t) => {
  const fd = openListening(t);
  const server = await startEcho(t, { localHost: `fd:${fd}` });
  const { localPort } = server;
  assert.ok(localPort > 0);
  assert.equal(server.localHost, `fd:${fd}`);
  for (let round = 0; round < 3; round++) {
    assert.equal(await echoed(t, `ws://127.0.0.1:${localPort}`), 'hello');
    await server.stopListening();
    const waits = echoed(t, `ws://127.0.0.1:${localPort}`);
    await server.startListening();
    assert.equal(server.localPort, localPort);
    assert.equal(await waits, 'hello');
  }
});

test('two servers share one descriptor, and each client gets one of them', async (t) => {
  const fd = openListening(t);
  const servers = [
    await startEcho(t, { localHost: `fd:${fd}` }),
    await startEcho(t, { localHost: `fd:${fd}` }),
  ];
  const errors = servers.map((server) => collect(server, 'Error'));
  const port = servers[0]?.localPort;
  for (let count = 0; count < 20; count++) {
    assert.equal(await echoed(t, `ws://127.0.0.1:${port}`), 'hello');
  }
  const accepted = servers.map((server) => server.statistics.connectionsAccepted);
  assert.equal(
    accepted.reduce((sum, each) => sum + each),
    20,
  );
  assert.deepEqual(errors, [[], []]);
});

test('several descriptors, and one in the file system', async (t) => {
  const file = path.join(makeFolder(t), 's');
  const listener = net.createServer().listen(file);
  defer(t, () => listener.close());
  await once(listener, 'listening');
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
  const fds = [openListening(t), fd];
  const server = await startEcho(t, { localHost: `fd:${fds.join(',')}` });
  assert.equal(await echoed(t, `ws://127.0.0.1:${server.localPort}`), 'hello');
  const statuses = [server.listening, server.localPort > 0];
  assert.deepEqual(statuses, [true, true]);
  await server.stopListening();
  assert.equal(fs.existsSync(file), true);
});

test('what cannot be listened on: 10022, and why', async (t) => {
  const file = fs.openSync(__filename, 'r');
  defer(t, () => fs.closeSync(file));
  const good = openListening(t);
  const connection = net.connect((await startEcho(t)).localPort, '127.0.0.1');
  defer(t, () => connection.destroy());
  await once(connection, 'connect');
  const { fd: connected } = (connection as unknown as { _handle: { fd: number } })._handle;
  const rows: [name: string, why: RegExp][] = [
    ['', /give the number/],
    [',', /give the number/],
    ['9999', /fd:9999: is not open/],
    ['99999999999', /is not open/],
    [`${file}`, /does not listen|is not a stream socket that listens/],
    [`${connected}`, /is not a stream socket that listens/],
    [`${good},9999`, /fd:9999: is not open/],
    ['-1', /no descriptor has been handed over/],
    ['web', /LISTEN_FDS and LISTEN_PID/],
  ];
  for (const [name, message] of rows) {
    const server = new WSServer({ localHost: `fd:${name}` });
    await assert.rejects(server.startListening(), { code: 10022, message }, name);
    assert.equal(server.listening, false);
  }
});

test('LISTEN_FDNAMES: names of descriptors count from 3, for the process that is meant', async (t) => {
  const fds = [openListening(t), openListening(t)];
  const start = (name: string, names: string, pid: string): ChildProcess => {
    // exec leaves the process its number.
    const shell = `LISTEN_PID=${pid} LISTEN_FDS=2 LISTEN_FDNAMES=${names} exec "$@"`;
    const child = spawn('/bin/sh', ['-c', shell, 'sh', process.execPath, '-e', echoSource(name)], {
      stdio: ['ignore', 'pipe', 'pipe', ...fds],
    });
    defer(t, () => child.kill('SIGKILL'));
    return child;
  };
  const child = start('fd:web', 'other:web', '$$');
  const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  assert.equal(await echoed(t, `ws://127.0.0.1:${JSON.parse(said).port}`), 'hello');
  const rows = [
    ['fd:api', 'other:web', '$$', /LISTEN_FDNAMES has no such name/],
    ['fd:web', 'other:web', '1', /LISTEN_PID say/],
  ] as const;
  for (const [name, names, pid, reason] of rows) {
    const [error] = await once(start(name, names, pid).stderr as NodeJS.ReadableStream, 'data');
    assert.match(String(error), reason);
  }
});

test('systemd hands over its socket', {
  skip: skipWithout('systemd-socket-activate', '--version'),
}, async (t) => {
  // A port that is free now; another process may take it before, and the tool fails then.
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as net.AddressInfo;
  free.close();
  await once(free, 'close');
  const child = spawn(
    'systemd-socket-activate',
    [`--listen=127.0.0.1:${port}`, '--fdname=web', process.execPath, '-e', echoSource('fd:web')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  defer(t, () => child.kill('SIGKILL'));
  await once(child.stderr as NodeJS.ReadableStream, 'data');
  // The first client has it started.
  assert.equal(await echoed(t, `ws://127.0.0.1:${port}`), 'hello');
});
