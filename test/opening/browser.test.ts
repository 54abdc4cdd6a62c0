// A browser's view of the server: a page in Chromium does what support/browser_page.ts says and
// reports what it came to.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { ReadableStream } from 'node:stream/web';
import { type TestContext, test } from 'node:test';
import type { WSConnection, WSServer } from 'native-wsserver';
import { browse, servePage } from '../support/browser.js';
import { runPage, type Tasks } from '../support/browser_page.js';
import { messageOf, startChild } from '../support/child.js';
import { skipWithout } from '../support/programs.js';
import { startEcho } from '../support/server.js';

const urlOf = (server: WSServer): string => `ws://127.0.0.1:${server.localPort}`;

/** Parts of a message, which become fragments. */
const chunks = ['Hel', '', 'lo, ', '世界', 'é'.repeat(100_000)];

/** What the server does for a connection besides sending back what comes, by the path. */
const services: Record<string, (connection: WSConnection, query: URLSearchParams) => unknown> = {
  '/ping': async (connection) => {
    await connection.ping();
    connection.sendText('pong');
  },
  '/text': (connection) => connection.sendStream(ReadableStream.from(chunks)),
  '/bytes': (connection) =>
    connection.sendStream(ReadableStream.from(chunks.map((chunk) => Buffer.from(chunk)))),
  '/close': (connection, query) =>
    connection.close(Number(query.get('code')), query.get('reason') ?? ''),
};

async function startServices(t: TestContext): Promise<WSServer> {
  const server = await startEcho(t);
  server.on('WebSocketOpenRequest', (event) => {
    if (event.requestURI === '/forbidden') event.statusCode = 403;
    if (event.subProtocols === 'a, b') event.subProtocols = 'b';
  });
  server.on('Connected', ({ connectionId }) => {
    const connection = server.connections.get(connectionId) as WSConnection;
    const { pathname, searchParams } = new URL(connection.requestURI, urlOf(server));
    services[pathname]?.(connection, searchParams);
  });
  return server;
}

/** A server in a process of its own, which dies when it is sent something. */
async function startMortal(t: TestContext): Promise<{ port: number; died: Promise<unknown> }> {
  const child = startChild(
    t,
    async ({ WSServer }) => {
      const server = new WSServer({ localHost: '127.0.0.1' });
      server.on('DataIn', () => process.kill(process.pid, 'SIGKILL'));
      await server.startListening();
      process.send?.(server.localPort);
    },
    undefined,
  );
  const port = await messageOf<number>(child);
  return { port, died: once(child, 'exit') };
}

const texts = [
  'plain',
  '',
  'Привет',
  'שלום',
  'नमस्ते',
  '你好世界',
  '👩‍👩‍👧‍👦',
  '\0\uffff\u{10ffff}',
  'long '.repeat(1000),
];
const sizes = [0, 1, 125, 126, 1023, 1024, 65_535, 65_536, 1_000_000, 4_000_000];

const stateless = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

test('a page in Chromium', { skip: skipWithout('chromium', '--version') }, async (t) => {
  const server = await startServices(t);
  const plain = await startEcho(t, { settings: { EnablePermessageDeflate: false } });
  const mortal = await startMortal(t);
  const died = mortal.died.then(() => startEcho(t, { localPort: mortal.port }));
  const watched: [code: number, reason: string][] = [];
  server.on('Disconnected', ({ connectionId, statusCode, description }) => {
    const uri = server.connections.get(connectionId)?.requestURI;
    if (uri === '/watched') watched.push([statusCode, description]);
  });

  const tasks: Tasks = {
    url: urlOf(server),
    plainUrl: urlOf(plain),
    mortalUrl: `ws://127.0.0.1:${mortal.port}`,
    texts,
    sizes,
    closes: [[], [1000], [1000, 'bye'], [3000, 'é'.repeat(61)], [4999, '']],
    refusedCloses: [[0], [999], [1001], [1006], [2999], [5000], [1000, 'é'.repeat(62)]],
    serverCloses: [
      [1000, ''],
      [1001, 'going away'],
      [1011, 'é'.repeat(61)],
      [3000, ''],
      [4999, 'später'],
    ],
  };
  const script = `(${runPage})(${JSON.stringify(tasks)})`;
  const page = await servePage(t, `<!doctype html><script type="module">${script}</script>`);
  const report = await Promise.race([page.report, browse(t, page.url)]);
  await died;

  const clean = (code: number, reason: string) => ({ code, reason, wasClean: true });
  const expected: Record<string, unknown> = {
    extensions: stateless,
    'no extensions': '',
    text: texts,
    'text, not compressed': texts,
    'long text': true,
    ArrayBuffer: sizes.map(() => true),
    Blob: sizes.map(() => true),
    view: sizes.map(() => true),
    noise: true,
    order: Array.from({ length: 3000 }, (_, size) => size),
    ping: 'pong',
    'fragments of text': chunks.join(''),
    'fragments of bytes': chunks.join(''),
    subprotocol: 'b',
    // The page asked for one and got none: browsers do not accept that.
    'no subprotocol': 'refused, 1006',
    'a status that is not 101': 'refused, 1006',
    closes: [clean(1005, ''), clean(1000, ''), clean(1000, ''), clean(3000, ''), clean(4999, '')],
    'refused closes': [...Array(6).fill('InvalidAccessError'), 'SyntaxError', 'still here'],
    'closes of the server': tasks.serverCloses.map(([code, reason]) => clean(code, reason)),
    reconnect: [1006, false, 'back again'],
  };
  for (const [name, value] of Object.entries(expected)) {
    await t.test(name, () => assert.deepEqual(report[name], value));
  }
  assert.deepEqual(Object.keys(report), Object.keys(expected));
  await t.test('closes, as the server sees them', () =>
    assert.deepEqual(
      watched,
      tasks.closes.map(([code = 1005, reason = '']) => [code, reason]),
    ),
  );
});
