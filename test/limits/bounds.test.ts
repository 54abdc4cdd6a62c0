// What clients who say nothing, do not go on, or do not read, can take from all others: with real
// sockets, and where it says so with the settings as they are by default.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import tls from 'node:tls';
import { ByteClient, closeCode, frame, Op } from '../support/byte_client.js';
import { issue } from '../support/certificates.js';
import { messageOf, startChild } from '../support/child.js';
import { collect, next, startEcho, startServer, until } from '../support/server.js';
import { captureHello } from '../support/tls_client.js';

const { key, cert } = issue('bounds.example');

/** What a crowd of clients sends before it falls silent, and whether all reset in the end. */
interface Crowd {
  port: number;
  count: number;
  hello: string;
  resets: boolean;
}

/** Clients in a process of their own; done when it has sent a message. */
async function crowd(t: Parameters<typeof startChild>[0], { port, count, hello, resets }: Crowd) {
  const child = startChild(
    t,
    async (_wss, { port, count, hello, resets }) => {
      const net = await import('node:net');
      const bytes = Buffer.from(hello, 'latin1');
      let left = count;
      const sockets: import('node:net').Socket[] = [];
      const open = (): Promise<void> =>
        new Promise((resolve) => {
          const socket = net.connect({ host: '127.0.0.1', port }, () => {
            if (bytes.length > 0) socket.write(bytes);
            sockets.push(socket);
            resolve();
          });
          socket.on('error', () => resolve());
        });
      const worker = async (): Promise<void> => {
        while (left-- > 0) await open();
      };
      await Promise.all(Array.from({ length: 100 }, worker));
      if (resets) for (const socket of sockets) socket.resetAndDestroy();
      process.send?.('there');
    },
    { port, count, hello, resets },
  );
  await messageOf(child);
}

test('by default 1,500 silent clients of one address keep nobody out', async (t) => {
  const server = await startEcho(t);
  const flood = crowd(t, { port: server.localPort, count: 1500, hello: '', resets: false });
  for (let round = 0; round < 20; round++) await ByteClient.open(t, server.localPort);
  await flood;
  for (let round = 0; round < 20; round++) await ByteClient.open(t, server.localPort);
  assert.equal(server.wsConnectionCount, 40);
  assert.equal(server.statistics.connectionsRefused, 0);
});

test('MaxPendingConnections: the client that is silent for longest makes room', async (t) => {
  const server = await startEcho(t, { settings: { MaxPendingConnections: 50 } });
  const log = collect(server, 'Log');
  const first = await ByteClient.connect(t, server.localPort);
  await until(() => server.statistics.connectionsAccepted === 1);
  const flood = crowd(t, { port: server.localPort, count: 1000, hello: '', resets: false });
  for (let round = 0; round < 20; round++) await ByteClient.open(t, server.localPort);
  await flood;
  assert.equal(await first.ended, 'reset');
  await until(() => server.statistics.connectionsEvicted >= 950);
  assert.equal(server.wsConnectionCount, 20);
  assert.ok(log.some(({ message }) => message.includes('to make room for newer ones')));
});

test('clients that reset their handshakes of TLS keep nobody waiting', async (t) => {
  const server = await startEcho(t, { certificate: { key, cert } });
  const hello = (await captureHello(t)).toString('latin1');
  await crowd(t, { port: server.localPort, count: 1200, hello, resets: true });
  const socket = tls.connect({
    port: server.localPort,
    host: '127.0.0.1',
    rejectUnauthorized: false,
  });
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  const client = ByteClient.over(t, socket);
  await client.upgrade();
  await until(() => server.wsConnectionCount === 1);
});

test('MessageTimeout: who does not go on with a message is closed with 1008', async (t) => {
  const server = await startEcho(t, { settings: { MessageTimeout: 1 } });
  const [stalled, steady] = [
    await ByteClient.open(t, server.localPort),
    await ByteClient.open(t, server.localPort),
  ];
  for (const client of [stalled, steady])
    client.send(frame({ opcode: Op.text, payload: 'x'.repeat(10), fin: false }));
  const part = frame({ opcode: Op.continuation, payload: 'y', fin: false });
  const drip = setInterval(() => steady.send(part), 100);
  t.after(() => clearInterval(drip));
  assert.equal(closeCode(await stalled.readFrame()), 1008);
  clearInterval(drip);
  steady.sendFrame(Op.continuation, 'z');
  assert.match((await steady.readFrame()).payload.toString(), /^x{10}y+z$/);
});

test('SendTimeout: who takes nothing is cut, who reads slowly gets everything', async (t) => {
  const server = await startServer(t, { settings: { SendTimeout: 1 } });
  const log = collect(server, 'Log');
  const size = 8 * 1024 * 1024;
  const connected = collect(server, 'Connected');
  const deaf = await ByteClient.open(t, server.localPort);
  const slow = await ByteClient.open(t, server.localPort);
  deaf.socket.pause();
  slow.socket.pause();
  await until(() => connected.length === 2);
  const disconnected = next(server, 'Disconnected');
  for (const { connectionId } of connected) {
    await server.sendBytes(connectionId, Buffer.alloc(size));
  }
  let got = 0;
  slow.socket.on('data', (bytes) => {
    got += bytes.length;
  });
  const everything = (async () => {
    while (got < size) {
      slow.socket.resume();
      await new Promise((resolve) => setImmediate(resolve));
      slow.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const { connectionId, statusCode, description } = await disconnected;
  assert.deepEqual([connectionId, statusCode], [connected[0]?.connectionId, 1006]);
  assert.match(description, /SendTimeout/);
  assert.ok(log.some(({ message }) => message.includes('SendTimeout')));
  await everything;
  assert.equal(server.wsConnectionCount, 1);
});

test('MaxQueuedBytesTotal: of those who do not read the one that holds most is cut', async (t) => {
  const bound = 32 * 1024 * 1024;
  const server = await startEcho(t, { settings: { MaxQueuedBytesTotal: bound } });
  const log = collect(server, 'Log');
  const connected = collect(server, 'Connected');
  const honest = await ByteClient.open(t, server.localPort);
  for (let index = 0; index < 20; index++) {
    const deaf = await ByteClient.open(t, server.localPort);
    deaf.socket.pause();
  }
  await until(() => connected.length === 21);
  const gone = collect(server, 'Disconnected');
  const message = Buffer.alloc(12 * 1024 * 1024);
  for (const { connectionId } of connected.slice(1)) {
    await server.sendBytes(connectionId, message);
    honest.sendFrame(Op.text, 'still here');
    assert.equal((await honest.readFrame()).payload.toString(), 'still here');
  }
  await until(() => gone.length >= 15);
  assert.ok(gone.every(({ statusCode }) => statusCode === 1006));
  assert.ok(log.some(({ message: line }) => line.includes('MaxQueuedBytesTotal')));
  assert.equal(server.wsConnectionCount, 21 - gone.length);
});
