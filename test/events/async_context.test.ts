// AsyncLocalStorage and async hooks: each connection's handlers have a context of their own.

import assert from 'node:assert/strict';
import {
  AsyncLocalStorage,
  createHook,
  executionAsyncId,
  executionAsyncResource,
} from 'node:async_hooks';
import { ReadableStream } from 'node:stream/web';
import { describe, test } from 'node:test';
import { type WSConnection, WSServer } from 'native-wsserver';
import { ByteClient, Op } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { TestServer } from '../support/compat.js';
import { defer } from '../support/defer.js';
import { open, startOpen } from '../support/open.js';
import { startServer, until } from '../support/server.js';
import { inThread } from '../support/thread.js';

const user = new AsyncLocalStorage<string>();

/** Keeps this thread from its loop, so that what clients send meanwhile comes in one turn. */
function stall(): void {
  const until = performance.now() + 100;
  while (performance.now() < until);
}

// The first test of this file is the first of its process to use async context.
test('what a handler enters is seen by its connection alone, from the first time on', async (t) => {
  const server = await startServer(t);
  const seen: string[] = [];
  server.on('DataIn', ({ text }) => {
    if (text === 'stall') return stall();
    seen.push(`${text} ${user.getStore()}`);
    user.enterWith(text);
  });
  const alice = await open(t, server);
  const bob = await open(t, server);
  const other = await open(t, server);
  for (let turn = 1; turn <= 3; turn++) {
    other.client.sendFrame(Op.text, 'stall');
    for (const [name, { client }] of Object.entries({ alice, bob }))
      client.sendFrame(Op.text, name);
    await until(() => seen.length === 2 * turn);
  }
  assert.deepEqual(seen.sort(), [
    'alice alice',
    'alice alice',
    'alice undefined',
    'bob bob',
    'bob bob',
    'bob undefined',
  ]);
  assert.equal(user.getStore(), undefined);
});

test('from its first event to its last', async (t) => {
  const server = await startServer(t);
  const seen: string[] = [];
  function see(name: string): void {
    seen.push(`${name} ${user.getStore()}`);
  }
  server.on('ConnectionRequest', () => {
    see('ConnectionRequest');
    user.enterWith('one');
  });
  server.on('WebSocketOpenRequest', () => {
    see('WebSocketOpenRequest');
    user.enterWith('two');
  });
  for (const name of ['Connected', 'ReadyToSend', 'DataIn', 'Ping', 'Disconnected'] as const) {
    server.on(name, () => see(name));
  }
  server.on('Log', () => {
    if (seen.length === 1) assert.equal(user.getStore(), 'one');
    if (seen.length >= 2 && seen.length < 7) assert.equal(user.getStore(), 'two');
  });
  for (let client = 0; client < 2; client++) {
    const { client, connection } = await open(t, server);
    client.sendFrame(Op.text, 'a');
    client.sendFrame(Op.ping);
    await client.finish();
    await connection.closed;
    assert.deepEqual(seen.splice(0), [
      'ConnectionRequest undefined',
      'WebSocketOpenRequest one',
      'Connected two',
      'ReadyToSend two',
      'DataIn two',
      'Ping two',
      'Disconnected two',
    ]);
  }
});

test('begins as that in which the server was made', async (t) => {
  const server = user.run('maker', () => new WSServer({ localHost: '127.0.0.1' }));
  await user.run('starter', () => server.startListening());
  defer(t, () => server.shutdown());
  const seen: unknown[] = [];
  server.on('DataIn', () => {
    seen.push(user.getStore());
    user.enterWith('entered');
  });
  for (let index = 0; index < 2; index++) {
    const { client } = await open(t, server);
    client.sendFrame(Op.text, '');
    await until(() => seen.length === index + 1);
  }
  assert.deepEqual(seen, ['maker', 'maker']);
});

describe('wherever the handler is called from', () => {
  test('what was held back', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const seen: unknown[] = [];
    server.on('DataIn', () => {
      if (seen.push(user.getStore()) === 1) connection.acceptData = false;
      user.enterWith('own');
    });
    client.sendFrame(Op.text, 'a');
    client.sendFrame(Op.text, 'b');
    await until(() => seen.length === 1);
    user.run('foreign', () => {
      connection.acceptData = true;
      assert.equal(user.getStore(), 'foreign');
    });
    await until(() => seen.length === 2);
    assert.deepEqual(seen, [undefined, 'own']);
  });

  test('what has waited for another message', async (t) => {
    const { server, client } = await startOpen(t, { serialDelivery: true });
    const seen: unknown[] = [];
    server.on('DataIn', async ({ text }) => {
      seen.push(user.getStore());
      user.enterWith(text);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(user.getStore(), text);
      user.enterWith('of this call alone');
    });
    for (const text of ['a', 'b', 'c']) client.sendFrame(Op.text, text);
    await until(() => seen.length === 3);
    assert.deepEqual(seen, [undefined, 'a', 'b']);
  });

  test('an Error that a handler of another connection has brought about', async (t) => {
    const { server, client } = await startOpen(t);
    const other = await open(t, server);
    const seen: unknown[] = [];
    server.on('Error', () => {
      seen.push(user.getStore());
      user.enterWith('error');
    });
    server.on('DataIn', ({ text }) => {
      user.enterWith(text);
      if (text === 'other') return;
      for (let times = 0; times < 2; times++) {
        void server.ping(other.id, { signal: 'none' as never });
        assert.equal(user.getStore(), text);
      }
    });
    other.client.sendFrame(Op.text, 'other');
    await until(() => server.statistics.messagesIn === 1);
    client.sendFrame(Op.text, 'a');
    await until(() => seen.length === 2);
    assert.deepEqual(seen, ['other', 'error']);
  });

  test('while a handler of another connection blocks', async (t) => {
    const server = TestServer.start(t);
    const seen: string[] = [];
    server.onData = (e) => {
      user.enterWith(`${e.ConnectionId}`);
      if (e.Text === 'wait') while (seen.length === 0) server.DoEvents();
      seen.push(`${e.Text} ${user.getStore()}`);
    };
    await inThread(
      t,
      async ({ open }, port) => {
        const [first, second] = [await open(port), await open(port)];
        first.send('wait');
        second.send('go');
      },
      server.GetLocalPort(),
    );
    await until(() => seen.length === 2);
    assert.deepEqual(seen, ['go 2', 'wait 1']);
  });
});

test('a promise goes on in the context of who awaits it', async (t) => {
  const { server, client, connection, id } = await startOpen(t, { defaultTimeout: 60 });
  server.on('DataIn', () => user.enterWith('handler'));
  const waits: Record<string, (connection: WSConnection) => PromiseLike<unknown>> = {
    ping: () => server.ping(id),
    messages: (connection) => {
      const messages = connection.messages();
      return messages.next().finally(() => messages.return?.());
    },
    'a loop': async (connection) => {
      for await (const _ of connection) return assert.equal(user.getStore(), 'a loop');
    },
    drain: () => connection.drain(),
    send: () => connection.sendBytes(Buffer.alloc(40_000)),
    sendStream: () => connection.sendStream(ReadableStream.from([Buffer.alloc(40_000)])),
    doEvents: () => server.doEvents(),
    readable: (connection) => connection.readable.getReader().read(),
    closed: (connection) => connection.closed,
    shutdown: () => server.shutdown(),
  };
  for (const [name, wait] of Object.entries(waits)) {
    const read = name === 'readable' ? await open(t, server) : { client, connection };
    const done = user.run(name, async () => {
      const waiting = wait(read.connection);
      read.client.sendFrame(Op.text, name);
      if (name === 'ping') {
        const { payload } = await read.client.readFrame();
        read.client.sendFrame(Op.pong, payload);
      }
      if (name === 'closed') void read.client.finish();
      await waiting;
      assert.equal(user.getStore(), name);
    });
    await done;
  }
});

describe('async hooks', () => {
  test('a connection has an id of its own, and ends', async (t) => {
    const alive = new Set<number>();
    let made = 0;
    const hook = createHook({
      init(id, type) {
        if (type !== 'WSConnection') return;
        alive.add(id);
        made++;
      },
      destroy: (id) => alive.delete(id),
    }).enable();
    t.after(() => hook.disable());
    const server = await startServer(t, { settings: { LogLevel: 3 } });
    server.on('Log', () => {});
    const ids = new Map<number, Set<number>>();
    const resources = new Set<object>();
    server.on('DataIn', ({ connectionId }) => {
      const seen = ids.get(connectionId) ?? new Set();
      ids.set(connectionId, seen.add(executionAsyncId()));
      resources.add(executionAsyncResource());
    });
    for (let index = 0; index < 2; index++) {
      const { client } = await open(t, server);
      for (let message = 0; message < 3; message++) client.sendFrame(Op.text, '');
      await client.finish();
    }
    const neither = await ByteClient.connect(t, server.localPort);
    neither.send('GET / HTTP/1.1\r\n\r\n');
    await neither.ended;
    await until(() => server.wsConnectionCount === 0);
    assert.deepEqual(
      [...ids.values()].map(({ size }) => size),
      [1, 1],
    );
    assert.equal(resources.size, 2);
    assert.ok(made >= 2);
    await until(() => alive.size === 0);
  });

  test('that were enabled before this package was loaded', async (t) => {
    const { stdout } = await runChild(
      t,
      async ({ WSServer }) => {
        const { executionAsyncId } = require('node:async_hooks');
        const net = require('node:net');
        const server = new WSServer({ localHost: '127.0.0.1' });
        await server.startListening();
        const ids = new Set();
        server.on('Connected', async () => {
          ids.add(executionAsyncId());
          if (ids.size < 2) return;
          console.log('two');
          process.exit();
        });
        const head =
          'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
        for (let index = 0; index < 2; index++) {
          const socket = net.connect(server.localPort, '127.0.0.1');
          socket.write(head);
          if (index === 0) await new Promise((resolve) => socket.once('data', resolve));
        }
        setTimeout(() => process.exit(1), 20_000);
      },
      undefined,
      ['--require', require.resolve('../support/hooked.js')],
    );
    assert.equal(stdout, 'two\n');
  });
});

test('what tells us of the use is attached once, whoever has loaded this package', () => {
  const { enterWith } = AsyncLocalStorage.prototype;
  const file = require.resolve('native-wsserver').replace('index.js', 'events/async_context.js');
  const loaded = require.cache[file];
  delete require.cache[file];
  const again = require(file) as { usage: unknown };
  require.cache[file] = loaded;
  assert.equal(AsyncLocalStorage.prototype.enterWith, enterWith);
  assert.equal(again.usage, require(file).usage);
});

test('where Node.js has been frozen, everything goes on', async (t) => {
  const { stdout, stderr } = await runChild(
    t,
    () => {
      console.log('loaded');
    },
    undefined,
    ['--require', require.resolve('../support/frozen.js')],
  );
  assert.deepEqual({ stdout, stderr }, { stdout: 'loaded\n', stderr: '' });
});
