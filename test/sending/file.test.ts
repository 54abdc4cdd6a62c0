// A file as one message: what arrives, what is refused meanwhile, and how it ends before its end.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { WSConnection, WSServerError } from 'native-wsserver';
import { closeCode, Op } from '../support/byte_client.js';
import { DigestClient } from '../support/digest_client.js';
import { makeFile, makeFolder, timesOpen } from '../support/files.js';
import { readMessage } from '../support/messages.js';
import { open, startOpen, startStopped } from '../support/open.js';
import { assertAtLeast } from '../support/patience.js';
import { collect, next, startServer, until } from '../support/server.js';

const CHUNK = 256 * 1024;
/** For tests that need /proc or a named pipe. */
const LINUX = { skip: process.platform !== 'linux' };

/** Bytes of which no two blocks are the same. */
function content(size: number): Buffer {
  const bytes = Buffer.alloc(size, 'abcdefghijk');
  for (let at = 0; at + 4 <= size; at += 1000) bytes.writeUInt32BE(at, at);
  return bytes;
}

for (const size of [0, 1, 125, 65_536, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7]) {
  test(`a file of ${size} bytes`, async (t) => {
    const { server, client, connection, id } = await startOpen(t);
    const bytes = content(size);
    const file = makeFile(t, bytes);
    for (const send of [() => server.sendFile(id, file), () => connection.sendFile(file)]) {
      const [message] = await Promise.all([readMessage(client), send()]);
      assert.equal(message.opcodes[0], Op.binary);
      assert.ok(message.payload.equals(bytes));
    }
    await server.sendText(`${id}`, 'next');
    assert.equal((await client.readFrame()).payload.toString(), 'next');
    await until(() => timesOpen(file) === 0);
    assert.equal(server.statistics.messagesOut, 3);
  });
}

for (const unit of ['é', '好', '😀']) {
  test(`as text no fragment ends inside ${unit}`, async (t) => {
    const { client, connection } = await startOpen(t);
    const text = `x${unit.repeat(3 * CHUNK)}`;
    connection.dataFormat = 1;
    const sent = connection.sendFile(makeFile(t, text));
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let received = '';
    for (let ended = false; !ended; ) {
      const { opcode, fin, payload } = await client.readFrame();
      assert.equal(opcode, received === '' ? Op.text : Op.continuation);
      received += decoder.decode(payload);
      ended = fin;
    }
    await sent;
    assert.ok(received === text);
  });
}

test('other messages are refused meanwhile, until ReadyToSend', async (t) => {
  const { server, client, connection, id } = await startStopped(t);
  const ready = collect(server, 'ReadyToSend');
  const file = makeFile(t, content(64 * CHUNK));
  const { sent } = await startSending(connection, file);
  assert.equal(connection.readyToSend, false);
  await assert.rejects(server.sendText(id, 'no'), { code: 10035 });
  await assert.rejects(server.sendBytes(id, Buffer.from('no')), { code: 10035 });
  await assert.rejects(connection.sendFile(file), { code: 10037 });
  client.socket.resume();
  assert.equal((await readMessage(client)).payload.length, 64 * CHUNK);
  await sent;
  await until(() => ready.length > 0);
  assert.equal(ready.length, 1);
  await server.sendText(id, 'next');
  assert.equal((await client.readFrame()).payload.toString(), 'next');
});

test('it waits until what was sent before has been taken', async (t) => {
  const { client, connection } = await startStopped(t);
  await connection.sendBytes(Buffer.alloc(8_000_000));
  const sent = connection.sendFile(makeFile(t, 'the file'));
  client.socket.resume();
  assert.equal((await client.readFrame()).payload.length, 8_000_000);
  assert.equal((await readMessage(client)).text, 'the file');
  await sent;
});

// Files that cannot be sent.

/** Names of files, and what they are refused with. */
const unreadable: [
  name: string,
  make: (t: TestContext) => unknown,
  code: number,
  cause?: string,
][] = [
  ['that is not there', (t) => path.join(makeFolder(t), 'none'), 10022, 'ENOENT'],
  ['below a file', (t) => path.join(makeFile(t, ''), 'none'), 10022, 'ENOTDIR'],
  ['that is a folder', (t) => makeFolder(t), 10022],
  ['of too long a name', (t) => path.join(makeFolder(t), 'x'.repeat(300)), 10063, 'ENAMETOOLONG'],
  ['of no name', () => '', 10022, 'ENOENT'],
  ['of a name with NUL', () => 'a\0b', 10022, 'ERR_INVALID_ARG_VALUE'],
  ['that is no name', () => undefined, 10022, 'ERR_INVALID_ARG_TYPE'],
];
for (const [name, make, code, cause] of unreadable) {
  test(`a file ${name}`, async (t) => {
    const { server, client, connection, id } = await startOpen(t);
    const errors = collect(server, 'Error');
    const file = make(t) as string;
    await assert.rejects(server.sendFile(id, file), (error: WSServerError) => {
      assert.deepEqual([error.name, error.code], ['WSServerError', code]);
      assert.ok(error.message.includes(`"${`${file}`.slice(0, 199)}`), error.message);
      assert.equal((error.cause as NodeJS.ErrnoException | undefined)?.code, cause);
      return true;
    });
    assert.deepEqual(
      errors.map((event) => [event.connectionId, event.errorCode]),
      [[id, code]],
    );
    await connection.sendText('next');
    assert.equal((await client.readFrame()).payload.toString(), 'next');
  });
}

test('a pipe is no file, and not waited for', LINUX, async (t) => {
  const { connection } = await startOpen(t);
  const pipe = path.join(makeFolder(t), 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  await assert.rejects(connection.sendFile(pipe), { code: 10022, message: /not a regular file/ });
});

test('a file that says it is empty is sent to its end', LINUX, async (t) => {
  const { client, connection } = await startOpen(t);
  const file = '/proc/self/environ';
  assert.equal(fs.statSync(file).size, 0);
  const expected = fs.readFileSync(file);
  assert.ok(expected.length > 0);
  for (const dataFormat of [Op.binary, Op.text]) {
    connection.dataFormat = dataFormat;
    const [message] = await Promise.all([readMessage(client), connection.sendFile(file)]);
    assert.ok(message.payload.equals(expected));
  }
});

for (const [cause, code] of [
  ['EACCES', 10013],
  ['EPERM', 10013],
  ['EMFILE', 10024],
  ['ENFILE', 10024],
  ['EIO', 10022],
] as const) {
  test(`the system says ${cause}`, async (t) => {
    const { connection } = await startOpen(t);
    const error = Object.assign(new Error(cause), { code: cause });
    t.mock.method(fsPromises, 'open', () => Promise.reject(error));
    await assert.rejects(connection.sendFile('name'), { code, cause: error });
  });
}

test('what sendFile does not take', async (t) => {
  const { server, client, connection, id } = await startOpen(t);
  const file = makeFile(t, 'x');
  for (const dataFormat of [Op.ping, Op.pong]) {
    connection.dataFormat = dataFormat;
    await assert.rejects(connection.sendFile(file), { code: 10022, message: /dataFormat/ });
  }
  connection.dataFormat = 0;
  for (const stranger of [0, id + 1, 'x']) {
    await assert.rejects(server.sendFile(stranger, file), { code: 126 });
  }
  void server.disconnect(id);
  await assert.rejects(connection.sendFile(file), { code: 126 });
  await client.finish();
});

test('bytes that are no text: nothing is sent', async (t) => {
  const { client, connection } = await startOpen(t);
  connection.dataFormat = 1;
  await assert.rejects(connection.sendFile(makeFile(t, Buffer.from([0xff]))), { code: 10022 });
  await connection.sendText('next');
  assert.equal((await client.readFrame()).payload.toString(), 'next');
});

test('a text that ends inside a character: 1011', async (t) => {
  const { client, connection } = await startOpen(t);
  connection.dataFormat = 1;
  const file = makeFile(t, Buffer.from([0x61, 0xe4, 0xbd]));
  await assert.rejects(connection.sendFile(file), { code: 10022 });
  const [begun, last] = await client.readFrames();
  assert.deepEqual([begun?.fin, last && closeCode(last)], [false, 1011]);
  client.close();
});

// Files that end before their end.

/** Has a client receive the beginning of a file, whose rest waits for the client. */
async function startSending(connection: WSConnection, file: string) {
  const controller = new AbortController();
  const sent = connection.sendFile(file, { signal: controller.signal });
  await until(() => connection.bufferedBytes > 0);
  return { sent, controller };
}

test('interrupted: the message ends where it is, the connection can be used', async (t) => {
  const { server, client, connection, id } = await startStopped(t);
  const errors = collect(server, 'Error');
  const bytes = content(64 * CHUNK);
  const file = makeFile(t, bytes);
  await server.interrupt(id);
  const { sent } = await startSending(connection, file);
  await server.interrupt(`${id}`);
  await server.interrupt(id);
  await assert.rejects(sent, { name: 'WSServerError', code: 10004 });
  client.socket.resume();
  const { payload } = await readMessage(client);
  assert.ok(payload.length > 0 && payload.length < bytes.length, `${payload.length} bytes`);
  assert.ok(payload.equals(bytes.subarray(0, payload.length)));
  await connection.drain();
  await connection.sendText('next');
  assert.equal((await client.readFrame()).payload.toString(), 'next');
  const again = connection.sendFile(file);
  assert.ok((await readMessage(client)).payload.equals(bytes));
  await again;
  await server.interrupt(id);
  await assert.rejects(server.interrupt(999_999), { name: 'WSServerError', code: 126 });
  assert.deepEqual(errors, []);
  await until(() => timesOpen(file) === 0);
});

test('interrupted text is text', async (t) => {
  const { client, connection } = await startStopped(t);
  connection.dataFormat = 1;
  const { sent } = await startSending(connection, makeFile(t, `x${'好'.repeat(20 * CHUNK)}`));
  connection.interrupt();
  await assert.rejects(sent, { code: 10004 });
  client.socket.resume();
  const { payload } = await readMessage(client);
  assert.match(new TextDecoder('utf-8', { fatal: true }).decode(payload), /^x好+$/);
});

test('interrupted before it has begun: nothing is sent', async (t) => {
  const { client, connection } = await startOpen(t);
  const sent = connection.sendFile(makeFile(t, 'x'));
  connection.interrupt();
  await assert.rejects(sent, { code: 10004 });
  await connection.sendText('next');
  assert.equal((await client.readFrame()).payload.toString(), 'next');
});

test('aborted', async (t) => {
  const { client, connection } = await startStopped(t);
  const file = makeFile(t, content(64 * CHUNK));
  const { sent, controller } = await startSending(connection, file);
  controller.abort(new Error('enough'));
  await assert.rejects(sent, { message: 'enough' });
  const { signal } = controller;
  await assert.rejects(connection.sendFile(file, { signal }), { message: 'enough' });
  client.socket.resume();
  await readMessage(client);
  await until(() => timesOpen(file) === 0);
});

test('the client goes: 126', async (t) => {
  const { client, connection } = await startStopped(t);
  const file = makeFile(t, content(64 * CHUNK));
  const { sent } = await startSending(connection, file);
  client.reset();
  await assert.rejects(sent, ({ code }) => code === 126 || code === 4202);
  await until(() => timesOpen(file) === 0);
});

test('the client does not read for as long as timeout says: 10060, and 1011', async (t) => {
  const { server, client, connection } = await startStopped(t);
  connection.timeout = 1;
  const file = makeFile(t, content(64 * CHUNK));
  const started = performance.now();
  await assert.rejects(connection.sendFile(file), { code: 10060 });
  assertAtLeast(900, performance.now() - started);
  assert.equal(connection.connected, false);
  await until(() => timesOpen(file) === 0);
  const gone = next(server, 'Disconnected');
  client.socket.resume();
  const frames = await client.readFrames();
  const last = frames.at(-1);
  assert.ok(last !== undefined && closeCode(last) === 1011);
  assert.ok(frames.slice(0, -1).every(({ fin }) => !fin));
  client.close();
  await gone;
});

/** What may happen to a file while it is sent. */
const mishaps: [name: string, code: number, mishap: (t: TestContext, file: string) => unknown][] = [
  ['becomes shorter', 4202, (_, file) => fs.truncateSync(file, CHUNK)],
  [
    'turns into bytes that are no text',
    10022,
    (_, file) => fs.writeFileSync(file, Buffer.alloc(64 * CHUNK, 0xff), { flag: 'r+' }),
  ],
];
for (const [name, code, mishap] of mishaps) {
  test(`the file ${name}: 1011`, async (t) => {
    const { server, client, connection, id } = await startStopped(t);
    const errors = collect(server, 'Error');
    connection.dataFormat = 1;
    const file = makeFile(t, Buffer.alloc(64 * CHUNK, 'x'));
    const { sent } = await startSending(connection, file);
    mishap(t, file);
    client.socket.resume();
    await assert.rejects(sent, { name: 'WSServerError', code });
    const frames = await client.readFrames();
    const last = frames.at(-1);
    assert.ok(last !== undefined && closeCode(last) === 1011);
    assert.ok(frames.slice(0, -1).every(({ fin }) => !fin));
    assert.deepEqual(
      errors.map((event) => [event.connectionId, event.errorCode]),
      [[id, code]],
    );
    await until(() => timesOpen(file) === 0);
  });
}

test('a file that grows is sent as it was', async (t) => {
  const { client, connection } = await startStopped(t);
  const bytes = content(64 * CHUNK);
  const file = makeFile(t, bytes);
  const { sent } = await startSending(connection, file);
  fs.appendFileSync(file, 'more');
  client.socket.resume();
  assert.ok((await readMessage(client)).payload.equals(bytes));
  await sent;
});

test('two files to two connections at once', async (t) => {
  const server = await startServer(t);
  const clients = [DigestClient.open(t, server.localPort), DigestClient.open(t, server.localPort)];
  await until(() => server.wsConnectionCount === 2);
  const contents = [content(40 * CHUNK + 1), content(50 * CHUNK).reverse()];
  const sent = [...server.connections.keys()].map((id, index) =>
    server.sendFile(id, makeFile(t, contents[index] as Buffer)),
  );
  const digests = await Promise.all(clients.map((client) => client.next()));
  await Promise.all(sent);
  assert.deepEqual(
    digests.map(({ sha256 }) => sha256).sort(),
    contents.map((bytes) => createHash('sha256').update(bytes).digest('hex')).sort(),
  );
  const other = await open(t, server);
  await other.connection.sendText('still there');
  assert.equal((await other.client.readFrame()).payload.toString(), 'still there');
});
