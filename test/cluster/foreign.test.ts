// What others write to the subjects of nodes: told, answered, or passed over.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Node, soon, startNodes, TestBus, Wire } from '../support/cluster.js';
import { open } from '../support/open.js';
import { collect, startServer, until } from '../support/server.js';

type Two = [Node, Node];

/** A message of a node: a line of JSON, and what is behind it. */
function said(fields: object, bytes: Uint8Array | string = ''): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(fields)}\n`), Buffer.from(bytes as string)]);
}

interface Fields {
  readonly kind: string;
  readonly from: string;
  readonly number: number;
  readonly code?: number;
}

/** What has been said to `to`, read as a program of another language would. */
function heardBy(bus: TestBus, to: string): Fields[] {
  return bus.published
    .filter(([subject]) => subject === `node.${to}`)
    .map(([, bytes]) => JSON.parse(String(bytes).split('\n')[0] ?? ''));
}

test('what is no message is told by Error, and changes nothing', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Two;
  const errors = collect(a.server, 'Error');
  const from = b.server.nodeId;
  const foreign: (Uint8Array | string)[] = [
    '',
    '\n',
    'hello',
    'null\n',
    '1\n',
    '[]\n',
    '{}\n',
    '{"kind":"hello"}\n',
    '{"kind":"hello","from":"*"}\n',
    '{"kind":"hello","from":">"}\n',
    '{"kind":"hello","from":"0123456789abcdef0"}\n',
    '{"kind":"hello","from":""}\n',
    '{"kind":"hello","from":7}\n',
    said({ kind: 'hello', from: a.server.nodeId }),
    `{"kind":"hello","from":"${from}"}`,
    said({ kind: 'toString', from }),
    said({ kind: 'send', from, number: 1, uid: 1, binary: true }),
    said({ kind: 'send', from, number: -1, uid: 'x', binary: true }),
    said({ kind: 'send', from, number: 1.5, uid: 'x', binary: true }),
    said({ kind: 'send', from, number: 1, uid: 'x' }),
    said({ kind: 'disconnect', from, number: 1, uid: 'x', code: 'x' }),
    said({ kind: 'presence', from, number: 1, topic: 't' }),
    said({ kind: 'count', from }),
    said({ kind: 'done', from }),
    said({ kind: 'present', from, number: 1, count: 1, members: [{}] }),
    said({ kind: 'present', from, number: 1, count: 1, members: [null] }),
    said({ kind: 'present', from, number: 1, count: 1, members: {} }),
    Buffer.alloc(100_000, '['),
    Buffer.from([0xff, 0xfe, 0x0a]),
  ];
  for (const bytes of foreign) {
    for (const subject of [`node.${a.server.nodeId}`, 'nodes']) {
      const before = errors.length;
      a.bus.deliver(subject, Buffer.from(bytes as string));
      assert.equal(errors.length, before, 'not within this turn');
      await until(() => errors.length === before + 1);
      const { connectionId, errorCode, description } = errors.at(-1) as (typeof errors)[0];
      assert.deepEqual([connectionId, errorCode], [0, 10022], String(bytes));
      assert.match(description, /^\[10022\] Invalid argument\. (What the bus|The bus) has brought/);
      assert.ok(description.length < 400);
      assert.match(description, /^[ -~]*$/);
    }
  }
  assert.equal((await a.server.clusterCounts()).length, 2);
});

test('random bytes', async (t) => {
  const [a] = (await startNodes(t, 2)) as Two;
  const errors = collect(a.server, 'Error');
  let state = 12345;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const whole = said({ kind: 'send', from: 'abc', number: 1, uid: 'x', binary: true }, 'data');
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(
      round % 2 === 0 ? Buffer.alloc(random(200)).map(() => random(256)) : whole,
    );
    for (let changes = random(4); changes > 0; changes--) {
      bytes[random(bytes.length)] = random(256);
    }
    a.bus.deliver(round % 3 === 0 ? 'nodes' : `node.${a.server.nodeId}`, bytes);
  }
  await until(() => errors.length > 1000);
  assert.ok(errors.every(({ errorCode }) => errorCode === 10022));
  assert.equal((await a.server.clusterCounts()).length, 2);
});

test('answers that nobody waits for, and of those who were not asked', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Two;
  const { connection } = await open(t, b.server);
  const errors = collect(a.server, 'Error');
  const inbox = `node.${a.server.nodeId}`;
  for (const number of [0, 1, 1_000_000]) {
    a.bus.deliver(inbox, said({ kind: 'done', from: b.server.nodeId, number }));
  }
  b.bus.isDead = true;
  const sent = a.server.sendTo(connection.connectionUID, 'x');
  const [, question] = a.bus.published.at(-1) as [string, Uint8Array];
  const { number } = JSON.parse(String(question).split('\n')[0] ?? '');
  a.bus.deliver(inbox, said({ kind: 'done', from: 'abc', number }));
  const { nodeId: from } = b.server;
  a.bus.deliver(inbox, said({ kind: 'present', from, number, count: 1, members: [] }));
  await until(() => errors.length === 2);
  for (const { errorCode, description } of errors) {
    assert.equal(errorCode, 10022);
    assert.match(description, /answers with (done|present) what it has not been asked/);
  }
  a.bus.deliver(inbox, said({ kind: 'failed', from, number, code: 99_999, message: 'mine' }));
  await until(() => errors.length === 3);
  a.bus.deliver(inbox, said({ kind: 'failed', from, number, code: 10035, message: 'mine' }));
  await assert.rejects(sent, { code: 10035, message: '[10035] Operation would block. mine' });
});

test('a failure is left out of what all are asked for, and so are too many members', async (t) => {
  const server = await startServer(t);
  const bus = new TestBus(new Wire());
  await server.join(bus);
  const inbox = `node.${server.nodeId}`;
  const answer = (fields: object): void => {
    const [, question] = bus.published.at(-1) as [string, Uint8Array];
    const { number } = JSON.parse(String(question).split('\n')[0] ?? '');
    bus.deliver(inbox, said({ from: 'abc', number, ...fields }));
  };
  const counts = server.clusterCounts();
  answer({ kind: 'failed', code: 10022, message: 'mine' });
  assert.equal((await counts).length, 1);
  let presence = server.presence('t', { members: 2 });
  answer({ kind: 'failed', code: 10022, message: 'mine' });
  assert.equal((await presence).count, 0);
  presence = server.presence('t', { members: 2 });
  const members = Array.from({ length: 200_000 }, () => ({ uid: 'x' }));
  answer({ kind: 'present', count: 200_000, members });
  const { count, members: told } = await presence;
  assert.deepEqual([count, told.length], [200_000, 2]);

  // Nodes that somebody has invented.
  const all = server.clusterCounts();
  const [, question] = bus.published.at(-1) as [string, Uint8Array];
  const { number } = JSON.parse(String(question).split('\n')[0] ?? '');
  bus.deliver(inbox, said({ kind: 'hello', from: 'abc' }));
  for (let node = 0; node < 1500; node++) {
    const from = node.toString(16);
    const counted = { connections: 1, subscribers: 1, topics: 1 };
    bus.deliver(inbox, said({ kind: 'counted', from, number, ...counted }));
  }
  const { length } = await all;
  assert.ok(length > 900 && length <= 1001, `${length}`);
  server.bus = undefined;
});

test('who is new is greeted once', async (t) => {
  const [a] = (await startNodes(t, 1)) as Two;
  const kinds = (): string[] => heardBy(a.bus, 'abc').map(({ kind }) => kind);
  for (let times = 0; times < 2; times++) {
    a.bus.deliver('nodes', said({ kind: 'hello', from: 'abc' }));
    assert.deepEqual(kinds(), ['here']);
  }
  a.bus.deliver('nodes', said({ kind: 'bye', from: 'abc' }));
  a.bus.deliver('nodes', said({ kind: 'hello', from: 'abc' }));
  assert.deepEqual(kinds(), ['here', 'here']);
});

test('a program that is no node can send, and is answered', async (t) => {
  const [a, b] = (await startNodes(t, 2)) as Two;
  const { client, connection } = await open(t, a.server);
  const uid = connection.connectionUID;
  const inbox = `node.${a.server.nodeId}`;
  const from = 'c0ffee';
  a.bus.deliver(inbox, said({ kind: 'send', from, number: 7, uid, binary: false }, 'Grüße'));
  assert.equal(String((await client.readFrame()).payload), 'Grüße');
  a.bus.deliver(inbox, said({ kind: 'send', from, number: 8, uid, binary: true }, 'a\nb'));
  assert.equal(String((await client.readFrame()).payload), 'a\nb');
  a.bus.deliver(
    inbox,
    said({ kind: 'send', from, number: 9, uid, binary: false }, Uint8Array.of(0xff)),
  );
  a.bus.deliver(inbox, said({ kind: 'presence', from, number: 10, topic: '>', most: 1 }));
  a.bus.deliver('nodes', said({ kind: 'count', from, number: 11 }));
  a.bus.deliver(inbox, said({ kind: 'disconnect', from, number: 12, uid, code: 4001 }));
  const answers = heardBy(a.bus, from);
  assert.deepEqual(
    answers.map(({ kind, number, code }) => [kind, number, code]),
    [
      ['done', 7, undefined],
      ['done', 8, undefined],
      ['failed', 9, 10022],
      ['failed', 10, 10022],
      ['counted', 11, undefined],
      ['done', 12, undefined],
    ],
  );
  assert.ok(answers.every((answer) => answer.from === a.server.nodeId));
  // It is not taken for a node that all wait for.
  assert.equal((await soon(b.server.clusterCounts())).length, 2);
  assert.equal((await soon(a.server.clusterCounts())).length, 2);
});
