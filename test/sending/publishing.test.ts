// What becomes of publications: compressed or not, large or empty, before the server listens and
// after, for many that do not read, and what they cost.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { WSServer } from 'native-wsserver';
import WebSocket from 'ws';
import { closePayload, type Frame, Op } from '../support/byte_client.js';
import { authority, issue } from '../support/certificates.js';
import { messageOf, outcomeOf, startChild } from '../support/child.js';
import { defer } from '../support/defer.js';
import { open } from '../support/open.js';
import { next, startServer, until } from '../support/server.js';

const { key, cert } = issue('publisher.example', { hosts: ['localhost'] });
const certificate = { key, cert };

const MIB = 1024 * 1024;
const RSV1 = 4;

/** What JSON looks like that is worth compressing. */
const JSON_TEXT = JSON.stringify(
  Array.from({ length: 40 }, (_, id) => ({ id, name: `user ${id}`, online: id % 3 === 0 })),
);

function inflate({ payload }: Frame): string {
  const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff, 3, 0])]);
  return inflateRawSync(whole).toString();
}

test('it is compressed for those who have agreed on that, unless it is not to be', async (t) => {
  const server = await startServer(t, { settings: { CompressionThreshold: 100 } });
  const offer = 'Sec-WebSocket-Extensions: permessage-deflate';
  const [a, b] = [await open(t, server, [offer]), await open(t, server, [offer])];
  const small = await open(t, server, [`${offer}; server_max_window_bits=9`]);
  const plain = await open(t, server);
  for (const { connection } of [a, b, small, plain]) await connection.subscribe('t');
  assert.equal(await server.publish('t', JSON_TEXT), 4);
  assert.equal(await server.publish('t', JSON_TEXT, { compress: false }), 4);
  // Too large to be shared by what is copied, and not: both are the same.
  const random = Array.from({ length: 20_000 }, (_, at) => (at * at * 7919) % 9973).join();
  assert.equal(await server.publish('t', random), 4);
  const first = await a.client.readFrame();
  assert.deepEqual([first.rsv, inflate(first)], [RSV1, JSON_TEXT]);
  assert.deepEqual((await b.client.readFrame()).bytes, first.bytes);
  assert.equal(inflate(await small.client.readFrame()), JSON_TEXT);
  assert.equal((await plain.client.readFrame()).payload.toString(), JSON_TEXT);
  for (const { client } of [a, b, small, plain]) {
    const { rsv, payload } = await client.readFrame();
    assert.deepEqual([rsv, payload.toString()], [0, JSON_TEXT]);
    const last = await client.readFrame();
    assert.ok((last.rsv === RSV1 ? inflate(last) : last.payload.toString()) === random);
    assert.equal(last.rsv, client === plain.client ? 0 : RSV1);
  }
});

for (const secure of [false, true]) {
  test(`clients of ws, with and without context takeover${secure ? ', over TLS' : ''}`, async (t) => {
    const server = await startServer(t, {
      ...(secure ? { certificate } : {}),
      settings: { CompressionThreshold: 100, ServerContextTakeover: true },
    });
    const clients = [true, { serverNoContextTakeover: true }, false].map((perMessageDeflate) => {
      const client = new WebSocket(`ws${secure ? 's' : ''}://localhost:${server.localPort}`, {
        perMessageDeflate,
        ca: authority.cert,
        family: 4,
      });
      defer(t, () => client.terminate());
      return client;
    });
    const heard: string[][] = clients.map(() => []);
    clients.forEach((client, index) => {
      client.on('message', (data) => heard[index]?.push(`${data}`));
    });
    await until(() => server.connections.size === 3);
    for (const [id] of server.connections) await server.subscribe(id, '>');
    const messages = Array.from({ length: 30 }, (_, n) => `${n} ${JSON_TEXT.slice(n, n * 90)}`);
    messages.push('x'.repeat(200_000), '', 'last');
    for (const message of messages) void server.publish('a.b', message);
    await until(() => heard.every((texts) => texts.length === messages.length));
    for (const texts of heard) assert.deepEqual(texts, messages);
  });
}

test('an empty message, and bytes of every kind', async (t) => {
  const server = await startServer(t);
  const { client, connection } = await open(t, server);
  await connection.subscribe('t');
  const bytes = Uint16Array.of(0x4142, 0x4344);
  for (const data of ['', Buffer.alloc(0), bytes, bytes.buffer, new DataView(bytes.buffer, 1, 2)]) {
    assert.equal(await server.publish('t', data), 1);
  }
  const expected = [
    [Op.text, ''],
    [Op.binary, ''],
    [Op.binary, 'BADC'],
    [Op.binary, 'BADC'],
    [Op.binary, 'AD'],
  ];
  for (const each of expected) {
    const { opcode, payload } = await client.readFrame();
    assert.deepEqual([opcode, payload.toString()], each);
  }
});

test('before the server listens, when it has stopped, and when all have gone', async (t) => {
  const server = new WSServer({ localHost: '127.0.0.1' });
  const large = Buffer.alloc(300_000);
  for (const data of ['early', large]) assert.equal(await server.publish('t', data), 0);
  assert.equal(await server.broadcast('early'), 0);
  await server.startListening();
  const { client, connection } = await open(t, server);
  await connection.subscribe('t');
  await server.stopListening();
  for (const data of ['late', large]) assert.equal(await server.publish('t', data), 1);
  assert.equal((await client.readFrame()).payload.toString(), 'late');
  assert.equal((await client.readFrame()).payload.length, large.length);
  const over = server.shutdown();
  assert.equal((await client.readFrame()).opcode, Op.close);
  // It is closing: nothing may follow the Close.
  assert.equal(await server.publish('t', 'too late'), 0);
  client.sendFrame(Op.close, closePayload(1000));
  await over;
  for (const data of ['nobody', large]) assert.equal(await server.publish('t', data), 0);
  assert.deepEqual(server.topics(), []);
});

test('a message beyond MaxQueuedBytes goes to those for whom nothing waits', async (t) => {
  const server = await startServer(t, {
    settings: { MaxQueuedBytes: 65_536, OutBufferSize: 8192 },
  });
  const { client, connection } = await open(t, server);
  await connection.subscribe('t');
  client.socket.pause();
  const large = Buffer.alloc(8 * MIB, 'l');
  assert.equal(await server.publish('t', large), 1);
  assert.equal(await server.publish('t', large), 0);
  assert.equal(connection.skippedMessages, 1);
  client.socket.resume();
  assert.ok((await client.readFrame()).payload.equals(large));
});

test('a client that has joined 100,000 topics leaves: the others wait for milliseconds', async (t) => {
  const server = await startServer(t, { settings: { MaxSubscriptions: 100_000 } });
  const { client, connection } = await open(t, server);
  for (let index = 0; index < 100_000; index++) {
    void connection.subscribe(`topic.${index}${index % 10 === 0 ? '.*' : ''}`);
  }
  assert.equal(server.topics().length, 100_000);
  const gone = next(server, 'Disconnected');
  const before = process.cpuUsage();
  client.socket.destroy();
  await gone;
  const { user, system } = process.cpuUsage(before);
  assert.deepEqual(server.topics(), []);
  // Some 40 ms; ten times that with sanitizers.
  assert.ok(user + system < 2_000_000, `${user + system} µs`);
  t.diagnostic(`${Math.round((user + system) / 1000)} ms`);
});

/** A server in a process of its own with so many connections, and what it says. */
async function startCrowd(t: TestContext, count: number, about: 'subscriptions' | 'slow') {
  const child = startChild(
    t,
    async ({ WSServer }, { count, about }) => {
      const { readFileSync } = require('node:fs') as typeof import('node:fs');
      /** Bytes allocated but for the heap of JavaScript. */
      const allocated = (): number => {
        const { rss, heapTotal } = process.memoryUsage();
        if (process.platform !== 'linux') return rss - heapTotal;
        const status = readFileSync('/proc/self/status', 'utf8');
        const rows = status.matchAll(/^(?:RssAnon|VmSwap):\s*(\d+) kB$/gm);
        return [...rows].reduce((sum, [, kB]) => sum + Number(kB) * 1024, -heapTotal);
      };
      const settings = { OutBufferSize: 8192, MaxConnections: 20_000 };
      const server = new WSServer({ localHost: '127.0.0.1', settings });
      await server.startListening();
      server.on('Connected', async () => {
        if (server.connections.size < count) return;
        const ids = [...server.connections.keys()];
        const before = allocated();
        let sent = 0;
        if (about === 'slow') {
          sent = await server.broadcast(Buffer.alloc(4 * 1024 * 1024, 's'));
        } else {
          for (let topic = 0; topic < 1000; topic++) {
            for (const id of ids) void server.subscribe(id, `topic.${topic}`);
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
        // What is in the queues is still there a turn later.
        await new Promise((resolve) => setTimeout(resolve, 50));
        const open = server.connections.size;
        process.send?.({ grown: allocated() - before, open, sent });
      });
      process.on('disconnect', () => process.exit());
      process.send?.(server.localPort);
    },
    { count, about },
  );
  const outcome = outcomeOf(child);
  const port = await messageOf<number>(child);
  const { connect } = await import('node:net');
  const report = messageOf<{ grown: number; open: number; sent: number }>(child);
  for (let index = 0; index < count; index++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    defer(t, () => socket.destroy());
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(socket, 'readable'); // And then nothing is read any more.
  }
  const found = await report;
  child.disconnect();
  await outcome;
  return found;
}

test('what waits for 200 that do not read is there once', async (t) => {
  const { grown, open: left, sent } = await startCrowd(t, 200, 'slow');
  assert.deepEqual([left, sent], [200, 200]);
  // 4 MiB are the user's, 4 are kept; a copy for each would be 800.
  assert.ok(grown < 60 * MIB, `${grown / MIB} MiB`);
  t.diagnostic(`${Math.round(grown / MIB)} MiB`);
});

test('a subscription costs 32 bytes at most', async (t) => {
  const { grown } = await startCrowd(t, 500, 'subscriptions');
  const each = grown / 500_000;
  t.diagnostic(`${each.toFixed(1)} bytes for each of 500,000 subscriptions`);
  // The sanitizer adds some to each allocation, and keeps what is freed.
  const { ASAN_OPTIONS } = process.env;
  const most = ASAN_OPTIONS === undefined ? 32 : 320;
  assert.ok(each < most, `${each} bytes`);
});

test('Skipped comes once, until ReadyToSend', async (t) => {
  const server = await startServer(t, {
    settings: { MaxQueuedBytes: 20_000, OutBufferSize: 8192 },
  });
  const { client, connection } = await open(t, server);
  await connection.subscribe('t');
  const told: string[] = [];
  let skipped = 0;
  server.on('ReadyToSend', () => told.push('ready'));
  server.on('Skipped', (event) => {
    told.push('skipped');
    assert.equal(event.skippedMessages, skipped + 1);
  });
  const message = Buffer.alloc(15_000, 'm');
  for (const times of [1, 2]) {
    client.socket.pause();
    // The system may still take some on the way.
    for (let inRow = 0; inRow < 20; ) {
      const isSent = (await server.publish('t', message)) === 1;
      inRow = isSent ? 0 : inRow + 1;
      if (!isSent) skipped++;
    }
    assert.equal(connection.skippedMessages, skipped);
    client.socket.resume();
    await until(() => told.at(-1) === 'ready');
    assert.ok(told.filter((name) => name === 'skipped').length >= times);
  }
  assert.ok(!/skipped,skipped|ready,ready/.test(told.join()), told.join());
});
