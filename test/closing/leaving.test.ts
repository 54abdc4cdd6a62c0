// Who leaves ends nothing, whatever the handlers of its events were waiting for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type WSConnection, WSServerError } from 'native-wsserver';
import { ByteClient, Op } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { collect, next, startServer, until } from '../support/server.js';

for (const serialDelivery of [false, true]) {
  for (const handlers of [1, 2]) {
    test(`a loop, and a send that is awaited; serialDelivery ${serialDelivery}, ${handlers} handlers`, async (t) => {
      const server = await startServer(t, { serialDelivery });
      const errors = collect(server, 'Error');
      let waits = 0;
      server.on('Connected', async ({ connectionId }) => {
        const connection = server.connections.get(connectionId) as WSConnection;
        for await (const message of connection) assert.equal(message.text, 'a');
      });
      for (let index = 0; index < handlers; index++) {
        server.on('DataIn', async ({ connectionId }) => {
          waits++;
          await server.ping(connectionId);
        });
      }
      const client = await ByteClient.open(t, server.localPort);
      client.sendFrame(Op.text, 'a');
      await until(() => waits === handlers);
      client.reset();
      // One of the loop, two of each ping: of the send, and of the handler that awaited it.
      await until(() => errors.length === 1 + 2 * handlers);
      for (const { errorCode } of errors) assert.equal(errorCode, 126);
    });
  }
}

test('a handler that goes on when its client has long gone', async (t) => {
  const server = await startServer(t);
  const errors = collect(server, 'Error');
  const gone = next(server, 'Disconnected');
  server.on('Connected', async ({ connectionId }) => {
    const connection = server.connections.get(connectionId) as WSConnection;
    await gone;
    await until(() => server.connections.size === 0);
    await connection.sendText('too late');
  });
  const client = await ByteClient.open(t, server.localPort);
  client.reset();
  // Of the send, and of the handler that awaited it.
  await until(() => errors.length === 2);
  for (const { errorCode } of errors) assert.equal(errorCode, 126);
});

test("an event of the user's own with a handler that is rejected", async (t) => {
  const { code, stderr } = await runChild(
    t,
    ({ WSServer }) => {
      const emitter = new WSServer() as unknown as NodeJS.EventEmitter;
      emitter.on('custom', async () => {
        throw new Error('the real mistake');
      });
      emitter.emit('custom');
    },
    undefined,
  );
  assert.equal(code, 1);
  assert.match(stderr, /the real mistake/);
});

test('what else a handler is rejected with ends the process as ever', async (t) => {
  for (const name of ['Connected', 'DataIn', 'Error'] as const) {
    const { code, stderr } = await runChild(
      t,
      async ({ WSServer, WSServerError }, name) => {
        const server = new WSServer({ localHost: '127.0.0.1' });
        await server.startListening();
        server.on(name, async () => {
          throw name === 'Error' ? new WSServerError(126, 'a mistake') : new Error('a mistake');
        });
        server.on('Connected', ({ connectionId }) => {
          if (name === 'Error') void server.ping(connectionId, { signal: 1 as never });
        });
        const { WebSocket } = require('ws');
        const client = new WebSocket(`ws://127.0.0.1:${server.localPort}`);
        client.on('open', () => client.send('x'));
      },
      name,
    );
    assert.equal(code, 1, name);
    assert.match(stderr, /a mistake/);
  }
  assert.ok(new WSServerError(126, '') instanceof Error);
});
