// What the face of ws does where it has nothing to be compared with.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import WebSocket, { type ServerOptions, WebSocketServer } from 'native-wsserver/ws';
import { WebSocket as Client } from 'ws';
import { ByteClient, request } from '../support/byte_client.js';
import { defer } from '../support/defer.js';
import { until } from '../support/server.js';

/** A client of a server with these options, and the server's end of it. */
async function connect(
  t: TestContext,
  options: ServerOptions = {},
): Promise<{ socket: WebSocket; client: Client; request: IncomingMessage }> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  defer(t, () => {
    for (const socket of wss.clients) socket.terminate();
    wss.close();
  });
  await once(wss, 'listening');
  const client = new Client(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`);
  defer(t, () => client.terminate());
  const [[socket, request]] = await Promise.all([
    once(wss, 'connection') as Promise<[WebSocket, IncomingMessage]>,
    once(client, 'open'),
  ]);
  return { socket, client, request };
}

const called = (start: (callback: (error?: Error) => void) => void): Promise<Error | undefined> =>
  new Promise((resolve) => start(resolve));

test('a WebSocket that is to connect says that it cannot', () => {
  assert.throws(() => new WebSocket('ws://127.0.0.1:1'), {
    message: /^native-wsserver\/ws has no client: connect with Node\.js' own WebSocket/,
  });
});

test('beyond maxQueuedBytes callbacks have an error, and the client gets 1013', async (t) => {
  const { socket, client } = await connect(t, { maxQueuedBytes: 100_000 });
  client.pause();
  const closed = once(client, 'close');
  let error: Error | undefined;
  const data = Buffer.alloc(50_000);
  while (error === undefined) {
    socket.send(data, (failed) => {
      error ??= failed;
    });
    await turn();
  }
  assert.ok(error instanceof Error);
  assert.notEqual(socket.readyState, socket.CLOSED);
  client.resume();
  const [code] = await closed;
  assert.equal(code, 1013);
});

test('the socket of a request has what programs ask and tune sockets with', async (t) => {
  const { socket, client, request } = await connect(t);
  const { socket: ours } = request;
  assert.deepEqual(
    [ours.remoteAddress, ours.remoteFamily, ours.localAddress, ours.localFamily],
    ['127.0.0.1', 'IPv4', '127.0.0.1', 'IPv4'],
  );
  assert.deepEqual(ours.address(), {
    address: '127.0.0.1',
    family: 'IPv4',
    port: ours.localPort,
  });
  assert.deepEqual([ours.readable, ours.writable, ours.destroyed], [true, true, false]);
  assert.equal(ours.setNoDelay().setKeepAlive(true).setTimeout(1), ours);
  assert.equal(ours.write('no frame'), false);
  const heard: string[] = [];
  ours.on('close', () => heard.push('on'));
  ours.addListener('close', () => heard.push('addListener'));
  ours.once('close', () => heard.push('once'));
  const closed = Promise.all([once(socket, 'close'), once(client, 'close'), once(ours, 'close')]);
  ours.end();
  await closed;
  assert.deepEqual(heard, ['on', 'addListener', 'once']);
  assert.deepEqual([ours.readable, ours.writable, ours.destroyed], [false, false, true]);
  assert.deepEqual(
    [ours.remoteAddress, ours.remoteFamily, ours.localPort],
    [undefined, undefined, undefined],
  );
  ours.destroy();
});

test('what is done to a client that has gone, before it is known, does nothing', async (t) => {
  const { socket, client } = await connect(t);
  const closed = once(socket, 'close');
  socket.terminate();
  // Its end is on its way.
  socket.terminate();
  socket.pause();
  socket.resume();
  socket.close(1000);
  assert.equal(socket.bufferedAmount, 0);
  const error = await called((callback) => socket.send('late', callback));
  assert.match(`${error?.message}`, /^WebSocket is not open: readyState [23]/);
  await closed;
  socket.close();
  socket.terminate();
  socket.pause();
  client.terminate();
});

test('a Blob that cannot be read is an error of its send, and the next are sent', async (t) => {
  const { socket, client } = await connect(t);
  const blob = new Blob(['lost']);
  Object.defineProperty(blob, 'arrayBuffer', { value: () => Promise.reject(new Error('lost')) });
  const heard = once(client, 'message');
  const results = await Promise.all([
    called((callback) => socket.send(blob, callback)),
    called((callback) => socket.send('next', callback)),
  ]);
  assert.deepEqual(
    results.map((error) => error?.message),
    ['lost', undefined],
  );
  assert.equal(`${(await heard)[0]}`, 'next');
});

test('a reason that is neither text nor bytes', async (t) => {
  const { socket } = await connect(t);
  assert.throws(() => socket.close(1000, new Uint16Array(2) as unknown as Buffer), {
    name: 'TypeError',
    message: 'Second argument must be a string or a Uint8Array',
  });
});

test('memory of a message that is given away takes none from the next', async (t) => {
  const { socket, client } = await connect(t);
  const seen: string[] = [];
  socket.on('message', (data: Buffer) => {
    seen.push(data.toString());
    if (seen.length > 1) return;
    // A byte stream transfers the memory of what it is given.
    new ReadableStream({
      type: 'bytes',
      start: (controller) => controller.enqueue(new Uint8Array(data.buffer)),
    });
  });
  // All come in one piece, and lie in one chunk.
  const { _socket: wire } = client as unknown as { _socket: Socket };
  wire.cork();
  for (const text of ['one', 'two', '']) client.send(text);
  wire.uncork();
  await until(() => seen.length === 3);
  assert.deepEqual(seen, ['one', 'two', '']);
});

test('a client that resets before its upgrade is handled ends nothing', async (t) => {
  const server = http.createServer();
  const wss = new WebSocketServer({ noServer: true });
  let client: ByteClient | undefined;
  const upgraded = once(server, 'upgrade') as Promise<[IncomingMessage, Socket, Buffer]>;
  server.on('upgrade', (request, socket, head) => {
    // The system knows, and Node does not yet.
    client?.reset();
    wss.handleUpgrade(request, socket, head, () => assert.fail('it has gone'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(t, () => {
    server.close();
  });
  client = await ByteClient.connect(t, (server.address() as AddressInfo).port);
  client.send(request());
  const [, socket] = await upgraded;
  assert.equal(socket.destroyed, true);
  assert.equal(wss.clients.size, 0);
});
