// Other people's clients: npm ws, undici's WebSocket and Python's websockets, against an echo.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { WSServer } from 'native-wsserver';
import { WebSocket as UndiciWebSocket } from 'undici';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { next, startEcho } from '../support/server.js';

const MiB = 1024 * 1024;
const scripts = [
  'plain',
  'Привет',
  'שלום',
  'नमस्ते',
  '你好世界',
  'こんにちは',
  '👩‍👩‍👧‍👦',
  '\0\uffff\u{10ffff}',
];
const sizes = [0, 1, 125, 126, 65_535, 65_536, 16 * MiB];

const urlOf = (server: WSServer): string => `ws://127.0.0.1:${server.localPort}/`;

test('ws: text, bytes and fragments', async (t) => {
  const server = await startEcho(t);
  const client = new WebSocket(urlOf(server));
  defer(t, () => client.terminate());
  await once(client, 'open');
  for (const script of scripts) {
    client.send(script);
    const [data, isBinary] = await once(client, 'message');
    assert.deepEqual([data.toString(), isBinary], [script, false]);
  }
  for (const size of sizes) {
    const sent = Buffer.alloc(size, size % 251);
    client.send(sent);
    const [data, isBinary] = await once(client, 'message');
    assert.ok(sent.equals(data) && isBinary, `${size} bytes`);
  }
  for (const part of ['a', 'é'.repeat(40_000), '']) client.send(part, { fin: false });
  client.send('end');
  const [whole] = await once(client, 'message');
  assert.equal(whole.toString(), `a${'é'.repeat(40_000)}end`);
});

test('ws: pings both ways', async (t) => {
  const server = await startEcho(t);
  const client = new WebSocket(urlOf(server));
  defer(t, () => client.terminate());
  const connected = next(server, 'Connected');
  await once(client, 'open');
  client.ping('payload');
  const [pong] = await once(client, 'pong');
  assert.equal(pong.toString(), 'payload');
  assert.ok((await server.ping((await connected).connectionId)) >= 0);
});

test('ws: subprotocol, and a refusal', async (t) => {
  const server = await startEcho(t);
  server.on('WebSocketOpenRequest', (event) => {
    if (event.subProtocols.includes('b')) event.subProtocols = 'b';
    else event.statusCode = 403;
  });
  const client = new WebSocket(urlOf(server), ['a', 'b']);
  defer(t, () => client.terminate());
  await once(client, 'open');
  assert.equal(client.protocol, 'b');
  const refused = new WebSocket(urlOf(server));
  const [error] = await once(refused, 'error');
  assert.match(error.message, /403/);
});

for (const [code, reason] of [
  [1000, ''],
  [1001, 'leaving'],
  [4999, 'é'.repeat(61)],
] as const) {
  test(`ws: close codes both ways, ${code}`, async (t) => {
    const settings = { DisconnectStatusCode: code, DisconnectStatusDescription: reason };
    const server = await startEcho(t, { settings });
    const first = new WebSocket(urlOf(server));
    defer(t, () => first.terminate());
    await once(first, 'open');
    const disconnected = next(server, 'Disconnected');
    first.close(code, reason);
    const { statusCode, description } = await disconnected;
    assert.deepEqual([statusCode, description], [code, reason]);
    const [echoed] = await once(first, 'close');
    assert.equal(echoed, code);

    const connected = next(server, 'Connected');
    const second = new WebSocket(urlOf(server));
    defer(t, () => second.terminate());
    await server.disconnect((await connected).connectionId);
    const [closed, why] = await once(second, 'close');
    assert.deepEqual([closed, why.toString()], [code, reason]);
  });
}

test("undici's WebSocket: text, bytes and close codes", async (t) => {
  const server = await startEcho(t);
  const client = new UndiciWebSocket(urlOf(server));
  client.binaryType = 'arraybuffer';
  const received = (): Promise<unknown> =>
    new Promise((resolve) => {
      client.addEventListener('message', ({ data }) => resolve(data), { once: true });
    });
  await new Promise((resolve) => client.addEventListener('open', resolve, { once: true }));
  for (const script of scripts) {
    client.send(script);
    assert.equal(await received(), script);
  }
  for (const size of sizes) {
    client.send(Buffer.alloc(size, 7));
    const data = await received();
    assert.ok(Buffer.from(data as ArrayBuffer).equals(Buffer.alloc(size, 7)), `${size} bytes`);
  }
  const disconnected = next(server, 'Disconnected');
  const closed = new Promise<{ code: number; wasClean: boolean }>((resolve) => {
    client.addEventListener('close', resolve, { once: true });
  });
  client.close(3456, 'bye');
  const { statusCode, description } = await disconnected;
  assert.deepEqual([statusCode, description], [3456, 'bye']);
  const { code, wasClean } = await closed;
  assert.deepEqual([code, wasClean], [3456, true]);
});

const python = '/usr/bin/python3';
const script = `
import asyncio, json, sys, websockets
async def main():
    scripts, sizes = json.loads(sys.argv[2])
    async with websockets.connect(sys.argv[1], max_size=None, compression=None) as client:
        for text in scripts:
            await client.send(text)
            assert await client.recv() == text, text
        for size in sizes:
            await client.send(b'\\x07' * size)
            assert await client.recv() == b'\\x07' * size, size
        await client.send(['frag', 'men', '', 'ts'])
        assert await client.recv() == 'fragments'
        await (await client.ping())
        await client.close(4001, 'done')
    print(client.close_code)
    client = await websockets.connect(sys.argv[1])
    await client.send('disconnect me')
    await client.wait_closed()
    print(client.close_code, client.close_reason)
asyncio.run(main())
`;
const probe = spawnSync(python, ['-c', 'import websockets']);
const missing = probe.status === 0 ? false : `${python} cannot import websockets`;

test("Python's websockets: text, bytes, fragments and close codes", {
  skip: missing,
}, async (t) => {
  const settings = { DisconnectStatusCode: 1013, DisconnectStatusDescription: 'later' };
  const server = await startEcho(t, { settings });
  server.on('DataIn', (event) => {
    const asks = event.dataFormat === 1 && event.text === 'disconnect me';
    if (asks) void server.disconnect(event.connectionId);
  });
  const disconnected = next(server, 'Disconnected');
  const client = spawn(python, ['-c', script, urlOf(server), JSON.stringify([scripts, sizes])]);
  defer(t, () => client.kill('SIGKILL'));
  const [stdout, stderr] = await Promise.all([text(client.stdout), text(client.stderr)]);
  assert.equal(stderr, '');
  assert.deepEqual(stdout.trim().split('\n'), ['4001', '1013 later']);
  const { statusCode, description } = await disconnected;
  assert.deepEqual([statusCode, description], [4001, 'done']);
});
