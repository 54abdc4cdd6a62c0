// What is published and kept, and those who come back: by a real nats-server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, dataOf, frame, idsOf, joinKept, listen, numbers } from '../support/kept.js';
import { startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { collect, startServer, until } from '../support/server.js';

test('what is kept comes to all, with its id, in one order', { skip: WITHOUT_NATS }, async (t) => {
  const { url } = await startNats(t);
  const a = await joinKept(t, url);
  const b = await joinKept(t, url);
  const here = await listen(t, a.server);
  const other = await listen(t, a.server);
  const there = await listen(t, b.server);
  await a.server.subscribe(here.id, 'chat.x');
  await a.server.subscribe(here.id, 'chat.*');
  await a.server.subscribe(other.id, 'chat.x');
  await b.server.subscribe(there.id, 'chat.>');
  await b.server.subscribe(there.id, 'chat.x');
  assert.equal(await a.server.publish('chat.x', '0', { keep: true }), 2);
  assert.equal(await a.server.publish('chat.x', '1', { keep: true, except: other.id }), 1);
  assert.equal(await a.server.publish('chat.nobody.here', '2', { keep: true }), 0);
  assert.equal(await b.server.publish('chat.x', '3', { keep: true, compress: false }), 1);
  await until(() => there.texts.length === 4 && here.texts.length === 3);
  assert.deepEqual(there.texts, ['1 chat.x 0', '2 chat.x 1', '3 chat.nobody.here 2', '4 chat.x 3']);
  assert.deepEqual(idsOf(here.texts), ['1', '2', '4']);
  await until(() => other.texts.length === 2);
  assert.deepEqual(dataOf(other.texts), ['0', '3']);
  const both = [a, b].flatMap(({ server }) =>
    Array.from({ length: 1000 }, (_, index) =>
      server.publish('chat.x', String(index), { keep: true }),
    ),
  );
  await Promise.all(both);
  await until(() => there.texts.length === 2004 && here.texts.length === 2003);
  assert.deepEqual(here.texts.slice(3), there.texts.slice(4));
});

test('who comes back gets what it has missed, in order, and then what is new', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const { server } = await joinKept(t, url);
  const gaps = collect(server, 'Gap');
  for (const data of numbers(600)) void server.publish('chat.x', data, { keep: true });
  await server.publish('chat.y', 'other', { keep: true });
  const client = await listen(t, server);
  assert.equal(await server.subscribe(client.id, 'chat.x', { since: '10' }), true);
  await server.publish('chat.x', '600', { keep: true });
  await until(() => client.texts.length === 591);
  assert.deepEqual(dataOf(client.texts), numbers(591, 10));
  // All there is, by a pattern.
  const all = await listen(t, server);
  const connection = server.connections.get(all.id);
  assert.equal(await connection?.subscribe('chat.*', { since: '0' }), true);
  await until(() => all.texts.length === 602);
  assert.deepEqual(idsOf(all.texts), numbers(602, 1));
  // Nothing new.
  const late = await listen(t, server);
  await server.subscribe(late.id, 'chat.x', { since: '602' });
  assert.equal(await server.subscribe(late.id, 'chat.x', { since: '1' }), false);
  await server.publish('chat.x', '601', { keep: true });
  await until(() => late.texts.length === 1);
  assert.deepEqual(gaps, []);
});

test('a since that cannot be, and what nothing is kept of, are errors that say so', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const { server } = await joinKept(t, url);
  const { id } = await listen(t, server);
  await server.publish('chat.x', 'x', { keep: true });
  const since = (text: unknown): Promise<number> =>
    codeOf(server.subscribe(id, 'chat.x', { since: text as string }));
  for (const text of ['2', '99', '', '-1', '1.5', '01', 'x', 1, null]) {
    assert.equal(await since(text), 10022, String(text));
  }
  assert.equal(await codeOf(server.subscribe(id, 'news', { since: '1' })), 10022);
  assert.equal(await codeOf(server.subscribe(id, '>', { since: '1' })), 10022);
  assert.equal(await codeOf(server.subscribe(id, 'chat..x', { since: '1' })), 10022);
  assert.equal(await codeOf(server.subscribe(id + 1, 'chat.x', { since: '1' })), 126);
  assert.equal(await codeOf(server.publish('news', 'x', { keep: true })), 10022);
  assert.equal(await codeOf(server.broadcast('x', { keep: true })), 10022);
  assert.deepEqual(server.topics(), []);
  const alone = await startServer(t);
  await assert.rejects(alone.publish('chat.x', 'x', { keep: true }), /natsBus\(\{ history/);
});

test('what is not kept any more is told before the rest comes', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const { server } = await joinKept(t, url, { maxMessages: 5, frame });
  for (const data of numbers(20)) await server.publish('chat.x', data, { keep: true });
  const { id, texts } = await listen(t, server);
  const told: unknown[] = [];
  server.on('Gap', ({ connectionId, topic, since, firstId }) => {
    told.push([connectionId, topic, since, firstId, texts.length]);
    void server.sendText(connectionId, `gap ${firstId}`);
  });
  await server.subscribe(id, 'chat.x', { since: '3' });
  await until(() => texts.length === 6);
  assert.deepEqual(told, [[id, 'chat.x', '3', '16', 0]]);
  assert.deepEqual(dataOf(texts), ['16', ...numbers(5, 15)]);
  // Who has had the last that went has missed nothing, nor has who asks for all.
  for (const since of ['15', '0']) {
    const other = await listen(t, server);
    await server.subscribe(other.id, 'chat.x', { since });
    await until(() => other.texts.length === 5);
  }
  assert.equal(told.length, 1);
});

test('through a restart of NATS nothing kept is lost, nothing comes twice, and all in order', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const a = await joinKept(t, nats.url);
  const b = await joinKept(t, nats.url);
  const here = await listen(t, a.server);
  const there = await listen(t, b.server);
  await a.server.subscribe(here.id, 'chat.>');
  await b.server.subscribe(there.id, 'chat.x');
  await b.server.subscribe(there.id, 'chat.y');
  const kept: Promise<number>[] = [];
  let isDone = false;
  const publishing = (async () => {
    for (let count = 0; !isDone; count++) {
      const topic = count % 2 === 0 ? 'chat.x' : 'chat.y';
      kept.push(a.server.publish(topic, String(count), { keep: true }));
      await sleep(1);
    }
  })();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await sleep(300);
    await nats.end(signal);
    await sleep(300);
    await nats.start();
    await sleep(1500);
  }
  isDone = true;
  await publishing;
  await Promise.all(kept);
  await until(() => there.texts.length >= kept.length && here.texts.length >= kept.length);
  assert.deepEqual(dataOf(here.texts), numbers(kept.length));
  assert.deepEqual(there.texts, here.texts);
});

test('all who come back at once get what they have missed', { skip: WITHOUT_NATS }, async (t) => {
  const { url } = await startNats(t);
  const { server } = await joinKept(t, url);
  for (const data of numbers(300)) void server.publish('chat.x', data, { keep: true });
  await server.publish('chat.x', '300', { keep: true });
  const clients: Awaited<ReturnType<typeof listen>>[] = [];
  for (let count = 0; count < 100; count++) clients.push(await listen(t, server));
  const joined = clients.map(({ id }, index) =>
    server.subscribe(id, 'chat.x', { since: String(100 * (index % 3)) }),
  );
  await Promise.all(joined);
  await server.publish('chat.x', '301', { keep: true });
  await until(() => clients.every(({ texts }) => texts.at(-1)?.endsWith(' 301')));
  clients.forEach(({ texts }, index) => {
    const from = 100 * (index % 3);
    assert.deepEqual(dataOf(texts), numbers(302 - from, from));
  });
});

test('50 clients come and go with their last id while much is published', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { url } = await startNats(t);
  const nodes = [await joinKept(t, url), await joinKept(t, url)];
  let isDone = false;
  let count = 0;
  const publishing = (async () => {
    while (!isDone) {
      const some = numbers(10, count).map((data) =>
        nodes[0]?.server.publish('chat.x', data, { keep: true }),
      );
      count += some.length;
      await Promise.all(some);
    }
  })();
  await until(() => count > 100);
  const histories = await Promise.all(
    numbers(50).map(async (_, index) => {
      const heard: string[] = [];
      for (let round = 0; round < 4; round++) {
        const server = nodes[(index + round) % 2]?.server;
        assert.ok(server !== undefined);
        const { id, socket, texts } = await listenAs(t, server);
        const since = idsOf(heard).at(-1) ?? '50';
        await server.subscribe(id, 'chat.x', { since });
        await sleep(20 + 7 * index);
        const closed = once(socket, 'close');
        socket.close();
        await closed;
        heard.push(...texts);
      }
      return heard;
    }),
  );
  isDone = true;
  await publishing;
  for (const heard of histories) {
    assert.ok(heard.length > 50);
    assert.deepEqual(dataOf(heard), numbers(heard.length, 50));
  }
});

/** One of many that connect at the same time. */
async function listenAs(
  t: Parameters<typeof listen>[0],
  server: Parameters<typeof listen>[1],
): ReturnType<typeof listen> {
  while (busy.has(server)) await busy.get(server);
  const listening = listen(t, server);
  busy.set(
    server,
    listening.finally(() => busy.delete(server)),
  );
  return listening;
}
const busy = new Map<object, Promise<unknown>>();
