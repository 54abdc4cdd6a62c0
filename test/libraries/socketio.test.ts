// Socket.IO with `wsEngine`, by its own client.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { io, type Socket } from 'socket.io-client';
import { defer } from '../support/defer.js';
import { type Example, startExample } from './engine.js';

type Transports = readonly ('polling' | 'websocket')[];

async function connect(t: TestContext, example: Example, transports: Transports): Promise<Socket> {
  const socket = io(example.url(), { transports: [...transports], reconnectionDelay: 50 });
  defer(t, () => socket.disconnect());
  await once(socket as never, 'connect');
  return socket;
}

const nameOf = (socket: Socket): string => socket.io.engine.transport.name;

const ways: Transports[] = [['websocket'], ['polling', 'websocket']];
for (const way of ways) {
  test(`Socket.IO by ${way.join(' and ')}: rooms, acknowledgements, binary data, and again`, async (t) => {
    const example = await startExample(t, 'socketio');
    const [first, second] = await Promise.all([connect(t, example, way), connect(t, example, way)]);
    for (const socket of [first, second]) {
      if (nameOf(socket) !== 'websocket') await once(socket.io.engine as never, 'upgrade');
      assert.equal(nameOf(socket), 'websocket');
      await socket.emitWithAck('join', 'kitchen');
    }
    const heard = [first, second].map((socket) => once(socket as never, 'said'));
    first.emit('say', 'kitchen', { text: 'grüß Gott' });
    for (const [data] of await Promise.all(heard)) assert.deepEqual(data, { text: 'grüß Gott' });

    const bytes = Buffer.alloc(300_000, 'x');
    assert.deepEqual(await second.emitWithAck('echo', { bytes }), { bytes });
    const answers = Array.from({ length: 500 }, (_, index) => first.emitWithAck('echo', index));
    assert.deepEqual(await Promise.all(answers), [...answers.keys()]);

    const lost = once(first as never, 'disconnect');
    const found = once(first as never, 'connect');
    await example.kill();
    await lost;
    await example.restart();
    await found;
    assert.equal(await first.emitWithAck('echo', 'again'), 'again');
  });
}

test('Socket.IO: a client that says good-bye is gone', async (t) => {
  const example = await startExample(t, 'socketio');
  const socket = await connect(t, example, ['websocket']);
  const closed = once(socket.io.engine as never, 'close');
  socket.disconnect();
  assert.equal((await closed)[0], 'forced close');
  assert.equal(await (await connect(t, example, ['websocket'])).emitWithAck('echo', 1), 1);
});
