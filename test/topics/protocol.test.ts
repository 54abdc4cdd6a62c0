// topics.v1: what clients say, and what they are told.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { serveTopics, type TopicAction, type WSConnection } from 'native-wsserver';
import { WebSocket } from 'ws';
import { collect, next, startServer, until } from '../support/server.js';
import { speak, startTopics } from '../support/topics.js';

test('a client subscribes, is sent what is published in an envelope, and unsubscribes', async (t) => {
  const { server } = await startTopics(t);
  const client = await speak(t, server);
  assert.equal(client.socket.protocol, 'topics.v1');
  client.say({ op: 'subscribe', topic: 'news.*', ref: 1 });
  assert.deepEqual(await client.hears(), { op: 'ok', ref: 1 });
  assert.equal(server.subscriberCount('news.x'), 1);
  assert.equal(await server.publish('news.x', 'hello'), 1);
  assert.deepEqual(await client.hears(), { op: 'message', topic: 'news.x', data: 'hello' });
  assert.equal(await server.publish('other', 'x'), 0);
  assert.equal(await server.broadcast('all'), 1);
  assert.deepEqual(await client.hears(), { op: 'message', topic: '', data: 'all' });
  client.say({ op: 'unsubscribe', topic: 'news.*', ref: 'two' });
  assert.deepEqual(await client.hears(), { op: 'ok', ref: 'two' });
  assert.equal(server.subscriberCount('news.x'), 0);
  client.say({ op: 'ping', ref: 3 });
  assert.deepEqual(await client.hears(), { op: 'ok', ref: 3 });
});

test('what is published is its value, whoever has published it', async (t) => {
  const { server } = await startTopics(t);
  const client = await speak(t, server);
  client.say({ op: 'subscribe', topic: 't' });
  const published: [text: string | Uint8Array, data: unknown, encoding?: string][] = [
    ['plain', 'plain'],
    ['', ''],
    ['{"a":[1,2,{"b":null}]}', { a: [1, 2, { b: null }] }],
    ['42', 42],
    ['"42"', '42'],
    ['true', true],
    ['true story', 'true story'],
    ['{broken', '{broken'],
    ['Grüße ⚽ "quoted"\n\\', 'Grüße ⚽ "quoted"\n\\'],
    [' 7 ', 7],
    [Buffer.of(0, 1, 255), 'AAH/', 'base64'],
    ['x'.repeat(100_000), 'x'.repeat(100_000)],
    [Buffer.alloc(60_000, 7), Buffer.alloc(60_000, 7).toString('base64'), 'base64'],
  ];
  await until(() => server.topics().length > 0);
  for (const [payload, data, encoding] of published) {
    assert.equal(await server.publish('t', payload), 1);
    const expected = { op: 'message', topic: 't', data };
    assert.deepEqual(
      await client.hears(),
      encoding === undefined ? expected : { ...expected, encoding },
    );
  }
});

test('a value that a client publishes comes to others as it was, and to the rest bare', async (t) => {
  const { server } = await startTopics(t);
  const [a, b] = [await speak(t, server), await speak(t, server)];
  const bare = new WebSocket(`ws://127.0.0.1:${server.localPort}`);
  t.after(() => bare.terminate());
  const connected = next(server, 'Connected');
  await once(bare, 'open');
  await server.subscribe((await connected).connectionId, 't');
  const heard: unknown[] = [];
  bare.on('message', (data, isBinary) => heard.push(isBinary ? data : String(data)));
  b.say({ op: 'subscribe', topic: 't', ref: 0 });
  await b.hears();
  const rows: [data: unknown, text: string][] = [
    ['plain', 'plain'],
    ['42', '"42"'],
    [42, '42'],
    [null, 'null'],
    [{ nested: ['⚽'] }, '{"nested":["⚽"]}'],
    ['', ''],
    ['"', '"'],
    ['null', '"null"'],
  ];
  for (const [data, text] of rows) {
    a.say({ op: 'publish', topic: 't', data, ref: 1 });
    assert.deepEqual(await a.hears(), { op: 'ok', ref: 1 });
    assert.deepEqual(await b.hears(), { op: 'message', topic: 't', data });
    await until(() => heard.length > 0);
    assert.deepEqual(heard.splice(0), [text]);
  }
  a.say({ op: 'publish', topic: 't', data: 'AAH/', encoding: 'base64' });
  assert.deepEqual(await b.hears(), {
    op: 'message',
    topic: 't',
    data: 'AAH/',
    encoding: 'base64',
  });
  await until(() => heard.length > 0);
  assert.deepEqual(heard, [Buffer.of(0, 1, 255)]);
});

test('others are left alone, and what topics.v1 says does not come to DataIn', async (t) => {
  const { server } = await startTopics(t);
  const data = collect(server, 'DataIn');
  const client = await speak(t, server);
  const other = new WebSocket(`ws://127.0.0.1:${server.localPort}`, ['chat']);
  t.after(() => other.terminate());
  await once(other, 'open');
  assert.equal(other.protocol, 'chat');
  client.say({ op: 'ping', ref: 1 });
  await client.hears();
  other.send('{"op":"ping"}');
  await until(() => data.length > 0);
  assert.deepEqual(
    data.map(({ text }) => text),
    ['{"op":"ping"}'],
  );
  // Without handlers, a loop still has what comes while nobody reads.
  server.removeAllListeners('DataIn');
  const id = data[0]?.connectionId as number;
  const connection = server.connections.get(id) as WSConnection;
  const first = connection.messages();
  other.send('a');
  assert.equal((await first.next()).value?.text, 'a');
  await first.return?.();
  const { messagesIn } = server.statistics;
  other.send('b');
  await until(() => server.statistics.messagesIn > messagesIn);
  await new Promise((resolve) => setImmediate(resolve));
  const second = connection.messages();
  assert.equal((await second.next()).value?.text, 'b');
  await second.return?.();
});

test('the handlers of WebSocketOpenRequest have the last word', async (t) => {
  const { server } = await startTopics(t);
  server.on('WebSocketOpenRequest', async (event) => {
    assert.equal(event.subProtocols, 'topics.v1');
    await new Promise((resolve) => setImmediate(resolve));
    event.subProtocols = 'own';
  });
  const data = collect(server, 'DataIn');
  const socket = new WebSocket(`ws://127.0.0.1:${server.localPort}`, ['own', 'topics.v1']);
  t.after(() => socket.terminate());
  await once(socket, 'open');
  assert.equal(socket.protocol, 'own');
  socket.send('{"op":"ping","ref":1}');
  await until(() => data.length > 0);
});

test('nothing is allowed unless authorize says true', async (t) => {
  const asked: [string, TopicAction, string][] = [];
  const answers: Record<string, () => unknown> = {
    yes: () => true,
    later: async () => true,
    no: () => false,
    truthy: () => 1,
    nothing: () => undefined,
    'no.later': async () => false,
    throws: () => {
      throw new Error('cannot say');
    },
    rejects: async () => {
      throw new Error('cannot say later');
    },
  };
  const { server } = await startTopics(t, (connection, action, topic) => {
    asked.push([connection.remoteHost, action, topic]);
    return answers[topic]?.() as boolean;
  });
  const errors = collect(server, 'Error');
  const client = await speak(t, server);
  for (const op of ['subscribe', 'publish']) {
    for (const topic of Object.keys(answers)) {
      client.say({ op, topic, data: 1, ref: topic });
      const allowed = topic === 'yes' || topic === 'later';
      // It is subscribed to that.
      if (allowed && op === 'publish') assert.equal((await client.hears()).op, 'message');
      const said = await client.hears();
      assert.equal(said.ref, topic);
      assert.equal(said.op, allowed ? 'ok' : 'error', `${op} ${topic}`);
      if (!allowed) assert.equal(said.code, 10013);
    }
  }
  assert.deepEqual(server.topics(), ['later', 'yes']);
  assert.deepEqual(asked[0], ['127.0.0.1', 'subscribe', 'yes']);
  assert.equal(asked.length, 16);
  assert.deepEqual(
    errors.map(({ errorCode, description }) => [errorCode, description.includes('cannot say')]),
    Array(4).fill([10013, true]),
  );
});

test('what is asked for one topic is done in order, whatever authorize takes', async (t) => {
  const waiting: (() => void)[] = [];
  const { server } = await startTopics(
    t,
    (_, __, topic) =>
      topic !== 'slow' || new Promise((resolve) => waiting.push(() => resolve(true))),
  );
  const client = await speak(t, server);
  client.say({ op: 'subscribe', topic: 'slow', ref: 1 });
  client.say({ op: 'publish', topic: 'slow', data: 'mine', ref: 2 });
  client.say({ op: 'unsubscribe', topic: 'slow', ref: 3 });
  client.say({ op: 'subscribe', topic: 'quick', ref: 4 });
  assert.deepEqual(await client.hears(), { op: 'ok', ref: 4 });
  for (let count = 0; count < 2; count++) {
    await until(() => waiting.length > 0);
    waiting.shift()?.();
  }
  const said = [await client.hears(), await client.hears(), await client.hears()];
  said.push(await client.hears());
  assert.deepEqual(
    said.map(({ op, ref }) => ref ?? op),
    [1, 'message', 3, 2],
  );
  assert.deepEqual(server.topics(), ['quick']);
});

test('of a client that has too much to wait for nothing more is read', async (t) => {
  let asked = 0;
  const waiting: (() => void)[] = [];
  const { server } = await startTopics(t, () => {
    asked++;
    return new Promise((resolve) => waiting.push(() => resolve(true)));
  });
  const client = await speak(t, server);
  for (let index = 0; index < 200; index++) {
    client.say({ op: 'subscribe', topic: `t${index}`, ref: index });
  }
  await until(() => asked === 64);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(asked, 64);
  const answering = setInterval(() => waiting.shift()?.(), 1);
  t.after(() => clearInterval(answering));
  const refs: unknown[] = [];
  while (refs.length < 200) refs.push((await client.hears()).ref);
  assert.equal(new Set(refs).size, 200);
  assert.equal(server.topics().length, 200);
});

test('of a client that leaves while authorize thinks, nothing is left', async (t) => {
  const waiting: ((answer: boolean) => void)[] = [];
  const failing: (() => void)[] = [];
  const { server } = await startTopics(
    t,
    (_, __, topic) =>
      new Promise((resolve, reject) => {
        waiting.push(resolve);
        if (topic === 'fails') failing.push(() => reject(new Error('too late')));
      }),
  );
  const errors = collect(server, 'Error');
  const client = await speak(t, server);
  client.say({ op: 'subscribe', topic: 't', ref: 1 });
  client.say({ op: 'subscribe', topic: 'fails', ref: 2 });
  await until(() => waiting.length === 2);
  const gone = next(server, 'Disconnected');
  client.socket.terminate();
  await gone;
  for (const fail of failing) fail();
  for (const answer of waiting) answer(true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(server.topics(), []);
  assert.deepEqual(
    errors.map(({ connectionId }) => connectionId),
    [0],
  );
});

test('mistakes of those who call serveTopics', async (t) => {
  const server = await startServer(t);
  for (const options of [undefined, {}, { authorize: true }]) {
    assert.throws(() => serveTopics(server, options as never), { code: 10022 });
  }
  serveTopics(server, { authorize: () => true });
  const again = (): void => serveTopics(server, { authorize: () => true });
  assert.throws(again, { code: 10037, message: /before/ });
});
