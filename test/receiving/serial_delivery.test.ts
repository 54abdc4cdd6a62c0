// serialDelivery: an asynchronous handler of DataIn has its connection's next message wait.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { DataInEvent } from 'native-wsserver';
import { closePayload, Op } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { open, startOpen } from '../support/open.js';
import { collect, next, startServer, until } from '../support/server.js';

/** A handler that takes until it is told to go on, and what it has been called with. */
function slowHandler() {
  const begun: string[] = [];
  const going: (() => void)[] = [];
  return {
    begun,
    /** Has the oldest call come to its end. */
    goOn: () => going.shift()?.(),
    handler: (event: DataInEvent): Promise<void> => {
      begun.push(event.text);
      return new Promise((resolve) => going.push(resolve));
    },
  };
}

test('the next message waits, others do not', async (t) => {
  const { server, client } = await startOpen(t, { serialDelivery: true });
  const { begun, goOn, handler } = slowHandler();
  server.on('DataIn', handler);
  for (const text of ['a1', 'a2', 'a3']) client.sendFrame(Op.text, text);
  const other = await open(t, server);
  await until(() => begun.length === 1);
  other.client.sendFrame(Op.text, 'b1');
  await until(() => begun.length === 2);
  assert.deepEqual(begun, ['a1', 'b1']);
  goOn();
  await until(() => begun.length === 3);
  goOn();
  goOn();
  await until(() => begun.length === 4);
  assert.deepEqual(begun, ['a1', 'b1', 'a2', 'a3']);
  goOn();
});

test('without it nothing waits', async (t) => {
  const { server, client } = await startOpen(t);
  const { begun, handler } = slowHandler();
  server.on('DataIn', handler);
  for (const text of ['a', 'b', 'c']) client.sendFrame(Op.text, text);
  await until(() => begun.length === 3);
});

test('a handler that returns no promise has nothing wait', async (t) => {
  const { server, client } = await startOpen(t, { serialDelivery: true });
  const events = collect(server, 'DataIn');
  for (let index = 0; index < 100; index++) client.sendFrame(Op.text, `${index}`);
  await client.finish();
  await until(() => server.wsConnectionCount === 0);
  assert.deepEqual(
    events.map(({ text }) => text),
    Array.from({ length: 100 }, (_, index) => `${index}`),
  );
});

test('all handlers are waited for', async (t) => {
  const { server, client } = await startOpen(t, { serialDelivery: true });
  const [first, second] = [slowHandler(), slowHandler()];
  server.on('DataIn', first.handler);
  server.on('DataIn', second.handler);
  server.once('DataIn', () => {});
  client.sendFrame(Op.text, 'a');
  client.sendFrame(Op.text, 'b');
  await until(() => second.begun.length === 1);
  first.goOn();
  await turn();
  assert.deepEqual([first.begun, second.begun], [['a'], ['a']]);
  second.goOn();
  await until(() => second.begun.length === 2);
  assert.deepEqual(
    [first.begun, second.begun],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
});

test('Disconnected waits too, and properties can be read until it has returned', async (t) => {
  const { server, client, connection, id } = await startOpen(t, { serialDelivery: true });
  const { begun, goOn, handler } = slowHandler();
  const seen: unknown[] = [];
  server.on('DataIn', handler);
  server.on('DataIn', ({ text }) => seen.push(text, server.connections.get(id)?.requestURI));
  server.on('Disconnected', ({ statusCode }) => seen.push(statusCode, connection.remoteHost));
  client.sendFrame(Op.text, 'a');
  client.sendFrame(Op.text, 'b');
  client.sendFrame(Op.close, closePayload(1001));
  assert.equal((await connection.closed).statusCode, 1001);
  await client.ended;
  await turn();
  assert.deepEqual([begun, seen], [['a'], ['a', '/']]);
  assert.deepEqual([connection.connected, connection.remoteHost], [false, '127.0.0.1']);
  goOn();
  await until(() => begun.length === 2);
  const disconnected = next(server, 'Disconnected');
  goOn();
  await disconnected;
  assert.deepEqual(seen, ['a', '/', 'b', '/', 1001, '127.0.0.1']);
  await turn();
  assert.throws(() => connection.remoteHost, { code: 126 });
  assert.equal(server.connections.get(id), undefined);
});

test('a handler can close its connection, and the server, and wait for it', async (t) => {
  const { server, client, connection } = await startOpen(t, { serialDelivery: true });
  const order: string[] = [];
  server.on('DataIn', async () => {
    await connection.close();
    order.push('closed');
    await server.shutdown();
    order.push('shut down');
  });
  const disconnected = next(server, 'Disconnected').then(() => order.push('Disconnected'));
  client.sendFrame(Op.text, 'x');
  assert.equal((await client.readFrame()).opcode, Op.close);
  await client.finish();
  await disconnected;
  assert.deepEqual(order, ['closed', 'shut down', 'Disconnected']);
});

test('a client whose handlers are slow is not read without bound', async (t) => {
  const { server, client } = await startOpen(t, { serialDelivery: true });
  const { begun, goOn, handler } = slowHandler();
  let others = 0;
  server.on('DataIn', (event) => (event.text === 'other' ? others++ : handler(event)));
  const count = 40;
  for (let index = 0; index < count; index++) {
    client.sendFrame(Op.text, `${index}`.padEnd(1_000_000));
  }
  await until(() => begun.length === 1);
  const busy = await open(t, server);
  for (let index = 0; index < 100; index++) {
    busy.client.sendFrame(Op.text, 'other');
    await until(() => others > index);
  }
  const { bytesIn } = server.statistics;
  assert.ok(bytesIn < 8_000_000, `${bytesIn} bytes were read`);
  for (let index = 0; index < count; index++) {
    await until(() => begun.length > index);
    goOn();
  }
  assert.deepEqual(begun.map(Number.parseFloat), [...Array(count).keys()]);
});

test('acceptData and serial delivery at once', async (t) => {
  const { server, client, connection } = await startOpen(t, { serialDelivery: true });
  const { begun, goOn, handler } = slowHandler();
  server.on('DataIn', handler);
  client.sendFrame(Op.text, 'a');
  client.sendFrame(Op.text, 'b');
  await until(() => begun.length === 1);
  connection.acceptData = false;
  goOn();
  await turn();
  assert.deepEqual(begun, ['a']);
  connection.acceptData = true;
  assert.deepEqual(begun, ['a', 'b']);
});

test('a loop gets what the handlers have got', async (t) => {
  const { server, client, connection } = await startOpen(t, { serialDelivery: true });
  const { begun, goOn, handler } = slowHandler();
  server.on('DataIn', handler);
  const messages = connection.messages();
  client.sendFrame(Op.text, 'a');
  client.sendFrame(Op.text, 'b');
  client.sendFrame(Op.close, closePayload(1000));
  assert.equal((await messages.next()).value.text, 'a');
  goOn();
  await until(() => begun.length === 2);
  goOn();
  assert.equal((await messages.next()).value.text, 'b');
  assert.equal((await messages.next()).done, true);
});

test('a rejection is an uncaught exception, and the next message comes', async (t) => {
  const { stdout } = await runChild(
    t,
    async ({ WSServer }) => {
      const server = new WSServer({ localHost: '127.0.0.1', serialDelivery: true });
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      server.on('DataIn', async ({ text, connectionId }) => {
        console.log(text);
        if (text === 'b') await server.disconnect(connectionId);
        throw new Error(`of ${text}`);
      });
      await server.startListening();
      const client = new WebSocket(`ws://127.0.0.1:${server.localPort}`);
      client.onopen = () => {
        client.send('a');
        client.send('b');
      };
      client.onclose = () => server.stopListening();
    },
    undefined,
    process.version.startsWith('v20.') ? ['--experimental-websocket'] : [],
  );
  assert.deepEqual(stdout.trim().split('\n'), ['a', 'b', 'uncaught of a', 'uncaught of b']);
});

test('the option is none of the settings', async (t) => {
  const server = await startServer(t, { serialDelivery: false, settings: { MaxConnections: 3 } });
  assert.equal(server.config('MaxConnections'), '3');
  assert.throws(() => server.config('serialDelivery'), { code: 10022 });
});
