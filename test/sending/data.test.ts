// What can be sent, in which ways, from where; and what cannot.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Data, SendFormat, WSConnection, WSServer } from 'native-wsserver';
import { ByteClient, Op, request } from '../support/byte_client.js';
import { collect, next, startEcho, startServer, until } from '../support/server.js';

type Test = Parameters<typeof startServer>[0];

async function connected(t: Test) {
  const server = await startServer(t);
  const client = await ByteClient.open(t, server.localPort);
  const [connectionId = 0] = server.connections.keys();
  const connection = server.connections.get(connectionId) as WSConnection;
  return { server, client, connectionId, connection };
}

const invalid = { name: 'WSServerError', code: 10022 };

type Method = 'send' | 'sendText' | 'sendBytes';
const view = new Uint8Array([0, 104, 105, 0]).subarray(1, 3);

/** The method, what it is given, and the frame that comes of it. */
const rows: [method: Method, data: Data, opcode: number, payload?: string][] = [
  ['send', 'hi', Op.text],
  ['send', view, Op.binary],
  ['send', Buffer.from('hi'), Op.binary],
  ['send', new Uint8Array([104, 105]).buffer, Op.binary],
  ['send', new DataView(view.buffer, 1, 2), Op.binary],
  ['send', new Uint16Array([0x6968]), Op.binary],
  ['sendText', 'hi', Op.text],
  ['sendText', view, Op.text],
  ['sendText', new Uint8Array([104, 105]).buffer, Op.text],
  ['sendBytes', 'hi', Op.binary],
  ['sendBytes', view, Op.binary],
  ['sendBytes', new DataView(view.buffer, 1, 2), Op.binary],
  ['sendBytes', new Uint16Array([0x6968]), Op.binary],
  ['send', '', Op.text, ''],
  ['sendText', '', Op.text, ''],
  ['sendBytes', new Uint8Array(0), Op.binary, ''],
  ['sendBytes', new ArrayBuffer(0), Op.binary, ''],
];

test('every kind of data in every method', async (t) => {
  const { server, client, connectionId, connection } = await connected(t);
  for (const [method, data, opcode, payload = 'hi'] of rows) {
    for (const id of [connectionId, `${connectionId}`]) {
      await server[method](id, data);
      assert.equal(connection.bytesSent, payload.length);
      const frame = await client.readFrame();
      assert.deepEqual(
        [frame.opcode, frame.payload.toString()],
        [opcode, payload],
        `${method}(${typeof id}, ${Object.prototype.toString.call(data)})`,
      );
    }
  }
});

test('every length, as text and as bytes', async (t) => {
  const { server, client, connectionId } = await connected(t);
  const lengths = [1, 2, 41, 42, 47, 48, 49, 124, 125, 126, 127, 10_922, 10_923, 32_768, 32_769];
  for (const length of [...lengths, 65_535, 65_536, 300_000]) {
    for (const unit of ['a', 'é', '好', '😀']) {
      const text = unit.repeat(length);
      server.sendText(connectionId, text);
      server.sendBytes(connectionId, Buffer.from(text).subarray(0, length));
      assert.equal((await client.readFrame()).payload.toString(), text, `${length} ${unit}`);
      assert.equal((await client.readFrame()).payload.length, length);
    }
  }
});

test('sends of one turn arrive in their order, however they go down', async (t) => {
  const { server, client, connectionId } = await connected(t);
  const sizes = [1, 40_000, 2, 100, 33_000, 0, 5000, 32_768, 3];
  for (const [index, size] of sizes.entries()) {
    if (index % 2 === 0) server.sendText(connectionId, 'x'.repeat(size));
    else server.sendBytes(connectionId, Buffer.alloc(size));
    void server.ping(connectionId);
  }
  for (const size of sizes) {
    assert.equal((await client.readFrame()).payload.length, size);
    assert.equal((await client.readFrame()).opcode, Op.ping);
  }
});

test('more sends in one turn than any batch holds', async (t) => {
  const { server, client, connectionId } = await connected(t);
  const count = 20_000;
  for (let index = 0; index < count; index++) server.sendText(connectionId, `${index}`);
  for (let index = 0; index < count; index++) {
    assert.equal((await client.readFrame()).payload.toString(), `${index}`);
  }
});

test('what was sent may be changed at once', async (t) => {
  const { server, client, connectionId } = await connected(t);
  for (const size of [10, 1000, 100_000]) {
    const bytes = Buffer.alloc(size, 1);
    server.sendBytes(connectionId, bytes);
    bytes.fill(2);
    assert.ok(
      (await client.readFrame()).payload.every((byte) => byte === 1),
      `${size}`,
    );
  }
});

test('dataFormat and dataToSend', async (t) => {
  const { server, client, connection, connectionId } = await connected(t);
  const formats = [
    [0, 'text', Op.text],
    [0, view, Op.binary],
    [1, view, Op.text],
    [2, 'text', Op.binary],
    [9, 'ping', Op.ping],
    [10, view, Op.pong],
  ] as const;
  for (const [dataFormat, data, opcode] of formats) {
    connection.dataFormat = dataFormat;
    connection.dataToSend = data;
    await server.send(connectionId, data);
    for (const frame of [await client.readFrame(), await client.readFrame()]) {
      assert.equal(frame.opcode, opcode);
      assert.equal(frame.payload.toString(), typeof data === 'string' ? data : 'hi');
    }
  }
  for (const format of [-1, 3, 8, 11]) {
    assert.throws(() => {
      connection.dataFormat = format as SendFormat;
    }, invalid);
  }
  assert.equal(connection.dataFormat, 10);
  connection.dataFormat = 2;
  await server.sendText(connectionId, 'text');
  assert.equal((await client.readFrame()).opcode, Op.text);
});

test('what cannot be sent', async (t) => {
  const { server, client, connection, connectionId } = await connected(t);
  const errors = collect(server, 'Error');
  for (const data of [undefined, null, 5, {}, [1], Symbol('s'), () => {}] as unknown as Data[]) {
    await assert.rejects(server.send(connectionId, data), invalid);
    await assert.rejects(server.sendText(connectionId, data), invalid);
    await assert.rejects(server.sendBytes(connectionId, data), invalid);
  }
  for (const bytes of ['ff', 'c0af', 'eda080', 'e4bd']) {
    await assert.rejects(server.sendText(connectionId, Buffer.from(bytes, 'hex')), invalid);
  }
  const before = errors.length;
  connection.dataFormat = 9;
  connection.dataToSend = 'x'.repeat(126);
  await assert.rejects(server.send(connectionId, Buffer.alloc(126)), invalid);
  assert.deepEqual(
    errors.slice(before).map((event) => [event.connectionId, event.errorCode]),
    [
      [connectionId, 10022],
      [connectionId, 10022],
    ],
  );
  connection.dataFormat = 0;
  assert.equal(server.statistics.messagesOut, 0);
  await server.send(connectionId, 'fine');
  assert.equal((await client.readFrame()).payload.toString(), 'fine');
});

test('connections that are not there: 126', async (t) => {
  const { server, client, connectionId, connection } = await connected(t);
  const errors = collect(server, 'Error');
  const gone = next(server, 'Disconnected');
  await client.finish();
  await gone;
  const ids = [connectionId, `${connectionId}`, 0, -1, 1.5, 2 ** 32, 2 ** 53, Number.NaN, 'x', ''];
  const missing = { name: 'WSServerError', code: 126 };
  for (const id of ids) {
    await assert.rejects(server.send(id, 'x'), missing, `${id}`);
    await assert.rejects(server.sendText(id, 'x'), missing, `${id}`);
    await assert.rejects(server.sendBytes(id, view), missing, `${id}`);
    await assert.rejects(server.ping(id), missing, `${id}`);
    await assert.rejects(server.disconnect(id), missing, `${id}`);
  }
  assert.ok(errors.length >= 4 * ids.length && errors.every(({ errorCode }) => errorCode === 126));
  connection.dataToSend = 'x';
  connection.connected = false;
});

test('no two connections have one id, neither at the same time nor one after the other', async (t) => {
  const server = await startServer(t);
  const opened = collect(server, 'Connected');
  for (let round = 0; round < 5; round++) {
    const clients = await Promise.all(
      Array.from({ length: 4 }, () => ByteClient.open(t, server.localPort)),
    );
    await until(() => opened.length === 4 * (round + 1));
    for (const client of clients) client.reset();
    await until(() => server.connections.size === 0);
  }
  assert.equal(new Set(opened.map(({ connectionId }) => connectionId)).size, 20);
});

test('an id that was given out again is another connection', async (t) => {
  const { server, client, connectionId } = await connected(t);
  const near = [connectionId + 2 ** 32, connectionId + 2 ** 17, connectionId + 0.5, -connectionId];
  for (const id of near) await assert.rejects(server.sendText(id, 'x'), { code: 126 }, `${id}`);
  await server.sendText(connectionId, 'mine');
  assert.equal((await client.readFrame()).payload.toString(), 'mine');
});

test('before a connection is open, and when it closes, sends and pings are refused', async (t) => {
  const server = await startServer(t);
  const refusals: string[] = [];
  const attempt = (phase: string, id: number): void => {
    for (const act of [
      () => server.sendText(id, phase),
      () => server.sendBytes(id, view),
      () => server.ping(id),
    ]) {
      act().catch((error) => refusals.push(`${phase} ${error.code}`));
    }
  };
  server.on('WebSocketOpenRequest', ({ connectionId }) => attempt('request', connectionId));
  server.on('Disconnected', ({ connectionId }) => attempt('Disconnected', connectionId));
  const opened = next(server, 'Connected');
  const client = await ByteClient.connect(t, server.localPort);
  client.send(request());
  assert.equal((await client.readAnswer()).status, 101);
  const { connectionId } = await opened;
  await server.disconnect(connectionId);
  attempt('closing', connectionId);
  const frames = await client.readFrames();
  assert.deepEqual(
    frames.map(({ opcode }) => opcode),
    [Op.close],
  );
  const gone = next(server, 'Disconnected');
  await client.finish();
  await gone;
  await until(() => refusals.length === 9);
  const phases = ['request', 'closing', 'Disconnected'];
  assert.deepEqual(
    refusals,
    phases.flatMap((phase) => Array(3).fill(`${phase} 126`)),
  );
  assert.equal((await client.rest()).length, 0);
});

/** Where a handler may send from. */
const places: [name: string, send: (server: WSServer, id: number) => unknown][] = [
  ['at once', (server, id) => server.sendText(id, 'sent')],
  [
    'from a microtask',
    async (server, id) => {
      await null;
      server.sendText(id, 'sent');
    },
  ],
  ['from nextTick', (server, id) => process.nextTick(() => server.sendText(id, 'sent'))],
  ['from setImmediate', (server, id) => setImmediate(() => server.sendText(id, 'sent'))],
  ['from a timer', (server, id) => setTimeout(() => server.sendText(id, 'sent'), 1)],
];

for (const event of ['Connected', 'ReadyToSend', 'DataIn', 'Ping'] as const) {
  for (const [place, send] of places) {
    test(`sent by the handler of ${event}, ${place}`, async (t) => {
      const server = await startServer(t);
      server.on(event, ({ connectionId }) => send(server, connectionId));
      const client = await ByteClient.open(t, server.localPort);
      client.sendFrame(Op.text, 'x');
      client.sendFrame(Op.pong, 'x');
      assert.equal((await client.readFrame()).payload.toString(), 'sent');
    });
  }
}

test('sent to others by the handler of Disconnected', async (t) => {
  const server = await startServer(t);
  const connections = collect(server, 'Connected');
  const first = await ByteClient.open(t, server.localPort);
  const second = await ByteClient.open(t, server.localPort);
  const other = connections[1]?.connectionId ?? 0;
  server.once('Disconnected', () => void server.sendText(other, 'gone'));
  first.reset();
  assert.equal((await second.readFrame()).payload.toString(), 'gone');
});

test('ping: the promise has the round trip', async (t) => {
  const { server, client, connectionId } = await connected(t);
  const pings = [server.ping(connectionId), server.ping(`${connectionId}`)];
  const frames = [await client.readFrame(), await client.readFrame()];
  client.sendFrame(Op.pong, 'not this one');
  for (const { payload } of frames.reverse()) client.sendFrame(Op.pong, payload);
  for (const ping of pings) {
    const roundTripMs = await ping;
    assert.ok(roundTripMs > 0 && roundTripMs < 1000, `${roundTripMs} ms`);
  }
  // RFC 6455 §5.5.3: a client may answer only the latest.
  const several = [1, 2, 3].map(() => server.ping(connectionId));
  await client.readFrame();
  const { payload } = await client.readFrame();
  client.sendFrame(Op.pong, payload);
  await Promise.all(several.slice(0, 2));
  const { payload: last } = await client.readFrame();
  client.sendFrame(Op.pong, last);
  await several[2];
  const unanswered = server.ping(connectionId);
  client.reset();
  await assert.rejects(unanswered, { code: 126 });
});

test('statistics count messages and their payload', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.open(t, server.localPort);
  for (const payload of ['12345', '', 'x'.repeat(70_000)]) {
    client.sendFrame(Op.text, payload);
    client.sendFrame(Op.ping, 'not counted');
    await client.readFrame();
    await client.readFrame();
  }
  assert.deepEqual(server.statistics, {
    connections: 1,
    connectionsAccepted: 1,
    connectionsRefused: 0,
    connectionsEvicted: 0,
    messagesSkipped: 0,
    messagesIn: 3,
    messagesOut: 3,
    bytesIn: 70_005,
    bytesOut: 70_005,
    busLost: 0,
  });
});
