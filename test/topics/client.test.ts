// native-wsserver/client in Node.js, with the WebSocket of undici.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { TopicAction, WSServer } from 'native-wsserver';
import type {
  ClientOptions,
  Message,
  TopicsClient,
  TopicsError,
} from 'native-wsserver/client' with { 'resolution-mode': 'import' };
import { WebSocket } from 'undici';
import { WebSocketServer } from 'ws';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';
import { until } from '../support/server.js';
import { type MemoryBus, serveKept, startTopics } from '../support/topics.js';

const load = () => import('native-wsserver/client');

const urlOf = ({ localPort }: { localPort: number }): string => `ws://127.0.0.1:${localPort}`;

/** A client that comes back quickly. */
async function start(
  t: TestContext,
  url: string,
  options: ClientOptions = {},
): Promise<TopicsClient> {
  const { TopicsClient } = await load();
  const client = new TopicsClient(url, { WebSocket, minDelay: 10, maxDelay: 50, ...options });
  defer(t, () => client.close());
  return client;
}

const opened = (client: TopicsClient): Promise<void> => until(() => client.connected);

/** What a promise is rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<TopicsError> {
  const { TopicsError } = await load();
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TopicsError);
  return error;
}

test('it subscribes, publishes, and takes its subscriptions back', async (t) => {
  const { server } = await startTopics(t);
  const [a, b] = [await start(t, urlOf(server)), await start(t, urlOf(server))];
  const heard: Message[] = [];
  const first = b.subscribe('news.*', (_, message) => heard.push(message));
  await first.ready;
  const texts: string[] = [];
  const second = b.subscribe<string>('news.*', (data) => texts.push(data));
  await second.ready;
  await opened(a);
  const values = ['text', { deep: [1, null] }, 7, Uint8Array.of(0, 128, 255), new Uint8Array(0)];
  for (const value of values) assert.equal(await a.publish('news.x', value), undefined);
  await until(() => heard.length === values.length);
  assert.deepEqual(
    heard.map(({ topic, data }) => [topic, data]),
    values.map((value) => ['news.x', value]),
  );
  assert.deepEqual(texts, values);
  second.unsubscribe();
  second.unsubscribe();
  await a.publish('news.x', 'one left');
  await until(() => heard.length === values.length + 1);
  assert.equal(texts.length, values.length);
  first.unsubscribe();
  await until(() => server.topics().length === 0);
});

test('each message goes to the subscriptions that it fits', async (t) => {
  const { server } = await startTopics(t);
  const client = await start(t, urlOf(server));
  const heard: string[] = [];
  const patterns = ['a.b', 'a.*', 'a.>', '*.b', '>', '*.*.c', 'a'];
  const ready = patterns.map(
    (pattern) =>
      client.subscribe(pattern, (_, { topic }) => heard.push(`${pattern} ${topic}`)).ready,
  );
  await Promise.all(ready);
  const everybody: unknown[] = [];
  client.on('broadcast', ({ data }) => everybody.push(data));
  for (const topic of ['a.b', 'a', 'a.b.c', 'x.b', 'x']) await server.publish(topic, '1');
  await server.broadcast('all');
  await until(() => everybody.length > 0);
  assert.deepEqual(heard, [
    ...['a.b', 'a.*', 'a.>', '*.b', '>'].map((pattern) => `${pattern} a.b`),
    ...['>', 'a'].map((pattern) => `${pattern} a`),
    ...['a.>', '>', '*.*.c'].map((pattern) => `${pattern} a.b.c`),
    ...['*.b', '>'].map((pattern) => `${pattern} x.b`),
    '> x',
  ]);
});

/** The server is gone; what `act` does meanwhile; another one comes on its port. */
async function restart(t: TestContext, server: WSServer, act: () => unknown): Promise<WSServer> {
  const { localPort, bus } = server;
  await server.shutdown();
  await act();
  return serveKept(t, () => true, bus as MemoryBus, { localPort });
}

test('after a restart it has all that was kept, in order, and what is new', async (t) => {
  const { server, history } = await startTopics(t);
  const client = await start(t, urlOf(server));
  const log: string[] = [];
  client.on('open', ({ again }) => log.push(`open ${again}`));
  client.on('gap', ({ topic }) => log.push(`gap ${topic}`));
  const heard: unknown[] = [];
  const kept = client.subscribe('kept.>', (data) => heard.push(data));
  // Fits as well, and comes neither late nor twice.
  const narrow: unknown[] = [];
  const second = client.subscribe('kept.a', (data) => narrow.push(data));
  const other = client.subscribe('other', () => {});
  await Promise.all([kept.ready, second.ready, other.ready]);
  assert.equal(kept.lastId, undefined);
  const numbers: number[] = [];
  const keep = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      numbers.push(numbers.length);
      await history.publish('kept.a', 1, Buffer.from(`${numbers.length - 1}`));
    }
  };
  await keep(3);
  await until(() => heard.length === 3);
  assert.equal(kept.lastId, '3');
  const again = await restart(t, server, () => keep(50));
  await until(() => heard.length === 53 && narrow.length === 53);
  await keep(3);
  await until(() => heard.length === 56 && narrow.length === 56);
  assert.deepEqual(heard, numbers);
  assert.deepEqual(narrow, numbers);
  assert.deepEqual(log, ['open false', 'open true', 'gap other']);
  // Too old, and so it is said.
  await restart(t, again, async () => {
    await keep(10);
    history.oldest = 60;
  });
  await until(() => heard.length === 63 && narrow.length === 63);
  assert.deepEqual(heard.slice(-7), numbers.slice(-7));
  assert.deepEqual(log.slice(3).sort(), ['gap kept.>', 'gap kept.a', 'gap other', 'open true']);
  // A page that is loaded again knows where it was.
  const later = await start(t, urlOf(server));
  const rest: unknown[] = [];
  later.subscribe('kept.a', (data) => rest.push(data), { since: '64' });
  await until(() => rest.length === 2);
  assert.deepEqual(rest, numbers.slice(-2));
});

test('what comes while another subscription catches up comes to that in its place', async (t) => {
  const { server, history } = await startTopics(t);
  const client = await start(t, urlOf(server));
  const [narrow, wide]: [unknown[], unknown[]] = [[], []];
  await client.subscribe('kept.a', (data) => narrow.push(data)).ready;
  let goOn = (): void => {};
  history.ready = new Promise((resolve) => {
    goOn = resolve;
  });
  const { ready } = client.subscribe('kept.>', (data) => wide.push(data), { since: '0' });
  await client.publish('other', 'has been handled behind that');
  const publication = { topic: 'kept.a', kind: 1, payload: '1', id: '1' };
  history.kept.push(publication);
  await history.deliver(publication);
  await until(() => narrow.length > 0);
  assert.deepEqual(wide, []);
  goOn();
  await ready;
  assert.deepEqual([narrow, wide], [[1], [1]]);
});

test('what is published while there is no connection is rejected, or waits, up to a bound', async (t) => {
  const { server } = await startTopics(t);
  const heard: unknown[] = [];
  const listener = await start(t, urlOf(server));
  const client = await start(t, urlOf(server), { queue: 2 });
  const plain = await start(t, urlOf(server));
  await Promise.all([opened(client), opened(plain)]);
  await listener.subscribe('t', (data) => heard.push(data)).ready;
  let queued: Promise<unknown>[] = [];
  await restart(t, server, async () => {
    await until(() => !client.connected && !plain.connected);
    queued = [client.publish('t', 1), client.publish('t', 2)];
    assert.equal((await errorOf(client.publish('t', 3))).code, 0);
    assert.match((await errorOf(plain.publish('t', 4))).message, /no connection/);
    await assert.rejects(client.publish('t', 1n), TypeError);
  });
  assert.deepEqual(await Promise.all(queued), [undefined, undefined]);
});

test('what the end of the connection leaves open is rejected, and nothing is sent twice', async (t) => {
  const asked: TopicAction[] = [];
  const { server } = await startTopics(t, (_, action) => {
    asked.push(action);
    return action === 'subscribe' || new Promise(() => {});
  });
  const client = await start(t, urlOf(server), { queue: 1 });
  await opened(client);
  const lost = errorOf(client.publish('t', 1));
  await until(() => asked.length === 1);
  const [connectionId] = server.connections.keys();
  await server.disconnect(connectionId as number);
  assert.match((await lost).message, /lost/);
  await opened(client);
  await client.subscribe('t', () => {}).ready;
  assert.deepEqual(asked, ['publish', 'subscribe']);
  await server.shutdown();
  await until(() => !client.connected);
  const unanswered = [client.subscribe('u', () => {}).ready, client.publish('t', 2)];
  const events: unknown[] = [];
  client.on('close', (event) => events.push(event));
  client.close();
  client.close();
  for (const promise of unanswered) assert.equal((await errorOf(promise)).code, 0);
  assert.equal((await errorOf(client.publish('t', 3))).code, 0);
  assert.ok(events.length <= 1);
});

test('a subscription that is refused is there no more', async (t) => {
  let allowed = true;
  const asked: string[] = [];
  const { server } = await startTopics(t, (_, __, topic) => {
    asked.push(topic);
    return allowed;
  });
  const client = await start(t, urlOf(server));
  const errors: TopicsError[] = [];
  const off = client.on('error', (error) => errors.push(error));
  await client.subscribe('t', () => {}).ready;
  allowed = false;
  assert.equal((await errorOf(client.subscribe('u', () => {}).ready)).code, 10013);
  assert.equal((await errorOf(client.publish('t', 1))).code, 10013);
  const [connectionId] = server.connections.keys();
  await server.disconnect(connectionId as number);
  await until(() => errors.length === 2);
  assert.deepEqual(asked, ['t', 'u', 't', 't']);
  // What is about none of its requests.
  await server.sendText([...server.connections.keys()][0] as number, '{"op":"error","code":7}');
  await until(() => errors.length === 3);
  assert.equal(errors[2]?.code, 7);
  off();
  assert.equal((await errorOf(client.subscribe('v', () => {}).ready)).code, 10013);
  assert.equal(errors.length, 3);
});

test('a server that is silent is asked, and given up', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  defer(t, () => server.close());
  await once(server, 'listening');
  const asked: string[] = [];
  server.on('connection', (socket) => socket.on('message', (data) => asked.push(`${data}`)));
  const { port } = server.address() as { port: number };
  const client = await start(t, `ws://127.0.0.1:${port}`, { silence: 20 });
  const reasons: string[] = [];
  client.on('close', ({ reason }) => reasons.push(reason));
  await until(() => reasons.length === 2);
  assert.deepEqual(reasons, ['The server is silent', 'The server is silent']);
  assert.ok(asked.includes('{"op":"ping","ref":0}'));
  client.close();
  for (const socket of server.clients) socket.terminate();
});

test('it waits longer from attempt to attempt, and never as long as others', async (t) => {
  const { server } = await startTopics(t);
  const url = urlOf(server);
  await server.shutdown();
  const client = await start(t, url, { minDelay: 4, maxDelay: 20 });
  const delays: number[] = [];
  client.on('close', ({ delay = 0 }) => delays.push(delay));
  await until(() => delays.length === 6);
  for (const [attempt, delay] of delays.entries()) {
    const most = Math.min(20, 4 * 2 ** attempt);
    assert.ok(delay >= Math.floor(most / 2) && delay <= most, `${delays}`);
  }
});

test('what a handler throws keeps no other from its call', async (t) => {
  const { server } = await startTopics(t);
  const client = await start(t, urlOf(server));
  const heard: unknown[] = [];
  client.subscribe('t', () => {
    throw new Error('of the handler');
  });
  await client.subscribe('t', (data) => heard.push(data)).ready;
  // It is thrown later, when nobody is in its way: here, nowhere.
  const later = t.mock.method(globalThis, 'setTimeout', () => 0);
  await server.publish('t', 'x');
  await until(() => heard.length > 0);
  later.mock.restore();
  const [call] = later.mock.calls.filter(({ arguments: [, ms] }) => ms === undefined);
  assert.throws(call?.arguments[0] as () => void, /of the handler/);
});

test('without a WebSocket it says what to do', async () => {
  const { TopicsClient } = await load();
  const options = { WebSocket: undefined } as unknown as ClientOptions;
  assert.throws(() => new TopicsClient('ws://127.0.0.1:1', options), /give one among the options/);
});

test('it stands alone', () => {
  const source = fs.readFileSync(packagePath('dist/client.mjs'), 'utf8');
  assert.doesNotMatch(source, /\bimport\b|\brequire\(/);
});
