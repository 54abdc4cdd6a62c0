// A client that does not read: what is sent, what is refused, and what happens when it reads again.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, test } from 'node:test';
import { type WSConnection, type WSServer, WSServerError } from 'native-wsserver';
import { ByteClient, frame, Op } from '../support/byte_client.js';
import { assertAtLeast } from '../support/patience.js';
import { collect, next, startServer, until } from '../support/server.js';

type Test = Parameters<typeof startServer>[0];

/** A server with one client, which does not read until it is told to. */
async function stopped(t: Test) {
  const server = await startServer(t, { settings: { OutBufferSize: 131_072 } });
  const connected = next(server, 'Connected');
  const client = await ByteClient.open(t, server.localPort);
  const { connectionId } = await connected;
  const connection = server.connections.get(connectionId) as WSConnection;
  client.socket.pause();
  return { server, client, connection, connectionId };
}

/** Sends numbered messages until one is refused; how many were taken, and the refusal. */
async function sendUntilRefused(server: WSServer, id: number, size: number) {
  for (let taken = 0; ; taken++) {
    const message = Buffer.alloc(size);
    message.writeUInt32BE(taken);
    try {
      await server.sendBytes(id, message);
    } catch (error) {
      return { taken, error: error as WSServerError };
    }
    assert.ok(taken < 1_000_000, 'the queue has no bound');
  }
}

/**
 * Does something every `ms` milliseconds until the function that is returned is called: a deadline
 * that it puts off never comes.
 */
function repeat(ms: number, act: () => unknown): () => void {
  const timer = setInterval(act, ms);
  return () => clearInterval(timer);
}

for (const size of [100, 10_000, 40_000, 1_000_000]) {
  test(`messages of ${size} bytes: taken whole or refused, none lost`, async (t) => {
    const { server, client, connection, connectionId } = await stopped(t);
    const errors = collect(server, 'Error');
    const { taken, error } = await sendUntilRefused(server, connectionId, size);
    assert.ok(error instanceof WSServerError);
    assert.equal(error.code, 10035);
    assert.deepEqual([connection.bytesSent, connection.readyToSend], [0, false]);
    assert.deepEqual(
      errors.map((event) => [event.connectionId, event.errorCode]),
      [[connectionId, 10035]],
    );
    assert.equal(server.statistics.messagesOut, taken);

    const ready = next(server, 'ReadyToSend');
    client.socket.resume();
    for (let index = 0; index < taken; index++) {
      const { payload } = await client.readFrame();
      assert.deepEqual([payload.readUInt32BE(0), payload.length], [index, size]);
    }
    assert.equal((await ready).connectionId, connectionId);
    assert.equal(connection.readyToSend, true);
    await server.sendText(connectionId, 'again');
    assert.equal(connection.bytesSent, 5);
    assert.equal((await client.readFrame()).payload.toString(), 'again');
  });
}

test('sends of one turn are bounded too', async (t) => {
  const { server, client, connectionId } = await stopped(t);
  const sent = Array.from({ length: 20_000 }, () =>
    server.sendText(connectionId, 'x'.repeat(1000)),
  );
  const settled = await Promise.allSettled(sent);
  const taken = settled.filter(({ status }) => status === 'fulfilled').length;
  assert.ok(taken > 0 && taken < 10_000, `${taken} were taken`);
  client.socket.resume();
  for (let index = 0; index < taken; index++) await client.readFrame();
  const last = next(server, 'ReadyToSend');
  await server.sendText(connectionId, 'end').catch(() => last);
});

test('other clients are served meanwhile', async (t) => {
  const { server, connectionId } = await stopped(t);
  await sendUntilRefused(server, connectionId, 10_000);
  const connected = next(server, 'Connected');
  const other = await ByteClient.open(t, server.localPort);
  await server.sendText((await connected).connectionId, 'hello');
  assert.equal((await other.readFrame()).payload.toString(), 'hello');
});

test('one client that never reads among 1,000 that do', async (t) => {
  const limit = 256 * 1024;
  const server = await startServer(t, {
    settings: { MaxConnections: 2000, MaxQueuedBytes: limit },
  });
  const slow = await ByteClient.open(t, server.localPort);
  slow.socket.pause();
  const [slowId = 0] = server.connections.keys();
  const others = await Promise.all(
    Array.from({ length: 1000 }, () => ByteClient.open(t, server.localPort)),
  );
  const received = new Map(others.map((client) => [client, 0]));
  for (const client of others) {
    client.socket.on('data', (bytes: Buffer) => {
      received.set(client, (received.get(client) ?? 0) + bytes.length);
    });
  }
  const before = others.map((client) => received.get(client) ?? 0);
  const refusals: unknown[] = [];
  server.on('Error', ({ connectionId, errorCode }) => refusals.push([connectionId, errorCode]));
  const payload = randomBytes(1000);
  const large = randomBytes(100_000);
  for (let round = 0; round < 20; round++) {
    for (const id of server.connections.keys()) server.sendBytes(id, payload);
    for (let count = 0; count < 10; count++) server.sendBytes(slowId, large);
    await new Promise((resolve) => setImmediate(resolve));
    const queued = server.connections.get(slowId)?.bufferedBytes ?? 0;
    assert.ok(queued <= limit + large.length, `${queued} bytes wait`);
  }
  assert.ok(refusals.length > 0);
  assert.deepEqual(new Set(refusals.map(String)), new Set([`${slowId},10035`]));
  // Every other has every message: 20 frames of 1,000 bytes and their headers.
  await until(() =>
    others.every((client, at) => received.get(client) === (before[at] ?? 0) + 20 * 1004),
  );

  const ready = next(server, 'ReadyToSend');
  slow.socket.resume();
  assert.equal((await ready).connectionId, slowId);
  await server.sendText(slowId, 'welcome back');
});

test('Pings of a client that does not read do not make a queue of Pongs', async (t) => {
  const { server, client, connectionId } = await stopped(t);
  const { taken } = await sendUntilRefused(server, connectionId, 10_000);
  let seen = 0;
  const allSeen = new Promise<void>((resolve) => {
    server.on('Ping', () => ++seen === 1000 && resolve());
  });
  for (let index = 1; index <= 1000; index++) client.sendFrame(Op.ping, `${index}`);
  await allSeen;
  client.socket.resume();
  const pongs: number[] = [];
  let messages = 0;
  while (pongs.at(-1) !== 1000) {
    const { opcode, payload } = await client.readFrame();
    if (opcode === Op.pong) pongs.push(Number(payload.toString()));
    else messages++;
  }
  assert.equal(messages, taken);
  // RFC 6455 §5.5.3: the latest of those that waited is enough.
  assert.ok(pongs.length < 500, `${pongs.length} Pongs`);
  assert.deepEqual(
    pongs,
    pongs.toSorted((a, b) => a - b),
  );
});

test('a client that does not read gets the Close behind what was sent', async (t) => {
  const { server, client, connectionId } = await stopped(t);
  const { taken } = await sendUntilRefused(server, connectionId, 10_000);
  await server.disconnect(connectionId);
  client.socket.resume();
  const frames = await client.readFrames();
  assert.equal(frames.length, taken + 1);
  assert.equal(frames.at(-1)?.opcode, Op.close);
});

test('a client that does not read and breaks a rule gets all that was sent', async (t) => {
  const { server, client, connectionId } = await stopped(t);
  const { taken } = await sendUntilRefused(server, connectionId, 10_000);
  const disconnected = next(server, 'Disconnected');
  client.sendFrame(3);
  assert.equal((await disconnected).statusCode, 1002);
  client.socket.resume();
  const frames = await client.readFrames();
  assert.equal(frames.length, taken + 1);
  assert.equal(frames.at(-1)?.payload.readUInt16BE(0), 1002);
  assert.equal(await client.ended, 'end');
});

for (const mebibytes of [1, 16]) {
  test(`a message of ${mebibytes} MiB is taken while the queue is empty`, async (t) => {
    const { server, client, connection, connectionId } = await stopped(t);
    const size = mebibytes * 1024 * 1024;
    await server.sendBytes(connectionId, Buffer.alloc(size, 7));
    assert.deepEqual([connection.bytesSent, connection.readyToSend], [size, false]);
    await assert.rejects(server.sendText(connectionId, 'no'), { code: 10035 });
    const ready = next(server, 'ReadyToSend');
    client.socket.resume();
    const { payload } = await client.readFrame();
    assert.deepEqual([payload.length, payload[0], payload.at(-1)], [size, 7, 7]);
    await ready;
  });
}

describe('a positive timeout', { concurrency: true }, () => {
  it('has the promise settle when all has been handed over', async (t) => {
    const { server, client, connection, connectionId } = await stopped(t as Test);
    connection.timeout = 5;
    const order: string[] = [];
    const big = server
      .sendBytes(connectionId, Buffer.alloc(8_000_000))
      .then(() => order.push('big'));
    const queued = server.sendText(connectionId, 'small').catch((error) => error.code);
    assert.equal(await queued, 10035); // More than MaxQueuedBytes waits.
    client.socket.resume();
    const { payload } = await client.readFrame();
    order.push('read');
    assert.equal(payload.length, 8_000_000);
    await big;
    assert.equal(order.includes('big'), true);
    assert.equal(connection.bytesSent, 0);
  });

  it('queues further sends up to MaxQueuedBytes, in their order', async (t) => {
    const { server, client, connection, connectionId } = await stopped(t as Test);
    const { taken } = await sendUntilRefused(server, connectionId, 10_000);
    connection.timeout = 5;
    const sent = ['a', 'b', 'c'].map((text) => server.sendText(connectionId, text));
    client.socket.resume();
    await Promise.all(sent);
    for (let index = 0; index < taken; index++) await client.readFrame();
    for (const text of ['a', 'b', 'c']) {
      assert.equal((await client.readFrame()).payload.toString(), text);
    }
  });

  it('gives up after that long without progress: 10060', async (t) => {
    const { server, connection, connectionId } = await stopped(t as Test);
    connection.timeout = 1;
    const errors = collect(server, 'Error');
    const started = performance.now();
    await assert.rejects(server.sendBytes(connectionId, Buffer.alloc(8_000_000)), { code: 10060 });
    assertAtLeast(900, performance.now() - started);
    assert.deepEqual(
      errors.map((event) => event.errorCode),
      [10060],
    );
  });

  it('is not put off by sends that come later', async (t) => {
    const { server, connection, connectionId } = await stopped(t as Test);
    await sendUntilRefused(server, connectionId, 10_000);
    connection.timeout = 1;
    const started = performance.now();
    const stop = repeat(300, () => server.sendText(connectionId, 'later'));
    await assert.rejects(server.sendText(connectionId, 'first'), { code: 10060 }).finally(stop);
    assertAtLeast(900, performance.now() - started);
  });

  it('ends when its signal is aborted; what was queued is sent all the same', async (t) => {
    const { server, client, connection, connectionId } = await stopped(t as Test);
    connection.timeout = 5;
    const errors = collect(server, 'Error');
    const controller = new AbortController();
    const { signal } = controller;
    const sent = server.sendBytes(connectionId, Buffer.alloc(8_000_000), { signal });
    controller.abort(new Error('enough'));
    await assert.rejects(sent, { message: 'enough' });
    await assert.rejects(server.sendText(connectionId, 'never', { signal }), { message: 'enough' });
    client.socket.resume();
    assert.equal((await client.readFrame()).payload.length, 8_000_000);
    await server.sendText(connectionId, 'next');
    assert.equal((await client.readFrame()).payload.toString(), 'next');
    assert.deepEqual(errors, []);
  });

  it('ends with the connection: 126', async (t) => {
    const { server, client, connection, connectionId } = await stopped(t as Test);
    connection.timeout = 5;
    const sent = server.sendBytes(connectionId, Buffer.alloc(8_000_000));
    client.reset();
    await assert.rejects(sent, { code: 126 });
  });

  it('bounds the wait for a Pong: 10060, not put off by further Pings', async (t) => {
    const { server, connection, connectionId } = await stopped(t as Test);
    connection.timeout = 1;
    const started = performance.now();
    const stop = repeat(300, () => server.ping(connectionId));
    await assert.rejects(server.ping(connectionId), { code: 10060 }).finally(stop);
    assertAtLeast(900, performance.now() - started);
  });
});

test('a client that has sent its Close and FIN still gets all that waits for it', async (t) => {
  const { server, client, connectionId } = await stopped(t);
  const disconnected = next(server, 'Disconnected');
  const { taken } = await sendUntilRefused(server, connectionId, 4_000_000);
  client.socket.end(frame({ opcode: Op.close }));
  await disconnected;
  // Time for the server to see the FIN.
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.socket.resume();
  const frames = await client.readFrames();
  assert.equal(frames.length, taken + 1);
  assert.equal(frames.at(-1)?.opcode, Op.close);
  assert.equal(await client.ended, 'end');
});
