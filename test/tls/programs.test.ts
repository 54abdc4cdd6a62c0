// wss:// with those that users have: curl, Python's websockets, npm ws and Chromium.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { WSServer, WSServerOptions } from 'native-wsserver';
import { WebSocket } from 'ws';
import { browse, servePage } from '../support/browser.js';
import { authority, issue } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import { makeFolder } from '../support/files.js';
import { runProgram, skipWithout } from '../support/programs.js';
import { startEcho } from '../support/server.js';

const MiB = 1024 * 1024;
const ec = issue('ec');
const rsa = issue('rsa', { key: 'rsa' });
const client = issue('client');

const versions = { 'TLS 1.2': 3072, 'TLS 1.3': 12288 };

function start(
  t: TestContext,
  SSLEnabledProtocols: number,
  options?: WSServerOptions,
): Promise<WSServer> {
  const certificate = [ec, rsa].map(({ key, cert }) => ({ key, cert }));
  const settings = { SSLEnabledProtocols, SSLCACerts: authority.cert };
  return startEcho(t, { certificate, settings, ...options });
}

const urlOf = ({ localPort }: WSServer): string => `wss://localhost:${localPort}/`;

const script = `
import asyncio, ssl, sys, websockets
async def main():
    url, authority, cert, key = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(cert, key)
    async with websockets.connect(url, max_size=None, ssl=context) as client:
        for message in ['text', b'', b'\\x07' * 65536, b'\\x07' * (1 << 20), 'e' * (1 << 20)]:
            await client.send(message)
            assert await client.recv() == message
        print(client.transport.get_extra_info('ssl_object').version())
    try:
        context = ssl.create_default_context(cafile=authority)
        async with websockets.connect(url, ssl=context) as client:
            print('let in')
    except (ssl.SSLError, ConnectionError, websockets.InvalidMessage):
        print('refused')
    try:
        async with websockets.connect(url, ssl=ssl.create_default_context()) as client:
            print('trusted')
    except ssl.SSLCertVerificationError:
        print('not trusted')
asyncio.run(main())
`;

for (const [name, protocols] of Object.entries(versions)) {
  test(`npm ws, ${name}`, async (t) => {
    const server = await start(t, protocols, { sslAuthenticateClients: true });
    const { key, cert } = client;
    const socket = new WebSocket(urlOf(server), { ca: authority.cert, key, cert });
    defer(t, () => socket.terminate());
    await once(socket, 'open');
    for (const size of [0, 1, 16_384, 16_385, MiB, 8 * MiB]) {
      const sent = Buffer.alloc(size, 'w');
      socket.send(sent);
      const [received] = await once(socket, 'message');
      assert.ok(sent.equals(received));
    }
    const refused = new WebSocket(urlOf(server), { ca: authority.cert });
    await once(refused, 'error');
    const doubtful = new WebSocket(urlOf(server), { key, cert });
    const [error] = await once(doubtful, 'error');
    assert.match(error.message, /unable to verify|unable to get local issuer/);
  });

  const python = '/usr/bin/python3';
  const skip = skipWithout(python, '-c', 'import websockets');
  test(`Python's websockets, ${name}`, { skip }, async (t) => {
    const server = await start(t, protocols, { sslAuthenticateClients: true });
    const files = [authority.certFile, client.certFile, client.keyFile];
    const { stdout, stderr } = await runProgram(t, python, [
      ...['-c', script],
      urlOf(server),
      ...files,
    ]);
    assert.equal(stderr, '');
    const version = name.replace(' ', 'v');
    assert.deepEqual(stdout.trim().split('\n'), [version, 'refused', 'not trusted']);
  });

  test(`curl, ${name}`, { skip: skipWithout('curl', '--version') }, async (t) => {
    const server = await start(t, protocols);
    server.config('WaitForCloseResponse=False'); // It does not know what a Close frame is.
    const text = 'c'.repeat(MiB);
    server.on('Connected', async ({ connectionId }) => {
      await server.sendText(connectionId, text);
      await server.disconnect(connectionId);
    });
    const headers = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const { stdout, stderr } = await runProgram(t, 'curl', [
      ...['-sS', '-i', '-N', '--http1.1', '--max-time', '30', '--cacert', authority.certFile],
      ...headers.flatMap((header) => ['-H', header]),
      urlOf(server).replace('wss:', 'https:'),
    ]);
    assert.match(stdout, /^HTTP\/1\.1 101 /, stderr);
    assert.ok(stdout.includes(text));
  });
}

/** Runs in the page: what the server at `url` sends back. */
async function talk(url: string): Promise<void> {
  const answer: { text?: unknown; error?: string; [bytes: string]: unknown } = {};
  const socket = new globalThis.WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const received = () =>
    new Promise<string | ArrayBuffer>((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(data as string | ArrayBuffer);
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    });
  try {
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    });
    socket.send('héllo');
    answer.text = await received();
    for (const size of [0, 65_536, 1024 * 1024]) {
      socket.send(new Uint8Array(size).fill(7));
      const data = new Uint8Array((await received()) as ArrayBuffer);
      answer[`${size} bytes`] = data.length === size && data.every((byte) => byte === 7);
    }
  } catch (error) {
    answer.error = `${error}`;
  }
  await fetch('/report', { method: 'POST', body: JSON.stringify(answer) });
}

/** The home of a user who trusts the authority of the tests. */
async function makeHome(t: TestContext): Promise<string> {
  const home = makeFolder(t);
  const store = path.join(home, '.pki', 'nssdb');
  fs.mkdirSync(store, { recursive: true });
  const database = ['-d', `sql:${store}`];
  const trust = ['-t', 'C,,', '-n', 'Test Authority', '-i', authority.certFile];
  for (const command of [
    ['-N', '--empty-password'],
    ['-A', ...trust],
  ]) {
    const { code, stderr } = await runProgram(t, 'certutil', [...database, ...command]);
    assert.equal(code, 0, stderr);
  }
  return home;
}

const skip = skipWithout('chromium', '--version') || skipWithout('sh', '-c', 'command -v certutil');

test('Chromium, which trusts the authority', { skip }, async (t) => {
  const home = await makeHome(t);
  for (const protocols of Object.values(versions)) {
    const server = await start(t, protocols);
    const html = `<!doctype html><script>(${talk})(${JSON.stringify(urlOf(server))})</script>`;
    const page = await servePage(t, html);
    const report = await Promise.race([page.report, browse(t, page.url, home)]);
    assert.deepEqual(report, {
      text: 'héllo',
      '0 bytes': true,
      '65536 bytes': true,
      '1048576 bytes': true,
    });
  }
});
