// `wsserver load --broadcast`: what one connection sends comes to all.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { DataInEvent, WSServer } from 'native-wsserver';
import { load, loadUntil, run } from '../support/load_command.js';
import { startServer } from '../support/server.js';

/** Sends on to each connection what `messageFor` says. */
function forward(server: WSServer, messageFor: (id: number) => string | undefined): void {
  for (const id of server.connections.keys()) {
    const message = messageFor(id);
    if (message !== undefined) server.sendText(id, message).catch(() => {});
  }
}

async function startBroadcasting(t: TestContext): Promise<[WSServer, string]> {
  const server = await startServer(t);
  return [server, `ws://127.0.0.1:${server.localPort}/`];
}

describe('load --broadcast', { concurrency: 4 }, () => {
  const ways: [string, string[]][] = [
    ['one at a time', []],
    ['16 at a time', ['--in-flight', '16']],
    ['at a rate', ['--messages-per-second', '500']],
    ['compressed', ['--deflate', '--size', '2000']],
  ];
  for (const [name, args] of ways) {
    test(name, async (t) => {
      const [server, url] = await startBroadcasting(t);
      server.on('DataIn', ({ text }) => forward(server, () => text));
      const all = ['--broadcast', '--text', ...args];
      const { status, result } = await loadUntil(t, [server, 'DataIn', 100], url, all);
      assert.equal(status, 0);
      assert.equal(result.errorCount, 0, JSON.stringify(result.errors));
      const { sent, received, compressed } = result.messages;
      assert.ok(received > 4 * (sent - 17) && received <= 4 * sent, `${received} of ${sent}`);
      assert.ok(received > 40);
      assert.equal(compressed, args.includes('--deflate') ? received : 0);
      assert.ok((result.latencyMs?.p50 ?? 0) > 0);
    });
  }

  test('another message than was sent is told', async (t) => {
    const [server, url] = await startBroadcasting(t);
    const first = (): number | undefined => [...server.connections.keys()][0];
    server.on('DataIn', ({ text }) => forward(server, (id) => (id === first() ? 'no' : text)));
    const { result } = await loadUntil(t, [server, 'DataIn', 20], url, ['--broadcast', '--text']);
    assert.ok(result.messages.mismatches > 0);
    assert.deepEqual(
      result.errors.map(({ kind }) => kind),
      ['mismatch'],
    );
  });

  test('a message that nobody has sent is told', async (t) => {
    const [server, url] = await startBroadcasting(t);
    server.on('Connected', ({ connectionId }) => server.sendText(connectionId, 'welcome'));
    server.on('DataIn', ({ text }) => forward(server, () => text));
    const { result } = await loadUntil(t, [server, 'DataIn', 20], url, ['--broadcast', '--text']);
    assert.equal(result.messages.mismatches, 4);
  });

  test('one that is lost is told, and not waited for', async (t) => {
    const [server, url] = await startBroadcasting(t);
    let messages = 0;
    server.on('DataIn', ({ connectionId, text }: DataInEvent) => {
      const other = [...server.connections.keys()].find((id) => id !== connectionId);
      if (++messages === 5 && other !== undefined) server.disconnect(other);
      forward(server, () => text);
    });
    const { result } = await loadUntil(t, [server, 'DataIn', 50], url, ['--broadcast', '--text']);
    assert.deepEqual(
      result.errors.map(({ kind, count }) => [kind, count]),
      [['closedEarly', 1]],
    );
    assert.ok(result.messages.sent >= 50);
  });

  test('it is one process that does it', async () => {
    const { status, stderr } = await run(['ws://127.0.0.1:1/', '--broadcast', '--processes', '2']);
    assert.equal(status, 2);
    assert.match(stderr, /--broadcast and --processes exclude each other/);
  });

  test('what a server sends of its own accord is counted for each connection', async (t) => {
    const [server, url] = await startBroadcasting(t);
    server.on('DataIn', ({ connectionId, textB }) => {
      server.sendText(connectionId, 'news');
      server.sendBytes(connectionId, textB);
    });
    const { result } = await loadUntil(t, [server, 'DataIn', 100], url, ['--publications']);
    assert.equal(result.errorCount, 0, JSON.stringify(result.errors));
    const { received = 0, least = 0, most = 0 } = result.publications ?? {};
    assert.ok(received >= 100, `${received}`);
    assert.ok(least > 1 && most >= least && 4 * most >= received, `${least} to ${most}`);
  });

  test('without being told of it, that is no echo', async (t) => {
    const [server, url] = await startBroadcasting(t);
    server.on('DataIn', ({ connectionId }) => server.sendText(connectionId, 'news'));
    const { result } = await load(t, url, []);
    assert.ok(result.messages.mismatches > 0);
    assert.equal(result.publications, undefined);
  });
});
