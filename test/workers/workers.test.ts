// native-wsserver/workers: several processes of one script that share a port.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Workers, worker } from 'native-wsserver/workers';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { makeFolder } from '../support/files.js';
import { startServer, until } from '../support/server.js';
import {
  connect,
  connectToEach,
  makeWorkers,
  startWorkers,
  writeScript,
} from '../support/workers.js';

test('they share a port, and their counts are added up', async (t) => {
  const workers = await startWorkers(t, { count: 2 });
  assert.ok(workers.localPort > 0);
  const clients = await connectToEach(t, workers.localPort, 2);
  assert.deepEqual(
    clients.map((client) => client.worker),
    [0, 1],
  );
  const counted = await workers.statistics();
  assert.equal(counted.workers, 2);
  assert.ok(counted.connections >= 2 && counted.messagesIn >= 2, JSON.stringify(counted));
  assert.ok(counted.residentBytes > 20e6);
  assert.equal(counted.busLost, 0);
  await assert.rejects(workers.start(), { code: 10037 });
  const closed = clients.map((client) => once(client.socket, 'close'));
  await workers.shutdown();
  for (const [code] of await Promise.all(closed)) assert.equal(code, 1001);
  await assert.rejects(connect(t, workers.localPort), /ECONNREFUSED/);
});

test('what can be told is told', async (t) => {
  const workers = makeWorkers(t, { count: 1 });
  const events: string[] = [];
  for (const name of ['Started', 'Listening', 'Exited', 'Restarting', 'Error'] as const) {
    workers.on(name, () => events.push(name));
  }
  await workers.start();
  await workers.shutdown();
  assert.deepEqual(events, ['Started', 'Listening', 'Exited']);
  await workers.start();
  assert.equal(events.length, 5);
});

test('one that dies is started again, each time later, and clients wait for it', async (t) => {
  const workers = await startWorkers(t, { count: 1 });
  const delays: number[] = [];
  workers.on('Restarting', ({ delayMs }) => delays.push(delayMs));
  for (let round = 0; round < 2; round++) {
    const client = await connect(t, workers.localPort);
    const exited = once(workers, 'Exited');
    client.socket.send('die');
    const [{ worker: id, pid, signal, expected }] = await exited;
    assert.deepEqual([id, pid, signal, expected], [0, client.pid, 'SIGKILL', false]);
    const next = await connect(t, workers.localPort);
    assert.notEqual(next.pid, client.pid);
  }
  assert.deepEqual(delays, [100, 200]);
});

test('restart: no attempt to connect is refused or reset', async (t) => {
  const workers = await startWorkers(t, { count: 2 });
  const { localPort } = workers;
  let attempts = 0;
  const failures: unknown[] = [];
  let over = false;
  const storm = Array.from({ length: 4 }, async () => {
    while (!over) {
      const socket = new WebSocket(`ws://127.0.0.1:${localPort}/`);
      attempts++;
      await once(socket, 'open').catch((error: unknown) => failures.push(error));
      socket.on('error', () => {});
      socket.terminate();
    }
  });
  const before = await connectToEach(t, localPort, 2);
  const closed = before.map((client) => once(client.socket, 'close'));
  for (let round = 0; round < 3; round++) {
    const restarted = workers.restart();
    assert.equal(workers.restart(), restarted);
    await restarted;
  }
  over = true;
  await Promise.all(storm);
  assert.deepEqual(failures, []);
  assert.ok(attempts > 20, `${attempts} attempts`);
  for (const [code] of await Promise.all(closed)) assert.equal(code, 1001);
  const after = await connectToEach(t, localPort, 2);
  assert.ok(after.every(({ pid }) => before.every((old) => old.pid !== pid)));
});

test('drainSeconds: who is there may stay when the worker is exchanged', async (t) => {
  const workers = await startWorkers(t, { count: 1, drainSeconds: 600 });
  const client = await connect(t, workers.localPort);
  const restarted = workers.restart();
  for (;;) {
    const other = await connect(t, workers.localPort);
    if (other.pid !== client.pid) break;
    other.socket.terminate();
    await sleep(20);
  }
  client.socket.send('still here');
  await until(() => client.messages.includes('still here'));
  client.socket.close();
  await restarted;
});

test('restart: when a new one does not listen the old one stays', async (t) => {
  const script = writeScript(t);
  const workers = await startWorkers(t, { count: 1 }, script);
  const { pid } = await connect(t, workers.localPort);
  const good = fs.readFileSync(script);
  fs.writeFileSync(script, 'process.exit(7)');
  await assert.rejects(workers.restart(), {
    code: 10060,
    message: /ended before it listened \(7\)/,
  });
  assert.equal((await connect(t, workers.localPort)).pid, pid);
  fs.writeFileSync(script, good);
  await workers.restart();
  assert.notEqual((await connect(t, workers.localPort)).pid, pid);
});

test('a script that forgets to join is told, and so is one that ends', async (t) => {
  const forgets = makeWorkers(
    t,
    { count: 1, listenSeconds: 0.5 },
    writeScript(t, 'setInterval(() => {}, 1000)'),
  );
  const told = once(forgets, 'Error');
  await assert.rejects(forgets.start(), { code: 10060, message: /worker\.join\(server\)/ });
  assert.match(String((await told)[0].error), /does not listen/);
  const ends = makeWorkers(t, { count: 2 }, writeScript(t, 'process.exit(3)'));
  await assert.rejects(ends.start(), { message: /ended before it listened \(3\)/ });
  const missing = makeWorkers(t, { count: 1, cwd: path.join(makeFolder(t), 'nowhere') });
  await assert.rejects(missing.start(), { message: /ended before it listened/ });
});

test('shutdown: one that does not end is killed', async (t) => {
  const workers = await startWorkers(
    t,
    { count: 1, killSeconds: 0.2 },
    writeScript(
      t,
      'worker.join(server, { onStop: () => new Promise(() => setInterval(() => {}, 1000)) })',
    ),
  );
  const exited = once(workers, 'Exited');
  await workers.shutdown();
  const [{ signal, expected }] = await exited;
  assert.deepEqual([signal, expected], ['SIGKILL', true]);
});

test('shutdown while one has not joined yet', async (t) => {
  const workers = makeWorkers(t, { count: 1 }, writeScript(t, 'setInterval(() => {}, 1000)'));
  const started = once(workers, 'Started');
  const failed = assert.rejects(workers.start(), { code: 10060 });
  await started;
  await workers.shutdown();
  await failed;
});

test('onStop is waited for', async (t) => {
  const file = path.join(makeFolder(t), 'said');
  const body = `worker.join(server, { topics: false, onStop: async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    require('node:fs').writeFileSync(${JSON.stringify(file)}, 'stopped');
  } })`;
  const workers = await startWorkers(t, { count: 1 }, writeScript(t, body));
  await workers.shutdown();
  assert.equal(fs.readFileSync(file, 'utf8'), 'stopped');
});

test('a second server cannot join', async (t) => {
  const body = `worker.join(server).then(() => worker.join(new WSServer()))
    .catch((error) => { server.on('DataIn', (e) => server.sendText(e.connectionId, error.message)); })`;
  const workers = await startWorkers(t, { count: 1 }, writeScript(t, body));
  const socket = new WebSocket(`ws://127.0.0.1:${workers.localPort}`);
  defer(t, () => socket.terminate());
  await once(socket, 'open');
  socket.send('?');
  const [said] = await once(socket, 'message');
  assert.match(String(said), /one server that joins/);
});

test('options that cannot be', async () => {
  const rows = [{ count: 0 }, { count: 1.5 }, { killSeconds: -1 }, { listenSeconds: Number.NaN }];
  for (const options of rows) {
    assert.throws(
      () => new Workers('./script.js', options),
      { code: 10022 },
      JSON.stringify(options),
    );
  }
  assert.equal(new Workers('./script.js').count, availableParallelism());
  const inFiles = new Workers('./script.js', { localHost: 'unix:/tmp/s' });
  await assert.rejects(inFiles.start(), { code: 10022, message: /cannot be shared/ });
});

test('a port that others have is not shared with them, unless that is wanted', async (t) => {
  const { localPort } = await startWorkers(t, { count: 1 });
  await assert.rejects(makeWorkers(t, { count: 1, localPort }).start(), { code: 10048 });
  const settings = { BindExclusively: false };
  const more = await startWorkers(t, { count: 1, localPort, settings });
  assert.equal(more.localPort, localPort);
});

test('what is open already is shared', async (t) => {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
  const { port } = listener.address() as net.AddressInfo;
  const workers = makeWorkers(t, { count: 2, localHost: `fd:${fd}` });
  await workers.start();
  listener.close();
  assert.equal(workers.localPort, port);
  assert.ok((await connect(t, port)).worker < 2);
});

test('a worker has no workers', async (t) => {
  const body = `const { Workers } = require(${JSON.stringify(require.resolve('native-wsserver/workers'))});
    let said = '';
    server.on('DataIn', (e) => server.sendText(e.connectionId, said));
    new Workers(__filename).start().catch((error) => { said = String(error.code); worker.join(server); });`;
  const workers = await startWorkers(t, { count: 1 }, writeScript(t, body));
  const socket = new WebSocket(`ws://127.0.0.1:${workers.localPort}`);
  defer(t, () => socket.terminate());
  await once(socket, 'open');
  socket.send('?');
  assert.equal(String((await once(socket, 'message'))[0]), '10045');
});

test('a process that is no worker listens by itself', async (t) => {
  assert.equal(worker.id, undefined);
  assert.equal(worker.bus, undefined);
  const server = await startServer(t);
  await server.stopListening();
  await worker.join(server);
  assert.equal(server.listening, true);
});

for (const [signal, how] of [
  ['SIGTERM', 'ends'],
  ['SIGINT', 'ends'],
] as const) {
  test(`${signal} to the parent ${how} all, and clients are closed`, async (t) => {
    const source = `
      const { Workers } = require(${JSON.stringify(require.resolve('native-wsserver/workers'))});
      const workers = new Workers(process.argv[1], { count: 2, localHost: '127.0.0.1' });
      workers.on('Exited', (e) => console.error(e.worker, e.code, e.signal));
      workers.start().then(() => console.log(workers.localPort));`;
    const parent = spawn(process.execPath, ['-e', source, writeScript(t)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    defer(t, () => parent.kill('SIGKILL'));
    const [said] = await once(parent.stdout as NodeJS.ReadableStream, 'data');
    const before = await connect(t, Number(said));
    parent.kill('SIGHUP');
    assert.equal((await once(before.socket, 'close'))[0], 1001);
    const client = await connect(t, Number(said));
    assert.notEqual(client.pid, before.pid);
    const closed = once(client.socket, 'close');
    parent.kill(signal);
    assert.equal((await closed)[0], 1001);
    assert.deepEqual(await once(parent, 'exit'), [0, null]);
  });
}

test('workers end when their parent has gone', async (t) => {
  const source = `
    const { Workers } = require(${JSON.stringify(require.resolve('native-wsserver/workers'))});
    const workers = new Workers(process.argv[1], { count: 1, localHost: '127.0.0.1' });
    workers.start().then(() => console.log(workers.localPort));`;
  const parent = spawn(process.execPath, ['-e', source, writeScript(t)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => parent.kill('SIGKILL'));
  const [said] = await once(parent.stdout as NodeJS.ReadableStream, 'data');
  const client = await connect(t, Number(said));
  parent.kill('SIGKILL');
  assert.equal((await once(client.socket, 'close'))[0], 1001);
});
