// Web streams: the messages of a connection in both directions.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import WebSocket from 'ws';
import { closeCode, closePayload, Op } from '../support/byte_client.js';
import { defer } from '../support/defer.js';
import { open, startOpen, startStopped } from '../support/open.js';
import { collect, startServer, until } from '../support/server.js';

test('readable piped into writable is an echo', async (t) => {
  const { connection, client, server } = await startOpen(t);
  const piped = connection.readable.pipeTo(connection.writable);
  assert.equal(connection.readable, connection.readable);
  client.sendFrame(Op.text, 'grüß');
  client.sendFrame(Op.binary, Buffer.from([0, 255]));
  const [text, bytes] = [await client.readFrame(), await client.readFrame()];
  assert.deepEqual([text.opcode, text.payload.toString()], [Op.text, 'grüß']);
  assert.deepEqual([bytes.opcode, [...bytes.payload]], [Op.binary, [0, 255]]);
  client.sendFrame(Op.close, closePayload(1000));
  // Nothing can be written any more: who pipes from elsewhere must learn it at once.
  await assert.rejects(piped, { code: 126 });
  assert.equal(server.wsConnectionCount, 0);
});

test('an echo of a lot, by a client of another make', async (t) => {
  const server = await startServer(t);
  server.on('Connected', ({ connectionId }) => {
    const connection = server.connections.get(connectionId);
    connection?.readable.pipeTo(connection.writable).catch(() => {});
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.localPort}`);
  defer(t, () => client.terminate());
  await new Promise((resolve) => client.once('open', resolve));
  const messages = Array.from({ length: 300 }, (_, index) => Buffer.alloc(100_000, index));
  const received: Buffer[] = [];
  const all = new Promise<void>((resolve) => {
    client.on('message', (data: Buffer) => {
      if (received.push(data) === messages.length) resolve();
    });
  });
  for (const message of messages) client.send(message);
  await all;
  assert.ok(messages.every((message, index) => message.equals(received[index] as Buffer)));
});

describe('readable', () => {
  test('ends with the connection', async (t) => {
    const { client, connection } = await startOpen(t);
    const reader = connection.readable.getReader();
    client.sendFrame(Op.text, 'last');
    client.sendFrame(Op.close, closePayload(1000));
    assert.deepEqual(await reader.read(), { done: false, value: 'last' });
    assert.deepEqual(await reader.read(), { done: true, value: undefined });
    await reader.closed;
  });

  test('fails when the connection is lost', async (t) => {
    const { client, connection } = await startOpen(t);
    const reader = connection.readable.getReader();
    client.reset();
    await assert.rejects(reader.read(), { code: 126 });
  });

  test('closes the connection when it is cancelled', async (t) => {
    const { client, connection } = await startOpen(t);
    const cancelled = connection.readable.cancel();
    assert.equal(closeCode(await client.readFrame()), 1000);
    client.sendFrame(Op.close, closePayload(1000));
    await cancelled;
    assert.equal((await connection.closed).statusCode, 1000);
  });
});

describe('writable', () => {
  test('waits for a client that does not read, and loses nothing', async (t) => {
    const { server, client, connection } = await startStopped(t);
    const errors = collect(server, 'Error');
    const writer = connection.writable.getWriter();
    let written = 0;
    const count = 400;
    const all = (async () => {
      for (let index = 0; index < count; index++) {
        await writer.ready;
        await writer.write(Buffer.alloc(100_000, index));
        written = index + 1;
      }
    })();
    await until(() => !connection.readyToSend);
    const other = await open(t, server);
    for (let index = 0; index < 50; index++) await other.connection.drain();
    assert.ok(written < count / 2, `${written} were written`);
    assert.ok(connection.bufferedBytes < 200_000, `${connection.bufferedBytes} wait`);
    client.socket.resume();
    for (let index = 0; index < count; index++) {
      const { payload } = await client.readFrame();
      assert.deepEqual([payload.length, payload[0]], [100_000, index % 256]);
    }
    await all;
    assert.deepEqual(errors, []);
  });

  test('closes the connection with 1000', async (t) => {
    const { client, connection } = await startOpen(t);
    const writer = connection.writable.getWriter();
    void writer.write('bye');
    const closed = writer.close();
    assert.equal((await client.readFrame()).payload.toString(), 'bye');
    assert.equal(closeCode(await client.readFrame()), 1000);
    await client.finish();
    await Promise.all([closed, writer.closed]);
  });

  test('aborted: closes the connection with 1011, though a write is stuck', async (t) => {
    const { client, connection } = await startStopped(t);
    const writer = connection.writable.getWriter();
    const closed = assert.rejects(writer.closed, /enough/);
    await writer.write(Buffer.alloc(8_000_000));
    const stuck = assert.rejects(writer.write('stuck'));
    const aborted = writer.abort(new Error('enough'));
    await stuck;
    client.socket.resume();
    assert.equal((await client.readFrame()).payload.length, 8_000_000);
    assert.equal(closeCode(await client.readFrame()), 1011);
    await client.finish(1011);
    await Promise.all([aborted, closed]);
  });

  for (const stuck of [true, false]) {
    test(`fails when the connection ends${stuck ? ' while a write is stuck' : ''}`, async (t) => {
      const { client, connection } = await startStopped(t);
      const writer = connection.writable.getWriter();
      const closed = assert.rejects(writer.closed, { code: 126 });
      await writer.write(stuck ? Buffer.alloc(8_000_000) : 'x');
      const write = stuck ? assert.rejects(writer.write('stuck'), { code: 126 }) : undefined;
      client.reset();
      await Promise.all([write, closed]);
      await assert.rejects(writer.write('too late'), { code: 126 });
    });
  }
});
