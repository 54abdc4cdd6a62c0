// How many clients a server takes, and how long it waits for them. What it takes of a message and
// of a request is in conformance/limits.ts.

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { ByteClient, closeCode, closePayload, Op, request } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { assertAtLeast } from '../support/patience.js';
import { collect, holdQuestion, next, startEcho, startServer } from '../support/server.js';

test('MaxMessageSize counts for connections accepted afterwards', async (t) => {
  const server = await startEcho(t, { settings: { MaxMessageSize: 10 } });
  const before = await ByteClient.open(t, server.localPort);
  server.config('MaxMessageSize=100');
  const after = await ByteClient.open(t, server.localPort);
  const gone = next(server, 'Disconnected');
  for (const client of [before, after]) client.sendFrame(Op.binary, Buffer.alloc(50));
  assert.equal(closeCode(await before.readFrame()), 1009);
  assert.equal((await gone).statusCode, 1009);
  assert.equal((await after.readFrame()).payload.length, 50);
});

test('MaxConnections: who is too many is reset, counted and reported', async (t) => {
  const server = await startEcho(t, { settings: { MaxConnections: 2 } });
  const reported = next(server, 'Error');
  const first = await ByteClient.open(t, server.localPort);
  await ByteClient.open(t, server.localPort);
  const third = await ByteClient.connect(t, server.localPort);
  assert.equal(await third.ended, 'reset');
  const error = await reported;
  assert.deepEqual([error.connectionId, error.errorCode], [0, 10024]);
  assert.equal(server.statistics.connectionsRefused, 1);
  assert.equal(server.statistics.connectionsAccepted, 2);
  assert.equal(server.wsConnectionCount, 2);

  const gone = next(server, 'Disconnected');
  await first.finish();
  await gone;
  const fourth = await ByteClient.open(t, server.localPort);
  fourth.sendFrame(Op.text, 'now there is room');
  assert.equal((await fourth.readFrame()).payload.toString(), 'now there is room');
});

describe('timeouts', { concurrency: true }, () => {
  it('DefaultConnectionTimeout: 408 for requests that do not come', async (t) => {
    const server = await startServer(t, { settings: { DefaultConnectionTimeout: 1 } });
    const started = performance.now();
    const bytes = Buffer.from(request());
    const clients = await Promise.all(
      [0, 1, 50, bytes.length - 1].map(async (size) => {
        const client = await ByteClient.connect(t, server.localPort);
        client.send(bytes.subarray(0, size));
        return client;
      }),
    );
    for (const client of clients) {
      assert.equal((await client.readAnswer()).status, 408);
      assert.equal(await client.ended, 'end');
    }
    assertAtLeast(900, performance.now() - started);
  });

  it('DefaultConnectionTimeout is a total: a byte now and then does not help', async (t) => {
    const server = await startServer(t, { settings: { DefaultConnectionTimeout: 1 } });
    const client = await ByteClient.connect(t, server.localPort);
    const bytes = Buffer.from(request());
    let sent = 0;
    const drip = setInterval(() => client.send(bytes.subarray(sent, ++sent)), 100);
    const answer = await client.readAnswer();
    clearInterval(drip);
    assert.equal(answer.status, 408);
  });

  it('DefaultConnectionTimeout: 503 for a question that nobody answers', async (t) => {
    const server = await startServer(t, { settings: { DefaultConnectionTimeout: 1 } });
    const answer = holdQuestion(server);
    const connected = collect(server, 'Connected');
    const client = await ByteClient.connect(t, server.localPort);
    client.send(request());
    assert.equal((await client.readAnswer()).status, 503);
    answer();
    assert.equal(await client.ended, 'end');
    assert.equal(connected.length, 0);
  });

  it('DefaultConnectionTimeout ends with the opening handshake', async (t) => {
    const server = await startEcho(t, { settings: { DefaultConnectionTimeout: 1 } });
    const open = await ByteClient.open(t, server.localPort);
    const late = await ByteClient.connect(t, server.localPort);
    await late.ended;
    open.sendFrame(Op.text, 'still here');
    assert.equal((await open.readFrame()).payload.toString(), 'still here');
  });

  it('CloseTimeout: a peer that does not answer our Close is cut', async (t) => {
    const server = await startServer(t, { settings: { CloseTimeout: 1 } });
    const connected = next(server, 'Connected');
    const client = await ByteClient.open(t, server.localPort);
    const disconnected = next(server, 'Disconnected');
    const started = performance.now();
    await server.disconnect((await connected).connectionId);
    assert.equal(closeCode(await client.readFrame()), 1000);
    assert.equal((await disconnected).statusCode, 1006);
    assertAtLeast(900, performance.now() - started);
    await client.ended;
  });

  it('CloseTimeout: a peer that does not close its side is cut', async (t) => {
    const server = await startServer(t, { settings: { CloseTimeout: 1 } });
    const client = await ByteClient.connect(t, server.localPort, { halfOpen: true });
    await client.upgrade();
    const started = performance.now();
    client.sendFrame(3);
    assert.equal(closeCode(await client.readFrame()), 1002);
    const closed = new Promise((resolve) => client.socket.once('close', resolve));
    const drip = setInterval(() => client.send('more'), 50);
    await closed;
    clearInterval(drip);
    assertAtLeast(900, performance.now() - started);
  });

  it('CloseTimeout begins with our Close, not before', async (t) => {
    const server = await startServer(t, { settings: { CloseTimeout: 1 } });
    const connected = next(server, 'Connected');
    const client = await ByteClient.open(t, server.localPort);
    const disconnected = next(server, 'Disconnected');
    await server.disconnect((await connected).connectionId);
    await client.readFrame();
    client.sendFrame(Op.close, closePayload(1000));
    assert.equal((await disconnected).statusCode, 1000);
    assert.equal(await client.ended, 'end');
  });
});

test('no descriptors left: clients are turned away, and the server goes on', async (t) => {
  const { code, stdout, stderr } = await runChild(
    t,
    async ({ WSServer }) => {
      const fs = await import('node:fs');
      const net = await import('node:net');
      const server = new WSServer({ localHost: '127.0.0.1' });
      const errors: number[] = [];
      server.on('Error', ({ errorCode }) => errors.push(errorCode));
      await server.startListening();
      const taken: number[] = [];
      // The client needs one, and closes it again.
      const client = (): Promise<string> =>
        new Promise((resolve) => {
          const descriptor = taken.pop();
          if (descriptor !== undefined) fs.closeSync(descriptor);
          const socket = net.connect(server.localPort, '127.0.0.1');
          socket.on('error', () => {});
          socket.once('data', (data) => resolve(data.toString().slice(9, 12)));
          socket.once('close', () => resolve('closed'));
          socket.write('GET / HTTP/1.0\r\n\r\n');
        });
      try {
        for (;;) taken.push(fs.openSync('/dev/null', 'r'));
      } catch {}
      const answers = [await client()];
      for (const descriptor of taken) fs.closeSync(descriptor);
      taken.length = 0;
      answers.push(await client());
      await server.shutdown();
      console.log(
        JSON.stringify({ answers, errors, refused: server.statistics.connectionsRefused }),
      );
    },
    undefined,
    [],
    64,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { answers: ['closed', '505'], errors: [10024], refused: 1 });
});
