// Topics across machines, by a real nats-server.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connect, headers, MsgHdrsImpl, type NatsConnection } from '@nats-io/transport-node';
import type * as CopiesModule from '../../dist/nats/copies.js';
import { defer } from '../support/defer.js';
import { joinNats, startNats, subscriber, WITHOUT_NATS } from '../support/nats_server.js';
import { open } from '../support/open.js';
import { packagePath } from '../support/package_path.js';
import { collect, until } from '../support/server.js';

const { Copies }: typeof CopiesModule = require(packagePath('dist/nats/copies.js'));

/** A client of NATS that knows nothing of us. */
async function bareClient(t: TestContext, servers: string): Promise<NatsConnection> {
  const connection = await connect({ servers });
  defer(t, () => connection.close());
  return connection;
}

test('what is published on one node reaches the clients of all, once each and in order', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const [a, b] = await Promise.all([1, 2].map(() => joinNats(t, { servers: nats.url })));
  assert.ok(a && b);
  const here = await subscriber(t, a.server, 'news.sports');
  const there = await subscriber(t, b.server, 'news.*', 'news.sports', '>', '*.sports');
  await nats.untilSubjects(
    ...['wss.topic.news.sports', 'wss.topic.news.*', 'wss.topic.news.sports'],
    ...['wss.topic.>', 'wss.topic.*.sports'],
  );
  const wanted = Array.from({ length: 500 }, (_, index) => `${index}`);
  for (const text of wanted) a.server.publish('news.sports', text);
  await until(() => there.messages.length >= wanted.length);
  a.server.broadcast('all');
  await until(() => there.messages.includes('all') && here.messages.includes('all'));
  assert.deepEqual(there.messages, [...wanted, 'all']);
  assert.deepEqual(here.messages, [...wanted, 'all']);
  assert.equal(a.bus.lost + b.bus.lost, 0);
});

test('only what clients want is asked for, and it is taken back', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const { server } = await joinNats(t, { servers: nats.url, prefix: 'a.b' });
  const one = await subscriber(t, server, 'x.*', 'y');
  const two = await subscriber(t, server, 'y');
  await nats.untilSubjects('a.b.topic.x.*', 'a.b.topic.y');
  await one.connection.unsubscribe('x.*');
  await nats.untilSubjects('a.b.topic.y');
  one.client.socket.destroy();
  await until(() => server.wsConnectionCount === 1);
  await nats.untilSubjects('a.b.topic.y');
  await two.connection.unsubscribe('y');
  await nats.untilSubjects();
  server.bus = undefined;
  while ((await nats.subjects()).length > 0);
});

test('any client of NATS takes part: subjects, headers, text and binary', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const { server } = await joinNats(t, { servers: nats.url });
  const bare = await bareClient(t, nats.url);
  const got: string[] = [];
  bare.subscribe('wss.>', {
    callback: (_, { subject, data, headers: given }) => {
      // A greeting of the node.
      if (subject === 'wss.nodes') return;
      const names = (given?.keys() ?? []).filter((name) => name !== 'Wss-Id');
      const rows = names.map((name) => `${name}: ${given?.get(name)}`);
      got.push([subject, ...rows, Buffer.from(data).toString('latin1')].join(' | '));
    },
  });
  await bare.flush();
  server.publish('a.b', 'text');
  server.publish('a.b', Buffer.from([0xff, 0]), { compress: false });
  server.broadcast(Buffer.from('bytes'));
  await until(() => got.length === 3);
  assert.deepEqual(got, [
    'wss.topic.a.b | Wss-Type: text | text',
    'wss.topic.a.b | Wss-Type: binary | Wss-Compress: no | \xff\0',
    'wss.everybody | Wss-Type: binary | bytes',
  ]);

  const { messages } = await subscriber(t, server, 'x.*', '*.y');
  await nats.untilSubjects('wss.>', 'wss.topic.*.y', 'wss.topic.x.*');
  const typed = (type: string, ...others: [string, string][]) => {
    const given = headers();
    for (const [name, value] of [['Wss-Type', type] as const, ...others]) given.set(name, value);
    return { headers: given };
  };
  bare.publish('wss.topic.x.y', 'plain');
  bare.publish('wss.topic.x.y', Buffer.from([0xff]));
  bare.publish('wss.topic.x.y', 'A', typed('binary'));
  bare.publish('wss.topic.x.y', 'B', typed('text', ['Other', 'x'], ['Wss-Compress', 'no']));
  bare.publish('wss.topic.x.y', 'C', typed('text', ['Wss-Id', 'me.1']));
  bare.publish('wss.topic.x.y', 'D', typed('text', ['Wss-Id', 'nonsense']));
  bare.publish('wss.topic.x.z', '');
  bare.publish('wss.everybody', 'end');
  await until(() => messages.includes('end'));
  assert.deepEqual(messages, ['plain', '2 0 ff', '2 0 41', 'B', 'C', 'D', '', 'end']);
});

test('a message of a foreign shape is an error, and no crash', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const { server } = await joinNats(t, { servers: nats.url });
  const bare = await bareClient(t, nats.url);
  const { messages } = await subscriber(t, server, '>', 'x.y');
  await nats.untilSubjects('wss.topic.>', 'wss.topic.x.y');
  const errors = collect(server, 'Error');
  const typed = (type: string) => {
    const given = headers();
    given.set('Wss-Type', type);
    return { headers: given };
  };
  class Broken extends MsgHdrsImpl {
    override encode(): Uint8Array {
      return Buffer.from('NATS/1.0\r\nno name: x\r\n\r\n');
    }
  }
  bare.publish('wss.topic.x.y', 'A', typed('json'));
  bare.publish('wss.topic.x.y', Buffer.from([0xff]), typed('text'));
  bare.publish('wss.topic.x.y', 'B', { headers: new Broken() });
  bare.publish(`wss.topic.${'x'.repeat(300)}`, 'C');
  // Percents that nobody of us writes are not ours.
  bare.publish('wss.topic.50%', 'D');
  bare.publish('wss.topic.%41', 'E');
  bare.publish('wss.topic.x.y', 'end');
  await until(() => messages.length > 0);
  assert.deepEqual(messages, ['end']);
  assert.deepEqual(
    errors.map(({ connectionId, errorCode }) => [connectionId, errorCode]),
    Array(4).fill([0, 10022]),
  );
  assert.match(`${errors[0]?.description}`, /has brought for topic\.x\.y is no message/);
  assert.match(`${errors[3]?.description}`, /has 1 to 255 bytes/);
});

test('topics may have what subjects of NATS may not', { skip: WITHOUT_NATS }, async (t) => {
  const nats = await startNats(t);
  const [a, b] = await Promise.all([1, 2].map(() => joinNats(t, { servers: nats.url })));
  assert.ok(a && b);
  const topics = [
    'a\u00a0b',
    '\u3000',
    '50%',
    '%25',
    'ü.ß.😀',
    'a*b.>c',
    '$SYS',
    `${'x'.repeat(255)}`,
  ];
  const { messages } = await subscriber(t, b.server, ...topics);
  while ((await nats.subjects()).length < 2 + topics.length);
  assert.ok((await nats.subjects()).includes('wss.topic.a%C2%A0b'));
  for (const topic of topics) a.server.publish(topic, topic);
  await until(() => messages.length === topics.length);
  assert.deepEqual(messages, topics);
});

test('a message comes once while subscriptions that fit it come and go', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const [a, b] = await Promise.all([1, 2].map(() => joinNats(t, { servers: nats.url })));
  assert.ok(a && b);
  const bare = await bareClient(t, nats.url);
  const steady = await subscriber(t, b.server, 'x.y');
  const fickle = await open(t, b.server);
  await nats.untilSubjects('wss.topic.x.y');
  const patterns = ['x.*', '*.y', '>', 'x.>', '*.*'];
  let count = 0;
  for (let round = 0; round < 200; round++) {
    const pattern = patterns[round % patterns.length] as string;
    if (round % 3 === 0) await fickle.connection.unsubscribe(pattern);
    else await fickle.connection.subscribe(pattern);
    // The one that has been there for longest goes, and comes again, while another is there.
    if (round % 10 === 0) await steady.connection.subscribe('*.y');
    if (round % 10 === 1) await steady.connection.unsubscribe('x.y');
    if (round % 10 === 5) await steady.connection.subscribe('x.y');
    if (round % 10 === 6) await steady.connection.unsubscribe('*.y');
    for (let index = 0; index < 5; index++) a.server.publish('x.y', `${count++}`);
    if (round % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => steady.messages.length >= count);
  // Of other programs, too, as long as nothing changes.
  for (let index = 0; index < 100; index++) bare.publish('wss.topic.x.y', `${count++}`);
  await until(() => steady.messages.length >= count);
  a.server.publish('x.y', 'end');
  await until(() => steady.messages.includes('end'));
  assert.deepEqual(steady.messages, [
    ...Array.from({ length: count }, (_, index) => `${index}`),
    'end',
  ]);
});

test('other subjects go as they are, and handlers get a message once', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const [a, b] = await Promise.all([1, 2].map(() => joinNats(t, { servers: nats.url })));
  assert.ok(a && b);
  const bare = await bareClient(t, nats.url);
  const got: string[] = [];
  const take = (subject: string, bytes: Uint8Array): void => {
    got.push(`${subject} ${Buffer.from(bytes)}`);
  };
  const end = b.bus.subscribe('other.*', take);
  b.bus.subscribe('other.1', take);
  const own: string[] = [];
  a.bus.subscribe('other.1', (_, bytes) => own.push(`${Buffer.from(bytes)}`));
  await nats.untilSubjects('wss.other.*', 'wss.other.1', 'wss.other.1');
  a.bus.publish('other.1', Buffer.from('\u0001hello'));
  await until(() => got.length === 1);
  bare.publish('wss.other.1', 'bare');
  await until(() => got.length === 2);
  end();
  a.bus.publish('other.1', Buffer.alloc(0));
  await until(() => got.length === 3);
  assert.deepEqual(got, ['other.1 \u0001hello', 'other.1 bare', 'other.1 ']);
  assert.deepEqual(own, ['bare']);
  assert.throws(() => a.bus.publish('topic.x', Buffer.from('x')), {
    code: 10022,
    message: /begins with its kind/,
  });
  b.bus.close();
  b.bus.close();
  b.bus.publish('other.1', Buffer.from('nothing'));
  b.bus.subscribe('other.2', take);
  assert.equal(b.bus.lost, 0);
});

test('of very many senders those are forgotten of whom nothing has come for longest', () => {
  const copies = new Copies();
  const isNew = (sender: string, number: number): boolean =>
    copies.isNew({ kind: 1, sender, number });
  assert.deepEqual(
    [isNew('a', 1), isNew('a', 1), isNew('a', 3), isNew('a', 2), isNew('b', 1)],
    [true, false, true, false, true],
  );
  for (let index = 0; index < 10_000; index++) isNew(`x${index}`, 1);
  assert.deepEqual([isNew('a', 3), isNew('a', 4), isNew('b', 1)], [false, true, false]);
  for (let index = 0; index < 10_000; index++) isNew(`y${index}`, 1);
  assert.deepEqual([isNew('a', 4), isNew('b', 1)], [false, true]);
});
