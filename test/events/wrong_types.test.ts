// What JavaScript may give in place of what the types say: an error with its code, never the end of
// the process, and nothing has been done.

import assert from 'node:assert/strict';
import { ReadableStream } from 'node:stream/web';
import { test } from 'node:test';
import {
  Certificate,
  type CertificateLike,
  type CertificatesByName,
  type MessageSource,
  type StreamOptions,
  WSServer,
  WSServerError,
  type WSServerOptions,
} from 'native-wsserver';
import { open, startOpen } from '../support/open.js';

const invalid = { name: 'WSServerError', code: 10022 };
const unknownId = { name: 'WSServerError', code: 126 };

const objects = [
  Symbol('s'),
  {},
  [],
  () => {},
  Object.create(null),
  {
    toString() {
      throw new Error('asked');
    },
  },
];

test('settings and properties', () => {
  const server = new WSServer();
  for (const value of [null, 10n, ...objects]) {
    for (const name of ['localHost', 'localPort', 'defaultTimeout'] as const) {
      assert.throws(() => {
        (server as unknown as Record<string, unknown>)[name] = value;
      }, invalid);
      assert.throws(() => new WSServer({ [name]: value } as WSServerOptions), invalid);
    }
    assert.throws(() => new WSServer({ settings: { LogLevel: value as number } }), invalid);
    assert.throws(() => server.config(value as string), invalid);
  }
  assert.equal(server.localHost, '');
  assert.equal(new WSServer(null as unknown as WSServerOptions).localPort, 0);
});

test('a NUL does not end the name of a host or of a socket file', async () => {
  for (const localHost of ['127.0.0.1\0.example', 'localhost\0x', 'unix:/tmp/nul\0x']) {
    const server = new WSServer({ localHost });
    await assert.rejects(server.startListening(), invalid);
    assert.equal(server.listening, false);
  }
});

test('certificates', () => {
  const server = new WSServer();
  const wrong: unknown[] = [null, 'pem', { pfx: 5 }, { key: '', cert: '', passphrase: 5 }];
  for (const certificate of wrong as CertificateLike[]) {
    assert.throws(() => {
      server.certificate = certificate;
    }, invalid);
    assert.throws(() => {
      server.certificatesByName = { 'a.example': certificate };
    }, invalid);
  }
  for (const certificate of [{}, { key: undefined, cert: null }] as unknown as CertificateLike[]) {
    assert.throws(
      () => {
        server.certificate = certificate;
      },
      { name: 'WSServerError', code: 272 },
    );
  }
  for (const value of [5, null] as unknown as string[]) {
    assert.throws(() => {
      server.sslCertSubject = value;
    }, invalid);
    assert.throws(() => {
      server.sslCertEncoded = value;
    }, invalid);
  }
  server.certificatesByName = null as unknown as CertificatesByName;
});

test('ids', async (t) => {
  const { server } = await startOpen(t);
  for (const id of [undefined, null, true, 10n, ...objects] as unknown as number[]) {
    await assert.rejects(server.send(id, 'x'), unknownId);
    await assert.rejects(server.sendText(id, 'x'), unknownId);
    await assert.rejects(server.sendBytes(id, Buffer.of(1)), unknownId);
    await assert.rejects(server.sendFile(id, 'x'), unknownId);
    await assert.rejects(server.ping(id), unknownId);
    await assert.rejects(server.disconnect(id), unknownId);
    await assert.rejects(server.interrupt(id), unknownId);
    await assert.rejects(server.changeLineMode(id, true), unknownId);
    assert.equal(server.connections.get(id), undefined);
  }
});

test('signals, and null for options', async (t) => {
  const { server, client, connection, id } = await startOpen(t);
  for (const signal of [5, 'now', {}] as unknown as AbortSignal[]) {
    await assert.rejects(server.shutdown({ signal }), invalid);
    await assert.rejects(server.ping(id, { signal }), invalid);
    await assert.rejects(server.sendText(id, 'x', { signal }), invalid);
    await assert.rejects(connection.drain({ signal }), invalid);
    await assert.rejects(connection.close(1000, '', { signal }), invalid);
    await assert.rejects(
      connection.sendStream(['x'] as unknown as MessageSource, { signal }),
      invalid,
    );
    assert.throws(() => connection.messages({ signal }), invalid);
  }
  assert.equal(server.listening, true);
  const none = null as unknown as undefined;
  await connection.sendText('sent', none);
  assert.equal((await client.readFrame()).payload.toString(), 'sent');
  await connection.drain(none);
  assert.equal((await connection.messages(none).return?.())?.done, true);
});

test('the code and the reason of a Close', async (t) => {
  const { connection } = await startOpen(t);
  for (const code of ['1000', null, 1000.5, 2 ** 32 + 1000, Symbol('s')] as unknown as number[]) {
    await assert.rejects(connection.close(code), invalid);
  }
  const tooLong = ['x'.repeat(124), 'ü'.repeat(62)];
  for (const reason of [5, null, ...objects, ...tooLong] as unknown as string[]) {
    await assert.rejects(connection.close(1000, reason), invalid);
  }
  assert.equal(connection.connected, true);
});

test('sources of messages and their type', async (t) => {
  const { client, connection } = await startOpen(t);
  for (const source of [undefined, null, 5, {}] as unknown as MessageSource[]) {
    await assert.rejects(connection.sendStream(source), invalid);
  }
  const source = ['x'] as unknown as MessageSource;
  await assert.rejects(
    connection.sendStream(source, { type: 'blob' } as unknown as StreamOptions),
    invalid,
  );
  await connection.sendStream(source);
  assert.equal((await client.readFrame()).payload.toString(), 'x');
});

test('bytes in a SharedArrayBuffer are bytes like others', async (t) => {
  const { server, client, connection } = await startOpen(t);
  const shared = new SharedArrayBuffer(640_000);
  new Uint8Array(shared).fill(7);
  for (const view of [
    new Uint8Array(shared, 8, 64),
    new Uint8Array(shared),
    new Float64Array(shared, 8, 8),
    new DataView(shared, 1, 3),
  ]) {
    await connection.sendBytes(view);
    const { payload } = await client.readFrame();
    assert.equal(payload.length, view.byteLength);
    assert.ok(payload.every((byte) => byte === 7));
  }
  server.ticketKeys = new Uint8Array(shared, 0, 80);
  assert.deepEqual(server.ticketKeys, Buffer.alloc(80, 7));
});

test('what is odd or long is told of in few words', async (t) => {
  const { server, connection, id } = await startOpen(t);
  const long = 'ü'.repeat(10_000_000);
  const told: string[] = [];
  server.on('Error', ({ description }) => told.push(description));
  const acts: (() => unknown)[] = [
    () => server.config(long),
    () => server.config(`LogLevel=${long}`),
    () => new WSServer({ settings: { [long]: 1 } }),
    () => new WSServer({ settings: { [long]: null as never } }),
    () => new WSServer({ localHost: long }).startListening(),
    () => new WSServer({ localHost: 'x'.repeat(5000) }).startListening(),
    () => new WSServer({ certificatesByName: { [long]: {} as never } }),
    () => connection.sendFile(long),
    ...[...objects, long].flatMap((odd) => [
      () => connection.sendFile(odd as string),
      () => {
        connection.dataFormat = odd as never;
      },
      () => new Certificate(odd as never),
    ]),
  ];
  for (const act of acts) {
    const error = await (async () => act())().catch((reason) => reason);
    assert.ok(error instanceof WSServerError, `${act}: ${error}`);
    assert.ok(error.message.length < 700, `${act}: ${error.message.length}`);
  }
  for (const odd of [...objects, new Error(long)]) {
    const before = told.length;
    const other = await open(t, server);
    const source = ReadableStream.from(
      // biome-ignore lint/correctness/useYield: it fails before.
      (async function* (): AsyncGenerator<string> {
        throw odd;
      })(),
    );
    const error = await other.connection.sendStream(source).catch((reason) => reason);
    assert.equal(error, odd);
    assert.equal(told.length, before + 1);
  }
  for (const text of told) assert.ok(text.length < 700);
  assert.equal(connection.connectionId, id);
});
