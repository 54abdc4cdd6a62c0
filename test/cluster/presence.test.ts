// Who is subscribed, on all servers, and how many there are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from 'native-wsserver';
import type * as OtherNodesModule from '../../dist/cluster/other_nodes.js';
import { type Node, soon, startNode, startNodes, Wire } from '../support/cluster.js';
import { open, startOpen } from '../support/open.js';
import { packagePath } from '../support/package_path.js';
import { assertAtLeast } from '../support/patience.js';
import { until } from '../support/server.js';

const { OtherNodes }: typeof OtherNodesModule = require(packagePath('dist/cluster/other_nodes.js'));

type Three = [Node, Node, Node];

const infosOf = (members: readonly Member[]): unknown[] => members.map(({ info }) => info).sort();

test('who is subscribed is told by all', async (t) => {
  const [a, b, c] = (await startNodes(t, 3)) as Three;
  const ann = await open(t, a.server);
  ann.connection.presence = { name: 'Ann' };
  await ann.connection.subscribe('room.1');
  const bob = await open(t, b.server);
  await bob.connection.subscribe('room.*');
  await bob.connection.subscribe('room.1');
  bob.connection.presence = 'Bob';
  const nobody = await open(t, b.server);
  await nobody.connection.subscribe('room.1');
  await open(t, c.server);

  assert.deepEqual(await a.server.presence('room.1'), {
    count: 3,
    members: [
      { uid: ann.connection.connectionUID, nodeId: a.server.nodeId, info: { name: 'Ann' } },
      { uid: bob.connection.connectionUID, nodeId: b.server.nodeId, info: 'Bob' },
      { uid: nobody.connection.connectionUID, nodeId: b.server.nodeId, info: undefined },
    ],
  });
  assert.deepEqual((await c.server.presence('room.2')).members, [
    { uid: bob.connection.connectionUID, nodeId: b.server.nodeId, info: 'Bob' },
  ]);
  assert.deepEqual(await c.server.presence('elsewhere'), { count: 0, members: [] });
  assert.deepEqual(await a.server.presence('room.1', { members: 0 }), { count: 3, members: [] });
  const one = await c.server.presence('room.1', { members: 1 });
  assert.deepEqual([one.count, infosOf(one.members)], [3, ['Bob', { name: 'Ann' }]]);

  const counts = await a.server.clusterCounts();
  assert.deepEqual(counts[0], {
    nodeId: a.server.nodeId,
    connections: 1,
    subscribers: 1,
    topics: 1,
  });
  const byNode = new Map(counts.map(({ nodeId, ...rest }) => [nodeId, rest]));
  assert.deepEqual(byNode.get(b.server.nodeId), { connections: 2, subscribers: 2, topics: 2 });
  assert.deepEqual(byNode.get(c.server.nodeId), { connections: 1, subscribers: 0, topics: 0 });
  assert.equal(byNode.size, 3);

  bob.connection.presence = undefined;
  await nobody.connection.unsubscribe('room.1');
  ann.client.reset();
  await until(() => a.server.wsConnectionCount === 0);
  const { count, members } = await c.server.presence('room.1');
  assert.deepEqual([count, infosOf(members)], [1, [undefined]]);
});

test('what is told of who is subscribed is bounded, and how many is not', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Three;
  for (let clients = 0; clients < 20; clients++) {
    const { connection } = await open(t, b.server);
    connection.presence = 'x'.repeat(1000);
    await connection.subscribe('t');
  }
  b.bus.maxPayload = 10_000;
  const { count, members } = await a.server.presence('t');
  assert.deepEqual([count, members.length], [20, 8]);
  assert.ok(b.bus.published.every(([, bytes]) => bytes.length <= 10_000));
  assert.equal((await b.server.presence('t')).members.length, 20);
  b.bus.maxPayload = 100;
  assert.deepEqual(await a.server.presence('t'), { count: 20, members: [] });
});

test('mistakes in what is asked for', async (t) => {
  const { server } = await startNode(t, new Wire());
  for (const members of [-1, 1.5, 10_001, Number.NaN, '5' as unknown as number]) {
    await assert.rejects(server.presence('t', { members }), { code: 10022 });
  }
  for (const topic of ['', 'a.*', '>', 'a b', 7 as unknown as string]) {
    await assert.rejects(server.presence(topic), { code: 10022 });
  }
});

test('what is attached to a connection is JSON of up to 1,024 bytes', async (t) => {
  const { connection } = await startOpen(t);
  assert.equal(connection.presence, undefined);
  const info = { name: 'Ann', since: new Date(0) };
  connection.presence = info;
  info.name = 'Bob';
  assert.deepEqual(connection.presence, { name: 'Ann', since: '1970-01-01T00:00:00.000Z' });
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const mistakes = [circle, 1n, () => {}, Symbol('s'), 'x'.repeat(1023), 'ä'.repeat(512)];
  for (const mistake of mistakes) {
    assert.throws(() => Reflect.set(connection, 'presence', mistake), { code: 10022 });
  }
  assert.deepEqual(connection.presence, { name: 'Ann', since: '1970-01-01T00:00:00.000Z' });
  for (const right of ['x'.repeat(1022), null, 0, [1, [2]], true, undefined]) {
    connection.presence = right;
    assert.deepEqual(connection.presence, right);
  }
});

test('a server that dies is left out after a second, and is there again when it is heard', async (t) => {
  const [a, b, c] = (await startNodes(t, 3)) as Three;
  for (const { server } of [a, b, c]) await (await open(t, server)).connection.subscribe('t');
  assert.equal((await a.server.presence('t')).count, 3);
  b.bus.isDead = true;
  const started = performance.now();
  const [counts, presence] = await Promise.all([a.server.clusterCounts(), a.server.presence('t')]);
  assertAtLeast(990, performance.now() - started);
  assert.deepEqual([counts.length, presence.count], [2, 2]);
  assert.equal((await soon(a.server.presence('t'))).count, 2);
  b.bus.isDead = false;
  // It greets the others every two seconds.
  while ((await a.server.presence('t')).count < 3) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test('one that goes says so, and one that has just come waits for what others say', async (t) => {
  const wire = new Wire();
  const a = await startNode(t, wire);
  const b = await startNode(t, wire);
  assert.equal((await b.server.clusterCounts()).length, 2);
  assert.equal((await a.server.clusterCounts()).length, 2);
  b.server.bus = undefined;
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.equal((await soon(a.server.clusterCounts())).length, 1);
  const c = await startNode(t, wire);
  const [both, one] = await Promise.all([c.server.clusterCounts(), b.server.clusterCounts()]);
  assert.deepEqual([both.length, one.length], [2, 1]);
});

test('who is silent for five seconds is not waited for any more', (t) => {
  let nowMs = 1000;
  t.mock.method(performance, 'now', () => nowMs);
  const nodes = new OtherNodes();
  assert.equal(nodes.hear('a'), true);
  nowMs += 3000;
  assert.equal(nodes.hear('b'), true);
  assert.equal(nodes.hear('b'), false);
  assert.deepEqual(nodes.ids(), ['a', 'b']);
  nowMs += 2001;
  assert.deepEqual(nodes.ids(), ['b']);
  nodes.forget('b');
  assert.deepEqual(nodes.ids(), []);
  for (let count = 0; count < 1500; count++) nodes.hear(`${count}`);
  assert.equal(nodes.ids().length, 1000);
});
