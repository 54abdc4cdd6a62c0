// Servers of several processes as one cluster.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Client, connectToEach, startWorkers, writeScript } from '../support/workers.js';

/** Does what its clients say, and tells them what comes of it. */
const SCRIPT = `
server.on('Connected', (e) => {
  server.subscribe(e.connectionId, 'room');
  server.connections.get(e.connectionId).presence = worker.id;
});
const orders = {
  who: () => worker.id + ' ' + process.pid,
  uid: (id) => server.connections.get(id).connectionUID,
  send: (id, uid, text) => server.sendTo(uid, text).then(() => 'sent'),
  close: (id, uid) => server.disconnectAt(uid, 4000).then(() => 'closed'),
  counts: async () => JSON.stringify(await server.clusterCounts()),
  presence: async () => JSON.stringify(await server.presence('room')),
};
server.on('DataIn', async (e) => {
  const [verb, ...rest] = e.text.split(' ');
  try {
    server.sendText(e.connectionId, await orders[verb](e.connectionId, ...rest));
  } catch (error) {
    server.sendText(e.connectionId, String(error.code));
  }
});
worker.join(server);
`;

async function ask({ socket }: Client, order: string): Promise<string> {
  const answer = once(socket, 'message');
  socket.send(order);
  return String((await answer)[0]);
}

test('workers know each other, and notice when one is killed', async (t) => {
  const script = writeScript(t, SCRIPT);
  const workers = await startWorkers(t, { count: 2 }, script);
  const [a, b] = (await connectToEach(t, workers.localPort, 2)) as [Client, Client];
  const uid = await ask(b, 'uid');
  const heard = once(b.socket, 'message');
  assert.equal(await ask(a, `send ${uid} hello`), 'sent');
  assert.equal(String((await heard)[0]), 'hello');

  const { count, members } = JSON.parse(await ask(a, 'presence'));
  assert.equal(count, 2);
  const infos = members.map(({ info }: { info: number }) => info).sort();
  assert.deepEqual(infos, [0, 1]);
  const counts = JSON.parse(await ask(a, 'counts'));
  assert.deepEqual(
    counts.map(({ connections }: { connections: number }) => connections),
    [1, 1],
  );

  const exited = once(workers, 'Exited');
  process.kill(b.pid, 'SIGKILL');
  await exited;
  const started = performance.now();
  const after = JSON.parse(await ask(a, 'presence'));
  assert.ok(performance.now() - started < 5000);
  assert.deepEqual([after.count, after.members[0].info], [1, a.worker]);
  assert.equal(await ask(a, `send ${uid} hello`), '126');

  const [, again] = await connectToEach(t, workers.localPort, 2);
  const next = [again as Client, b].find(({ pid }) => pid !== a.pid && pid !== b.pid) ?? b;
  const closed = once(next.socket, 'close');
  assert.equal(await ask(a, `close ${await ask(next, 'uid')}`), 'closed');
  assert.equal((await closed)[0], 4000);
});

test('one that is stopped goes, and the one in its place comes', async (t) => {
  const workers = await startWorkers(t, { count: 2 }, writeScript(t, SCRIPT));
  const [a, b] = (await connectToEach(t, workers.localPort, 2)) as [Client, Client];
  const nodesOf = async (client: Client): Promise<string[]> =>
    JSON.parse(await ask(client, 'counts')).map(({ nodeId }: { nodeId: string }) => nodeId);
  const [own, old] = await nodesOf(a);
  const exited = once(workers, 'Exited');
  process.kill(b.pid, 'SIGTERM');
  await exited;
  const seen = new Set<string>();
  while (seen.size < 1) {
    for (const node of await nodesOf(a)) if (node !== own && node !== old) seen.add(node);
  }
  assert.deepEqual(await nodesOf(a), [own, ...seen]);
});
