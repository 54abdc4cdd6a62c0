// What is left of a connection that has ended: nothing, whatever somebody was doing with it.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { WSConnection, WSServer } from 'native-wsserver';
import { Op } from '../support/byte_client.js';
import { open } from '../support/open.js';
import { startServer, until } from '../support/server.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A signal that outlives everything. */
const { signal } = new AbortController();

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(100_000);
}

/** What is begun and never seen to its end. */
const habits: { name: string; begin: (connection: WSConnection) => object | undefined }[] = [
  { name: 'nothing', begin: () => undefined },
  { name: 'an iterator that is abandoned', begin: (connection) => connection.messages() },
  {
    name: 'a loop that waits',
    begin: async (connection) => {
      for await (const _ of connection.messages({ signal }));
    },
  },
  {
    name: 'a loop that is stuck',
    begin: async (connection) => {
      for await (const _ of connection) await new Promise(() => {});
    },
  },
  { name: 'a stream that nobody reads', begin: (connection) => connection.readable },
  {
    name: 'a write that waits',
    begin: (connection) => {
      const writer = connection.writable.getWriter();
      void writer.write(Buffer.alloc(8_000_000)).catch(() => {});
      return writer.write('stuck');
    },
  },
  {
    name: 'drain',
    begin: (connection) => {
      connection.sendBytes(Buffer.alloc(8_000_000));
      return connection.drain({ signal });
    },
  },
  { name: 'ping', begin: (connection) => connection.ping({ signal }) },
  { name: 'closed', begin: (connection) => connection.closed },
  { name: 'sendStream', begin: (connection) => connection.sendStream(endless(), { signal }) },
  {
    name: 'sendStream from a source that is stuck',
    begin: (connection) => connection.sendStream(new ReadableStream(), { signal }),
  },
];

/** Opens a connection, does that with it, and lets the client reset it; what should be garbage. */
async function use(
  t: TestContext,
  server: WSServer,
  begin: (connection: WSConnection) => object | undefined,
): Promise<WeakRef<object>[]> {
  const { client, connection } = await open(t, server);
  client.socket.pause();
  const begun = begin(connection) ?? connection;
  Promise.resolve(begun).catch(() => {});
  client.sendFrame(Op.text, 'x'.repeat(1000));
  await until(() => server.statistics.messagesIn > 0);
  client.reset();
  await until(() => server.wsConnectionCount === 0);
  return [new WeakRef(connection), new WeakRef(begun)];
}

for (const { name, begin } of habits) {
  for (const serialDelivery of [false, true]) {
    test(`${name}${serialDelivery ? ', with serial delivery' : ''}`, async (t) => {
      const server = await startServer(t, { serialDelivery });
      server.on('DataIn', async () => {});
      const garbage = await use(t, server, begin);
      await until(() => {
        collectGarbage();
        return garbage.every((reference) => reference.deref() === undefined);
      });
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });
  }
}
