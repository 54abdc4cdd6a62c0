// The end of TLS: the server says close_notify (RFC 8446 §6.1), as OpenSSL's own client tells, and as
// can be seen from outside where that does not listen any more.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { WSServer } from 'native-wsserver';
import { request } from '../support/byte_client.js';
import { issue, PLAIN } from '../support/certificates.js';
import { next, startEcho } from '../support/server.js';
import { connectTls, TLS12, TLS13 } from '../support/tls_client.js';

const own = issue('ends.example');
const certificate = { key: own.key, cert: own.cert };

/** How the connection ends, after what the client has sent. */
const endings: [
  name: string,
  sent: string,
  act: (server: WSServer, stdin: NodeJS.WritableStream) => void | Promise<void>,
][] = [
  ['a request is refused', 'GET / HTTP/1.0\r\n\r\n', () => {}],
  [
    'a handler refuses',
    request([], '/refuse'),
    (server) => {
      server.on('WebSocketOpenRequest', (event) => {
        event.statusCode = 403;
      });
    },
  ],
  ['a request does not come', '', (server) => void server.config('DefaultConnectionTimeout=1')],
  [
    'the server closes, and the client does not answer',
    request(),
    (server) => {
      server.config('CloseTimeout=1');
      void server.shutdown();
    },
  ],
];

for (const version of ['1_2', '1_3']) {
  for (const SSLOwnRecords of version === '1_2' ? [true] : [true, false]) {
    for (const [name, sent, act] of endings) {
      test(`-tls${version}, SSLOwnRecords ${SSLOwnRecords}: ${name}`, async (t) => {
        const settings = { SSLOwnRecords };
        const server = await startEcho(t, { certificate, settings });
        const opens = sent.endsWith('\r\n\r\n') && sent.startsWith('GET / HTTP/1.1');
        const shaken = new Promise<void>((resolve) => {
          server.on('SSLStatus', ({ message }) => {
            if (message.startsWith('Handshake done')) resolve();
          });
        });
        const opened = next(server, 'Connected');
        if (sent === '' || sent.includes('/refuse')) await act(server, process.stdout);
        const child = execFile(
          'openssl',
          [
            ...['s_client', '-connect', `127.0.0.1:${server.localPort}`, `-tls${version}`],
            ...['-msg', '-nocommands'],
          ],
          { env: PLAIN },
        );
        t.after(() => child.kill());
        let told = '';
        child.stdout?.on('data', (text) => {
          told += text;
        });
        child.stdin?.on('error', () => {});
        await shaken;
        child.stdin?.write(sent);
        if (opens) await opened;
        if (sent !== '' && !sent.includes('/refuse')) {
          await act(server, child.stdin as NodeJS.WritableStream);
        }
        await once(child, 'close');
        assert.match(told, /<<< TLS [^\n]*Alert[^\n]*warning close_notify/);
      });
    }
  }
}

for (const [version, options, alert] of [
  ['TLS 1.2', TLS12, [21, 3, 3, 0, 26]],
  // Sealed: two bytes, their type, and 16 more.
  ['TLS 1.3', TLS13, [23, 3, 3, 0, 19]],
] as const) {
  for (const ending of ['close_notify', 'FIN'] as const) {
    for (const opens of [true, false]) {
      test(`${version}: the client's ${ending} is answered; open: ${opens}`, async (t) => {
        const server = await startEcho(t, { certificate });
        const client = await connectTls(t, server.localPort, options);
        if (opens) await client.inner.upgrade();
        else await client.session;
        const received: Buffer[] = [];
        client.socket.on('data', (bytes) => received.push(bytes));
        if (ending === 'FIN') client.socket.end();
        else client.tls.end();
        await once(client.socket, 'close');
        const last = Buffer.concat(received).subarray(0, 5);
        assert.deepEqual([...last], alert);
      });
    }
  }
}
