// Topics across processes and threads.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ThreadBus } from 'native-wsserver/workers';
import type * as InterestsModule from '../../dist/bus/interests.js';
import { messageOf } from '../support/child.js';
import { defer } from '../support/defer.js';
import { open } from '../support/open.js';
import { packagePath } from '../support/package_path.js';
import { collect, startServer, until } from '../support/server.js';
import { type Client, connect, connectToEach, startWorkers } from '../support/workers.js';

const { Interests }: typeof InterestsModule = require(packagePath('dist/bus/interests.js'));

/** Has `from` publish until `to` has got something, and returns what it was. */
async function publishUntil(from: Client, order: string, to: Client): Promise<string | undefined> {
  // The other process learns of a subscription when it has had its turn.
  while (to.messages.length === 0) {
    from.socket.send(order);
    await sleep(10);
  }
  return to.messages[0];
}

test('what is published in one worker reaches the clients of all, once each', async (t) => {
  const { localPort } = await startWorkers(t, { count: 2 });
  const clients = await connectToEach(t, localPort, 2, 'news.*');
  const [a, b] = clients as [Client, Client];
  const elsewhere = await connect(t, localPort, 'other');
  assert.equal(await publishUntil(a, 'publish news.x first', b), 'first');
  await publishUntil(b, 'publish news.x first', a);
  await sleep(100);
  for (const client of clients) client.messages.length = 0;
  for (let index = 0; index < 100; index++) a.socket.send(`publish news.${index} ${index}`);
  await until(() => b.messages.length === 100);
  await until(() => a.messages.length === 100);
  assert.deepEqual(
    b.messages,
    Array.from({ length: 100 }, (_, index) => String(index)),
  );
  b.socket.send('bytes news.b binary');
  const [data, isBinary] = await once(a.socket, 'message');
  assert.deepEqual([String(data), isBinary], ['binary', true]);
  b.socket.send('broadcast all');
  for (const client of [a, b, elsewhere]) await until(() => client.messages.includes('all'));
  assert.deepEqual(elsewhere.messages, ['all']);
  assert.equal(b.messages.filter((message) => message === 'all').length, 1);
});

test('who has left is not sent anything any more, and a worker that dies ends nothing', async (t) => {
  const workers = await startWorkers(t, { count: 2 });
  const [a, b] = (await connectToEach(t, workers.localPort, 2, 'topic')) as [Client, Client];
  await publishUntil(a, 'publish topic x', b);
  const exited = once(workers, 'Exited');
  b.socket.send('die');
  for (let index = 0; index < 50; index++) a.socket.send(`publish topic ${'x'.repeat(10_000)}`);
  await exited;
  const again = await connectToEach(t, workers.localPort, 2, 'topic');
  const fresh = again[b.worker] as Client;
  await publishUntil(a, 'publish topic y', fresh);
  // The last one leaves.
  const left = once(fresh.socket, 'close');
  fresh.socket.close();
  await left;
  a.socket.send('publish topic z');
  await until(() => a.messages.includes('z'));
});

test('a worker may use the bus by itself, until it closes it', async (t) => {
  const { localPort } = await startWorkers(t, { count: 2 });
  const [a, b] = (await connectToEach(t, localPort, 2, 'topic')) as [Client, Client];
  b.socket.send('hear own.*');
  assert.equal(await publishUntil(a, 'say own.1', b), 'own.1');
  b.socket.send('close');
  await sleep(100);
  b.messages.length = 0;
  a.socket.send('say own.2');
  b.socket.send('say own.3');
  await sleep(100);
  assert.deepEqual([a.messages, b.messages], [[], []]);
});

test('what a worker that is stopped does not take is bounded, and counted', async (t) => {
  const workers = await startWorkers(t, { count: 2 });
  const [a, b] = (await connectToEach(t, workers.localPort, 2, 'topic')) as [Client, Client];
  await publishUntil(a, 'publish topic x', b);
  process.kill(b.pid, 'SIGSTOP');
  defer(t, () => {
    try {
      process.kill(b.pid, 'SIGCONT');
    } catch {
      // It has ended.
    }
  });
  const before = process.memoryUsage.rss();
  const large = 'x'.repeat(1_000_000);
  let count = 0;
  let { busLost } = await workers.statistics();
  while (busLost === 0) {
    count++;
    a.socket.send(`publish topic ${large}`);
    await until(() => a.messages.filter((message) => message === large).length >= count);
    if (count % 20 === 0) ({ busLost } = await workers.statistics());
  }
  assert.ok(count >= 16, `${count}`);
  assert.ok(process.memoryUsage.rss() - before < 500e6);
  const { workers: heard } = await workers.statistics();
  assert.equal(heard, 1);
  process.kill(b.pid, 'SIGCONT');
  await until(() => b.messages.filter((message) => message === large).length > 10);
  a.socket.send('lost');
  await until(() => a.messages.includes('0'));
});

test('threads: topics, wildcards, everybody, and what is not wanted does not come', async (t) => {
  const name = 'threads';
  const bus = new ThreadBus(name);
  const server = await startServer(t);
  server.bus = bus;
  assert.equal(server.bus, bus);
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { ThreadBus } = require(${JSON.stringify(require.resolve('native-wsserver/workers'))});
    const bus = new ThreadBus(workerData);
    const got = [];
    const take = (subject, bytes) => got.push(subject + ' ' + Buffer.from(bytes.subarray(1)));
    const end = bus.subscribe('topic.a.>', take);
    bus.subscribe('topic.a.b', take);
    bus.subscribe('everybody', take);
    parentPort.on('message', (order) => {
      if (order === 'end') { end(); end(); parentPort.postMessage('ended'); }
      else if (order === 'got') parentPort.postMessage(got.splice(0));
      else if (order === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
      else if (order === 'close') { bus.close(); bus.close(); parentPort.close(); }
      else bus.publish(order.subject, order.bytes ?? Buffer.from(order.text));
    });
    parentPort.postMessage('ready');`;
  const thread = new Worker(source, { eval: true, workerData: name });
  defer(t, () => thread.terminate());
  await messageOf(thread);
  const got = async (): Promise<string[]> => {
    thread.postMessage('got');
    return messageOf<string[]>(thread);
  };
  let first: string[] = [];
  while (first.length === 0) {
    server.publish('a.b', 'hello');
    await sleep(10);
    first = await got();
  }
  // Two of its subscriptions match: each handler once.
  assert.deepEqual([...new Set(first)], ['topic.a.b hello']);
  await sleep(50);
  await got();
  server.publish('a.b.c', 'deep');
  server.publish('a', 'not wanted');
  server.broadcast('all');
  await sleep(100);
  assert.deepEqual(await got(), ['topic.a.b.c deep', 'everybody all']);

  const { client, connection } = await open(t, server);
  await connection.subscribe('x.*');
  await sleep(100);
  thread.postMessage({ subject: 'topic.x.y', text: '\u0001to all' });
  assert.equal(String((await client.readFrame()).payload), 'to all');
  const errors = collect(server, 'Error');
  for (const bytes of [Uint8Array.of(3, 65), Uint8Array.of(), Uint8Array.of(1, 0xff)]) {
    thread.postMessage({ subject: 'topic.x.y', bytes });
  }
  await until(() => errors.length === 3);
  for (const { errorCode, description } of errors) {
    assert.equal(errorCode, 10022);
    assert.match(description, /What the bus has brought for topic\.x\.y is no message/);
  }
  await connection.unsubscribe('x.*');
  await sleep(100);
  thread.postMessage({ subject: 'topic.x.y', text: '\u0001nobody' });
  thread.postMessage({ subject: 'everybody', text: '\u0002all' });
  assert.equal(String((await client.readFrame()).payload), 'all');

  thread.postMessage('end');
  assert.equal(await messageOf(thread), 'ended');
  await sleep(50);
  server.publish('a.b', 'one');
  server.publish('a.b.c', 'two');
  await sleep(100);
  assert.deepEqual(await got(), ['topic.a.b one']);

  assert.equal(bus.lost, 0);
  thread.postMessage('block');
  const large = Buffer.alloc(1_000_000);
  for (let index = 0; index < 40; index++) bus.publish('everybody', large);
  assert.ok(bus.lost >= 20 && bus.lost < 40, `${bus.lost}`);
  while ((await got()).length === 0);
  await sleep(50);
  const { lost } = bus;
  bus.publish('everybody', large);
  assert.equal(bus.lost, lost);

  thread.postMessage('close');
  await once(thread, 'exit');
  server.bus = undefined;
  bus.close();
});

test('a handler that throws keeps no other from the message', async (t) => {
  const [a, b] = [new ThreadBus('throws'), new ThreadBus('throws')];
  const thrown = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  defer(t, () => process.setUncaughtExceptionCaptureCallback(null));
  const got = new Promise((resolve) => {
    b.subscribe('s', () => {
      throw new Error('mine');
    });
    b.subscribe('s', (_, bytes) => resolve(String(bytes)));
  });
  const publishing = setInterval(() => a.publish('s', Uint8Array.of(1)), 10);
  assert.equal(await got, '1');
  assert.equal(String(await thrown), 'Error: mine');
  clearInterval(publishing);
  a.close();
  b.close();
});

test('who is interested in what', () => {
  const interests = new Interests<string>();
  assert.equal(interests.add('a.b', 'x'), true);
  assert.equal(interests.add('a.b', 'x'), false);
  interests.add('a.*', 'y');
  interests.add('a.>', 'z');
  interests.add('>', 'all');
  const rows: [subject: string, who: string[]][] = [
    ['a.b', ['all', 'x', 'y', 'z']],
    ['a.c', ['all', 'y', 'z']],
    ['a.b.c', ['all', 'z']],
    ['a', ['all']],
  ];
  for (const [subject, who] of rows) {
    assert.deepEqual([...interests.of(subject)].sort(), who, subject);
  }
  assert.equal(interests.remove('a.b', 'x'), false);
  assert.equal(interests.remove('a.b', 'x'), true);
  assert.equal(interests.remove('a.b', 'x'), false);
  assert.equal(interests.remove('n.o', 'x'), false);
  assert.deepEqual([...interests.of('a.b')].sort(), ['all', 'y', 'z']);
});
