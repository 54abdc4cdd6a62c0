// How servers come and go: several of them, in workers, under load, as garbage, and at the end of
// the process.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { WSServer } from 'native-wsserver';
import { ByteClient, Op } from '../support/byte_client.js';
import { issue } from '../support/certificates.js';
import { messageOf, outcomeOf, runChild, sourceOf, startChild } from '../support/child.js';
import { defer } from '../support/defer.js';
import { startEcho } from '../support/server.js';
import { startStorm } from '../support/storm.js';

/** Sends a message, which must come back. */
async function echoes(client: ByteClient, text: string): Promise<void> {
  client.sendFrame(Op.text, text);
  assert.equal((await client.readFrame()).payload.toString(), text);
}

test('several servers in one process', async (t) => {
  const servers = await Promise.all(Array.from({ length: 5 }, () => startEcho(t)));
  const clients = await Promise.all(servers.map((server) => ByteClient.open(t, server.localPort)));
  await Promise.all(clients.map((client, index) => echoes(client, `server ${index}`)));
  await Promise.all([servers[0]?.shutdown(), clients[0]?.finish()]);
  await Promise.all(clients.slice(1).map((client) => echoes(client, 'still here')));
});

/** A worker with an echo server, which sends its port, and shuts down when it gets a message. */
function startWorker(): Worker {
  const source = sourceOf(async ({ WSServer }) => {
    const { parentPort } = await import('node:worker_threads');
    const server = new WSServer({ localHost: '127.0.0.1' });
    server.on('DataIn', (event) => {
      if (event.dataFormat === 1 && event.text === 'exit') process.exit(3);
      server.sendBytes(event.connectionId, event.textB);
    });
    await server.startListening();
    parentPort?.postMessage(server.localPort);
    parentPort?.once('message', () => server.shutdown());
  }, undefined);
  return new Worker(source, { eval: true });
}

test('servers in workers, each of which ends by itself after its shutdown', async (t) => {
  const workers = Array.from({ length: 3 }, startWorker);
  defer(t, () => Promise.all(workers.map((worker) => worker.terminate())));
  const ports = await Promise.all(workers.map((worker) => messageOf<number>(worker)));
  const clients = await Promise.all(ports.map((port) => ByteClient.open(t, port)));
  await Promise.all(clients.map((client, index) => echoes(client, `worker ${index}`)));
  for (const [index, worker] of workers.entries()) {
    worker.postMessage('shutdown');
    const [code] = await Promise.all([once(worker, 'exit'), clients[index]?.finish()]);
    assert.deepEqual(code, [0]);
  }
});

test('worker.terminate() under load', async (t) => {
  for (let round = 0; round < 3; round++) {
    const worker = startWorker();
    const port = await messageOf<number>(worker);
    startStorm(t, port);
    const client = await ByteClient.open(t, port);
    for (let index = 0; index < 20; index++) await echoes(client, `${round} ${index}`);
    await worker.terminate();
    assert.equal(await client.ended, 'reset');
  }
});

test('a worker is terminated while it encodes texts', async (t) => {
  for (let round = 0; round < 10; round++) {
    const source = sourceOf(async ({ WSServer }) => {
      const { parentPort } = await import('node:worker_threads');
      const server = new WSServer({ localHost: '127.0.0.1' });
      const text = 'é'.repeat(100);
      server.on('DataIn', ({ connectionId }) => {
        for (let count = 0; count < 2700; count++) server.sendText(connectionId, text);
      });
      await server.startListening();
      parentPort?.postMessage(server.localPort);
    }, undefined);
    const worker = new Worker(source, { eval: true });
    defer(t, () => worker.terminate());
    const client = await ByteClient.open(t, await messageOf<number>(worker));
    client.socket.on('data', () => {});
    for (let count = 0; count < 50; count++) client.sendFrame(Op.text, 'more');
    await sleep(5 + 3 * round);
    await worker.terminate();
    await client.ended;
  }
});

/** Serves TLS in a worker, which nobody else has loaded the package for, and then without. */
async function outliveWorker(source: string): Promise<void> {
  const { EventEmitter } = await import('node:events');
  const { createServer } = await import('node:https');
  const tls = await import('node:tls');
  const { Worker } = await import('node:worker_threads');
  const shake = async (port: number): Promise<void> => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await EventEmitter.once(socket, 'secureConnect');
    if (socket.getProtocol() !== 'TLSv1.3') throw new Error('an older version');
    socket.destroy();
  };
  const worker = new Worker(source, { eval: true });
  const [{ port, certificate }] = await EventEmitter.once(worker, 'message');
  await shake(port);
  await worker.terminate();
  const server = createServer(certificate).listen(0, '127.0.0.1');
  await EventEmitter.once(server, 'listening');
  await shake((server.address() as import('node:net').AddressInfo).port);
  server.close();
}

test('a worker that has served TLS ends: TLS goes on', async () => {
  const { key, cert } = issue('server');
  const source = sourceOf(
    async ({ WSServer }, certificate) => {
      const { parentPort } = await import('node:worker_threads');
      const server = new WSServer({ localHost: '127.0.0.1', certificate });
      await server.startListening();
      parentPort?.postMessage({ port: server.localPort, certificate });
    },
    { key, cert },
  );
  const script = `(${outliveWorker})(${JSON.stringify(source)})`;
  await promisify(execFile)(process.execPath, ['-e', script]);
});

test('process.exit() of a worker within a handler', async (t) => {
  const worker = startWorker();
  defer(t, () => worker.terminate());
  const client = await ByteClient.open(t, await messageOf<number>(worker));
  const exited = once(worker, 'exit');
  await echoes(client, 'hello');
  client.sendFrame(Op.text, 'exit');
  assert.deepEqual(await exited, [3]);
  await client.ended;
});

const exits = ['in a handler', 'in a microtask', 'in a timer'] as const;

for (const where of exits) {
  test(`process.exit() under load, ${where}`, async (t) => {
    const child = startChild(
      t,
      async ({ WSServer }, where) => {
        const server = new WSServer({ localHost: '127.0.0.1' });
        let messages = 0;
        const exit = (): never => process.exit(7);
        server.on('DataIn', (event) => {
          server.sendBytes(event.connectionId, event.textB);
          if (++messages !== 2000) return;
          if (where === 'in a handler') exit();
          if (where === 'in a microtask') queueMicrotask(exit);
          if (where === 'in a timer') setTimeout(exit, 1);
        });
        await server.startListening();
        process.send?.(server.localPort);
      },
      where,
    );
    const outcome = outcomeOf(child);
    startStorm(t, await messageOf<number>(child));
    const { code, signal, stderr } = await outcome;
    assert.deepEqual([code, signal, stderr], [7, null, '']);
  });
}

test('a server that is garbage while it listens goes on serving', async (t) => {
  const child = startChild(
    t,
    async ({ WSServer }) => {
      const start = (): void => {
        const server = new WSServer({ localHost: '127.0.0.1' });
        server.on('DataIn', ({ connectionId, text }) => {
          globalThis.gc?.();
          server.sendText(connectionId, text);
        });
        server.startListening();
        process.send?.(server.localPort);
      };
      start();
      process.disconnect();
      setInterval(() => globalThis.gc?.(), 5).unref();
    },
    undefined,
    ['--expose-gc'],
  );
  const client = await ByteClient.open(t, await messageOf<number>(child));
  for (let index = 0; index < 50; index++) await echoes(client, `${index}`);
  const later = await ByteClient.open(t, child.exitCode ?? (client.socket.remotePort as number));
  await echoes(later, 'later');
  assert.equal(child.exitCode, null);
});

test('servers that do not listen any more are collected, and leave no memory behind', async (t) => {
  const { code, stdout, stderr } = await runChild(
    t,
    async ({ WSServer }) => {
      const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      let collected = 0;
      const registry = new FinalizationRegistry(() => collected++);
      const make = async (count: number): Promise<void> => {
        for (let index = 0; index < count; index++) {
          const server = new WSServer({ localHost: '127.0.0.1' });
          server.on('DataIn', () => server.localPort);
          registry.register(server, undefined);
          if (index % 2 === 0) await server.startListening();
          await server.stopListening();
          if (index % 50 === 0) {
            globalThis.gc?.();
            await turn();
          }
        }
        for (let index = 0; index < 10; index++) {
          globalThis.gc?.();
          await turn();
        }
      };
      await make(500);
      const before = process.memoryUsage().rss;
      await make(2000);
      const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
      console.log(JSON.stringify({ collected, grown }));
    },
    undefined,
    ['--expose-gc'],
  );
  assert.equal(code, 0, stderr);
  const { collected, grown } = JSON.parse(stdout);
  assert.ok(collected >= 2450, `${collected} of 2500 were collected`);
  assert.ok(grown < 100, `${grown} MiB more`);
});

test('a process ends by itself after shutdown, and after stopListening', async (t) => {
  for (const how of ['shutdown', 'stopListening', 'never'] as const) {
    const { code, signal, stderr } = await runChild(
      t,
      async ({ WSServer }, how) => {
        const net = await import('node:net');
        const server = new WSServer({ localHost: '127.0.0.1' });
        if (how === 'never') return;
        await server.startListening();
        const client = net.connect(server.localPort, '127.0.0.1');
        client.write(
          'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
        );
        client.once('data', () => {
          void server[how]();
          if (how === 'shutdown') client.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
          else client.destroy();
        });
        client.resume();
      },
      how,
    );
    assert.deepEqual([code, signal, stderr], [0, null, ''], how);
  }
});

test('nothing that fails without being waited for ends the process', async (t) => {
  const { code, stdout, stderr } = await runChild(
    t,
    async ({ WSServer }) => {
      const server = new WSServer({ localHost: '127.0.0.1' });
      const errors: number[] = [];
      server.on('Error', ({ errorCode }) => errors.push(errorCode));
      await server.startListening();
      server.startListening();
      server.disconnect(99);
      server.send(99, 'x');
      server.sendText(99, 'x');
      server.sendBytes(99, Buffer.alloc(100_000));
      server.ping(99);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await server.shutdown();
      console.log(JSON.stringify(errors));
    },
    undefined,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), [126, 126, 126, 126]);
});

test('a storm disturbs nobody else', async (t) => {
  const server = await startEcho(t, { settings: { CloseTimeout: 1 } });
  const client = await ByteClient.open(t, server.localPort);
  startStorm(t, server.localPort, 32);
  for (let index = 0; index < 100 || server.statistics.connectionsAccepted <= 50; index++) {
    await echoes(client, `message ${index}`);
  }
});

test('a server that could not listen can be used again', async (t) => {
  const first = await startEcho(t);
  const second = new WSServer({ localHost: '127.0.0.1', localPort: first.localPort });
  await assert.rejects(second.startListening(), { code: 10048 });
  second.localPort = 0;
  await second.startListening();
  assert.notEqual(second.localPort, first.localPort);
  await second.shutdown();
});
