// A server that listens in the file system: LocalHost=unix:/path.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WSServer } from 'native-wsserver';
import { WebSocket } from 'ws';
import { messageOf, startChild } from '../support/child.js';
import { defer } from '../support/defer.js';
import { makeFolder } from '../support/files.js';
import { collect, next, startEcho, until } from '../support/server.js';

function makePath(t: TestContext): string {
  return path.join(makeFolder(t), 'server.sock');
}

/** A client that is open. */
async function connect(t: TestContext, file: string, uri = '/'): Promise<WebSocket> {
  const client = new WebSocket(`ws+unix://${file}:${uri}`);
  defer(t, () => client.terminate());
  await once(client, 'open');
  return client;
}

test('a client of the ws package, and what the server knows of it', async (t) => {
  const file = makePath(t);
  const server = await startEcho(t, { localHost: `unix:${file}` });
  const requested = next(server, 'ConnectionRequest');
  const connected = next(server, 'Connected');
  const client = await connect(t, file, '/chat?x=1');
  const { address, port, accept } = await requested;
  assert.deepEqual([address, port, accept], ['unix:', 0, true]);
  const connection = server.connections.get((await connected).connectionId);
  assert.ok(connection);
  const { remoteHost, remotePort, localAddress, requestURI } = connection;
  assert.deepEqual([remoteHost, remotePort, localAddress], ['unix:', 0, 'unix:']);
  assert.equal(requestURI, '/chat?x=1');
  for (const size of [1, 1000, 1_000_000]) {
    client.send('x'.repeat(size));
    const [message] = await once(client, 'message');
    assert.equal(String(message).length, size);
  }
  client.close(4000);
  assert.equal((await next(server, 'Disconnected')).statusCode, 4000);
  await server.stopListening();
  assert.equal(fs.existsSync(file), false);
});

test('AllowedClients, BlockedClients: unix: are those without an address', async (t) => {
  const rows: [settings: Record<string, string>, admitted: boolean][] = [
    [{ AllowedClients: 'unix:' }, true],
    [{ AllowedClients: '127.0.0.1' }, false],
    [{ BlockedClients: '127.0.0.1, unix:' }, false],
  ];
  for (const [settings, admitted] of rows) {
    const file = makePath(t);
    const server = await startEcho(t, { localHost: `unix:${file}`, settings });
    const opened = await connect(t, file).then(
      () => true,
      () => false,
    );
    assert.equal(opened, admitted, JSON.stringify(settings));
    await server.shutdown();
  }
});

test('a file that a server has left behind is replaced, that of a running one is not', async (t) => {
  const file = makePath(t);
  const child = startChild(
    t,
    async ({ WSServer }, localHost) => {
      await new WSServer({ localHost }).startListening();
      process.send?.('listening');
    },
    `unix:${file}`,
  );
  await messageOf(child);
  const server = new WSServer({ localHost: `unix:${file}` });
  await assert.rejects(server.startListening(), { code: 10048 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(fs.existsSync(file), true);
  await server.startListening();
  defer(t, () => server.shutdown());
  await connect(t, file);
});

test('LocalSocketMode: who may connect', async (t) => {
  const file = makePath(t);
  const settings = { LocalSocketMode: '600' };
  const server = await startEcho(t, { localHost: `unix:${file}`, settings });
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  await server.stopListening();
  server.config('LocalSocketMode=0666');
  await server.startListening();
  assert.equal(fs.statSync(file).mode & 0o777, 0o666);
  for (const bad of ['888', 'rw', '1777', '0x1']) {
    assert.throws(() => server.config(`LocalSocketMode=${bad}`), {
      code: 10022,
      message: /octal/,
    });
  }
});

test('MaxConnections counts them, MaxConnectionsPerAddress does not', async (t) => {
  const file = makePath(t);
  const settings = { MaxConnections: 3, MaxConnectionsPerAddress: 1 };
  const server = await startEcho(t, { localHost: `unix:${file}`, settings });
  const errors = collect(server, 'Error');
  for (let count = 0; count < 3; count++) await connect(t, file);
  const refused = next(server, 'Error');
  const client = net.connect(file);
  client.on('error', () => {});
  await once(client, 'close');
  assert.equal((await refused).errorCode, 10024);
  assert.equal(errors.length, 1);
});

test('paths that cannot be listened on', async (t) => {
  const folder = makeFolder(t);
  fs.writeFileSync(path.join(folder, 'file'), 'x');
  fs.symlinkSync('loop', path.join(folder, 'loop'));
  const rows: [file: string, code: number][] = [
    ['', 10022],
    ['relative.sock', 10022],
    [`/${'x'.repeat(200)}`, 10063],
    [path.join(folder, 'no', 'folder'), 10022],
    [path.join(folder, 'file'), 10048],
    [path.join(folder, 'loop', 's'), 10062],
  ];
  for (const [file, code] of rows) {
    const server = new WSServer({ localHost: `unix:${file}` });
    await assert.rejects(server.startListening(), { code }, file);
    assert.equal(server.listening, false);
  }
  assert.equal(fs.readFileSync(path.join(folder, 'file'), 'utf8'), 'x');
});

test('what a client sent before it left can be read when the server takes data again', async (t) => {
  const file = makePath(t);
  const server = await startEcho(t, { localHost: `unix:${file}` });
  const ended = collect(server, 'Disconnected');
  const connected = next(server, 'Connected');
  const client = await connect(t, file);
  const connection = server.connections.get((await connected).connectionId);
  assert.ok(connection);
  connection.acceptData = false;
  await new Promise<unknown>((resolve) => client.send('last words', resolve));
  client.terminate();
  await once(client, 'close');
  await sleep(100);
  assert.equal(ended.length, 0);
  const message = next(server, 'DataIn');
  connection.acceptData = true;
  assert.equal((await message).text, 'last words');
  await until(() => ended.length > 0);
  assert.equal(ended[0]?.statusCode, 1006);
});
