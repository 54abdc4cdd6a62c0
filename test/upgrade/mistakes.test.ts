import assert from 'node:assert/strict';
import http from 'node:http';
import { Duplex, PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { WSServer } from 'native-wsserver';
import { ByteClient, frame, Op, request } from '../support/byte_client.js';
import { until } from '../support/server.js';
import { makeEcho, openDescriptors, startUpgrading } from './upgrading.js';

type Upgrade = Parameters<WSServer['handleUpgrade']>;

const EMPTY = Buffer.alloc(0);
const codeOf = (outcome: Promise<number>): Promise<number> =>
  outcome.then(
    () => 0,
    (error: { code: number }) => error.code,
  );

const rawHeaders = ['Host', 'a', 'Upgrade', 'websocket', 'Connection', 'Upgrade'].concat([
  'Sec-WebSocket-Key',
  'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version',
  '13',
]);
/** Like the request of an event. */
const requestLike = { method: 'GET', url: '/', httpVersion: '1.1', rawHeaders };

/** Two streams, of which each reads what the other is written. */
function duplexPair(): [Duplex, Duplex] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const pair: [Duplex, Duplex] = [
    Duplex.from({ readable: back, writable: there }),
    Duplex.from({ readable: there, writable: back }),
  ];
  for (const stream of [there, back, ...pair]) stream.on('error', () => {});
  return pair;
}

test('what is no request, no socket and no head is said in a sentence', async (t) => {
  const server = makeEcho(t);
  const give = (...upgrade: unknown[]): Promise<number> =>
    server.handleUpgrade(...(upgrade as unknown as Upgrade));
  for (const socket of [undefined, null, 1, {}, 'socket', new http.Agent()]) {
    await assert.rejects(give(requestLike, socket, EMPTY), { code: 10022, message: /socket/ });
  }
  const [one] = duplexPair();
  for (const head of [undefined, 'head', [1]]) {
    await assert.rejects(give(requestLike, one, head), { code: 10022, message: /head/ });
  }
  for (const other of [undefined, null, {}, { ...requestLike, rawHeaders: 1 }]) {
    await assert.rejects(give(other, one, EMPTY), { code: 10022, message: /request/ });
  }
  const overHttp2 = { ...requestLike, httpVersion: '2.0' };
  await assert.rejects(give(overHttp2, one, EMPTY), { code: 10022, message: /HTTP\/1\.1/ });
  const elsewhere = { ...requestLike, socket: duplexPair()[0] };
  await assert.rejects(give(elsewhere, one, EMPTY), { code: 10022, message: /another socket/ });
  await assert.rejects(give(requestLike, one, Buffer.alloc(17 * 1024 * 1024)), { code: 10022 });
  assert.equal(one.destroyed, false);
  one.destroy();
  await assert.rejects(give(requestLike, one, EMPTY), { code: 10053 });
});

test('the same socket twice is refused the second time, and goes on', async (t) => {
  const codes: Promise<number>[] = [];
  const { port } = await startUpgrading(t, {}, (server, ...upgrade) => {
    codes.push(codeOf(server.handleUpgrade(...upgrade)), codeOf(server.handleUpgrade(...upgrade)));
  });
  const client = await ByteClient.open(t, port);
  assert.deepEqual((await Promise.all(codes)).sort(), [0, 10022]);
  client.sendFrame(Op.text, 'on');
  assert.equal((await client.readFrame()).payload.toString(), 'on');
});

test('a socket that has been destroyed or ended is refused, and nothing leaks', async (t) => {
  const codes: Promise<number>[] = [];
  const { port } = await startUpgrading(t, {}, (server, ...upgrade) => {
    if (upgrade[0].url === '/destroyed') upgrade[1].destroy();
    else upgrade[1].end();
    codes.push(codeOf(server.handleUpgrade(...upgrade)));
  });
  const before = openDescriptors();
  for (const uri of ['/destroyed', '/ended']) {
    const client = await ByteClient.connect(t, port);
    client.send(request([], uri));
    await client.ended;
    client.socket.destroy();
  }
  assert.deepEqual(await Promise.all(codes), [10053, 10053]);
  await until(() => openDescriptors() <= before);
});

test('a socket that is being written to, corked or paused is taken when that has left', async (t) => {
  const { port } = await startUpgrading(t, {}, (server, ...upgrade) => {
    const [, socket] = upgrade;
    socket.cork();
    socket.write('HTTP/1.1 102 Processing\r\n\r\n');
    socket.write(`HTTP/1.1 102 Processing\r\nX: ${'x'.repeat(4_000_000)}\r\n\r\n`);
    socket.pause();
    server.handleUpgrade(...upgrade);
  });
  const client = await ByteClient.connect(t, port);
  client.send(request());
  assert.equal((await client.readAnswer()).status, 102);
  assert.equal((await client.readAnswer()).headers.get('x')?.length, 4_000_000);
  assert.equal((await client.readAnswer()).status, 101);
  client.sendFrame(Op.text, 'after');
  assert.equal((await client.readFrame()).payload.toString(), 'after');
});

test('a megabyte of frames behind the request', async (t) => {
  const { port } = await startUpgrading(t);
  const client = await ByteClient.connect(t, port);
  const payload = Buffer.alloc(1024, 'm');
  const frames = Array.from({ length: 1024 }, () => frame({ opcode: Op.binary, payload }));
  client.send(request(), ...frames);
  assert.equal((await client.readAnswer()).status, 101);
  for (let count = 0; count < 1024; count++) {
    assert.deepEqual((await client.readFrame()).payload, payload);
  }
});

test('a pair of streams is bridged: bytes, the end, and an error', async (t) => {
  const server = makeEcho(t);
  const [near, far] = duplexPair();
  let received = EMPTY;
  far.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
  });
  const id = await server.handleUpgrade(requestLike as Upgrade[0], near, EMPTY);
  await until(() => received.includes('\r\n\r\n'));
  assert.match(received.toString(), /^HTTP\/1\.1 101 /);
  received = EMPTY;
  far.write(frame({ opcode: Op.text, payload: 'bridged' }));
  await until(() => received.length === 9);
  assert.equal(received.subarray(2).toString(), 'bridged');
  assert.equal(server.connections.get(id)?.remoteHost, 'unix:');
  far.end();
  await until(() => server.connections.size === 0);
  await until(() => near.destroyed);
});

test('access lists and limits hold, though the server does not listen', async (t) => {
  const codes: Promise<number>[] = [];
  const { server, port } = await startUpgrading(
    t,
    { settings: { BlockedClients: '127.0.0.1' } },
    (to, ...upgrade) => codes.push(codeOf(to.handleUpgrade(...upgrade))),
  );
  const blocked = await ByteClient.connect(t, port);
  blocked.send(request());
  assert.equal((await blocked.readAnswer()).status, 403);
  assert.equal(await blocked.ended, 'end');
  server.config('BlockedClients=');
  server.config('MaxConnections=1');
  await ByteClient.open(t, port);
  const second = await ByteClient.connect(t, port);
  second.send(request());
  assert.equal((await second.readAnswer()).status, 503);
  assert.deepEqual(await Promise.all(codes), [10061, 0, 10061]);
});

test('a server that is upgraded to lives as long as its connections, and shuts them down', async (t) => {
  const { server, port } = await startUpgrading(t);
  const client = await ByteClient.open(t, port);
  assert.equal(server.connections.size, 1);
  const gone = server.shutdown();
  const [close] = await client.readFrames();
  assert.equal(close?.opcode, Op.close);
  client.send(frame({ opcode: Op.close, payload: Buffer.from([0x03, 0xe8]) }));
  await gone;
});

test('a client that resets before the upgrade is handled ends nothing', async (t) => {
  const outcomes: Promise<number>[] = [];
  let client: ByteClient | undefined;
  const { port } = await startUpgrading(t, {}, (server, incoming, socket, head) => {
    // The system knows, and Node does not yet.
    client?.reset();
    outcomes.push(codeOf(server.handleUpgrade(incoming, socket, head)));
  });
  client = await ByteClient.connect(t, port);
  client.send(request());
  await until(() => outcomes.length === 1);
  assert.notEqual(await outcomes[0], 0);
});

test('what was written before an upgrade and does not leave ends it', async (t) => {
  const outcomes: Promise<number>[] = [];
  const { port } = await startUpgrading(t, {}, (server, incoming, socket, head) => {
    socket.write(Buffer.alloc(32 * 1024 * 1024));
    outcomes.push(codeOf(server.handleUpgrade(incoming, socket, head)));
  });
  const client = await ByteClient.connect(t, port);
  client.socket.pause();
  client.send(request());
  await until(() => outcomes.length === 1);
  assert.equal(await outcomes[0], 10060);
  client.reset();
});
