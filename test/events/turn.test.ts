// docs/turn.md: what may be called from where. Each call from each place, and what comes of it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { ByteClient, closePayload, frame, Op } from '../support/byte_client.js';
import { TestServer } from '../support/compat.js';
import { defer } from '../support/defer.js';
import { startServer } from '../support/server.js';
import { inThread } from '../support/thread.js';

interface Scene {
  readonly t: TestContext;
  readonly server: WSServer;
  readonly id: number;
  readonly client: ByteClient;
}

/** From where something is called when the client has sent two messages in one packet. */
const places: Record<string, (server: WSServer, act: (id: number) => void) => void> = {
  'a handler': (server, act) => server.once('DataIn', (event) => act(event.connectionId)),
  'a continuation of a handler': (server, act) =>
    server.once('DataIn', (event) => Promise.resolve(event.connectionId).then(act)),
  'a timer': (server, act) =>
    server.once('DataIn', (event) => setTimeout(() => act(event.connectionId), 1)),
  'a handler within doEvents() of another': (server, act) =>
    server.once('DataIn', () => {
      server.once('DataIn', (event) => act(event.connectionId));
      void server.doEvents();
    }),
};

/** What is called, and what comes of it. */
const calls: Record<string, { act(scene: Scene): unknown; check?(scene: Scene): unknown }> = {
  send: {
    act: ({ server, id }) => server.sendText(id, 'answer'),
    check: async ({ client }) =>
      assert.equal((await client.readFrame()).payload.toString(), 'answer'),
  },
  publish: {
    act: async ({ server, id }) => {
      await server.subscribe(id, 'topic');
      void server.sendText(id, 'first');
      assert.equal(await server.publish('topic', 'second'), 1);
    },
    check: async ({ client }) => {
      for (const expected of ['first', 'second']) {
        assert.equal((await client.readFrame()).payload.toString(), expected);
      }
    },
  },
  subscribe: {
    act: async ({ server, id }) => {
      void server.publish('topic', 'not yet');
      assert.equal(await server.subscribe(id, 'topic'), true);
      void server.publish('topic', 'now');
      await server.unsubscribe(id, 'topic');
      assert.equal(await server.publish('topic', 'no longer'), 0);
      await server.broadcast('end');
    },
    check: async ({ client }) => {
      for (const expected of ['now', 'end']) {
        assert.equal((await client.readFrame()).payload.toString(), expected);
      }
    },
  },
  disconnect: {
    act: ({ server, id }) => server.disconnect(id),
    check: async ({ client }) => assert.equal((await client.readFrame()).opcode, Op.close),
  },
  doEvents: { act: ({ server }) => server.doEvents() },
  startListening: {
    act: async ({ t, server }) => {
      const other = new WSServer({ localHost: '127.0.0.1' });
      const started = other.startListening();
      defer(t, () => other.shutdown());
      await assert.rejects(server.startListening(), { code: 104 });
      await started;
      await ByteClient.open(t, other.localPort);
    },
  },
  stopListening: {
    act: async ({ server }) => {
      await server.stopListening();
      assert.equal(server.listening, false);
    },
  },
  shutdown: {
    act: async ({ server, client }) => {
      const over = server.shutdown();
      assert.equal((await client.readFrame()).opcode, Op.close);
      client.sendFrame(Op.close, closePayload(1000));
      await over;
    },
  },
  settings: {
    act: ({ server, id }) => {
      server.config('MaxFrameSize=200');
      server.sendText(id, 'x'.repeat(300));
    },
    check: async ({ client }) => assert.ok((await client.readFrame()).payload.length < 300),
  },
};

for (const [call, { act, check }] of Object.entries(calls)) {
  for (const [place, from] of Object.entries(places)) {
    test(`${call} from ${place}`, async (t) => {
      const server = await startServer(t);
      const client = await ByteClient.open(t, server.localPort);
      const scene = new Promise<Scene>((resolve, reject) => {
        from(server, (id) => {
          const here = { t, server, id, client };
          Promise.resolve(act(here)).then(() => resolve(here), reject);
        });
      });
      const message = frame({ opcode: Op.text, payload: 'x' });
      client.send(message, message);
      await check?.(await scene);
      await scene;
    });
  }
}

const large = Buffer.alloc(4 * 1024 * 1024, 'x');
const waits: Record<string, (act: () => void) => void> = {
  'a handler': (act) => act(),
  'a continuation of a handler': (act) => void Promise.resolve().then(act),
  'a timer': (act) => void setTimeout(act, 1),
};
for (const [place, from] of Object.entries(waits)) {
  test(`a call that blocks from ${place}`, async (t) => {
    const server = TestServer.start(t);
    server.SetDefaultTimeout(60);
    const codes: number[] = [];
    server.onData = (e) => {
      if (e.Text === 'go') from(() => codes.push(server.SendBytes(e.ConnectionId, large)));
      else server.SendText(e.ConnectionId, e.Text);
    };
    const sizes = await inThread(
      t,
      async ({ open, next }, port) => {
        const [slow, other] = [await open(port), await open(port)];
        slow.pause();
        slow.send('go');
        // Others are served meanwhile.
        other.send('meanwhile');
        const { length } = await next(other);
        slow.resume();
        return [length, (await next(slow)).length];
      },
      server.GetLocalPort(),
    );
    assert.deepEqual(sizes, ['meanwhile'.length, large.length]);
    assert.deepEqual(codes, [0]);
  });
}

test('what docs/turn.md says is held by a test', () => {
  const root = path.dirname(require.resolve('native-wsserver/package.json'));
  const text = fs.readFileSync(path.join(root, 'docs', 'turn.md'), 'utf8');
  const [, table = ''] = text.split('\n## What may call what\n');
  const rows = table.split('\n').filter((line) => /^\| `/.test(line));
  const heads = rows.map((row) => row.split('|')[1]?.trim().replaceAll('`', ''));
  assert.deepEqual(heads, [...Object.keys(calls), 'what blocks']);
  for (const [, file = '', name = ''] of table.matchAll(/`([\w/]+\.test\.ts)` “([^”]+)”/g)) {
    const source = fs.readFileSync(path.join(root, 'test', file), 'utf8');
    assert.ok(source.includes(name), `${file} has no test ${name}`);
  }
});
