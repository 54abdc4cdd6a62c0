// Clients of topics.v1 that come back, and what a real nats-server has kept for them.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { serveTopics, type WSServer } from 'native-wsserver';
import type { TopicsClient } from 'native-wsserver/client' with { 'resolution-mode': 'import' };
import { WebSocket } from 'undici';
import { defer } from '../support/defer.js';
import { joinKept, numbers } from '../support/kept.js';
import { startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { next, until } from '../support/server.js';

/** A client, and what it is told. */
async function start(
  t: TestContext,
  server: WSServer,
): Promise<{ client: TopicsClient; gaps: string[]; leave(): Promise<void> }> {
  const { TopicsClient } = await import('native-wsserver/client');
  const connected = next(server, 'Connected');
  const client = new TopicsClient(`ws://127.0.0.1:${server.localPort}`, {
    WebSocket,
    minDelay: 300,
    maxDelay: 300,
  });
  defer(t, () => client.close());
  let { connectionId } = await connected;
  const gaps: string[] = [];
  client.on('gap', ({ topic }) => gaps.push(topic));
  server.on('Connected', (event) => {
    connectionId = event.connectionId;
  });
  /** Its connection is ended: it comes back by itself. */
  const leave = async (): Promise<void> => {
    const gone = next(server, 'Disconnected');
    void server.disconnect(connectionId);
    await gone;
  };
  return { client, gaps, leave };
}

test('who has never had a message comes back without a gap, and gets what it has missed', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const { server } = await joinKept(t, url, { maxMessages: 5 });
  serveTopics(server, { authorize: () => true });
  const { client, gaps, leave } = await start(t, server);
  await server.publish('chat.other', 'before', { keep: true });
  const heard: string[] = [];
  const subscription = client.subscribe<string>('chat.x', (data) => heard.push(data));
  await subscription.ready;
  assert.equal(subscription.lastId, '1');
  const subscribed = (): Promise<void> => until(() => server.topics().includes('chat.x'));
  // Nothing has been published meanwhile.
  await leave();
  await subscribed();
  // What is kept of others goes beyond what it knows; it learns of that when it comes back.
  for (const round of [3, 4]) {
    for (const data of numbers(round)) await server.publish('chat.other', data, { keep: true });
    await leave();
    await subscribed();
    await until(() => subscription.lastId === String(round === 3 ? 4 : 8));
  }
  await leave();
  for (const data of ['one', 'two']) await server.publish('chat.x', data, { keep: true });
  await subscribed();
  await server.publish('chat.x', 'three', { keep: true });
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ['one', 'two', 'three']);
  assert.deepEqual(gaps, []);
  // More than is kept.
  await leave();
  for (const data of numbers(6)) await server.publish('chat.x', data, { keep: true });
  await subscribed();
  await until(() => heard.length === 8);
  assert.deepEqual(heard.slice(3).map(String), numbers(5, 1));
  assert.deepEqual(gaps, ['chat.x']);
});

test('who comes back to what nothing was ever kept of is told of a gap', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const { server } = await joinKept(t, url, { maxMessages: 5 });
  serveTopics(server, { authorize: () => true });
  const { client, gaps, leave } = await start(t, server);
  const subscription = client.subscribe('chat.x', () => {});
  await subscription.ready;
  assert.equal(subscription.lastId, undefined);
  await leave();
  await until(() => gaps.length === 1);
});
