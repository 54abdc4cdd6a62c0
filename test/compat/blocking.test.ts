// What blocks, blocks, and the events of others are delivered meanwhile. The clients are in a thread
// of their own: this one is busy.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type * as Compat from 'native-wsserver/compat';
import { ByteClient } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { TestServer } from '../support/compat.js';
import { assertAtLeast } from '../support/patience.js';
import { inThread } from '../support/thread.js';

const MIB = 1024 * 1024;
const large = Buffer.alloc(4 * MIB, 'x');

test('a send returns when all is handed over; other connections are served meanwhile', async (t) => {
  const server = TestServer.start(t);
  server.SetDefaultTimeout(10);
  server.Config('BufferMessage=True');
  server.onData = (e) => {
    server.log.push(`begin ${e.Text}`);
    if (e.Text === 'large') server.SendText(2, 'begun');
    const data = e.Text === 'large' ? large : e.TextB;
    server.log.push(`end ${e.Text} ${server.SendBytes(e.ConnectionId, data)}`);
    assert.equal(server.GetWSConnectionBytesSent(e.ConnectionId), 0);
  };
  const size = await inThread(
    t,
    async ({ open, next }, port) => {
      const [slow, quick] = [await open(port), await open(port)];
      slow.pause();
      slow.send('large');
      await next(quick);
      for (let index = 0; index < 3; index++) {
        quick.send(`${index}`);
        await next(quick);
      }
      slow.resume();
      return (await next(slow)).length;
    },
    server.GetLocalPort(),
  );
  assert.equal(size, large.length);
  const within = [0, 1, 2].flatMap((index) => [`begin ${index}`, `end ${index} 0`]);
  assert.deepEqual(server.log, ['begin large', ...within, 'end large 0']);
});

test('a client that does not read: 10060, and the next send waits for it', async (t) => {
  const server = TestServer.start(t);
  server.SetDefaultTimeout(1);
  const codes: number[] = [];
  let elapsed = 0;
  server.onData = (e) => {
    if (e.Text === 'again') return;
    const started = performance.now();
    codes.push(server.SendBytes(e.ConnectionId, large), server.GetLastErrorCode());
    elapsed = performance.now() - started;
    assert.match(server.GetLastError(), /timeout/);
    // What waits is more than MaxQueuedBytes: nothing is taken before the client reads.
    server.SetWSConnectionTimeout(e.ConnectionId, 60);
    codes.push(server.SendText(1 + e.ConnectionId, 'read!'), server.SendText(e.ConnectionId, 'ok'));
  };
  const last = await inThread(
    t,
    async ({ open, next }, port) => {
      const slow = await open(port);
      const other = await open(port);
      slow.pause();
      slow.send('go');
      await next(other);
      slow.resume();
      await next(slow);
      return (await next(slow)).toString();
    },
    server.GetLocalPort(),
  );
  assert.equal(last, 'ok');
  assert.deepEqual(codes, [10060, 10060, 0, 0]);
  assertAtLeast(900, elapsed);
});

test('without a timeout nothing waits: 10035 with BytesSent 0, and ReadyToSend follows', async (t) => {
  const server = TestServer.start(t);
  const ready: number[] = [];
  server.on('ReadyToSend', ({ connectionId }) => ready.push(connectionId));
  const outcome: [code: number, bytesSent: number, ready: boolean][] = [];
  server.onData = ({ ConnectionId: id }) => {
    for (let code = 0; code === 0; ) {
      code = server.Send(id, large);
      const bytesSent = server.GetWSConnectionBytesSent(id);
      outcome.push([code, bytesSent, server.GetWSConnectionReadyToSend(id)]);
    }
    server.SendText(1 + id, 'read!');
  };
  const count = await inThread(
    t,
    async ({ open, next }, port) => {
      const slow = await open(port);
      const other = await open(port);
      slow.pause();
      slow.send('go');
      await next(other);
      slow.resume();
      await next(slow);
      slow.send('go');
      return 1;
    },
    server.GetLocalPort(),
  );
  assert.equal(count, 1);
  assert.deepEqual(outcome[0]?.slice(0, 2), [0, large.length]);
  assert.deepEqual(
    outcome.find(([code]) => code !== 0),
    [10035, 0, false],
  );
  assert.ok(ready.length >= 3, `${ready}`);
});

test("a connection's messages and its end wait until its handler has returned", async (t) => {
  const server = TestServer.start(t);
  server.SetDefaultTimeout(10);
  server.onData = (e) => {
    server.log.push(`begin ${e.Text}`);
    if (e.Text === 'one') server.SendText(2, 'begun');
    const code = e.Text === 'one' ? server.SendBytes(e.ConnectionId, large) : 0;
    const host = server.GetWSConnectionRemoteHost(e.ConnectionId);
    server.log.push(`end ${e.Text} ${code} ${host}`);
  };
  await inThread(
    t,
    async ({ open, next }, port) => {
      const [client, other] = [await open(port), await open(port)];
      client.pause();
      for (const text of ['one', 'two', 'three']) client.send(text);
      await next(other);
      client.terminate();
      other.close();
      await new Promise((resolve) => other.once('close', resolve));
    },
    server.GetLocalPort(),
  );
  const told = new Promise((resolve) => server.on('Disconnected', resolve));
  if (server.log.filter((line) => line.startsWith('disc')).length < 2) await told;
  const first = server.log.filter((line) => line !== 'disconnected 2');
  assert.deepEqual(first, [
    'begin one',
    'end one 126 127.0.0.1',
    'begin two',
    'end two 0 127.0.0.1',
    'begin three',
    'end three 0 127.0.0.1',
    'disconnected 1',
  ]);
});

test('too many calls within each other: 10036 before the stack is full', async (t) => {
  const server = TestServer.start(t);
  server.SetDefaultTimeout(30);
  const refused: number[] = [];
  server.onData = (e) => {
    const code = server.SendBytes(e.ConnectionId, large.subarray(0, MIB));
    if (code !== 10036) return;
    refused.push(code, server.Ping(e.ConnectionId), server.SendFile(e.ConnectionId, __filename));
    // Without a timeout nothing waits: the client is told, and has the others read.
    server.SetWSConnectionTimeout(e.ConnectionId, 0);
    refused.push(server.SendText(e.ConnectionId, 'full'));
  };
  const received = await inThread(
    t,
    async ({ open, next }, port) => {
      const clients = [];
      for (let index = 0; index < 64; index++) clients.push(await open(port));
      for (const client of clients) {
        client.pause();
        client.send('go');
      }
      const probe = await open(port);
      let answer: Buffer;
      do {
        // It is answered in full until all of the others are waited for.
        probe.send('go');
        answer = await next(probe);
      } while (answer.length > 100);
      for (const client of clients) client.resume();
      const messages = await Promise.all(clients.map(next));
      return [answer.toString(), messages.every((message) => message.length === 1024 * 1024)];
    },
    server.GetLocalPort(),
  );
  assert.deepEqual(received, ['full', true]);
  assert.deepEqual(refused, [10036, 10036, 10036, 0]);
});

test('Interrupt ends the waiting of a send, from the handler of another', async (t) => {
  const server = TestServer.start(t);
  server.SetDefaultTimeout(10);
  const codes: number[] = [];
  server.onData = (e) => {
    if (e.Text === 'go') {
      server.SendText(2, 'begun');
      codes.push(server.SendBytes(e.ConnectionId, large));
    } else {
      codes.push(server.Interrupt(1), server.SendText(e.ConnectionId, 'done'));
    }
  };
  const size = await inThread(
    t,
    async ({ open, next }, port) => {
      const [slow, other] = [await open(port), await open(port)];
      slow.pause();
      slow.send('go');
      await next(other);
      other.send('stop');
      await next(other);
      slow.resume();
      return (await next(slow)).length;
    },
    server.GetLocalPort(),
  );
  assert.equal(size, large.length); // What has been queued is sent all the same.
  assert.deepEqual(codes, [0, 0, 10004]);
});

test('Interrupt ends what is awaited, too, and is 126 where nobody is connected', async (t) => {
  const server = TestServer.start(t);
  server.SetDefaultTimeout(1000);
  const connected = new Promise<number>((resolve) =>
    server.once('Connected', (event) => resolve(event.connectionId)),
  );
  const client = await ByteClient.open(t, server.GetLocalPort());
  client.socket.pause();
  const id = await connected;
  const sent = server.sendBytes(id, large);
  assert.deepEqual([server.Interrupt(id), server.Interrupt(`${id}`)], [0, 0]);
  await assert.rejects(sent, { code: 10004 });
  assert.deepEqual([server.Interrupt(55), server.GetLastErrorCode()], [126, 126]);
});

test('Ping waits for the Pong if there is a timeout', async (t) => {
  const server = TestServer.start(t);
  const pongs: string[] = [];
  server.on('Ping', (event) => event.response && pongs.push(event.payload));
  const outcome: [code: number, pongs: number][] = [];
  server.onData = ({ ConnectionId: id, Text }) => {
    server.SetWSConnectionTimeout(id, Number(Text));
    outcome.push([server.Ping(id), pongs.length]);
    server.SendText(id, 'over');
  };
  await inThread(
    t,
    async ({ open, next, require }, port) => {
      const client = await open(port);
      client.send('5');
      await next(client);
      client.send('0');
      await next(client);
      const deaf = new (require('ws'))(`ws://127.0.0.1:${port}`, { autoPong: false });
      deaf.once('open', () => deaf.send('1'));
      await new Promise((resolve) => deaf.once('message', resolve));
    },
    server.GetLocalPort(),
  );
  assert.deepEqual(
    outcome.map(([code]) => code),
    [0, 0, 10060],
  );
  assert.equal(outcome[0]?.[1], 1);
  assert.equal(outcome[1]?.[1], 1);
});

test('a loop of DoEvents() alone serves', async (t) => {
  const server = TestServer.start(t);
  let count = 0;
  server.onData = (e) => {
    count++;
    server.SendText(e.ConnectionId, e.Text);
  };
  const finished = inThread(
    t,
    async ({ open, next }, port) => {
      const client = await open(port);
      for (let index = 0; index < 100; index++) {
        client.send(`${index}`);
        if ((await next(client)).toString() !== `${index}`) throw new Error('another');
      }
      client.close();
    },
    server.GetLocalPort(),
  );
  while (server.log.length === 0) assert.equal(server.DoEvents(), 0);
  assert.equal(count, 100);
  await finished;
});

test('DoEvents() with nothing to do waits SelectWaitMillis', (t) => {
  const server = TestServer.start(t);
  server.DoEvents(); // What listening has to tell.
  server.Config('SelectWaitMillis=50');
  const started = performance.now();
  server.DoEvents();
  assertAtLeast(45, performance.now() - started);
});

test('what handlers throw is thrown by DoEvents(): the first at once, the others later', async (t) => {
  const { code, stdout, stderr } = await runChild(
    t,
    async () => {
      const { WSServer }: typeof Compat = require('native-wsserver/compat');
      const { Worker } = require('node:worker_threads');
      class Thrower extends WSServer {
        override FireConnected(): void {
          throw new Error('first');
        }
        override FireReadyToSend(): void {
          throw new Error('second');
        }
      }
      const server = new Thrower();
      server.SetLocalHost('127.0.0.1');
      server.StartListening();
      const client = new Worker(`new (require('ws'))('ws://127.0.0.1:${server.GetLocalPort()}')`, {
        eval: true,
      });
      process.on('uncaughtException', (error) => {
        console.log(`later: ${error.message}`);
        client.terminate();
        server.Shutdown();
      });
      try {
        for (;;) server.DoEvents();
      } catch (error) {
        console.log(`thrown: ${(error as Error).message}`);
      }
    },
    undefined,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'thrown: first\nlater: second\n');
});

test('a worker can be ended while it waits', async () => {
  const worker = new Worker(
    `const { WSServer } = require('native-wsserver/compat');
     const { parentPort } = require('node:worker_threads');
     const server = new WSServer();
     server.SetLocalHost('127.0.0.1');
     server.Config('SelectWaitMillis=60000');
     server.StartListening();
     parentPort.postMessage('listening');
     for (;;) server.DoEvents();`,
    { eval: true },
  );
  await new Promise((resolve) => worker.once('message', resolve));
  const started = performance.now();
  await worker.terminate();
  assert.ok(performance.now() - started < 30_000, 'it waited for its minute');
});
