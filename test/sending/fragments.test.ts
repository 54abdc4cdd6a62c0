// Messages that are sent in several frames: because of their size, or because they come in parts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { ReadableStream } from 'node:stream/web';
import { test } from 'node:test';
import { constants, inflateRawSync } from 'node:zlib';
import WebSocket from 'ws';
import { Op } from '../support/byte_client.js';
import { readMessage } from '../support/messages.js';
import { startOpen } from '../support/open.js';
import { startServer } from '../support/server.js';

const OFFER = ['Sec-WebSocket-Extensions: permessage-deflate'];
const RSV1 = 4;
const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };

/** What is sent, and the sizes of the frames that come of it. */
const rows: [maxFrameSize: number, size: number, sizes: number[]][] = [
  [0, 100_000, [100_000]],
  [1000, 1000, [1000]],
  [1000, 1001, [1000, 1]],
  [1000, 3000, [1000, 1000, 1000]],
  [30_000, 100_000, [30_000, 30_000, 30_000, 10_000]],
  [1, 3, [1, 1, 1]],
  [1, 0, [0]],
];
for (const [maxFrameSize, size, sizes] of rows) {
  test(`MaxFrameSize=${maxFrameSize}: ${size} bytes`, async (t) => {
    const { server, client, connection, id } = await startOpen(t, {
      settings: { MaxFrameSize: maxFrameSize },
    });
    const text = 'é'.repeat(size / 2) + 'x'.repeat(size % 2);
    const view = new DataView(Uint8Array.from(Buffer.from(text)).buffer);
    // The last one goes by another way than the first two, if those are small.
    for (const data of [text, Buffer.from(text), view]) {
      await server.send(id, data);
      assert.equal(connection.bytesSent, size);
      const first = typeof data === 'string' ? Op.text : Op.binary;
      for (const [index, length] of sizes.entries()) {
        const { opcode, fin, payload } = await client.readFrame();
        assert.deepEqual(
          [opcode, fin, payload.length],
          [index === 0 ? first : Op.continuation, index === sizes.length - 1, length],
        );
      }
    }
    assert.deepEqual([server.statistics.messagesOut, server.statistics.bytesOut], [3, 3 * size]);
  });
}

test('MaxFrameSize does not touch control frames', async (t) => {
  const { client, connection } = await startOpen(t, { settings: { MaxFrameSize: 10 } });
  connection.dataFormat = 9;
  await connection.send('x'.repeat(125));
  const { fin, payload } = await client.readFrame();
  assert.deepEqual([fin, payload.length], [true, 125]);
});

test('the fragments of a compressed message: only the first says so', async (t) => {
  const settings = { MaxFrameSize: 100 };
  const { client, connection } = await startOpen(t, { settings }, OFFER);
  const text = JSON.stringify(Array.from({ length: 500 }, (_, index) => index * index));
  // By the quick way, and, being too long for it, by the other.
  for (const message of [text, text.repeat(20)]) {
    await connection.sendText(message);
    const payloads: Buffer[] = [];
    for (let ended = false; !ended; ) {
      const { rsv, fin, opcode, payload } = await client.readFrame();
      assert.deepEqual([rsv, opcode], payloads.length === 0 ? [RSV1, Op.text] : [0, 0]);
      payloads.push(payload);
      ended = fin;
    }
    assert.ok(payloads.length > 1);
    const whole = Buffer.concat([...payloads, Buffer.from([0, 0, 0xff, 0xff])]);
    assert.equal(inflateRawSync(whole, SYNC).toString(), message);
  }
});

test('MessageLength: so many bytes are one message', async (t) => {
  const { server, client, connection, id } = await startOpen(t);
  const name = `MessageLength[${id}]`;
  // What was sent in the same turn before it is none of it.
  void server.sendText(id, 'before');
  assert.equal(server.config(`${name}=10`), '10');
  await server.sendText(id, 'four');
  assert.equal(server.config(name), '6');
  assert.equal(connection.bytesSent, 4);
  assert.throws(() => server.config(`${name}=3`), { code: 10037 });
  connection.dataToSend = 'five.';
  await server.sendText(id, '!and the next');
  assert.equal(server.config(name), '0');
  await server.sendText(id, 'after');
  const texts: string[] = [];
  for (let count = 0; count < 4; count++) texts.push((await readMessage(client)).text);
  assert.deepEqual(texts, ['before', 'fourfive.!', 'and the next', 'after']);
  assert.equal(server.statistics.messagesOut, 4);
});

test('MessageLength: what does not go together', async (t) => {
  const { server, client, connection, id } = await startOpen(t);
  const name = `MessageLength[${id}]`;
  server.config(`${name}=10`);
  await assert.rejects(connection.sendStream(ReadableStream.from(['x'])), { code: 10037 });
  assert.equal(server.config(`${name}=0`), '0');
  connection.timeout = 1;
  assert.throws(() => server.config(`${name}=10`), { code: 10022 });
  connection.timeout = 0;
  server.config(`${name}=3`);
  await server.sendText(id, Buffer.from([0xe4]));
  await assert.rejects(server.sendText(id, Buffer.from([0xff])), { code: 10022 });
  await server.sendText(id, Buffer.from([0xbd, 0xa0]));
  assert.equal((await readMessage(client)).text, '你');
});

test('the ws client puts them together', async (t) => {
  const server = await startServer(t, { settings: { MaxFrameSize: 7 } });
  const text = 'Ein Fenster aus Zeichen: 你好, 😀. '.repeat(100);
  server.on('Connected', ({ connectionId: id }) => {
    server.sendText(id, text);
    server.config(`MessageLength[${id}]=${Buffer.from(text).length}`);
    for (const part of text) server.sendText(id, part);
    server.sendBytes(id, Buffer.from(text));
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.localPort}`);
  t.after(() => client.terminate());
  const messages: [string, boolean][] = [];
  client.on('message', (data, isBinary) => messages.push([data.toString(), isBinary]));
  await once(client, 'open');
  while (messages.length < 3) await once(client, 'message');
  assert.deepEqual(messages, [
    [text, false],
    [text, false],
    [text, true],
  ]);
});
