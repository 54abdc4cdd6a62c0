// How connections end while calls block. The clients are in a thread of their own: this one is busy.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from '../support/compat.js';
import { inThread } from '../support/thread.js';

const MIB = 1024 * 1024;
const large = Buffer.alloc(4 * MIB, 'x');

test('a client that closes right after its question still gets the whole answer', async (t) => {
  const server = TestServer.start(t);
  server.SetDefaultTimeout(10);
  const codes: number[] = [];
  server.onData = ({ ConnectionId: id }) => {
    codes.push(server.SendBytes(id, large), server.SendText(id, 'and this'));
  };
  const outcome = await inThread(
    t,
    async ({ open }, port) => {
      const client = await open(port);
      const sizes: number[] = [];
      client.on('message', (message: Buffer) => sizes.push(message.length));
      client.send('go');
      client.close(1000);
      const code = await new Promise((resolve) => client.once('close', resolve));
      return { sizes, code };
    },
    server.GetLocalPort(),
  );
  assert.deepEqual(codes, [0, 0]);
  assert.deepEqual(outcome, { sizes: [large.length, 8], code: 1000 });
});

test('what follows a Close costs nothing while a handler of its connection waits', async (t) => {
  const server = TestServer.start(t);
  let code = 0;
  let cpuMs = 0;
  server.onData = () => {
    server.SetWSConnectionTimeout(2, 4);
    const before = process.cpuUsage();
    code = server.Ping(2);
    const { user, system } = process.cpuUsage(before);
    cpuMs = (user + system) / 1000;
  };
  const answer = await inThread(
    t,
    async ({ require: load, open }, port) => {
      const net: typeof import('node:net') = load('node:net');
      const closing = net.connect(port, '127.0.0.1');
      const head = ['GET / HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade'];
      head.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', '');
      closing.write(head.join('\r\n'));
      await new Promise((resolve) => closing.once('data', resolve));
      (await open(port)).pause(); // It does not answer the Ping.
      // A message, a Close, and the end.
      closing.end(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x78, 0x88, 0x80, 0, 0, 0, 0));
      return await new Promise((resolve) => closing.once('data', (bytes) => resolve([...bytes])));
    },
    server.GetLocalPort(),
  );
  assert.deepEqual(answer, [0x88, 0]);
  assert.equal(code, 10060);
  assert.ok(cpuMs < 200, `${cpuMs} ms`);
});
