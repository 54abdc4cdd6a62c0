// Clients of topics.v1 that come back, and what is kept for them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveTopics } from 'native-wsserver';
import { collect, next, startServer, until } from '../support/server.js';
import { type Said, type Speaker, speak, startTopics } from '../support/topics.js';

async function hear(client: Speaker, count: number): Promise<Said[]> {
  const said: Said[] = [];
  while (said.length < count) said.push(await client.hears());
  return said;
}

test('what is kept has an id, and comes to whoever comes back', async (t) => {
  const { server } = await startTopics(t);
  const [a, b] = [await speak(t, server), await speak(t, server)];
  b.say({ op: 'subscribe', topic: 'kept.>', ref: 1 });
  await b.hears();
  for (const data of ['one', { two: 2 }, 3]) {
    a.say({ op: 'publish', topic: 'kept.x', data, keep: true, ref: 0 });
  }
  a.say({ op: 'publish', topic: 'kept.x', data: 'AA==', encoding: 'base64', keep: true, ref: 0 });
  assert.deepEqual(
    await hear(a, 4),
    ['1', '2', '3', '4'].map((id) => ({ op: 'ok', ref: 0, id })),
  );
  const messages = [
    { op: 'message', topic: 'kept.x', id: '1', data: 'one' },
    { op: 'message', topic: 'kept.x', id: '2', data: { two: 2 } },
    { op: 'message', topic: 'kept.x', id: '3', data: 3 },
    { op: 'message', topic: 'kept.x', id: '4', data: 'AA==', encoding: 'base64' },
  ];
  assert.deepEqual(await hear(b, 4), messages);
  const back = await speak(t, server);
  back.say({ op: 'subscribe', topic: 'kept.*', since: '2', ref: 'r' });
  assert.deepEqual(await hear(back, 3), [
    ...messages.slice(2).map((message) => ({ ...message, to: 'kept.*' })),
    { op: 'ok', ref: 'r' },
  ]);
  await server.publish('kept.x', 'new');
  assert.deepEqual(await back.hears(), { op: 'message', topic: 'kept.x', data: 'new' });
});

test('what is not kept any more is a gap, and so is all without a history', async (t) => {
  const { server, history } = await startTopics(t);
  for (let index = 0; index < 4; index++) await history.publish('kept', 1, Buffer.from('x'));
  history.oldest = 4;
  const client = await speak(t, server);
  client.say({ op: 'subscribe', topic: 'kept', since: '1', ref: 1 });
  assert.deepEqual(await hear(client, 3), [
    { op: 'gap', topic: 'kept' },
    { op: 'message', topic: 'kept', to: 'kept', id: '4', data: 'x' },
    { op: 'ok', ref: 1 },
  ]);
  for (const [topic, since] of [
    ['other', '1'],
    ['kept.too', ''],
  ]) {
    client.say({ op: 'subscribe', topic, since, ref: topic });
    assert.deepEqual(await hear(client, 2), [
      { op: 'gap', topic },
      { op: 'ok', ref: topic },
    ]);
  }
  const plain = await startServer(t);
  serveTopics(plain, { authorize: () => true });
  const lost = await speak(t, plain);
  lost.say({ op: 'subscribe', topic: 'kept', since: '1', ref: 1 });
  assert.deepEqual(await hear(lost, 2), [
    { op: 'gap', topic: 'kept' },
    { op: 'ok', ref: 1 },
  ]);
});

test('a history that fails is a gap, and Error tells', async (t) => {
  const { server, history } = await startTopics(t);
  const errors = collect(server, 'Error');
  const client = await speak(t, server);
  client.say({ op: 'subscribe', topic: 'kept', since: 'fails', ref: 1 });
  assert.deepEqual(await hear(client, 2), [
    { op: 'ok', ref: 1 },
    { op: 'gap', topic: 'kept' },
  ]);
  assert.match(errors[0]?.description ?? '', /the history is away/);
  assert.deepEqual(server.topics(), ['kept']);
  // A failure of the history itself, which is no error of ours, is not shown to clients.
  history.ready = Promise.reject(new Error('secret'));
  history.ready.catch(() => {});
  client.say({ op: 'publish', topic: 'kept', data: 1, keep: true, ref: 2 });
  const { op, ref, message } = await client.hears();
  assert.deepEqual([op, ref, message], ['error', 2, 'The server has failed.']);
});

test('an id that there is not is a gap, of which only the client is told', async (t) => {
  const { server } = await startTopics(t, () => true, { settings: { MaxSubscriptions: 2 } });
  const errors = collect(server, 'Error');
  const client = await speak(t, server);
  client.say({ op: 'subscribe', topic: 'kept', since: 'unknown', ref: 1 });
  assert.deepEqual(await hear(client, 2), [
    { op: 'ok', ref: 1 },
    { op: 'gap', topic: 'kept' },
  ]);
  assert.deepEqual(errors, []);
  // What cannot be subscribed to is no gap.
  client.say({ op: 'subscribe', topic: 'kept..x', since: '0', ref: 2 });
  const wrong = await client.hears();
  client.say({ op: 'subscribe', topic: 'kept.1', ref: 3 });
  await client.hears();
  client.say({ op: 'subscribe', topic: 'kept.2', since: '0', ref: 4 });
  const tooMany = await client.hears();
  assert.deepEqual(
    [wrong, tooMany].map(({ op, ref, code }) => [op, ref, code]),
    [
      ['error', 2, 10022],
      ['error', 4, 10055],
    ],
  );
});

test('of very much that was missed no more is sent than the client takes', async (t) => {
  const { server, history } = await startTopics(t, () => true, {
    settings: { MaxQueuedBytes: 65_536, EnablePermessageDeflate: false },
  });
  const large = 'x'.repeat(50_000);
  for (let index = 0; index < 400; index++) {
    await history.publish('kept', 1, Buffer.from(`${large}${index}`));
  }
  const client = await speak(t, server);
  client.socket.pause();
  client.say({ op: 'subscribe', topic: 'kept', since: '0', ref: 1 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  client.socket.resume();
  const said = await hear(client, 401);
  assert.deepEqual(
    said.slice(0, -1).map(({ data }) => Number(`${data}`.slice(large.length))),
    Array.from({ length: 400 }, (_, index) => index),
  );
  assert.deepEqual(said.at(-1), { op: 'ok', ref: 1 });
});

test('to unsubscribe, and to leave, ends the resumption', async (t) => {
  const { server, history } = await startTopics(t);
  let goOn = (): void => {};
  await history.publish('kept', 1, Buffer.from('x'));
  history.ready = new Promise((resolve) => {
    goOn = resolve;
  });
  const client = await speak(t, server);
  client.say({ op: 'subscribe', topic: 'kept', since: '0', ref: 1 });
  client.say({ op: 'unsubscribe', topic: 'kept', ref: 2 });
  client.say({ op: 'ping', ref: 3 });
  assert.deepEqual(await client.hears(), { op: 'ok', ref: 3 });
  client.say({ op: 'subscribe', topic: 'kept.b', since: '0', ref: 4 });
  client.say({ op: 'ping', ref: 5 });
  await client.hears();
  goOn();
  const said = await hear(client, 3);
  said.sort((a, b) => Number(a.ref) - Number(b.ref));
  assert.deepEqual(
    said.map(({ op, ref, code }) => [op, ref, code]),
    [
      ['error', 1, 10004],
      ['ok', 2, undefined],
      ['ok', 4, undefined],
    ],
  );
  assert.deepEqual(server.topics(), ['kept.b']);
  history.ready = new Promise((resolve) => {
    goOn = resolve;
  });
  client.say({ op: 'subscribe', topic: 'kept.c', since: '0', ref: 6 });
  client.say({ op: 'ping', ref: 7 });
  await client.hears();
  const gone = next(server, 'Disconnected');
  client.socket.terminate();
  await gone;
  goOn();
  await until(() => server.topics().length === 0);
});
