// One message from a stream, sent in fragments as they come.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { test } from 'node:test';
import { type Data, WSServerError } from 'native-wsserver';
import { closeCode, Op } from '../support/byte_client.js';
import { defer } from '../support/defer.js';
import { makeFile } from '../support/files.js';
import { readMessage } from '../support/messages.js';
import { open, startOpen, startStopped } from '../support/open.js';
import { collect, next, until } from '../support/server.js';

async function* chunksOf(...chunks: Data[]): AsyncGenerator<Data> {
  yield* chunks;
}

/** A source that gives its chunks and then nothing more; whether it has been cancelled. */
function stuckSource(...chunks: Data[]) {
  const state = { cancelled: undefined as unknown };
  const source = new ReadableStream<Data>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
    },
    cancel: (reason) => {
      state.cancelled = reason;
    },
  });
  return { source, state };
}

const rows = [
  {
    name: 'strings make a text',
    source: () => chunksOf('a', 'b'),
    options: {},
    opcodes: [1, 0, 0],
    text: 'ab',
  },
  {
    name: 'bytes make a binary message',
    source: () => chunksOf(Buffer.from('a'), new TextEncoder().encode('b').buffer),
    options: {},
    opcodes: [2, 0, 0],
    text: 'ab',
  },
  {
    name: 'bytes as text, cut inside a character',
    source: () => chunksOf(Buffer.from([0xc3]), Buffer.from([0xbc])),
    options: { type: 'text' },
    opcodes: [1, 0, 0],
    text: 'ü',
  },
  {
    name: 'strings as bytes',
    source: () => chunksOf('ü', new DataView(Buffer.from('x').buffer, 0, 0)),
    options: { type: 'binary' },
    opcodes: [2, 0],
    text: 'ü',
  },
  {
    name: 'strings cut inside a surrogate pair',
    source: () => chunksOf('\ud83d', '\ude00', '', '\ud83d\ude00'),
    options: {},
    opcodes: [1, 0, 0],
    text: '😀😀',
  },
  {
    name: 'halves that stay alone',
    source: () => chunksOf('a\ud83d', Buffer.from('b'), '\ud83d'),
    options: {},
    opcodes: [1, 0, 0],
    text: 'a\ufffdb\ufffd',
  },
  { name: 'nothing', source: () => chunksOf(), options: {}, opcodes: [2], text: '' },
  {
    name: 'no text',
    source: () => chunksOf(),
    options: { type: 'text' },
    opcodes: [1],
    text: '',
  },
  {
    name: 'a web stream',
    source: () => ReadableStream.from(['a', 'b']),
    options: {},
    opcodes: [1, 0, 0],
    text: 'ab',
  },
  {
    name: 'a stream of Node.js',
    source: () => Readable.from([Buffer.from('a'), Buffer.from('b')]),
    options: {},
    opcodes: [2, 0, 0],
    text: 'ab',
  },
] as const;
for (const { name, source, options, opcodes, text } of rows) {
  test(name, async (t) => {
    const { client, connection } = await startOpen(t);
    await connection.sendStream(source(), options);
    const message = await readMessage(client);
    assert.deepEqual([message.opcodes, message.text], [opcodes, text]);
  });
}

test('many streams that wait for one another are no leak to be warned of', async (t) => {
  const { connection, client } = await startOpen(t);
  const warnings: Error[] = [];
  const listener = (warning: Error): number => warnings.push(warning);
  process.on('warning', listener);
  defer(t, () => process.off('warning', listener));
  const sent = Array.from({ length: 20 }, () => connection.sendStream(chunksOf('a', 'b')));
  await Promise.all(sent);
  for (const _ of sent) assert.equal((await readMessage(client)).text, 'ab');
  assert.deepEqual(warnings, []);
});

test('fragments go out as they come', async (t) => {
  const { client, connection } = await startOpen(t);
  const { source } = stuckSource('first');
  void connection.sendStream(source);
  const { opcode, fin, payload } = await client.readFrame();
  assert.deepEqual([opcode, fin, payload.toString()], [Op.text, false, 'first']);
});

test('a chunk of any size is sent in parts', async (t) => {
  const { client, connection } = await startOpen(t);
  const large = Buffer.alloc(3_000_001, 'abcdefg');
  const sent = connection.sendStream(chunksOf(large));
  const { opcodes, payload } = await readMessage(client);
  await sent;
  assert.ok(payload.equals(large));
  assert.ok(opcodes.length >= 12, `${opcodes.length} fragments`);
});

test('the source is read no faster than the client reads', async (t) => {
  const { server, client, connection } = await startStopped(t);
  let made = 0;
  const count = 1000;
  async function* source(): AsyncGenerator<Uint8Array> {
    while (made < count) yield Buffer.alloc(100_000, made++);
  }
  const sent = connection.sendStream(source());
  await until(() => connection.bufferedBytes > 0);
  const other = await open(t, server);
  for (let index = 0; index < 50; index++) await other.connection.drain();
  assert.ok(made < count / 2, `${made} were made`);
  assert.ok(connection.bufferedBytes < 300_000, `${connection.bufferedBytes} wait`);
  client.socket.resume();
  const { payload } = await readMessage(client);
  await sent;
  assert.equal(payload.length, count * 100_000);
  for (let index = 0; index < count; index++) {
    assert.equal(payload[index * 100_000 + 99_999], index % 256);
  }
});

test('other messages are refused meanwhile, or wait', async (t) => {
  const { client, connection } = await startOpen(t);
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const first = connection.sendStream(
    (async function* () {
      yield 'one ';
      await finished;
      yield 'two';
    })(),
  );
  await client.readFrame();
  await assert.rejects(connection.sendText('no'), { code: 10035 });
  const writer = connection.writable.getWriter();
  const rest = [
    connection.sendStream(chunksOf('three')),
    connection.sendStream(chunksOf('four')),
    writer.write('five'),
    connection.drain(),
  ];
  const pinged = connection.ping();
  const ping = await client.readFrame();
  assert.equal(ping.opcode, Op.ping);
  client.sendFrame(Op.pong, ping.payload);
  await pinged;
  finish();
  await Promise.all([first, ...rest]);
  assert.equal((await readMessage(client)).text, 'two');
  const texts: string[] = [];
  for (let index = 0; index < 3; index++) texts.push((await readMessage(client)).text);
  assert.deepEqual(texts.sort(), ['five', 'four', 'three']);
});

test('an aborted message ends where it is, and the connection can be used', async (t) => {
  const { server, client, connection } = await startOpen(t);
  const errors = collect(server, 'Error');
  const controller = new AbortController();
  const { source, state } = stuckSource('begun');
  const sent = connection.sendStream(source, { signal: controller.signal });
  await client.readFrame();
  controller.abort(new Error('enough'));
  await assert.rejects(sent, /enough/);
  assert.match(String(state.cancelled), /enough/);
  const last = await client.readFrame();
  assert.deepEqual([last.opcode, last.fin, last.payload.length], [0, true, 0]);
  await connection.sendText('next');
  assert.equal((await client.readFrame()).payload.toString(), 'next');
  assert.deepEqual(errors, []);
});

test('aborted before it has begun: nothing is sent', async (t) => {
  const { client, connection } = await startOpen(t);
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(connection.sendStream(chunksOf('x'), { signal }), /enough/);
  const controller = new AbortController();
  const first = stuckSource('open');
  void connection.sendStream(first.source);
  const waiting = connection.sendStream(chunksOf('x'), { signal: controller.signal });
  await client.readFrame();
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await client.finish();
});

test('aborted while the client does not read', async (t) => {
  const { client, connection } = await startStopped(t);
  const controller = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(100_000, 1);
  }
  const sent = connection.sendStream(endless(), { signal: controller.signal });
  await until(() => connection.bufferedBytes > 0);
  controller.abort(new Error('enough'));
  await assert.rejects(sent, /enough/);
  client.socket.resume();
  const { payload } = await readMessage(client);
  assert.ok(payload.length > 0 && payload.every((byte) => byte === 1));
  await connection.drain();
  await connection.sendText('next');
  assert.equal((await client.readFrame()).payload.toString(), 'next');
});

test('aborted inside a character: the connection is closed with 1011', async (t) => {
  const { client, connection } = await startOpen(t);
  const controller = new AbortController();
  const { signal } = controller;
  const { source } = stuckSource(Buffer.from([0xc3]));
  const sent = connection.sendStream(source, { type: 'text', signal });
  await client.readFrame();
  controller.abort(new Error('enough'));
  await assert.rejects(sent, /enough/);
  assert.equal(closeCode(await client.readFrame()), 1011);
  await client.finish(1011);
});

const failures: { name: string; chunk: unknown; error: object; errorCode: number }[] = [
  {
    name: 'a source that fails',
    chunk: new Error('no'),
    error: { message: 'no' },
    errorCode: 4202,
  },
  {
    name: 'what is no text',
    chunk: Buffer.from([255]),
    error: { code: 10022 },
    errorCode: 10022,
  },
  { name: 'what is no data', chunk: 5, error: { code: 10022 }, errorCode: 10022 },
];
for (const { name, chunk, error, errorCode } of failures) {
  const source = async function* (begin: readonly Data[]): AsyncGenerator<Data> {
    yield* begin;
    if (chunk instanceof Error) throw chunk;
    yield chunk as Data;
  };

  test(`${name} closes the connection with 1011`, async (t) => {
    const { server, client, connection } = await startOpen(t);
    const errors = collect(server, 'Error');
    await assert.rejects(connection.sendStream(source(['begun'])), error);
    assert.equal((await client.readFrame()).fin, false);
    assert.equal(closeCode(await client.readFrame()), 1011);
    await client.finish(1011);
    assert.deepEqual(
      errors.map((event) => [event.connectionId, event.errorCode]),
      [[connection.connectionId, errorCode]],
    );
  });

  test(`${name} at its beginning leaves the connection alone`, async (t) => {
    const { client, connection } = await startOpen(t);
    await assert.rejects(connection.sendStream(source([]), { type: 'text' }), error);
    await connection.sendText('next');
    assert.equal((await client.readFrame()).payload.toString(), 'next');
  });
}

for (const name of ['while the source is stuck', 'while the client does not read', 'before']) {
  test(`fails when the connection ends ${name}, and cancels the source`, async (t) => {
    const { server, client, connection } = await startStopped(t);
    const { source, state } = stuckSource(
      Buffer.alloc(name === 'while the client does not read' ? 8_000_000 : 1),
    );
    const disconnected = next(server, 'Disconnected');
    if (name === 'before') {
      client.reset();
      await disconnected;
    }
    const sent = connection.sendStream(source);
    if (name !== 'before') await until(() => server.statistics.bytesOut > 0);
    client.reset();
    await assert.rejects(sent, { code: 126 });
    await until(() => state.cancelled instanceof WSServerError);
  });
}

test('interrupted: the message ends where it is, the connection can be used', async (t) => {
  const { server, client, connection, id } = await startOpen(t);
  const errors = collect(server, 'Error');
  const { source, state } = stuckSource('begun');
  const sent = connection.sendStream(source);
  assert.equal((await client.readFrame()).payload.toString(), 'begun');
  await server.interrupt(id);
  await assert.rejects(sent, { name: 'WSServerError', code: 10004 });
  const last = await client.readFrame();
  assert.deepEqual([last.fin, last.opcode, last.payload.length], [true, 0, 0]);
  assert.equal((state.cancelled as WSServerError).code, 10004);
  await connection.sendText('next');
  assert.equal((await client.readFrame()).payload.toString(), 'next');
  assert.deepEqual(errors, []);
  await assert.rejects(server.interrupt(id + 1), { code: 126 });
});

test('a signal that lives longer keeps nothing of the messages that were given it', async (t) => {
  const { client, connection } = await startOpen(t);
  const { signal } = new AbortController();
  const file = makeFile(t, 'x');
  for (let count = 0; count < 20; count++) {
    await connection.sendStream(chunksOf('x'), { signal });
    await connection.sendFile(file, { signal });
    await connection.drain({ signal });
    for (let frames = 0; frames < 4; frames++) await client.readFrame();
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
