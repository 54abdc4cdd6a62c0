// doEvents(): a loop of it serves, keeps nobody else from running, and costs nothing when idle.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WSServer } from 'native-wsserver';
import { ByteClient, frame, Op } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { defer } from '../support/defer.js';
import { assertAtLeast } from '../support/patience.js';
import { collect, startEcho, startServer, until } from '../support/server.js';

type Test = Parameters<typeof startServer>[0];

/** Calls doEvents() again and again until the test ends. */
function loop(t: Test, server: WSServer): void {
  let goesOn = true;
  const finished = (async () => {
    while (goesOn) await server.doEvents();
  })();
  defer(t, () => {
    goesOn = false;
    return finished;
  });
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a loop of doEvents() serves, and timers run', async (t) => {
  const server = await startEcho(t);
  loop(t, server);
  const client = await ByteClient.open(t, server.localPort);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  for (let index = 0; index < 300; index++) {
    client.sendFrame(Op.text, `${index}`);
    assert.equal((await client.readFrame()).payload.toString(), `${index}`);
  }
  await until(() => ticks > 5);
  clearInterval(timer);
});

test('timers run while clients keep the server busy', async (t) => {
  const server = await startEcho(t);
  loop(t, server);
  const client = await ByteClient.open(t, server.localPort);
  let busy = true;
  const talking = (async () => {
    while (busy) {
      client.sendFrame(Op.text, 'x');
      await client.readFrame();
    }
  })();
  await after(100);
  busy = false;
  await talking;
});

test('an idle loop waits SelectWaitMillis each time and takes next to no CPU', async (t) => {
  const server = await startServer(t, { settings: { SelectWaitMillis: 20 } });
  await server.doEvents(); // What listening has to tell.
  const started = performance.now();
  const before = process.cpuUsage();
  for (let round = 0; round < 25; round++) await server.doEvents();
  const { user, system } = process.cpuUsage(before);
  assertAtLeast(400, performance.now() - started);
  assert.ok(user + system < 100_000, `${(user + system) / 1000} ms`);
});

test('an event ends the wait', async (t) => {
  const server = await startServer(t, { settings: { SelectWaitMillis: 60_000 } });
  const connected = collect(server, 'Connected');
  const started = performance.now();
  const waiting = server.doEvents();
  await ByteClient.open(t, server.localPort);
  await waiting;
  assert.ok(connected.length <= 1);
  assert.ok(performance.now() - started < 30_000, 'it waited for its minute');
});

test('a handler may call it: the rest of the batch is handled first', async (t) => {
  const server = await startServer(t, { settings: { SelectWaitMillis: 0 } });
  const order: string[] = [];
  server.on('DataIn', (event) => {
    order.push(`begin ${event.text}`);
    if (event.text === 'a') void server.doEvents();
    order.push(`end ${event.text}`);
  });
  const client = await ByteClient.open(t, server.localPort);
  const finished = new Promise((resolve) => server.once('Disconnected', resolve));
  client.send(
    frame({ opcode: Op.text, payload: 'a' }),
    frame({ opcode: Op.text, payload: 'b' }),
    frame({ opcode: Op.close }),
  );
  await finished;
  assert.deepEqual(order, ['begin a', 'begin b', 'end b', 'end a']);
});

test('a handler that calls it for every message is not called within itself for each', async (t) => {
  const server = await startServer(t, { settings: { SelectWaitMillis: 0 } });
  const count = 20_000;
  let [seen, depth, deepest] = [0, 0, 0];
  server.on('DataIn', async () => {
    seen++;
    deepest = Math.max(deepest, ++depth);
    const done = server.doEvents();
    depth--;
    await done;
  });
  const client = await ByteClient.open(t, server.localPort);
  client.send(...Array<Buffer>(count).fill(frame({ opcode: Op.text, payload: 'x' })));
  await until(() => seen === count);
  assert.equal(deepest, 2);
});

test('several calls at a time, on a server that does not listen, and without any', async (t) => {
  const { code, stderr } = await runChild(
    t,
    async ({ WSServer }) => {
      const server = new WSServer();
      await Promise.all([server.doEvents(), server.doEvents(), server.doEvents()]);
      await server.startListening();
      await Promise.all([server.doEvents(), server.doEvents()]);
      await server.shutdown();
      await server.doEvents();
    },
    undefined,
  );
  assert.equal(code, 0, stderr);
});
