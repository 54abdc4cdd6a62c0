// The opening handshake as the application sees it: the questions it is asked, and its answers.
// What the RFC asks for is in conformance/handshake.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebSocketOpenRequestEvent } from 'native-wsserver';
import {
  ByteClient,
  closeCode,
  closePayload,
  frame,
  Op,
  request,
  turn,
} from '../support/byte_client.js';
import { collect, holdQuestion, next, startEcho, startServer } from '../support/server.js';

const good = request();

test('frames wait for an answer that takes its time', async (t) => {
  const server = await startEcho(t);
  const answer = holdQuestion(server);
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

test('a Close behind the request is answered when the request has been', async (t) => {
  // Without a limit nothing else makes the loop turn once more.
  const server = await startServer(t, { settings: { DefaultConnectionTimeout: 0 } });
  server.on('WebSocketOpenRequest', async () => await turn());
  const ended = next(server, 'Disconnected');
  const client = await ByteClient.connect(t, server.localPort);
  client.send(good, frame({ opcode: Op.close, payload: closePayload(1000) }));
  assert.equal((await client.readAnswer()).status, 101);
  assert.equal(closeCode(await client.readFrame()), 1000);
  assert.equal((await ended).statusCode, 1000);
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

/** What the client offers, what the handler sets, what is answered. */
const subProtocols: [offered: string[], chosen: string, answered?: string][] = [
  [['a, b'], 'b', 'b'],
  [['a', 'b'], 'b', 'b'],
  [['a, b'], ''],
  [['a, b'], 'c'],
  [['a, b'], 'a, b'],
  [[], 'a'],
  [['A'], 'a'],
  [['a, ,b'], 'b', 'b'],
  [[', a', ''], 'a', 'a'],
  [[''], 'a'],
  [[''], ''],
];

for (const [offered, chosen, answered] of subProtocols) {
  test(`subprotocols: offered ${offered.join('|')}, chosen ${chosen}: ${answered}`, async (t) => {
    const server = await startServer(t);
    server.on('WebSocketOpenRequest', (event) => {
      event.subProtocols = chosen;
    });
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
    'headers that are no text',
    (event) => {
      event.responseHeaders = Symbol('s') as unknown as string;
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
  [
    'a length of its own',
    (event) => {
      Object.assign(event, { statusCode: 403, responseHeaders: 'Content-Length: 1' });
    },
    500,
  ],
  [
    'a body though it accepts',
    (event) => {
      event.responseBody = 'x';
    },
    500,
  ],
  [
    'a body that is too long',
    (event) => {
      Object.assign(event, { statusCode: 403, responseBody: new Uint8Array(16 * 1024) });
    },
    500,
  ],
  [
    'a body that cannot be a string',
    (event) => {
      Object.assign(event, { statusCode: 403, responseBody: Symbol('s') });
    },
    500,
  ],
  [
    'a body that has been given away',
    (event) => {
      const responseBody = new Uint8Array(8);
      structuredClone(responseBody.buffer, { transfer: [responseBody.buffer] });
      Object.assign(event, { statusCode: 403, responseBody });
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

const html = 'Content-Type: text/html; charset=utf-8\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT';

/** The lines and the body that a refusal sets; the type and the body that the client gets. */
const bodies: [name: string, lines: string, body: unknown, type: string, got: string][] = [
  ['nothing', '', undefined, 'text/plain; charset=utf-8', 'Refused by the application'],
  ['text', '', 'Entschuldigung für das', 'text/plain; charset=utf-8', 'Entschuldigung für das'],
  ['a page', html, '<p>é</p>', 'text/html; charset=utf-8', '<p>é</p>'],
  ['bytes', 'content-type: a/b', Buffer.from('caf\u00e9'), 'a/b', 'café'],
  ['other bytes', 'content-type: a/b', new Uint16Array([0x4241]), 'a/b', 'AB'],
  ['no bytes', '', '', 'text/plain; charset=utf-8', ''],
  ['what is made text', '', 403, 'text/plain; charset=utf-8', '403'],
  [
    'as many bytes as may be',
    '',
    'x'.repeat(16_383),
    'text/plain; charset=utf-8',
    'x'.repeat(16_383),
  ],
];

for (const [name, responseHeaders, responseBody, type, got] of bodies) {
  test(`a refusal with ${name}`, async (t) => {
    const server = await startServer(t);
    server.on('WebSocketOpenRequest', (event) => {
      Object.assign(event, { statusCode: 403, responseHeaders, responseBody });
    });
    const client = await ByteClient.connect(t, server.localPort);
    client.send(good);
    assert.equal(await client.ended, 'end');
    const [head = '', body] = (await client.rest()).toString().split('\r\n\r\n');
    const [statusLine = '', ...lines] = head.split('\r\n');
    assert.equal(statusLine, 'HTTP/1.1 403 Forbidden');
    const headers = lines.map((line) => line.split(': ') as [string, string]);
    headers.sort(([one], [other]) => one.localeCompare(other));
    assert.deepEqual(
      headers.map(([name]) => name.toLowerCase()),
      ['connection', 'content-length', 'content-type', 'date'],
    );
    assert.deepEqual(
      headers.slice(0, 3).map(([, value]) => value),
      ['close', `${Buffer.byteLength(got)}`, type],
    );
    if (responseHeaders.includes('Date')) assert.ok(responseHeaders.endsWith(`${headers[3]?.[1]}`));
    assert.equal(body, got);
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
