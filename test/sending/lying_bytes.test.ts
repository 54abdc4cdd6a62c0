// Bytes that say of themselves what is not so, and a language whose methods have been replaced:
// what is sent is what there is, or nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import {
  Certificate,
  type CertificateParts,
  CertStoreType,
  type Data,
  WSServer,
} from 'native-wsserver';
import { issue } from '../support/certificates.js';
import { runChild } from '../support/child.js';
import { readMessage } from '../support/messages.js';
import { open, startOpen } from '../support/open.js';
import { startEcho } from '../support/server.js';

async function* piecesOf(...pieces: Data[]): AsyncGenerator<Data> {
  yield* pieces;
}

const LENGTHS = [-1000, Number.NaN, Number.POSITIVE_INFINITY, 32_000, 4_294_967_306, 0, 1, '10'];

class Liar extends Uint8Array {
  said: unknown = 0;
  override get length(): number {
    return this.said as number;
  }
  override get byteLength(): number {
    return this.said as number;
  }
  override get byteOffset(): number {
    return 100_000;
  }
  override subarray(): Uint8Array<ArrayBuffer> {
    throw new Error('asked for a part');
  }
  override [Symbol.iterator](): ArrayIterator<number> {
    throw new Error('asked for its items');
  }
}

/** `text` as bytes that say they are so many, in each way. */
function liars(text: string, said: unknown): Uint8Array[] {
  const bytes = Buffer.from(text);
  const liar = new Liar(bytes);
  liar.said = said;
  const own = Buffer.from(bytes);
  for (const name of ['length', 'byteLength', 'byteOffset']) {
    Object.defineProperty(own, name, { value: said });
  }
  return [liar, own];
}

for (const said of LENGTHS) {
  test(`ten bytes that say they are ${said} are ten bytes`, async (t) => {
    const { server, client, id, connection } = await startOpen(t);
    const texts = ['ten bytes!', 'y'.repeat(1000), 'z'.repeat(40_000)];
    for (const text of texts) {
      for (const bytes of liars(text, said)) {
        await server.sendBytes(id, bytes);
        await server.send(id, bytes);
        await server.sendBytes(id, bytes, { compress: false });
        await connection.sendStream(piecesOf(bytes));
        for (let count = 0; count < 4; count++) {
          assert.equal((await readMessage(client)).payload.toString(), text);
        }
      }
    }
  });
}

test('what is no bytes, whatever it says, is refused', async (t) => {
  const { server, client, id, connection } = await startOpen(t);
  const fakes: unknown[] = [
    Object.create(Uint8Array.prototype),
    Object.create(Buffer.prototype),
    new Proxy(Buffer.from('proxy'), {}),
    Object.setPrototypeOf({ length: 5, byteLength: 5 }, Uint8Array.prototype),
    { length: 5 },
    5,
    null,
    undefined,
  ];
  for (const fake of fakes) {
    await assert.rejects(server.sendBytes(id, fake as Uint8Array), { code: 10022 });
    const stream = piecesOf(fake as Uint8Array);
    const other = await open(t, server);
    await assert.rejects(other.connection.sendStream(stream), { code: 10022 });
  }
  await connection.sendBytes(Buffer.from('still here'));
  assert.equal((await readMessage(client)).payload.toString(), 'still here');
});

test('bytes of every kind are what they are', async (t) => {
  const { client, connection } = await startOpen(t);
  const bytes = Buffer.from('0123456789');
  const shared = new Uint8Array(new SharedArrayBuffer(10));
  shared.set(bytes);
  const Resizable = ArrayBuffer as unknown as new (
    size: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(size: number): void };
  const resizable = new Resizable(10, { maxByteLength: 10_000 });
  const [tracking, fixed, view] = [
    new Uint8Array(resizable),
    new Uint8Array(resizable, 0, 10),
    new DataView(resizable, 0, 10),
  ];
  tracking.set(bytes);
  const own = new Uint8Array(bytes);
  const all: [Uint8Array | DataView | ArrayBufferLike, string][] = [
    [bytes, '0123456789'],
    [shared, '0123456789'],
    [shared.buffer, '0123456789'],
    [new Uint16Array(own.buffer, 2, 2), '2345'],
    [new DataView(own.buffer, 1, 3), '123'],
    [own.buffer, '0123456789'],
    [runInNewContext('new Uint8Array([48, 49])'), '01'],
    [runInNewContext('new Uint8Array([48, 49]).buffer'), '01'],
    [tracking, '0123456789'],
    [fixed, '0123456789'],
    [view, '0123456789'],
  ];
  const check = async (
    data: Uint8Array | DataView | ArrayBufferLike,
    text: string,
  ): Promise<void> => {
    await connection.sendBytes(data);
    await connection.sendStream(piecesOf(data));
    for (const _ of 'ab') assert.equal((await readMessage(client)).payload.toString(), text);
  };
  for (const [data, text] of all) await check(data, text);
  resizable.resize(4);
  await check(tracking, '0123');
  for (const shrunk of [fixed, view]) {
    const sent = connection.sendBytes(shrunk).catch((error) => error.code);
    if ((await sent) !== undefined) continue;
    assert.equal((await readMessage(client)).payload.length, 0);
  }
});

test('a chunk of a stream that is given away meanwhile ends the message', async (t) => {
  const { client, connection } = await startOpen(t);
  client.socket.pause();
  // More than the kernel takes at once, whatever it has come to give a socket.
  const chunk = new Uint8Array(64 * 1024 * 1024);
  const sent = connection.sendStream(piecesOf(chunk));
  await new Promise((resolve) => setImmediate(resolve));
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
  client.socket.resume();
  client.socket.on('data', () => {});
  await assert.rejects(sent, { code: 10022 });
});

test('formats that there are not are refused', async (t) => {
  const { server, id } = await startOpen(t);
  for (const format of [3, 8, 16, 17, 0x101, -1, 2 ** 31]) {
    await assert.rejects(
      Promise.resolve().then(() => {
        const connection = server.connections.get(id);
        (connection as { dataFormat: number }).dataFormat = format;
        return connection?.send('x');
      }),
      { code: 10022 },
      `${format}`,
    );
  }
});

test('certificates that lie are what they are', async (t) => {
  const { key, cert } = issue('server');
  for (const said of [-1, Number.NaN, 0, 2 ** 33]) {
    for (const [liarKey, liarCert] of [0, 1].map((at) => [
      liars(key, said)[at],
      liars(cert, said)[at],
    ])) {
      const certificate = { key: liarKey as CertificateParts, cert: liarCert as CertificateParts };
      const server = new WSServer({ localHost: '127.0.0.1', certificate });
      assert.notEqual(server.certificate, undefined);
    }
    const [store] = liars(`${key}${cert}`, said);
    assert.match(new Certificate(CertStoreType.pemKeyBlob, store as Uint8Array).subject, /CN=/);
  }
  const server = await startEcho(t);
  const keys = Buffer.alloc(80, 7);
  const [liar] = liars(keys.toString('latin1'), 100_000);
  server.ticketKeys = liar as Uint8Array;
  assert.deepEqual(server.ticketKeys, keys);
});

/** Replaces methods of the language by ones that take what they get, and sends on. */
const thefts = [
  'Uint8Array.prototype.set',
  'Uint8Array.prototype.subarray',
  'Uint8Array.prototype.copyWithin',
  'Buffer.prototype.utf8Write',
  'Buffer.prototype.latin1Slice',
  'Buffer.prototype.utf8Slice',
  'Array.prototype.0',
] as const;

for (const theft of thefts) {
  test(`what takes memory through ${theft} ends nothing but itself`, async (t) => {
    const { code, signal, stderr } = await runChild(
      t,
      async ({ WSServer }, theft) => {
        const net = await import('node:net');
        const server = new WSServer({ localHost: '127.0.0.1' });
        process.on('uncaughtException', () => {});
        server.on('Error', () => {});
        await server.startListening();
        const client = net.connect(server.localPort, '127.0.0.1');
        client.on('error', () => {});
        const message = Buffer.from([0x81, 0x85, 0, 0, 0, 0, 104, 101, 108, 108, 111]);
        client.write(
          'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
        );
        const id: number = await new Promise((resolve) =>
          server.once('Connected', ({ connectionId }) => resolve(connectionId)),
        );
        let messages = 0;
        let stolen = 0;
        server.on('DataIn', (event) => {
          messages++;
          void server.sendText(event.connectionId, `${event.text} é`);
          void server.sendBytes(event.connectionId, event.textB);
        });
        client.write(message);
        while (messages < 1) await new Promise((resolve) => setImmediate(resolve));

        const [owner = '', , name = ''] = theft.split('.');
        const at = theft === 'Array.prototype.0' ? '0' : name;
        const prototype = (globalThis as never as Record<string, { prototype: object }>)[owner]
          ?.prototype as Record<string, unknown>;
        const take = (what: unknown): void => {
          const view = what as Uint8Array;
          if (!ArrayBuffer.isView(view) || view.byteLength < 4096 || stolen > 20) return;
          stolen++;
          new ReadableStream({
            type: 'bytes',
            start: (c) => c.enqueue(new Uint8Array(view.buffer)),
          });
        };
        const before = prototype[at] as ((...args: unknown[]) => unknown) | undefined;
        Object.defineProperty(prototype, at, {
          configurable: true,
          ...(at === '0'
            ? {
                set(this: object, value: unknown) {
                  take(value);
                  void server.sendText(id, 'from within');
                  Object.defineProperty(this, '0', { value, writable: true, configurable: true });
                },
              }
            : {
                value(this: unknown, ...args: unknown[]) {
                  take(this);
                  return typeof before === 'function' ? before.apply(this, args) : -5;
                },
              }),
        });
        const ends = Date.now() + 400;
        while (Date.now() < ends) {
          try {
            client.write(Buffer.concat([message, message]));
            void server.sendText(id, 'short é');
            void server.sendText(id, 'l'.repeat(300));
            void server.sendBytes(id, Buffer.alloc(100));
          } catch {}
          await new Promise((resolve) => setImmediate(resolve));
        }
        process.exit(9);
      },
      theft,
    );
    assert.deepEqual([code, signal], [9, null], stderr);
  });
}
