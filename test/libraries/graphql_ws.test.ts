// graphql-ws: subscriptions, by its own client.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { startExample } from './engine.js';

const hello = async (client: Client): Promise<unknown> => {
  const { value } = await client.iterate<{ hello: string }>({ query: '{ hello }' }).next();
  return value?.data?.hello;
};

/** Publishes until `items` brings something: a subscription says nothing when it has begun. */
async function publishUntil(client: Client, items: AsyncIterator<unknown>): Promise<unknown> {
  const query = 'mutation { publish(text: "grüß Gott") }';
  let isThere = false;
  const item = items.next().finally(() => {
    isThere = true;
  });
  while (!isThere) for await (const _ of client.iterate({ query }));
  return (await item).value;
}

test('graphql-ws: a query, a subscription, a path that is not there, and again', async (t) => {
  const example = await startExample(t, 'graphql_ws');
  const url = `${example.url('ws')}/graphql`;
  const options = { webSocketImpl: WebSocket, retryAttempts: 100, retryWait: async () => {} };
  const client = createClient({ url, ...options, shouldRetry: () => true });
  defer(t, () => client.dispose());
  assert.equal(await hello(client), 'world');
  const subscription = client.iterate({ query: 'subscription { news }' });
  const item = await publishUntil(client, subscription);
  assert.deepEqual(JSON.parse(JSON.stringify(item)), { data: { news: 'grüß Gott' } });

  const [error] = await once(new WebSocket(`${example.url('ws')}/nothing`), 'error');
  assert.match(error.message, /400/);

  await example.kill();
  await example.restart();
  assert.equal(await hello(client), 'world');
});

test('graphql-ws: who speaks out of turn is closed with a code of its own', async (t) => {
  const example = await startExample(t, 'graphql_ws');
  const socket = new WebSocket(`${example.url('ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  assert.equal(socket.protocol, 'graphql-transport-ws');
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: '{ hello }' } }));
  const [code, reason] = await once(socket, 'close');
  assert.deepEqual([code, `${reason}`], [4401, 'Unauthorized']);
});
