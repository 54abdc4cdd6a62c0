// What can go wrong with what is kept: by a real nats-server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import type { WSServerError } from 'native-wsserver';
import { natsBus } from 'native-wsserver/nats';
import { defer } from '../support/defer.js';
import { codeOf, dataOf, frame, idsOf, joinKept, listen, numbers } from '../support/kept.js';
import { startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { collect, next, until } from '../support/server.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What buffers hold. */
function heldBytes(): number {
  collectGarbage();
  const { external, arrayBuffers } = process.memoryUsage();
  return external + arrayBuffers;
}

type Test = Parameters<typeof startNats>[0];

/** A client of NATS that knows nothing of us. */
async function bare(t: Test, servers: string) {
  const connection = await connect({ servers });
  defer(t, () => connection.close());
  return { connection, jsm: await jetstreamManager(connection) };
}

test('limits that change are those of the stream; one of others is an error', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const { server } = await joinKept(t, nats.url, { maxMessages: 10, maxAge: 60 });
  for (const data of numbers(10)) await server.publish('chat.x', data, { keep: true });
  await joinKept(t, nats.url, { maxMessages: 4, maxBytes: 100_000 });
  await joinKept(t, nats.url, { maxMessages: 4, maxBytes: 100_000 });
  const { jsm } = await bare(t, nats.url);
  const [stream] = await jsm.streams.list().next();
  assert.equal(stream?.state.messages, 4);
  assert.equal(stream?.config.max_age, 0);
  assert.equal(stream?.config.max_bytes, 100_000);

  await jsm.streams.add({ name: 'another', subjects: ['wss.kept.news.today'] });
  const bus = natsBus({ servers: nats.url, history: { 'news.*': { maxAge: 1 } } });
  defer(t, () => bus.close());
  await assert.rejects(bus.ready(), /Another stream/);
  const none = natsBus({ servers: nats.url, history: { x: { maxAge: 1, replicas: 3 } } });
  defer(t, () => none.close());
  await assert.rejects(none.ready(), (error: WSServerError) => error.code === 10045);
  assert.throws(() => natsBus({ history: { 'a.*': {} } }), { code: 10022 });
});

test('an account without JetStream is an error that says what to do, and no end', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const config = 'accounts: { A: { users: [ { user: a, password: a } ] } }\n';
  const { port } = await startNats(t, config);
  const bus = natsBus({
    servers: `nats://a:a@127.0.0.1:${port}`,
    history: { 'chat.>': { maxAge: 1 } },
  });
  const troubles: string[] = [];
  bus.watch(({ message }) => troubles.push(message));
  await assert.rejects(bus.ready(), (error: WSServerError) => {
    assert.equal(error.code, 10045);
    assert.match(error.message, /-js/);
    return true;
  });
  assert.ok(bus.connected);
  assert.equal(troubles.length, 1);
  const { history } = bus;
  const never = new AbortController();
  await assert.rejects(
    history?.resume('news', '1', () => assert.fail(), assert.fail, never.signal) ??
      Promise.resolve(),
    { code: 10022 },
  );
  const kept = history?.publish('chat.x', 1, Buffer.from('x'));
  bus.close();
  await assert.rejects(kept ?? Promise.resolve(), { code: 10054 });
});

test('a node that was cut off for too long tells what its clients have missed', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const { server } = await joinKept(t, nats.url, { maxMessages: 5, frame });
  const { id, texts } = await listen(t, server);
  await server.subscribe(id, 'chat.x');
  await server.publish('chat.x', 'first', { keep: true });
  const errors = collect(server, 'Error');
  await nats.end();
  await nats.start();
  // It is there before the node is back.
  const { connection } = await bare(t, nats.url);
  for (const data of numbers(20)) connection.publish('wss.kept.chat.x', data);
  await until(() => texts.length === 6);
  assert.deepEqual(idsOf(texts), ['1', ...numbers(5, 17)]);
  assert.ok(errors.some(({ description }) => description.includes('longest ago')));
});

test('who is slow catches up at its own pace, and is sent no more than its queue takes', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const limits = { maxBytes: 200 << 20 };
  const settings = { MaxQueuedBytes: 700_000 };
  const { server } = await joinKept(t, url, limits, { settings });
  // The kernel takes some 40 MB.
  const big = 'x'.repeat(500_000);
  for (const data of numbers(100)) await server.publish('chat.x', `${big} ${data}`, { keep: true });
  const { id, socket, texts } = await listen(t, server);
  socket.pause();
  const errors = collect(server, 'Error');
  const joined = server.subscribe(id, 'chat.x', { since: '0' });
  let isJoined = false;
  void joined.then(() => {
    isJoined = true;
  });
  await sleep(500);
  const before = heldBytes();
  for (const data of numbers(50, 100)) {
    await server.publish('chat.x', `${big} ${data}`, { keep: true });
  }
  await sleep(200);
  await until(() => heldBytes() < before + (8 << 20));
  assert.ok(!isJoined);
  socket.resume();
  await until(() => texts.length === 150);
  assert.equal(await joined, true);
  assert.deepEqual(dataOf(texts), numbers(150));
  assert.deepEqual(errors, []);
});

test('who leaves, or does not want it any more, ends its catching up', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const settings = { MaxQueuedBytes: 100_000 };
  const { server, bus } = await joinKept(t, url, { maxBytes: 200 << 20 }, { settings });
  const big = Buffer.alloc(500_000);
  for (let count = 0; count < 100; count++) await server.publish('chat.x', big, { keep: true });
  const slow = async () => {
    const client = await listen(t, server);
    client.socket.pause();
    const joined = server.subscribe(client.id, 'chat.x', { since: '0' });
    joined.catch(() => {});
    await sleep(200);
    return { ...client, joined };
  };
  const a = await slow();
  assert.equal(await codeOf(server.subscribe(a.id, 'chat.x', { since: '1' })), 10037);
  const plain = server.subscribe(a.id, 'chat.x');
  assert.equal(await server.unsubscribe(a.id, 'chat.x'), true);
  assert.equal(await server.unsubscribe(a.id, 'chat.x'), false);
  assert.equal(await codeOf(a.joined), 10004);
  assert.equal(await codeOf(plain), 10004);

  const b = await slow();
  const gone = next(server, 'Disconnected');
  b.socket.terminate();
  await gone;
  assert.equal(await codeOf(b.joined), 126);

  const c = await slow();
  await server.unsubscribe(c.id, 'chat.x');
  await codeOf(c.joined);
  const ending = new AbortController();
  const joined = server.subscribe(c.id, 'chat.x', { since: '0', signal: ending.signal });
  await sleep(100);
  ending.abort(new Error('enough'));
  await assert.rejects(joined, /enough/);
  const aborted = server.subscribe(c.id, 'chat.x', { since: '0', signal: AbortSignal.abort(1) });
  await assert.rejects(aborted, (reason) => reason === 1);

  const d = await slow();
  bus.close();
  d.socket.resume();
  server.bus = undefined;
  assert.equal(await codeOf(server.subscribe(c.id, 'chat.x', { since: '0' })), 10022);
  d.socket.terminate();
  assert.equal(await codeOf(d.joined), 126);
  assert.deepEqual(server.topics(), []);
});

test('what NATS keeps while it is away is kept when it is back', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const { server } = await joinKept(t, nats.url);
  const { id, texts } = await listen(t, server);
  await server.subscribe(id, 'chat.x');
  await nats.end('SIGKILL');
  await sleep(100);
  const kept = numbers(5).map((data) => server.publish('chat.x', data, { keep: true }));
  const back = server.subscribe((await listen(t, server)).id, 'chat.x', { since: '0' });
  await sleep(300);
  assert.deepEqual(texts, []);
  await nats.start();
  // Who has come back meanwhile may be one of them.
  assert.ok((await Promise.all(kept)).every((count) => count >= 1));
  assert.equal(await back, true);
  assert.deepEqual(dataOf(texts), numbers(5));
});

test('a store that has been lost is told, and what comes then is delivered', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const { server } = await joinKept(t, nats.url);
  const { id, texts } = await listen(t, server);
  await server.subscribe(id, 'chat.x');
  await sleep(100);
  for (const data of numbers(20)) await server.publish('chat.x', data, { keep: true });
  const { jsm } = await bare(t, nats.url);
  const [stream] = await jsm.streams.list().next();
  const errors = collect(server, 'Error');
  await jsm.streams.delete(stream?.config.name ?? '');
  await nats.end();
  await nats.start();
  assert.equal(await server.publish('chat.x', 'new', { keep: true }), 1);
  await until(() => texts.length === 21);
  assert.equal(texts.at(-1), '1 chat.x new');
  await until(() => errors.some(({ description }) => description.includes('has been lost')));
});

test('an id of a store that has been lost is a gap, and all of the new one comes', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const { server } = await joinKept(t, nats.url);
  for (const data of numbers(20)) await server.publish('chat.x', data, { keep: true });
  const gaps = collect(server, 'Gap');
  await nats.end('SIGKILL');
  nats.loseStore();
  const early = await listen(t, server);
  const waiting = server.subscribe(early.id, 'chat.x', { since: '20' });
  await nats.start();
  assert.equal(await waiting, true);
  for (const data of ['a', 'b']) await server.publish('chat.x', data, { keep: true });
  const late = await listen(t, server);
  assert.equal(await server.subscribe(late.id, 'chat.x', { since: '20' }), true);
  await server.publish('chat.x', 'c', { keep: true });
  await until(() => late.texts.length === 3 && early.texts.length === 3);
  assert.deepEqual(late.texts, ['1 chat.x a', '2 chat.x b', '3 chat.x c']);
  assert.deepEqual(early.texts, late.texts);
  assert.deepEqual(
    gaps.map(({ connectionId, since, firstId }) => [connectionId, since, firstId]),
    [
      [early.id, '20', '1'],
      [late.id, '20', '1'],
    ],
  );
  // Beyond what there has ever been.
  assert.equal(await codeOf(server.subscribe(late.id, 'chat.y', { since: '21' })), 10022);
});

test('what others have put there is delivered if it is a message, and told if it is none', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const { server } = await joinKept(t, url, {
    maxAge: 100,
    frame: ({ id, data }) => (typeof data === 'string' ? `${id} ${data}` : Buffer.from([+id])),
  });
  const { id, socket } = await listen(t, server);
  const texts: string[] = [];
  const binary: unknown[] = [];
  socket.on('message', (data, isBinary) => {
    if (isBinary) binary.push(data);
    else texts.push(String(data));
  });
  await server.subscribe(id, 'chat.>');
  await sleep(100);
  const { connection } = await bare(t, url);
  const errors = collect(server, 'Error');
  const wrong = headers();
  wrong.set('Wss-Type', 'nonsense');
  connection.publish('wss.kept.chat.x', Buffer.from('text'));
  connection.publish('wss.kept.chat.x', Buffer.from([255]));
  connection.publish('wss.kept.chat.x', 'x', { headers: wrong });
  connection.publish(`wss.kept.chat.${'x'.repeat(300)}`, 'x');
  connection.publish('wss.topic.chat.x', 'not kept');
  await until(() => texts.length === 2 && errors.length === 2);
  assert.deepEqual(texts.sort(), ['1 text', 'not kept']);
  assert.deepEqual(binary, [Buffer.from([2])]);
  assert.deepEqual(
    errors.map(({ errorCode }) => errorCode),
    [10022, 10022],
  );
  const other = await listen(t, server);
  await server.subscribe(other.id, 'chat.x', { since: '0' });
  await until(() => other.texts.length === 2);
  const most = server.bus?.maxPayload ?? 0;
  assert.equal(
    await codeOf(server.publish('chat.x', Buffer.alloc(most + 1), { keep: true })),
    10040,
  );
  await server.publish('chat.x', Buffer.alloc(most), { keep: true });
});

test('a frame that throws is an uncaught exception, and nothing is sent of that message', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  let wrong: unknown;
  const { server } = await joinKept(t, url, {
    maxAge: 100,
    frame: ({ data }) => {
      if (data === 'throw') throw new Error('a mistake in frame');
      return data === 'wrong' ? (wrong as string) : data;
    },
  });
  const thrown: unknown[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));
  defer(t, () => process.setUncaughtExceptionCaptureCallback(null));
  const { id, texts } = await listen(t, server);
  await server.subscribe(id, 'chat.x');
  for (const data of ['throw', 'wrong', 'right']) {
    await server.publish('chat.x', data, { keep: true });
  }
  await until(() => texts.length === 1 && thrown.length === 2);
  assert.deepEqual(texts, ['right']);
  assert.match(String(thrown[0]), /a mistake in frame/);
  assert.match(String(thrown[1]), /10022.*frame is to return/);
});

test('who subscribes while NATS is there does not get what was published before when it has been away', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const a = await joinKept(t, nats.url);
  const b = await joinKept(t, nats.url);
  await a.server.publish('chat.old', 'old', { keep: true });
  const { id, texts } = await listen(t, b.server);
  await b.server.subscribe(id, 'chat.>');
  // Until what has been kept by now counts as known.
  await sleep(1500);
  await nats.end();
  await nats.start();
  await a.server.publish('chat.old', 'new', { keep: true });
  await until(() => texts.length > 0);
  assert.deepEqual(idsOf(texts), ['2']);
});

test('a client that closes in the midst is no mistake', { skip: WITHOUT_NATS }, async (t) => {
  const { url } = await startNats(t);
  const { server } = await joinKept(t, url);
  for (const data of numbers(2000)) void server.publish('chat.x', data, { keep: true });
  await server.publish('chat.x', '2000', { keep: true });
  for (let count = 0; count < 20; count++) {
    const { id, socket } = await listen(t, server);
    const joined = server.subscribe(id, 'chat.x', { since: String(count) }).catch(() => 0);
    await sleep(count / 5);
    const closed = once(socket, 'close');
    socket.terminate();
    await Promise.all([closed, joined]);
  }
  await until(() => server.connections.size === 0);
  assert.deepEqual(server.topics(), []);
});
