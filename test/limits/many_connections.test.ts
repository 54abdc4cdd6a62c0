// Ten thousand clients at a time: each sends a message and gets it back, all close, none is lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf, outcomeOf, startChild } from '../support/child.js';
import { collect, startServer } from '../support/server.js';

const count = 10_000;

test(`${count} simultaneous connections`, async (t) => {
  const server = await startServer(t, { settings: { MaxConnections: count } });
  server.on('DataIn', ({ connectionId, text }) => server.sendText(connectionId, text));
  const closed = collect(server, 'Disconnected');
  const before = process.memoryUsage().rss;

  const child = startChild(
    t,
    async (_wss, { port, count }) => {
      const net = await import('node:net');
      const request = Buffer.from(
        'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      );
      const sockets: import('node:net').Socket[] = [];
      const read = (socket: import('node:net').Socket): Promise<Buffer> =>
        new Promise((resolve, reject) => {
          socket.once('data', resolve);
          socket.once('close', () => reject(new Error('closed')));
        });
      const open = async (): Promise<void> => {
        const socket = net.connect({ host: '127.0.0.1', port });
        sockets.push(socket);
        socket.on('error', () => {});
        socket.write(request);
        if (!(await read(socket)).toString().includes(' 101 ')) throw new Error('refused');
      };
      // A few hundred handshakes at a time, as the backlog of a listening socket is short.
      const queue = Array.from({ length: count }, (_, index) => index);
      const worker = async (): Promise<void> => {
        while (queue.pop() !== undefined) await open();
      };
      await Promise.all(Array.from({ length: 200 }, worker));
      process.send?.('open');
      await new Promise((resolve) => process.once('message', resolve));

      let echoed = 0;
      await Promise.all(
        sockets.map(async (socket, index) => {
          const payload = Buffer.from(`message ${index}`);
          const header = Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]);
          socket.write(Buffer.concat([header, payload]));
          if ((await read(socket)).subarray(2).equals(payload)) echoed++;
        }),
      );
      await Promise.all(
        sockets.map((socket) => {
          socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 232]));
          socket.resume();
          return new Promise((resolve) => socket.once('close', resolve));
        }),
      );
      console.log(echoed);
      process.disconnect();
    },
    { port: server.localPort, count },
  );
  const outcome = outcomeOf(child);
  await messageOf(child);
  assert.equal(server.wsConnectionCount, count);
  assert.equal(server.connections.size, count);
  const open = process.memoryUsage().rss;
  child.send('go');

  const { code, stdout, stderr } = await outcome;
  assert.equal(code, 0, stderr);
  assert.equal(Number(stdout), count);
  assert.equal(server.wsConnectionCount, 0);
  assert.equal(closed.length, count);
  assert.ok(closed.every(({ statusCode }) => statusCode === 1000));
  const { messagesIn, messagesOut, connectionsAccepted } = server.statistics;
  assert.deepEqual([messagesIn, messagesOut, connectionsAccepted], [count, count, count]);

  const MiB = 2 ** 20;
  const perConnection = (open - before) / count;
  assert.ok(perConnection < 8 * 1024, `${perConnection} bytes for each`);
  const left = (process.memoryUsage().rss - before) / MiB;
  assert.ok(left < 60, `${left} MiB are left`);
  t.diagnostic(`${Math.round(perConnection)} bytes for each, ${Math.round(left)} MiB left`);
});
