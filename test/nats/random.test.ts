// Three nodes, clients with random subscriptions to a thousand topics, and random publications: each
// client gets each message once, in order, while nodes and NATS come and go.
// NATS_CLIENTS and NATS_PUBLICATIONS make it larger: of each node.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NatsServer, startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { type Node, type Published, Subscriber, startNode } from '../support/nodes.js';
import { PATIENCE_MS } from '../support/patience.js';

const CLIENTS = Number(process.env['NATS_CLIENTS'] ?? 30);
const PUBLICATIONS = Number(process.env['NATS_PUBLICATIONS'] ?? 1000);

/** Waits until something is so, in other processes. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await isSo())) {
    if (performance.now() - started > PATIENCE_MS) throw new Error(`never so: ${isSo}`);
    await sleep(5);
  }
}

/** The patterns of a client: topics, and overlapping wildcards. */
function patternsOf(index: number): string[] {
  const digit = (by: number): number => Math.floor(index * by + index / 7) % 10;
  const topics = Array.from(
    { length: 10 },
    (_, i) => `${digit(i)}.${digit(i + 3)}.${(i * 7) % 10}`,
  );
  const wild = [
    `${digit(1)}.*.${digit(3)}`,
    `*.${digit(7)}.${digit(1)}`,
    `${digit(3)}.${digit(1)}.>`,
  ];
  if (index % 15 === 0) return ['0.0.0', '>'];
  return index % 2 === 0 ? topics : [...topics, ...wild];
}

/** Each node has all sorts of clients, and NATS knows what they want. */
async function openClients(t: TestContext, nodes: readonly Node[]): Promise<Subscriber[]> {
  const clients: Subscriber[] = [];
  for (const node of nodes) {
    for (let index = 0; index < CLIENTS; index++) {
      clients.push(await Subscriber.open(t, node, patternsOf(index)));
    }
  }
  await Promise.all(nodes.map((node) => node.ask('flush')));
  return clients;
}

async function start(t: TestContext): Promise<{ nats: NatsServer; nodes: Node[] }> {
  const nats = await startNats(t);
  const nodes = await Promise.all(['A', 'B', 'C'].map((name) => startNode(t, name, nats.url)));
  return { nats, nodes };
}

/** The numbers of those publications that a client wants. */
function wantedBy(client: Subscriber, published: readonly Published[]): number[] {
  return published.flatMap(([topic], number) => (client.wants(topic) ? [number] : []));
}

/** That a client gets all of it that it wants, once each and in order. */
async function assertAll(
  clients: readonly Subscriber[],
  name: string,
  published: readonly Published[],
): Promise<void> {
  for (const client of clients) {
    const wanted = wantedBy(client, published);
    await until(() => client.numbersOf(name).length >= wanted.length);
    assert.deepEqual(client.numbersOf(name), wanted);
  }
}

/** That a client has nothing twice, nothing that it does not want, and everything in order. */
function assertSome(client: Subscriber, name: string, published: readonly Published[]): void {
  const numbers = client.numbersOf(name);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  const wanted = new Set(wantedBy(client, published));
  assert.ok(numbers.every((number) => wanted.has(number)));
}

test('each message comes once to each client that is subscribed to it', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { nodes } = await start(t);
  const clients = await openClients(t, nodes);
  const published = await Promise.all(
    nodes.map((node, index) => node.ask<Published[]>('publish', node.name, index, PUBLICATIONS)),
  );
  for (const [index, node] of nodes.entries()) {
    assert.equal(published[index]?.length, PUBLICATIONS);
    await assertAll(clients, node.name, published[index] ?? []);
    assert.equal((await node.state()).lost, 0);
  }
});

test('the same while a node is killed and comes back', { skip: WITHOUT_NATS }, async (t) => {
  const { nats, nodes } = await start(t);
  const [a, b, c] = nodes as [Node, Node, Node];
  const clients = await openClients(t, nodes);
  const going = [a, b].map((node, index) =>
    node.ask<Published[]>('publish', node.name, index, 1e9),
  );
  void c.ask('publish', 'C', 2, 1e9);
  await sleep(100);
  await c.kill();
  await sleep(100);
  const again = await startNode(t, 'D', nats.url);
  const back = await openClients(t, [again]);
  const published = await again.ask<Published[]>('publish', 'D', 3, PUBLICATIONS);
  for (const node of [a, b]) await node.ask('stop');
  const staying = clients.filter(({ node }) => node !== c);
  const [ofA = [], ofB = []] = await Promise.all(going);
  await assertAll(staying, 'A', ofA);
  await assertAll(staying, 'B', ofB);
  await assertAll([...staying, ...back], 'D', published);
  // What the one that was killed has sent has come to all others, up to the same message.
  const [first, ...others] = staying.filter(({ patterns }) => patterns.includes('>'));
  const numbers = first?.numbersOf('C') ?? [];
  assert.ok(numbers.length > 0);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index),
  );
  for (const other of others) assert.deepEqual(other.numbersOf('C'), numbers);
});

test('the same while NATS is killed and comes back: what is lost is counted', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { nats, nodes } = await start(t);
  const clients = await openClients(t, nodes);
  const everything = clients.filter(({ patterns }) => patterns.includes('>'));
  const all = (connected: boolean) => async (): Promise<boolean> =>
    (await Promise.all(nodes.map((node) => node.state()))).every(
      (state) => state.connected === connected,
    );
  const going = nodes.map((node, index) => node.ask<Published[]>('publish', node.name, index, 1e9));
  await sleep(200);
  await nats.end('SIGKILL');
  await until(all(false));
  await sleep(100);
  // All are stopped before NATS is there again: who is back first would speak to nobody.
  for (const node of nodes) await node.ask('stop');
  const before = await Promise.all(going);
  await nats.start();
  await until(all(true));
  await Promise.all(nodes.map((node) => node.ask('flush')));

  for (const [index, node] of nodes.entries()) {
    const published = before[index] as Published[];
    const { lost } = await node.state();
    const lostAtOnce = published.filter(([, isLost]) => isLost).length;
    assert.ok(lostAtOnce > 0 && lost >= lostAtOnce);
    for (const client of clients) {
      const wanted = wantedBy(client, published);
      if (client.node === node) assert.deepEqual(client.numbersOf(node.name), wanted);
      else assertSome(client, node.name, published);
    }
    for (const client of everything.filter((each) => each.node !== node)) {
      // What was under way counts as lost, and may have come all the same; what NATS had just
      // confirmed it may not have passed on.
      const missed = published.length - client.numbersOf(node.name).length;
      assert.ok(missed >= lostAtOnce && missed <= lost + 100, `${lostAtOnce} ${missed} ${lost}`);
    }
  }

  for (const client of clients) client.forget();
  const after = await Promise.all(
    nodes.map((node, index) => node.ask<Published[]>('publish', node.name, index, PUBLICATIONS)),
  );
  for (const [index, node] of nodes.entries()) {
    await assertAll(clients, node.name, after[index] ?? []);
  }
});
