// Messages to one client, wherever it is connected.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ThreadBus } from 'native-wsserver/workers';
import { closeCode, Op } from '../support/byte_client.js';
import { type Node, startNode, startNodes, TestBus, Wire } from '../support/cluster.js';
import { defer } from '../support/defer.js';
import { open } from '../support/open.js';
import { assertAtLeast } from '../support/patience.js';
import { collect, startServer, until } from '../support/server.js';

type Three = [Node, Node, Node];
const UID = /^[0-9a-f]{1,16}-[0-9a-f]{1,16}$/;

test('it reaches the client from each server, as text or bytes, and in order', async (t) => {
  const [a, b, c] = (await startNodes(t, 3)) as Three;
  const { client, connection } = await open(t, b.server);
  const uid = connection.connectionUID;
  assert.match(uid, UID);
  assert.equal(uid, b.server.config(`ConnectionUID[${connection.connectionId}]`));
  assert.ok(uid.startsWith(`${b.server.nodeId}-`));
  assert.notEqual(a.server.nodeId, b.server.nodeId);
  for (const { server } of [a, b, c]) {
    await server.sendTo(uid, 'Grüße');
    const text = await client.readFrame();
    assert.deepEqual([text.opcode, String(text.payload)], [Op.text, 'Grüße']);
    await server.sendTo(uid, Uint16Array.of(1, 2).subarray(1));
    const { opcode, payload } = await client.readFrame();
    assert.deepEqual([opcode, [...payload]], [Op.binary, [2, 0]]);
    await server.sendTo(uid, '');
    assert.equal((await client.readFrame()).payload.length, 0);
  }
  const sent = Array.from({ length: 500 }, (_, index) => a.server.sendTo(uid, `${index}`));
  for (let index = 0; index < 500; index++) {
    assert.equal(String((await client.readFrame()).payload), `${index}`);
  }
  await Promise.all(sent);
});

test('a client that is nowhere is error 126, and so is a server that is gone', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Three;
  const { client, connection } = await open(t, b.server);
  const uid = connection.connectionUID;
  const nowhere = [
    '',
    'x',
    '1',
    `${uid}0`,
    `${a.server.nodeId}-20001`,
    `${b.server.nodeId}-fffff`,
    `${b.server.nodeId}-`,
    7 as unknown as string,
    Symbol('s') as unknown as string,
    {} as string,
  ];
  for (const each of nowhere) {
    await assert.rejects(a.server.sendTo(each, 'x'), { code: 126 }, String(each));
    await assert.rejects(a.server.disconnectAt(each), { code: 126 }, String(each));
  }
  const gone = once(b.server, 'Disconnected');
  client.reset();
  await gone;
  await assert.rejects(a.server.sendTo(uid, 'x'), { code: 126 });
  await assert.rejects(b.server.sendTo(uid, 'x'), { code: 126 });

  b.bus.isDead = true;
  const started = performance.now();
  await assert.rejects(a.server.sendTo(uid, 'x'), {
    code: 126,
    message: /has not answered: it has 2 seconds/,
  });
  assertAtLeast(1990, performance.now() - started);

  const alone = await startServer(t);
  await assert.rejects(alone.sendTo(uid, 'x'), { code: 126 });
  await assert.rejects(alone.disconnectAt(uid), { code: 126 });
  const own = await open(t, alone);
  await alone.sendTo(own.connection.connectionUID, 'own');
  assert.equal(String((await own.client.readFrame()).payload), 'own');
});

test('what the queue does not take is the error of its server', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Three;
  const { client, connection, id } = await open(t, b.server);
  const errors = [collect(a.server, 'Error'), collect(b.server, 'Error')] as const;
  client.socket.pause();
  const uid = connection.connectionUID;
  const large = Buffer.alloc(4 << 20);
  let taken = 0;
  await assert.rejects(
    async () => {
      for (;;) {
        await a.server.sendTo(uid, large);
        taken++;
      }
    },
    { code: 10035, message: /^\[10035\] Operation would block\. wait for ReadyToSend/ },
  );
  assert.ok(taken > 0);
  await until(() => errors[0].length === 1);
  assert.deepEqual([errors[0][0]?.connectionId, errors[0][0]?.errorCode], [0, 10035]);
  assert.equal(errors[1].length, 0);
  await assert.rejects(b.server.sendTo(uid, 'x'), { code: 10035 });
  assert.deepEqual([errors[1][0]?.connectionId, errors[1][0]?.errorCode], [id, 10035]);
});

test('it does not wait for what is queued, whatever the timeout of the connection', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Three;
  const { client, connection } = await open(t, b.server);
  connection.timeout = 60;
  client.socket.pause();
  const large = Buffer.alloc(8 << 20);
  await a.server.sendTo(connection.connectionUID, large);
  assert.ok(connection.bufferedBytes > 0);
  client.socket.resume();
  assert.equal((await client.readFrame()).payload.length, large.length);
});

test('what the bus does not take', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Three;
  const there = (await open(t, b.server)).connection.connectionUID;
  const here = (await open(t, a.server)).connection.connectionUID;
  for (const data of [undefined, null, 7, {}, [1]]) {
    for (const uid of [here, there]) {
      await assert.rejects(a.server.sendTo(uid, data as never), { code: 10022 });
    }
  }
  a.bus.maxPayload = 10_000;
  for (const uid of [here, there]) {
    await a.server.sendTo(uid, 'x'.repeat(9488));
    const tooLong = { code: 10040, message: /sendTo takes up to 9488 bytes/ };
    await assert.rejects(a.server.sendTo(uid, 'x'.repeat(9489)), tooLong);
    await assert.rejects(a.server.sendTo(uid, Buffer.alloc(9489)), tooLong);
    await assert.rejects(a.server.sendTo(uid, 'ä'.repeat(5000)), tooLong);
  }
  a.bus.isFull = true;
  await assert.rejects(a.server.sendTo(there, 'x'), { code: 10035, message: /The bus/ });
  await assert.rejects(a.server.disconnectAt(there), { code: 10035 });
  await a.server.sendTo(here, 'x');
});

test('how many may wait for answers is bounded', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Three;
  const { connectionUID } = (await open(t, b.server)).connection;
  b.bus.isDead = true;
  const waiting: Promise<void>[] = [];
  for (let count = 0; count < 65_536; count++) waiting.push(a.server.sendTo(connectionUID, ''));
  await assert.rejects(a.server.sendTo(connectionUID, ''), { code: 10055, message: /65536/ });
  await assert.rejects(a.server.clusterCounts(), { code: 10055 });
  await assert.rejects(waiting[0] as Promise<void>, { code: 126 });
  await assert.rejects(waiting.at(-1) as Promise<void>, { code: 126 });
  b.bus.isDead = false;
  await a.server.sendTo(connectionUID, '');
});

test('a connection is closed from anywhere', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Three;
  for (const from of [a, b]) {
    const { client, connection } = await open(t, b.server);
    const uid = connection.connectionUID;
    await assert.rejects(from.server.disconnectAt(uid, 1), { code: 10022, message: /close code/ });
    await assert.rejects(from.server.disconnectAt(uid, 1000, 'x'.repeat(124)), { code: 10022 });
    for (const code of ['4000', 1.5, -1, null, {}] as unknown as number[]) {
      await assert.rejects(from.server.disconnectAt(uid, code), { code: 10022 });
    }
    for (const reason of [7, null, {}] as unknown as string[]) {
      await assert.rejects(from.server.disconnectAt(uid, 1000, reason), { code: 10022 });
    }
    await from.server.disconnectAt(uid, 4000, 'elsewhere');
    const close = await client.readFrame();
    assert.equal(closeCode(close), 4000);
    assert.equal(String(close.payload.subarray(2)), 'elsewhere');
    const other = await open(t, b.server);
    await from.server.disconnectAt(other.connection.connectionUID);
    assert.equal(closeCode(await other.client.readFrame()), 1000);
  }
});

test('who joins another bus leaves the first', async (t) => {
  const [one, two] = [new Wire(), new Wire()];
  const a = await startNode(t, one);
  const b = await startNode(t, one);
  const c = await startNode(t, two);
  const nodesOf = async ({ server }: Node): Promise<string[]> =>
    (await server.clusterCounts()).map(({ nodeId }) => nodeId);
  assert.deepEqual(await nodesOf(b), [b.server.nodeId, a.server.nodeId]);
  const { connectionUID } = (await open(t, b.server)).connection;
  await a.server.sendTo(connectionUID, 'x');
  b.bus.isDead = true;
  const asked = a.server.sendTo(connectionUID, 'x');
  let isOver = false;
  asked.catch(() => {
    isOver = true;
  });
  const bus = new TestBus(two);
  await a.server.join(bus);
  assert.equal(a.server.bus, bus);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, true);
  await assert.rejects(asked, { code: 126 });
  await assert.rejects(a.server.sendTo(connectionUID, 'x'), { code: 126 });
  b.bus.isDead = false;
  assert.deepEqual(await nodesOf(a), [a.server.nodeId, c.server.nodeId]);
  assert.deepEqual(await nodesOf(b), [b.server.nodeId]);
});

test('to join is to wait until the bus is ready', async (t) => {
  const server = await startServer(t);
  const bus = new TestBus(new Wire()) as TestBus & { ready(): Promise<void> };
  let arrive = (): void => {};
  bus.ready = () =>
    new Promise((resolve) => {
      arrive = resolve;
    });
  let hasJoined = false;
  const joined = server.join(bus).then(() => {
    hasJoined = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hasJoined, false);
  assert.equal(server.bus, bus);
  const { length } = bus.published;
  arrive();
  await joined;
  // It says that it is there again: before, perhaps nobody could hear it.
  assert.equal(bus.published.length, length + 1);

  bus.ready = () => Promise.reject(new Error('no way'));
  await assert.rejects(server.join(bus), /no way/);
  assert.equal(server.bus, bus);
  server.bus = undefined;
});

test('over the bus between threads', async (t) => {
  const nodes = await Promise.all(
    ['a', 'b'].map(async () => {
      const server = await startServer(t);
      const bus = new ThreadBus('cluster');
      await server.join(bus);
      defer(t, () => bus.close());
      return server;
    }),
  );
  const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const { client, connection } = await open(t, b);
  await connection.subscribe('chat');
  connection.presence = 'Ann';
  assert.equal((await b.clusterCounts()).length, 2);
  await a.sendTo(connection.connectionUID, 'hello');
  assert.equal(String((await client.readFrame()).payload), 'hello');
  const { members } = await a.presence('chat');
  assert.deepEqual(members, [{ uid: connection.connectionUID, nodeId: b.nodeId, info: 'Ann' }]);
});
