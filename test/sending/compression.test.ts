// permessage-deflate as its users see it: what is compressed, and what the settings do. The rules
// of RFC 7692 are rows of the conformance suite.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import WebSocket from 'ws';
import { ByteClient, frame, Op, request } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { startOpen } from '../support/open.js';
import { collect, startEcho, startServer, until } from '../support/server.js';

const OFFER = ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'];
const RSV1 = 4;
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

const JSON_TEXT = JSON.stringify(
  Array.from({ length: 200 }, (_, id) => ({ id, name: `user ${id}`, online: id % 3 === 0 })),
);

function deflate(data: Uint8Array | string): Buffer {
  return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function inflate(payload: Uint8Array): Buffer {
  return inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
}

const compressed = (opcode: number, data: Uint8Array | string, fin = true) =>
  frame({ opcode, payload: deflate(data), fin, rsv: RSV1 });

test('a message of CompressionThreshold bytes is compressed, a smaller one is not', async (t) => {
  const server = await startEcho(t, { settings: { CompressionThreshold: 100 } });
  const client = await ByteClient.open(t, server.localPort, OFFER);
  for (const opcode of [Op.text, Op.binary]) {
    for (const [size, rsv] of [
      [99, 0],
      [100, RSV1],
      [5000, RSV1],
      [100_000, RSV1],
    ] as const) {
      const data = 'a'.repeat(size);
      client.send(compressed(opcode, data));
      const echo = await client.readFrame();
      assert.deepEqual([echo.opcode, echo.rsv], [opcode, rsv], `${size} bytes`);
      assert.equal((rsv ? inflate(echo.payload) : echo.payload).toString(), data);
    }
  }
  client.send(frame({ opcode: Op.ping, payload: 'a'.repeat(125) }));
  assert.equal((await client.readFrame()).rsv, 0, 'control frames are not');
});

test('a message of more than CompressionLimit bytes is not compressed', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.open(t, server.localPort, OFFER);
  const sizes: [limit: number, size: number, rsv: number][] = [
    [1 << 20, 1 << 20, RSV1],
    [1 << 20, (1 << 20) + 1, 0],
    [2000, 2000, RSV1],
    [2000, 2001, 0],
    [0, 3 << 20, RSV1],
  ];
  for (const [limit, size, rsv] of sizes) {
    server.config(`CompressionLimit=${limit}`);
    client.send(compressed(Op.binary, Buffer.alloc(size)));
    assert.equal((await client.readFrame()).rsv, rsv, `${size} bytes, limit ${limit}`);
  }
});

test('messages keep their order, compressed or not', async (t) => {
  const server = await startServer(t);
  const long = JSON_TEXT;
  server.on('Connected', ({ connectionId }) => {
    for (const data of ['first', long, 'second', 'third', long])
      server.sendText(connectionId, data);
  });
  const client = await ByteClient.open(t, server.localPort, OFFER);
  for (const data of ['first', long, 'second', 'third', long]) {
    const { rsv, payload } = await client.readFrame();
    assert.equal((rsv ? inflate(payload) : payload).toString(), data);
  }
});

test('compress: false sends as it is, on every way', async (t) => {
  const { server, client, connection, id } = await startOpen(t, {}, OFFER);
  const short = 'é'.repeat(1000);
  const long = 'x'.repeat(100_000);
  const views = [Buffer.from(short), Buffer.from(long), new Uint16Array(5000)];
  for (const data of [short, long, ...views]) {
    for (const [options, rsv] of [
      [undefined, RSV1],
      [{}, RSV1],
      [{ compress: true }, RSV1],
      [{ compress: false }, 0],
    ] as const) {
      const ways = typeof data === 'string' ? [server.sendText] : [server.sendBytes];
      for (const send of [...ways, server.send]) {
        await send.call(server, id, data, options);
        const { rsv: found, payload } = await client.readFrame();
        assert.equal(found, rsv, `${send.name} ${options?.compress}`);
        assert.equal(connection.bytesSent, (rsv ? inflate(payload) : payload).length);
      }
      await connection.send(data, options);
      assert.equal((await client.readFrame()).rsv, rsv);
    }
  }
});

test('context takeover: the second message refers to the first', async (t) => {
  const settings = { ServerContextTakeover: true, ClientContextTakeover: true };
  const server = await startEcho(t, { settings });
  const client = await ByteClient.open(t, server.localPort, OFFER);
  const sizes: number[] = [];
  for (let count = 0; count < 2; count++) {
    client.send(compressed(Op.text, JSON_TEXT));
    const { rsv, payload } = await client.readFrame();
    assert.equal(rsv, RSV1);
    sizes.push(payload.length);
  }
  const [first = 0, second = 0] = sizes;
  assert.ok(second < 0.8 * first, `${sizes}`);
});

test('CompressionLevel may change at any time', async (t) => {
  const server = await startEcho(t, { settings: { CompressionLevel: 9 } });
  const client = await ByteClient.open(t, server.localPort, OFFER);
  const sizes: number[] = [];
  for (const level of [9, 1, 0]) {
    server.config(`CompressionLevel=${level}`);
    client.send(compressed(Op.text, JSON_TEXT));
    const { payload, rsv } = await client.readFrame();
    sizes.push(payload.length);
    assert.equal((rsv ? inflate(payload) : payload).toString(), JSON_TEXT);
  }
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => a - b),
  );
  assert.equal(new Set(sizes).size, 3);
});

test('CompressionMemoryLevel: less memory, larger messages', async (t) => {
  const text = Array.from({ length: 20_000 }, (_, at) => `${(at * 7919) % 10_007} `).join('');
  const sizes: number[] = [];
  for (const level of [9, 1]) {
    const server = await startEcho(t, { settings: { CompressionMemoryLevel: level } });
    const client = await ByteClient.open(t, server.localPort, OFFER);
    client.send(compressed(Op.text, text));
    const { payload } = await client.readFrame();
    assert.equal(inflate(payload).toString(), text);
    sizes.push(payload.length);
  }
  const [most = 0, least = 0] = sizes;
  assert.ok(least > most, `${sizes}`);
});

for (const takeover of [false, true]) {
  test(`the ws client, ${takeover ? 'with' : 'without'} context takeover`, async (t) => {
    const settings = { ServerContextTakeover: takeover, ClientContextTakeover: takeover };
    const server = await startEcho(t, { settings });
    const client = new WebSocket(`ws://127.0.0.1:${server.localPort}`, {
      perMessageDeflate: { threshold: 0 },
    });
    t.after(() => client.terminate());
    await new Promise((resolve) => client.once('open', resolve));
    const messages = Array.from({ length: 200 }, (_, at) => `${at} ${JSON_TEXT.slice(0, at * at)}`);
    const echoes: string[] = [];
    client.on('message', (data) => echoes.push(data.toString()));
    for (const message of messages) client.send(message);
    await until(() => echoes.length === messages.length);
    assert.deepEqual(echoes, messages);
  });
}

test('pieces and lines of compressed messages', async (t) => {
  const server = await startServer(t, { settings: { BufferMessage: false } });
  const events = collect(server, 'DataIn');
  const client = await ByteClient.open(t, server.localPort, OFFER);
  const [id = 0] = server.connections.keys();
  client.send(compressed(Op.text, 'whole'));
  await until(() => events.length === 1);
  server.changeLineMode(id, true);
  client.send(compressed(Op.text, 'a\nb\r\nc'));
  await until(() => events.length === 4);
  assert.deepEqual(
    events.map(({ dataFormat, text, EOM, EOL }) => [dataFormat, text, EOM, EOL]),
    [
      [1, 'whole', true, false],
      [0, 'a', false, true],
      [0, 'b', false, true],
      [0, 'c', true, false],
    ],
  );
});

test('a bomb is closed with 1009, having cost no more than MaxMessageSize', async (t) => {
  const limit = 4 * 1024 * 1024;
  const { stdout } = await runChild(
    t,
    ({ WSServer }, { limit, upgrade }) => {
      const net = require('node:net') as typeof import('node:net');
      const zlib = require('node:zlib') as typeof import('node:zlib');
      const flush = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
      const bomb = zlib.deflateRawSync(Buffer.alloc(200 * limit), flush).subarray(0, -4);
      const header = Buffer.alloc(14);
      header.writeUInt16BE(0xc2ff);
      header.writeBigUInt64BE(BigInt(bomb.length), 2);
      const server = new WSServer({ localHost: '127.0.0.1', settings: { MaxMessageSize: limit } });
      server.on('DataIn', () => console.log('delivered'));
      server.startListening();
      const before = process.memoryUsage().rss;
      server.on('Disconnected', ({ statusCode }) => {
        const grown = process.memoryUsage().rss - before;
        console.log(statusCode, grown < 4 * limit ? 'bounded' : grown);
        process.exit();
      });
      const client = net.connect(server.localPort, '127.0.0.1');
      client.resume();
      client.write(upgrade);
      client.write(Buffer.concat([header, bomb]));
    },
    { limit, upgrade: request(OFFER) },
  );
  assert.equal(stdout.trim(), '1009 bounded');
});
