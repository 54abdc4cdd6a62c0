// What a connection's own methods do, what can be awaited of it, and how to stop waiting.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { type WSConnection, WSServer, type WSServerError } from 'native-wsserver';
import { ByteClient, closeCode, closePayload, Op, request } from '../support/byte_client.js';
import { open, startOpen, startStopped } from '../support/open.js';
import { collect, next, startServer } from '../support/server.js';

/** So much that a client which does not read cannot take it. */
const LARGE = Buffer.alloc(8_000_000, 1);

/** A connection to a client that does not read, with a full queue. */
async function startStuck(t: Parameters<typeof startOpen>[0]) {
  const opened = await startStopped(t);
  await opened.connection.sendBytes(LARGE);
  assert.equal(opened.connection.readyToSend, false);
  return opened;
}

test('send, sendText, sendBytes', async (t) => {
  const { client, connection } = await startOpen(t);
  connection.send('a');
  connection.send(Buffer.from('b'));
  connection.sendText(Buffer.from('c'));
  connection.sendBytes(Buffer.from('d'));
  connection.dataFormat = 2;
  await connection.send('e');
  const frames = [];
  for (let index = 0; index < 5; index++) frames.push(await client.readFrame());
  assert.deepEqual(
    frames.map(({ opcode, payload }) => [opcode, payload.toString()]),
    [
      [Op.text, 'a'],
      [Op.binary, 'b'],
      [Op.text, 'c'],
      [Op.binary, 'd'],
      [Op.binary, 'e'],
    ],
  );
});

test('close says code and reason, and is fulfilled when the connection has ended', async (t) => {
  const { client, connection } = await startOpen(t);
  const closed = connection.close(4001, 'enough');
  const close = await client.readFrame();
  assert.deepEqual([closeCode(close), close.payload.toString('utf8', 2)], [4001, 'enough']);
  client.sendFrame(Op.close, closePayload(4001, 'fine'));
  assert.deepEqual(await closed, { statusCode: 4001, description: 'fine' });
  assert.deepEqual(await connection.close(1000), await connection.closed);
});

test('close without arguments says what the settings say', async (t) => {
  const { server, client, connection } = await startOpen(t);
  server.config('DisconnectStatusCode=3000');
  const closed = connection.close();
  assert.equal(closeCode(await client.readFrame()), 3000);
  await client.finish(3000);
  assert.equal((await closed).statusCode, 3000);
});

test('close with a code that may not be sent', async (t) => {
  const { client, connection } = await startOpen(t);
  await assert.rejects(connection.close(1005), { code: 10022 });
  assert.equal(connection.connected, true);
  await client.finish();
});

test('closed says how a connection ended', async (t) => {
  const server = await startServer(t);
  const peers = [await open(t, server), await open(t, server)];
  const [first, second] = peers.map(({ connection }) => connection.closed);
  peers[0]?.client.sendFrame(Op.close, closePayload(1001, 'leaving'));
  assert.deepEqual(await first, { statusCode: 1001, description: 'leaving' });
  peers[1]?.client.reset();
  assert.equal((await second)?.statusCode, 1006);
});

test('closed of a connection that was refused', async (t) => {
  const server = await startServer(t);
  let refused: WSConnection | undefined;
  server.on('WebSocketOpenRequest', (event) => {
    refused = server.connections.get(event.connectionId);
    event.statusCode = 403;
  });
  const client = await ByteClient.connect(t, server.localPort);
  client.send(request());
  await client.ended;
  assert.equal((await refused?.closed)?.statusCode, 1006);
});

test('closed can be asked for when it is over', async (t) => {
  const { server, client, connection } = await startOpen(t);
  const disconnected = next(server, 'Disconnected');
  await client.finish(1001);
  await disconnected;
  assert.equal((await connection.closed).statusCode, 1001);
});

test('drain is fulfilled at once while nothing waits', async (t) => {
  const { client, connection } = await startOpen(t);
  connection.sendText('x');
  await connection.drain();
  assert.equal(connection.bufferedBytes, 0);
  assert.equal((await client.readFrame()).payload.toString(), 'x');
});

test('drain waits until the client has read', async (t) => {
  const { client, connection } = await startStuck(t);
  await assert.rejects(connection.sendText('no'), { code: 10035 });
  assert.ok(connection.bufferedBytes > 1_000_000);
  let drained = false;
  const waiting = connection.drain().then(() => {
    drained = true;
  });
  const pong = connection.drain({ signal: AbortSignal.timeout(50) });
  await assert.rejects(pong, { name: 'TimeoutError' });
  assert.equal(drained, false);
  client.socket.resume();
  await waiting;
  assert.deepEqual([connection.bufferedBytes, connection.readyToSend], [0, true]);
  assert.equal((await client.readFrame()).payload.length, LARGE.length);
});

test('what waits fails with 126 when the connection ends', async (t) => {
  const { server, client, connection } = await startStuck(t);
  const { connection: other, client: answers } = await open(t, server);
  const errors = collect(server, 'Error');
  const pinged = other.ping();
  const drained = connection.drain();
  await Promise.all([client.reset(), answers.reset()]);
  await assert.rejects(drained, { code: 126 });
  await assert.rejects(pinged, { code: 126 });
  await assert.rejects(connection.drain(), { code: 126 });
  await assert.rejects(connection.ping(), { code: 126 });
  // Who drains knows that it has failed; a ping may have been sent without waiting.
  assert.deepEqual(
    errors.map(({ errorCode }) => errorCode),
    [126, 126],
  );
});

/** What becomes of `promise`: its error's code and text. */
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'fulfilled',
    ({ code, message }: WSServerError) => `${code} ${message}`,
  );

test('interrupt ends sends with a timeout and pings of one connection; what is queued is sent', async (t) => {
  const { server, client, connection } = await startStopped(t);
  const { connection: other, client: answers } = await open(t, server);
  const errors = collect(server, 'Error');
  server.config('MaxQueuedBytes=100000000');
  connection.timeout = other.timeout = 1000;
  const { connectionId } = connection;
  const waiting = [
    connection.ping(),
    connection.sendBytes(LARGE),
    server.send(connectionId, 'two'),
    server.sendText(`${connectionId}`, 'three', { signal: new AbortController().signal }),
  ].map(failure);
  const drained = connection.drain();
  const pinged = other.ping();
  await server.interrupt(`${connectionId}`);
  const interrupted = '10004 [10004] Interrupted system call. The waiting was interrupted.';
  assert.deepEqual(await Promise.all(waiting), Array(4).fill(interrupted));
  assert.deepEqual(
    errors.map((error) => [error.connectionId, error.errorCode]),
    Array(4).fill([connectionId, 10004]),
  );
  answers.sendFrame(Op.pong, (await answers.readFrame()).payload);
  assert.ok((await pinged) >= 0);
  // Nothing waits any more: there is nothing to be interrupted twice.
  connection.interrupt();
  client.socket.resume();
  await drained;
  const lengths = [];
  for (let index = 0; index < 4; index++) lengths.push((await client.readFrame()).payload.length);
  assert.deepEqual(lengths.slice(1), [LARGE.length, 3, 5]);
  client.socket.pause();
  const again = failure(connection.sendBytes(LARGE));
  connection.interrupt();
  assert.equal(await again, interrupted);
  assert.equal(errors.length, 5);
});

test('interrupt from the handler of Error, which tells of another interruption', async (t) => {
  const { server, connection } = await startStopped(t);
  server.config('MaxQueuedBytes=100000000');
  connection.timeout = 1000;
  const errors = collect(server, 'Error');
  const waiting = [1, 2, 3].map(() => failure(connection.sendBytes(LARGE)));
  server.on('Error', () => connection.interrupt());
  connection.interrupt();
  for (const text of await Promise.all(waiting)) assert.match(text, /^10004/);
  assert.equal(errors.length, 3);
});

test('a signal ends the waiting for a Pong, and the Error event does not tell', async (t) => {
  const { server, client, connection } = await startOpen(t);
  const errors = collect(server, 'Error');
  const controller = new AbortController();
  const { signal } = controller;
  const pings = [connection.ping({ signal }), server.ping(connection.connectionId, { signal })];
  controller.abort(new Error('enough'));
  for (const ping of pings) await assert.rejects(ping, /enough/);
  await assert.rejects(connection.ping({ signal }), /enough/);
  await client.readFrame();
  await client.readFrame();
  const ping = connection.ping();
  client.sendFrame(Op.pong, (await client.readFrame()).payload);
  assert.ok((await ping) >= 0);
  await client.finish();
  await connection.closed;
  assert.deepEqual(errors, []);
});

test('signals are let go of when what they were for is over', async (t) => {
  const { server, client, connection } = await startStuck(t);
  const { signal } = new AbortController();
  const drained = connection.drain({ signal });
  const sent = connection.sendStream((async function* () {})(), { signal });
  assert.ok(getEventListeners(signal, 'abort').length > 0);
  client.socket.resume();
  await Promise.all([drained, sent]);
  await client.readFrame();
  await client.readFrame();
  const pinged = connection.ping({ signal });
  client.sendFrame(Op.pong, (await client.readFrame()).payload);
  await pinged;
  const closed = connection.close(1000, '', { signal });
  const shutdown = server.shutdown({ signal });
  await client.finish();
  await Promise.all([closed, shutdown]);
  await new Promise(setImmediate);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a signal ends the waiting for a close and a shutdown, not these themselves', async (t) => {
  const { server, client, connection } = await startOpen(t);
  const controller = new AbortController();
  const { signal } = controller;
  const closed = connection.close(1000, '', { signal });
  const shutdown = server.shutdown({ signal });
  controller.abort(new Error('enough'));
  await assert.rejects(closed, /enough/);
  await assert.rejects(shutdown, /enough/);
  assert.equal(closeCode(await client.readFrame()), 1000);
  await client.finish();
  assert.equal((await connection.closed).statusCode, 1000);
});

test('await using a connection closes it', async (t) => {
  const { client, connection } = await startOpen(t);
  async function use(): Promise<void> {
    await using used = connection;
    await used.sendText('last words');
  }
  const used = use();
  assert.equal((await client.readFrame()).payload.toString(), 'last words');
  assert.equal((await client.readFrame()).opcode, Op.close);
  await client.finish();
  await used;
  assert.equal(connection.connected, false);
});

test('await using a server shuts it down', async (t) => {
  async function use(): Promise<WSServer> {
    await using server = new WSServer({ localHost: '127.0.0.1' });
    await server.startListening();
    const { client } = await open(t, server);
    client.sendFrame(Op.close, closePayload(1000));
    return server;
  }
  const server = await use();
  assert.deepEqual([server.listening, server.wsConnectionCount], [false, 0]);
});

test('pauseData and processData', async (t) => {
  const { server, client, connection, id } = await startOpen(t);
  const events = collect(server, 'DataIn');
  await server.pauseData(id);
  assert.equal(connection.acceptData, false);
  client.sendFrame(Op.text, 'held');
  const other = await open(t, server);
  const arrived = next(server, 'DataIn');
  other.client.sendFrame(Op.text, 'not held');
  assert.equal((await arrived).text, 'not held');
  const released = next(server, 'DataIn');
  await server.processData(`${id}`);
  assert.equal(connection.acceptData, true);
  assert.equal((await released).text, 'held');
  assert.equal(events.length, 2);
  await assert.rejects(server.pauseData(999_999), { code: 126 });
});

test('one signal for many is no leak: Node does not warn of one', async (t) => {
  const { server, connection } = await startStuck(t);
  const warnings: Error[] = [];
  const warn = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', warn);
  t.after(() => process.off('warning', warn));
  const controller = new AbortController();
  const { signal } = controller;
  const waits: Promise<unknown>[] = [];
  for (let index = 0; index < 20; index++) {
    waits.push(connection.drain({ signal }));
    waits.push(connection.sendStream(new ReadableStream(), { signal }));
  }
  const other = await startOpen(t);
  for (let index = 0; index < 20; index++) {
    const { connection } = await open(t, other.server);
    waits.push(connection.messages({ signal }).next());
  }
  waits.push(connection.close(1000, '', { signal }), server.shutdown({ signal }));
  const listeners = getEventListeners(signal, 'abort').length;
  assert.equal(listeners, 1);
  controller.abort(new Error('enough'));
  for (const { status } of await Promise.allSettled(waits)) assert.equal(status, 'rejected');
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.deepEqual(warnings, []);
});

test('rejections that nobody awaits do not end the process', async (t) => {
  const { server, client, connection } = await startStuck(t);
  const signal = AbortSignal.abort(new Error('enough'));
  const controller = new AbortController();
  void connection.drain();
  void connection.drain({ signal });
  void connection.drain({ signal: controller.signal });
  void connection.ping({ signal });
  void connection.close(1);
  void connection.sendStream((async function* () {})(), { signal });
  void server.shutdown({ signal });
  controller.abort();
  client.reset();
  await connection.closed;
  void connection.drain();
  await new Promise(setImmediate);
});
