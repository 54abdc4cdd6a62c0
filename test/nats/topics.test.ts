// Topics across machines, by a real nats-server.

import { type TestContext, test } from 'node:test';
import type { WSServer } from 'native-wsserver';
import { type NatsBus, type NatsOptions, natsBus } from 'native-wsserver/nats';
import { defer } from '../support/defer.js';
import { startNats } from '../support/nats_server.js';
import { open } from '../support/open.js';
import { startServer } from '../support/server.js';

/** A server with a bus that is connected. */
async function join(t: TestContext, options: NatsOptions): Promise<[WSServer, NatsBus]> {
  const server = await startServer(t);
  const bus = natsBus(options);
  defer(t, () => bus.close());
  server.bus = bus;
  await bus.ready();
  return [server, bus];
}

test('what is published on one node reaches the clients of others, once each', async (t) => {
  const { url } = await startNats(t);
  const [a] = await join(t, { servers: url });
  const [b] = await join(t, { servers: url });
  const { client, connection } = await open(t, b);
  await connection.subscribe('news.*');
  await connection.subscribe('news.sports');
  await connection.subscribe('news.>');
  let last = '';
  const reading = (async () => {
    while (last !== 'end') last = String((await client.readFrame()).payload);
  })();
  while (last === '') {
    await a.publish('news.sports', 'x');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await a.publish('news.sports', 'end');
  await reading;
});
