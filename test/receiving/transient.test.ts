// transientPayloads: memory that is taken back when the handlers have returned.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { DataInEvent, WSServerError } from 'native-wsserver';
import { frame, Op } from '../support/byte_client.js';
import { readMessage } from '../support/messages.js';
import { open, startOpen } from '../support/open.js';
import { collect, next, startEcho, startServer, until } from '../support/server.js';

const transient = { transientPayloads: true };

const SIZES = [0, 1, 20, 64, 65, 1000, 16_384, 65_536, 300_000, 1_500_000];

const isTakenBack = ({ code, message }: WSServerError): boolean =>
  code === 10022 && message.includes('transientPayloads');

/** As many bytes, each of which says at which place it is, and in which message. */
function pattern(size: number, seed: number): Buffer {
  const period = Uint8Array.from({ length: 256 }, (_, index) => index * 7 + seed * 13);
  return Buffer.alloc(size, period);
}

test('every message comes back as it was sent', async (t) => {
  const server = await startEcho(t, transient);
  const clients = await Promise.all(SIZES.map(() => open(t, server)));
  const texts = SIZES.map((size) => randomBytes(size >> 1).toString('hex'));
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      clients.map(async ({ client }, index) => {
        const sizes = SIZES.map((_, at) => SIZES[(at + index) % SIZES.length] as number);
        for (const size of sizes) client.sendFrame(Op.binary, pattern(size, round));
        client.sendFrame(Op.text, texts[index] as string);
        for (const size of sizes) {
          const { payload } = await readMessage(client);
          assert.ok(payload.equals(pattern(size, round)), `${size} bytes`);
        }
        assert.equal((await readMessage(client)).text, texts[index]);
      }),
    );
  }
});

for (const size of SIZES.slice(1)) {
  test(`an event of ${size} bytes that is kept says that its payload is gone`, async (t) => {
    const { server, client } = await startOpen(t, transient);
    const events = collect(server, 'DataIn');
    client.sendFrame(Op.text, 'x'.repeat(size));
    await until(() => events.length === 1);
    const event = events[0] as DataInEvent;
    assert.equal(event.byteLength, size);
    assert.equal(event.EOM, true);
    assert.throws(() => event.text, isTakenBack);
    assert.throws(() => event.textB, isTakenBack);
  });
}

test('short texts that come together are what they were, in memory that is used again', async (t) => {
  const server = await startEcho(t, transient);
  const { client } = await open(t, server);
  for (let round = 0; round < 20; round++) {
    const texts = Array.from({ length: 100 }, (_, index) => `${index} of round ${round}`);
    client.send(...texts.map((payload) => frame({ opcode: Op.text, payload })));
    for (const text of texts) assert.equal((await readMessage(client)).text, text);
  }
});

test('what a handler has read of it stays, as text and as a copy', async (t) => {
  const { server, client } = await startOpen(t, transient);
  const kept: [DataInEvent, string, Uint8Array][] = [];
  server.on('DataIn', (event) => kept.push([event, event.text, event.textB.slice()]));
  for (const text of ['first', 'second', 'x'.repeat(100)]) client.sendFrame(Op.text, text);
  await until(() => kept.length === 3);
  client.sendFrame(Op.binary, randomBytes(100_000));
  await until(() => kept.length === 4);
  for (const [event, text, copy] of kept.slice(0, 3)) {
    assert.equal(event.text, text);
    assert.equal(Buffer.from(copy).toString(), text);
    assert.throws(() => event.textB, isTakenBack);
  }
});

test('memory is used again, and views of it show what has come since', async (t) => {
  const { server, client } = await startOpen(t, transient);
  const views: Uint8Array[] = [];
  server.on('DataIn', ({ textB }) => views.push(textB));
  for (let index = 1; index <= 3; index++) {
    client.sendFrame(Op.binary, Buffer.alloc(1000, index));
    await until(() => views.length === index);
  }
  assert.deepEqual(
    views.map((view) => view[500]),
    [3, 3, 3],
  );
});

test('what waits is copied: for a loop', async (t) => {
  const { server, client, connection } = await startOpen(t, transient);
  const messages = connection.messages();
  const other = await open(t, server);
  for (const size of [10, 100, 100_000]) client.sendFrame(Op.binary, pattern(size, 1));
  other.client.sendFrame(Op.binary, pattern(100_000, 2));
  await until(() => server.statistics.messagesIn === 4);
  for (const size of [10, 100, 100_000]) {
    const { value } = await messages.next();
    assert.ok(pattern(size, 1).equals(value?.textB as Uint8Array));
  }
});

test('what waits is copied: while acceptData is false', async (t) => {
  const { server, client, connection } = await startOpen(t, transient);
  const texts: string[] = [];
  server.on('DataIn', (event) => {
    texts.push(event.text);
    if (texts.length === 1) connection.acceptData = false;
  });
  client.socket.write(
    Buffer.concat(['one', 'two', 'three'].map((payload) => frame({ opcode: Op.text, payload }))),
  );
  await until(() => texts.length === 1);
  const { client: other } = await open(t, server);
  const before = next(server, 'DataIn');
  other.sendFrame(Op.text, 'x'.repeat(1000));
  await before;
  connection.acceptData = true;
  await until(() => texts.length === 4);
  assert.deepEqual([texts[0], ...texts.slice(2)], ['one', 'two', 'three']);
});

test('what waits is copied: for a handler that is being waited for', async (t) => {
  const { server, client } = await startOpen(t, { ...transient, serialDelivery: true });
  const texts: string[] = [];
  server.on('DataIn', async (event) => {
    texts.push(event.text);
    await new Promise((resolve) => setImmediate(resolve));
  });
  const sent = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(50));
  for (const text of sent) client.sendFrame(Op.text, text);
  await until(() => texts.length === sent.length);
  assert.deepEqual(texts, sent);
});

test('a handler that runs the loop itself does not lose what came with its event', async (t) => {
  const server = await startServer(t, transient);
  const [first, second] = [await open(t, server), await open(t, server)];
  const texts: string[] = [];
  server.on('DataIn', (event) => {
    const before = event.text;
    if (texts.length === 0) second.client.sendFrame(Op.text, 'y'.repeat(5000));
    texts.push(before);
    void server.doEvents();
    assert.equal(Buffer.from(event.textB).toString(), before);
  });
  const sent = ['a', 'b', 'c'].map((letter) => letter.repeat(5000));
  first.client.socket.write(
    Buffer.concat(sent.map((payload) => frame({ opcode: Op.text, payload }))),
  );
  await until(() => texts.length === 4);
  assert.deepEqual([...texts].sort(), [...sent, 'y'.repeat(5000)]);
});

test('the payload of a Ping may be kept', async (t) => {
  const { server, client } = await startOpen(t, transient);
  const pings = collect(server, 'Ping');
  for (const letter of ['a', 'b']) {
    const ping = next(server, 'Ping');
    client.sendFrame(Op.ping, letter.repeat(100));
    await ping;
  }
  assert.deepEqual(
    pings.map(({ payloadB }) => Buffer.from(payloadB).toString()),
    ['a'.repeat(100), 'b'.repeat(100)],
  );
});
