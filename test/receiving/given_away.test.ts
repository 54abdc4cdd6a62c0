// Payloads that a handler gives away: whoever transfers a view's memory takes that of other
// payloads along, which must reach their handlers nevertheless.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import type { DataInEvent, WSServerError } from 'native-wsserver';
import { frame, Op } from '../support/byte_client.js';
import { messageOf, sourceOf } from '../support/child.js';
import { defer } from '../support/defer.js';
import { type Open, open, startOpen } from '../support/open.js';
import { startServer, until } from '../support/server.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Puts bytes into a byte stream, which transfers their memory. What comes out is read, and lost. */
function enqueue(bytes: Uint8Array): void {
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  void (async () => {
    for await (const _ of stream);
  })();
}

/** The same by ArrayBuffer.prototype.transfer(), where there is one. */
function transfer(bytes: Uint8Array): void {
  const buffer = bytes.buffer as ArrayBuffer & { transfer?(): ArrayBuffer };
  if (buffer.transfer) buffer.transfer();
  else enqueue(bytes);
}

/** The same by a transfer list: Node.js may refuse it. */
function clone(bytes: Uint8Array): void {
  try {
    structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
  } catch {
    enqueue(bytes);
  }
}

const ways = { enqueue, transfer, clone };

function sendTogether({ client }: Open, payloads: readonly string[], opcode: number): void {
  client.socket.write(Buffer.concat(payloads.map((payload) => frame({ opcode, payload }))));
}

const payloads = (round: number, size = 0): string[] =>
  Array.from({ length: 40 }, (_, index) => `${round}.${index} é`.padEnd(size, 'x'));

for (const [name, give] of Object.entries(ways)) {
  for (const transientPayloads of [false, true]) {
    const how = `${name}${transientPayloads ? ', transient' : ''}`;
    test(`no payload suffers from another that is given away: ${how}`, async (t) => {
      const server = await startServer(t, { transientPayloads });
      const [giver, other] = [await open(t, server), await open(t, server)];
      const texts = new Map<number, string[]>([
        [giver.id, []],
        [other.id, []],
      ]);
      server.on('DataIn', (event) => {
        const list = texts.get(event.connectionId) as string[];
        const isBinary = event.dataFormat === 2;
        list.push(isBinary ? Buffer.from(event.textB).toString() : event.text);
        if (event.connectionId === giver.id) give(event.textB);
      });
      const sent: string[] = [];
      for (let round = 0; round < 6; round++) {
        const some = payloads(round, round === 5 ? 3000 : 0);
        const opcode = round % 2 === 0 ? Op.text : Op.binary;
        for (const client of [giver, other]) sendTogether(client, some, opcode);
        sent.push(...some);
        await until(() => texts.get(giver.id)?.length === sent.length);
        await until(() => texts.get(other.id)?.length === sent.length);
        collectGarbage();
      }
      assert.deepEqual(texts.get(giver.id), sent);
      assert.deepEqual(texts.get(other.id), sent);
    });
  }
}

test('events that were kept can be read when what they lie in was given away', async (t) => {
  const opened = await startOpen(t);
  const events: DataInEvent[] = [];
  opened.server.on('DataIn', (event) => events.push(event));
  const sent = payloads(0);
  for (const opcode of [Op.text, Op.binary]) sendTogether(opened, sent, opcode);
  await until(() => events.length === 2 * sent.length);
  enqueue((events[0] as DataInEvent).textB);
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  // The memory, if it were free, would be this by now.
  const others = Array.from({ length: 500 }, () => Buffer.alloc(8192, 'z'));
  const read = events.map((event) => Buffer.from(event.textB).toString());
  assert.deepEqual(read, [...sent, ...sent]);
  assert.deepEqual(
    events.map((event) => event.text),
    read,
  );
  assert.equal(others.length, 500);
});

test('a loop may give away each message that waited in it', async (t) => {
  const opened = await startOpen(t);
  const messages = opened.connection.messages();
  const sent = payloads(0);
  sendTogether(opened, sent, Op.binary);
  const texts: string[] = [];
  for (const _ of sent) {
    const { value } = await messages.next();
    const { textB } = value as DataInEvent;
    texts.push(Buffer.from(textB).toString());
    enqueue(textB);
    collectGarbage();
  }
  assert.deepEqual(texts, sent);
});

for (const size of [100, 100_000]) {
  test(`a second handler reads ${size} bytes that the first has given away`, async (t) => {
    const { server, client } = await startOpen(t);
    server.on('DataIn', ({ textB }) => enqueue(textB));
    const texts: string[] = [];
    server.on('DataIn', (event) => {
      texts.push(Buffer.from(event.textB).toString());
      texts.push(event.text);
    });
    const payload = 'x'.repeat(size);
    client.sendFrame(Op.binary, payload);
    await until(() => texts.length === 2);
    assert.deepEqual(texts, [payload, payload]);
  });
}

test('what was copied and is given away says so', async (t) => {
  const { server, client, connection } = await startOpen(t, { transientPayloads: true });
  const messages = connection.messages();
  client.sendFrame(Op.binary, 'hello');
  const { value } = await messages.next();
  const event = value as DataInEvent;
  enqueue(event.textB);
  const isGone = ({ code, message }: WSServerError): boolean =>
    code === 10022 && message.includes('given away');
  assert.throws(() => event.textB, isGone);
  assert.throws(() => event.text, isGone);
  assert.equal(event.byteLength, 5);
  assert.ok(server.listening);
});

test('a payload shows nothing of what its memory was before', async (t) => {
  const { server, client } = await startOpen(t);
  // Memory that has been something else.
  const used = Array.from({ length: 2000 }, (_, index) => Buffer.alloc(8192 + index, 0xaa).length);
  assert.equal(used.length, 2000);
  const views: Uint8Array[] = [];
  const sizes = [1, 20, 255, 256, 257, 5000, 16_383, 16_384, 70_001];
  server.on('DataIn', ({ textB }) => views.push(textB));
  for (const size of sizes) {
    client.sendFrame(Op.binary, Buffer.alloc(size, 'p'));
    await until(() => views.length > 0 && (views.at(-1) as Uint8Array).length === size);
  }
  for (const { buffer, length } of views) {
    const strange = new Uint8Array(buffer).filter((byte) => byte !== 0 && byte !== 0x70);
    // The address and the request of the connection lie there, too.
    const text = Buffer.from(strange).toString('latin1');
    assert.match(text, /^[\x20-\x7e\r\n]*$/, `beside ${length} bytes`);
  }
});

for (const size of [100, 50_000]) {
  test(`a worker has given ${size} bytes to this thread, and ends`, async (t: TestContext) => {
    const source = sourceOf(async ({ WSServer }) => {
      const { parentPort } = await import('node:worker_threads');
      const server = new WSServer({ localHost: '127.0.0.1' });
      server.on('DataIn', async ({ textB }) => {
        const stream = new ReadableStream({
          type: 'bytes',
          start(controller) {
            controller.enqueue(textB);
          },
        });
        const { value } = await stream.getReader().read();
        parentPort?.postMessage(value, [value?.buffer as ArrayBuffer]);
      });
      await server.startListening();
      parentPort?.postMessage(server.localPort);
    }, undefined);
    const worker = new Worker(source, { eval: true });
    defer(t, () => worker.terminate());
    const { ByteClient } = await import('../support/byte_client.js');
    const client = await ByteClient.open(t, await messageOf<number>(worker));
    client.sendFrame(Op.binary, 'A'.repeat(size));
    const [given] = (await once(worker, 'message')) as [Uint8Array];
    await worker.terminate();
    const others = Array.from({ length: 500 }, () => Buffer.alloc(size, 'z'));
    assert.equal(Buffer.from(given).toString(), 'A'.repeat(size));
    assert.equal(new Uint8Array(given.buffer).includes(0x7a), false);
    assert.equal(others.length, 500);
  });
}
