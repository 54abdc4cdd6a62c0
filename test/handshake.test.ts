// The opening handshake: bytes in, an HTTP answer out (RFC 6455 section 4, RFC 9112).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebSocketOpenRequestEvent } from 'native-wsserver';
import { ByteClient, frame, Op, request } from './support/byte_client.js';
import { collect, next, startEcho, startServer } from './support/server.js';

const good = request();
/** The good request with one line changed; an empty replacement takes the line out. */
function changed(line: string, replacement: string): string {
  assert.ok(good.includes(`${line}\r\n`));
  return good.replace(`${line}\r\n`, replacement === '' ? '' : `${replacement}\r\n`);
}

const requestLine = 'GET / HTTP/1.1';
const host = 'Host: localhost';
const upgrade = 'Upgrade: websocket';
const connection = 'Connection: Upgrade';
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const version = 'Sec-WebSocket-Version: 13';

const rows: [name: string, bytes: string | Buffer, status: number][] = [
  ['as it should be', good, 101],
  ['names and values in other case', changed(upgrade, 'UPGRADE: WebSocket'), 101],
  ['Connection is a list', changed(connection, 'Connection: keep-alive, upgrade'), 101],
  ['Connection in two lines', request(['Connection: keep-alive']), 101],
  ['spaces and tabs around values', changed(host, 'Host: \t localhost \t'), 101],
  ['no space after the colon', changed(host, 'Host:localhost'), 101],
  ['URI with a query', request([], '/a/b?c=d%20e'), 101],
  ['absolute URI', changed(requestLine, 'GET http://localhost/a HTTP/1.1'), 101],
  ['Content-Length of 0', request(['Content-Length: 0']), 101],
  ['headers that nobody knows', request(['X-One: 1', 'X-One: 2']), 101],

  ['an ordinary GET', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 426],
  ['no Upgrade', changed(upgrade, ''), 426],
  ['Upgrade to something else', changed(upgrade, 'Upgrade: h2c'), 426],
  ['no Connection', changed(connection, ''), 400],
  ['Connection without Upgrade', changed(connection, 'Connection: keep-alive'), 400],
  ['no version', changed(version, ''), 426],
  ['version 8', changed(version, 'Sec-WebSocket-Version: 8'), 426],
  ['version list', changed(version, 'Sec-WebSocket-Version: 13, 8'), 426],
  ['two versions', request([version]), 400],
  ['no key', changed(key, ''), 400],
  ['two keys', request([key]), 400],
  ['key of 15 bytes', changed(key, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA'), 400],
  ['key that is no Base64', changed(key, 'Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=='), 400],
  ['no Host', changed(host, ''), 400],
  ['two Hosts', request([host]), 400],
  ['Host with a space', changed(host, 'Host: local host'), 400],
  ['Host other than that of the URI', changed(requestLine, 'GET http://other/ HTTP/1.1'), 400],
  ['POST', changed(requestLine, 'POST / HTTP/1.1'), 405],
  ['HTTP/1.0', changed(requestLine, 'GET / HTTP/1.0'), 505],
  ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['no version at all', 'GET /\r\n\r\n', 400],
  ['two spaces', changed(requestLine, 'GET  / HTTP/1.1'), 400],
  ['URI without a slash', request([], 'x'), 400],
  ['URI with a fragment', request([], '/#x'), 400],
  ['line ends with LF alone', good.replaceAll('\r\n', '\n'), 400],
  ['CR alone', good.replace('\r\nHost', '\rHost'), 400],
  ['folded line', request(['X-One: 1', ' folded']), 400],
  ['space before the colon', request(['X-One : 1']), 400],
  ['line without a colon', request(['X-One']), 400],
  ['NUL in a value', request(['X-One: a\0b']), 400],
  ['body announced', request(['Content-Length: 5']), 400],
  ['chunked body', request(['Transfer-Encoding: chunked']), 400],
  ['subprotocol that is no token', request(['Sec-WebSocket-Protocol: a b']), 400],
  ['subprotocol twice', request(['Sec-WebSocket-Protocol: a, a']), 400],
  ['empty subprotocol list', request(['Sec-WebSocket-Protocol:']), 400],
  ['TLS', Buffer.from('16030100c8010000c40303', 'hex'), 400],
  ['zeroes', Buffer.alloc(64), 400],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 400],
  ['text', 'hello\r\n\r\n', 400],
  ['empty line first', `\r\n${good}`, 400],
];

for (const [name, bytes, status] of rows) {
  for (const way of ['whole', 'byte by byte']) {
    test(`${name}, ${way}: ${status}`, async (t) => {
      const server = await startServer(t);
      const client = await ByteClient.connect(t, server.localPort);
      if (way === 'whole') client.send(bytes);
      else await client.sendSlowly(Buffer.from(bytes as Uint8Array));
      const answer = await client.readAnswer();
      assert.equal(answer.status, status, answer.body);
      if (status === 101) return;

      assert.equal(await client.ended, 'end');
      assert.match(answer.headers.get('connection') ?? '', /^close/);
      const isFor426 = status === 426 ? '13' : undefined;
      assert.equal(answer.headers.get('sec-websocket-version'), isFor426);
      assert.equal(server.wsConnectionCount, 0);
    });
  }
}

test('the answer has what RFC 6455 §4.2.2 asks for', async (t) => {
  const server = await startServer(t);
  const client = await ByteClient.connect(t, server.localPort);
  const { statusLine, headers } = await client.upgrade();
  assert.equal(statusLine, 'HTTP/1.1 101 Switching Protocols');
  assert.deepEqual(Object.fromEntries(headers), {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  });
});

test('frames in the packet of the request are handled', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.connect(t, server.localPort);
  client.send(
    good,
    frame({ opcode: Op.text, payload: 'early' }),
    frame({ opcode: Op.text, payload: 'bird' }).subarray(0, 3),
  );
  assert.equal((await client.readAnswer()).status, 101);
  assert.equal((await client.readFrame()).payload.toString(), 'early');
  client.send(frame({ opcode: Op.text, payload: 'bird' }).subarray(3));
  assert.equal((await client.readFrame()).payload.toString(), 'bird');
});

test('frames wait for an answer that takes its time', async (t) => {
  const server = await startEcho(t);
  let answer = (): void => {};
  server.on(
    'WebSocketOpenRequest',
    () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      }),
  );
  const asked = next(server, 'WebSocketOpenRequest');
  const early = next(server, 'DataIn');
  const client = await ByteClient.connect(t, server.localPort);
  client.send(good, frame({ opcode: Op.text, payload: 'early' }));
  await asked;
  assert.equal(server.wsConnectionCount, 0);
  answer();
  assert.equal((await client.readAnswer()).status, 101);
  assert.equal((await early).text, 'early');
});

test('WebSocketOpenRequest tells what was asked for', async (t) => {
  const server = await startServer(t);
  const [event] = await Promise.all([
    next(server, 'WebSocketOpenRequest'),
    ByteClient.connect(t, server.localPort).then((client) => {
      client.send(
        request(
          [
            'Origin: http://example.com',
            'Sec-WebSocket-Protocol: a',
            'Sec-WebSocket-Protocol: b',
            'Sec-WebSocket-Extensions: permessage-deflate',
            'X-Latin: caf\u00e9',
          ],
          '/chat?room=1',
        ),
      );
    }),
  ]);
  assert.equal(event.requestURI, '/chat?room=1');
  assert.equal(event.hostHeader, 'localhost');
  assert.equal(event.originHeader, 'http://example.com');
  assert.equal(event.subProtocols, 'a, b');
  assert.equal(event.extensions, 'permessage-deflate');
  assert.match(event.requestHeaders, /^Host: localhost\r\nUpgrade: websocket\r\n/);
  const { requestHeaders } = event;
  // What came were the two bytes of é in UTF-8.
  assert.ok(requestHeaders.includes('X-Latin: caf\u00c3\u00a9'), requestHeaders);
});

/** What the client offers, what the handler sets (undefined: nothing), what is answered. */
const subProtocols: [offered: string[], chosen: string | undefined, answered?: string][] = [
  [[], undefined],
  [['a'], undefined, 'a'],
  [['a, b'], undefined],
  [['a, b'], 'b', 'b'],
  [['a', 'b'], 'b', 'b'],
  [['a, b'], ''],
  [['a, b'], 'c'],
  [['a, b'], 'a, b'],
  [[], 'a'],
  [['A'], 'a'],
];

for (const [offered, chosen, answered] of subProtocols) {
  test(`subprotocols: offered ${offered.join('|')}, chosen ${chosen}: ${answered}`, async (t) => {
    const server = await startServer(t);
    if (chosen !== undefined) {
      server.on('WebSocketOpenRequest', (event) => {
        event.subProtocols = chosen;
      });
    }
    const client = await ByteClient.connect(t, server.localPort);
    const answer = await client.upgrade(offered.map((list) => `Sec-WebSocket-Protocol: ${list}`));
    assert.equal(answer.headers.get('sec-websocket-protocol'), answered);
  });
}

/** What a handler may answer with. */
const answers: [
  name: string,
  change: (event: WebSocketOpenRequestEvent) => unknown,
  status: number,
  header?: string,
][] = [
  [
    'headers',
    (event) => {
      event.responseHeaders = 'X-Mine: 1';
    },
    101,
    '1',
  ],
  [
    'headers that end in CR LF',
    (event) => {
      event.responseHeaders = 'X-Mine: 1\r\n';
    },
    101,
    '1',
  ],
  [
    'several headers',
    (event) => {
      event.responseHeaders = 'X-A: 0\r\nX-Mine: 1';
    },
    101,
    '1',
  ],
  [
    'a status',
    (event) => {
      event.statusCode = 403;
    },
    403,
  ],
  [
    'a status with headers',
    (event) => {
      event.statusCode = 401;
      event.responseHeaders = 'X-Mine: 1';
    },
    401,
    '1',
  ],
  [
    'a status without a phrase',
    (event) => {
      event.statusCode = 418;
    },
    418,
  ],
  [
    'after a while',
    async (event) => {
      await null;
      event.statusCode = 404;
    },
    404,
  ],
  [
    'no status at all',
    (event) => {
      event.statusCode = 7;
    },
    500,
  ],
  [
    'an empty line',
    (event) => {
      event.responseHeaders = 'X-A: 1\r\n\r\nbody';
    },
    500,
  ],
  [
    'LF alone',
    (event) => {
      event.responseHeaders = 'X-A: 1\nX-B: 2';
    },
    500,
  ],
  [
    'no header',
    (event) => {
      event.responseHeaders = 'nonsense';
    },
    500,
  ],
  [
    'CR LF in disguise',
    (event) => {
      event.responseHeaders = 'X-A: 1\u010d\u010aX-Mine: 1';
    },
    500,
  ],
  [
    'NUL',
    (event) => {
      event.responseHeaders = 'X-A: 1\0';
    },
    500,
  ],
  [
    'headers too long to send',
    (event) => {
      event.responseHeaders = `X-A: ${'a'.repeat(40_000)}`;
    },
    500,
  ],
  [
    'a subprotocol with a header in it',
    (event) => {
      event.subProtocols = 'a\0X-Mine: 1';
    },
    500,
  ],
];

for (const [name, change, status, header] of answers) {
  test(`the application answers with ${name}: ${status}`, async (t) => {
    const server = await startServer(t);
    server.on('WebSocketOpenRequest', change);
    const surfaced = status === 500 ? next(server, 'Error') : undefined;
    const client = await ByteClient.connect(t, server.localPort);
    client.send(good);
    const answer = await client.readAnswer();
    assert.equal(answer.status, status, answer.statusLine);
    assert.equal(answer.headers.get('x-mine'), header);
    assert.equal((await surfaced)?.errorCode, status === 500 ? 10022 : undefined);
    if (status !== 101) assert.equal(await client.ended, 'end');
  });
}

test('ConnectionRequest tells who comes, and may refuse', async (t) => {
  const server = await startServer(t);
  let accept = true;
  server.on('ConnectionRequest', async (event) => {
    event.accept = accept;
  });
  const asked = next(server, 'ConnectionRequest');
  const first = await ByteClient.connect(t, server.localPort);
  assert.equal((await first.upgrade()).status, 101);
  assert.deepEqual(
    { ...(await asked) },
    { address: '127.0.0.1', port: first.socket.localPort, accept: true },
  );
  accept = false;
  const second = await ByteClient.connect(t, server.localPort);
  second.send(good);
  await second.ended;
  assert.equal((await second.rest()).length, 0);
  assert.equal(server.wsConnectionCount, 1);
});

test('a request cut anywhere disturbs nobody', async (t) => {
  const server = await startEcho(t);
  const lost = collect(server, 'Disconnected');
  const other = await ByteClient.open(t, server.localPort);
  const bytes = Buffer.from(good);
  for (let at = 0; at < bytes.length; at += 7) {
    const client = await ByteClient.connect(t, server.localPort);
    client.send(bytes.subarray(0, at));
    if (at % 2 === 0) client.close();
    else client.reset();
  }
  other.sendFrame(Op.text, 'still here');
  assert.equal((await other.readFrame()).payload.toString(), 'still here');
  assert.equal(lost.length, 0);
});
