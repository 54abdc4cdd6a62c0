// How connections end: from our side, from the peer's, and without a word.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { ByteClient, closeCode, closePayload, frame, Op, request } from '../support/byte_client.js';
import { collect, holdQuestion, next, startEcho, startServer, until } from '../support/server.js';

type Test = Parameters<typeof startServer>[0];

async function connected(t: Test, settings: Record<string, string | number | boolean> = {}) {
  const server = await startServer(t, { settings });
  const client = await ByteClient.open(t, server.localPort);
  const [connectionId = 0] = server.connections.keys();
  return { server, client, connectionId, disconnected: next(server, 'Disconnected') };
}

const ours: [code: number, reason: string][] = [
  [1000, ''],
  [1001, 'going away'],
  [1002, ''],
  [1003, 'no bytes'],
  [1007, ''],
  [1008, ''],
  [1009, ''],
  [1010, ''],
  [1011, 'é'.repeat(61)],
  [3000, ''],
  [4999, 'a'.repeat(123)],
];

for (const [code, reason] of ours) {
  test(`disconnect with ${code} and a reason of ${reason.length} characters`, async (t) => {
    const settings = { DisconnectStatusCode: code, DisconnectStatusDescription: reason };
    const { server, client, connectionId, disconnected } = await connected(t, settings);
    await server.disconnect(connectionId);
    assert.equal(server.connections.get(connectionId)?.connected, false);
    assert.equal(server.wsConnectionCount, 1);
    await server.disconnect(connectionId);

    const close = await client.readFrame();
    assert.deepEqual([close.opcode, closeCode(close)], [Op.close, code]);
    assert.equal(close.payload.subarray(2).toString(), reason);
    client.sendFrame(Op.close, closePayload(code, 'me too'));
    const { statusCode, description } = await disconnected;
    assert.deepEqual([statusCode, description], [code, 'me too']);
    assert.equal(await client.ended, 'end');
    assert.equal((await client.rest()).length, 0);
    assert.equal(server.wsConnectionCount, 0);
  });
}

test('WSConnection.connected = false disconnects', async (t) => {
  const { server, client, connectionId, disconnected } = await connected(t);
  const connection = server.connections.get(connectionId);
  assert.ok(connection);
  connection.connected = true;
  connection.connected = false;
  assert.equal(closeCode(await client.readFrame()), 1000);
  await client.finish();
  await disconnected;
});

test('messages that were on their way when we closed are still delivered', async (t) => {
  const { server, client, connectionId, disconnected } = await connected(t);
  const events = collect(server, 'DataIn');
  await server.disconnect(connectionId);
  client.send(
    frame({ opcode: Op.text, payload: 'late' }),
    frame({ opcode: Op.ping }),
    frame({ opcode: Op.close, payload: closePayload(1000) }),
  );
  await disconnected;
  assert.deepEqual(
    events.map(({ text }) => text),
    ['late'],
  );
  // RFC 6455 §5.5.1: nothing follows our Close, not even a Pong.
  assert.equal((await client.readFrame()).opcode, Op.close);
  assert.equal((await client.rest()).length, 0);
});

test('WaitForCloseResponse = False: Disconnected at once, and the socket is closed', async (t) => {
  const { server, client, connectionId, disconnected } = await connected(t, {
    WaitForCloseResponse: false,
    DisconnectStatusCode: 4000,
    DisconnectStatusDescription: 'enough',
  });
  await server.disconnect(connectionId);
  const { statusCode, description } = await disconnected;
  assert.deepEqual([statusCode, description], [4000, 'enough']);
  assert.equal(closeCode(await client.readFrame()), 4000);
  assert.equal(await client.ended, 'end');
});

const theirs: [name: string, payload: Buffer, code: number, reason: string][] = [
  ['without a code', Buffer.alloc(0), 1005, ''],
  ['with a code', closePayload(1000), 1000, ''],
  ['with a code and a reason', closePayload(4321, 'grüße'), 4321, 'grüße'],
];

for (const [name, payload, code, reason] of theirs) {
  test(`the peer closes ${name}`, async (t) => {
    const { server, client, disconnected } = await connected(t);
    client.sendFrame(Op.close, payload);
    const { statusCode, description } = await disconnected;
    assert.deepEqual([statusCode, description], [code, reason]);
    assert.equal(server.wsConnectionCount, 0);
    assert.equal(closeCode(await client.readFrame()), code);
    // RFC 6455 §7.1.1: the server closes first.
    assert.equal(await client.ended, 'end');
  });
}

test('both sides close at the same time', async (t) => {
  const { server, client, connectionId, disconnected } = await connected(t);
  client.sendFrame(Op.close, closePayload(3001));
  await server.disconnect(connectionId);
  assert.equal((await disconnected).statusCode, 3001);
  assert.equal(closeCode(await client.readFrame()), 1000);
  assert.equal(await client.ended, 'end');
});

const losses: [name: string, lose: (client: ByteClient) => void][] = [
  ['ends without a Close', (client) => void client.socket.end()],
  ['resets', (client) => client.reset()],
  [
    'ends within a frame',
    (client) => void client.socket.end(frame({ opcode: Op.text, payload: 'half' }).subarray(0, 7)),
  ],
];

for (const [name, lose] of losses) {
  test(`a peer that ${name}: 1006`, async (t) => {
    const { server, client, disconnected } = await connected(t);
    lose(client);
    const { statusCode, description } = await disconnected;
    assert.equal(statusCode, 1006);
    assert.notEqual(description, '');
    assert.equal(server.wsConnectionCount, 0);
  });

  test(`a peer that ${name} while we close: 1006`, async (t) => {
    const { server, client, connectionId, disconnected } = await connected(t);
    await server.disconnect(connectionId);
    await client.readFrame();
    lose(client);
    assert.equal((await disconnected).statusCode, 1006);
  });
}

test('what came before the end of a half-closed connection is delivered', async (t) => {
  const { server, client, disconnected } = await connected(t);
  const events = collect(server, 'DataIn');
  client.send(frame({ opcode: Op.text, payload: 'last words' }));
  client.socket.end();
  await disconnected;
  assert.deepEqual(
    events.map(({ text }) => text),
    ['last words'],
  );
});

test('a message, a Close and a FIN in one packet: the answers still come', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.connect(t, server.localPort, { halfOpen: true });
  await client.upgrade();
  client.socket.end(
    Buffer.concat([
      frame({ opcode: Op.text, payload: 'one' }),
      frame({ opcode: Op.text, payload: 'two' }),
      frame({ opcode: Op.close, payload: closePayload(1000) }),
    ]),
  );
  const frames = await client.readFrames();
  assert.deepEqual(
    frames.map(({ payload }) => payload.toString('latin1')),
    ['one', 'two', '\x03\xe8'],
  );
  assert.equal(await client.ended, 'end');
});

test('Disconnected comes once, whatever else happens', async (t) => {
  const { server, client, connectionId, disconnected } = await connected(t);
  const events = collect(server, 'Disconnected');
  server.on('Disconnected', () => void server.disconnect(connectionId));
  await server.disconnect(connectionId);
  client.send(frame({ opcode: 3 }), frame({ opcode: Op.close }));
  client.reset();
  await disconnected;
  const other = await ByteClient.open(t, server.localPort);
  await other.finish();
  await until(() => events.length === 2);
  assert.equal(new Set(events.map((event) => event.connectionId)).size, 2);
});

test('disconnect within every handler', async (t) => {
  for (const name of ['Connected', 'ReadyToSend', 'DataIn', 'Ping'] as const) {
    const server = await startServer(t);
    server.on(name, ({ connectionId }) => server.disconnect(connectionId));
    const disconnected = next(server, 'Disconnected');
    const client = await ByteClient.open(t, server.localPort);
    client.sendFrame(Op.text, 'x');
    client.sendFrame(Op.pong);
    const frames = await client.readFrames();
    assert.deepEqual([frames.length, frames[0]?.opcode], [1, Op.close], name);
    client.sendFrame(Op.close, closePayload(1000));
    assert.equal((await disconnected).statusCode, 1000);
  }
});

test('stopListening leaves the connections alone', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.open(t, server.localPort);
  const { localPort } = server;
  await server.stopListening();
  await server.stopListening();
  client.sendFrame(Op.text, 'still here');
  assert.equal((await client.readFrame()).payload.toString(), 'still here');
  const refused = await ByteClient.connect(t, localPort);
  assert.equal(await refused.ended, 'reset');
});

test('shutdown closes all and is fulfilled after the last Disconnected', async (t) => {
  const server = await startServer(t, { settings: { DisconnectStatusCode: 1001 } });
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => ByteClient.open(t, server.localPort)),
  );
  const halfway = await ByteClient.connect(t, server.localPort);
  halfway.send(request().slice(0, 20));
  const disconnected = collect(server, 'Disconnected');
  const done = server.shutdown();
  const again = server.shutdown();
  assert.equal(server.listening, false);
  for (const client of clients) {
    assert.equal(closeCode(await client.readFrame()), 1001);
    client.sendFrame(Op.close, closePayload(1001));
  }
  await done;
  await again;
  assert.equal(disconnected.length, 5);
  assert.equal(server.wsConnectionCount, 0);
  assert.equal(await halfway.ended, 'reset');
});

test('shutdown without waiting for answers comes after Disconnected, too', async (t) => {
  const server = await startServer(t, { settings: { WaitForCloseResponse: false } });
  await ByteClient.open(t, server.localPort);
  await ByteClient.open(t, server.localPort);
  const disconnected = collect(server, 'Disconnected');
  await server.shutdown();
  assert.equal(disconnected.length, 2);
});

test('shutdown of a server that nobody is connected to, or that never listened', async (t) => {
  const server = await startServer(t);
  await server.shutdown();
  await server.shutdown();
  assert.equal(server.listening, false);
  await new WSServer().shutdown();
});

test('shutdown while a question is being thought about', async (t) => {
  const server = await startServer(t);
  const answer = holdQuestion(server);
  const asked = next(server, 'WebSocketOpenRequest');
  const connections = collect(server, 'Connected');
  const client = await ByteClient.connect(t, server.localPort);
  client.send(request());
  await asked;
  await server.shutdown();
  assert.equal(await client.ended, 'reset');
  answer();
  await server.startListening();
  await ByteClient.connect(t, server.localPort);
  assert.equal(connections.length, 0);
});
