// Servers that know each other over a real nats-server.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { WSServer } from 'native-wsserver';
import { natsBus } from 'native-wsserver/nats';
import { defer } from '../support/defer.js';
import { startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { open } from '../support/open.js';
import { collect, startServer } from '../support/server.js';

async function join(t: TestContext, servers: string): Promise<WSServer> {
  const server = await startServer(t);
  const bus = natsBus({ servers });
  defer(t, () => {
    server.bus = undefined;
    bus.close();
  });
  await server.join(bus);
  return server;
}

/** What `ask` comes to when it comes to what is wanted. */
async function comesTo<Value>(
  ask: () => Promise<Value>,
  isIt: (value: Value) => boolean,
): Promise<Value> {
  for (;;) {
    const value = await ask().catch(() => undefined);
    if (value !== undefined && isIt(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('messages to one client, presence and counts over NATS, which goes and comes back', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const a = await join(t, nats.url);
  const b = await join(t, nats.url);
  const { client, connection } = await open(t, b);
  const uid = connection.connectionUID;
  connection.presence = { name: 'Ann' };
  await connection.subscribe('room');
  const errors = collect(a, 'Error');

  await comesTo(
    () => a.clusterCounts(),
    ({ length }) => length === 2,
  );
  await a.sendTo(uid, 'Grüße');
  assert.equal(String((await client.readFrame()).payload), 'Grüße');
  await a.sendTo(uid, Uint8Array.of(0, 10, 255));
  assert.deepEqual([...(await client.readFrame()).payload], [0, 10, 255]);
  const members = [{ uid, nodeId: b.nodeId, info: { name: 'Ann' } }];
  assert.deepEqual(await a.presence('room'), { count: 1, members });
  await assert.rejects(a.sendTo(`${b.nodeId}-fffff`, 'x'), { code: 126 });
  await assert.rejects(a.sendTo(uid, Buffer.alloc(1 << 20)), { code: 10040 });
  await a.sendTo(uid, Buffer.alloc(1_040_000));
  assert.equal((await client.readFrame()).payload.length, 1_040_000);

  await nats.end('SIGKILL');
  await comesTo(
    () =>
      a.sendTo(uid, 'x').then(
        () => 0,
        ({ code }) => code,
      ),
    (code) => code === 10035,
  );
  assert.equal((await a.clusterCounts()).length, 1);
  await b.sendTo(uid, 'own');
  while (String((await client.readFrame()).payload) !== 'own');

  await nats.start();
  await comesTo(
    () => a.clusterCounts(),
    ({ length }) => length === 2,
  );
  await a.sendTo(uid, 'again');
  assert.equal(String((await client.readFrame()).payload), 'again');
  await comesTo(
    () => a.presence('room'),
    ({ count }) => count === 1,
  );
  assert.ok(errors.every(({ errorCode }) => [126, 10035, 10040, 10054, 10061].includes(errorCode)));
});
