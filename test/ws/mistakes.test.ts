// Upgrades of a server of Node's that are none: what the face of ws answers.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer } from 'native-wsserver/ws';
import { defer } from '../support/defer.js';

const good = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

const mistakes: [string, http.RequestOptions, number, string][] = [
  ['another method', { method: 'POST', headers: good }, 405, 'Invalid HTTP method'],
  ['another protocol', { headers: { ...good, Upgrade: 'h2c' } }, 400, 'Invalid Upgrade header'],
  [
    'a key that is too short',
    { headers: { ...good, 'Sec-WebSocket-Key': 'AAAA' } },
    400,
    'Missing or invalid Sec-WebSocket-Key header',
  ],
  [
    'another version',
    { headers: { ...good, 'Sec-WebSocket-Version': '12' } },
    400,
    'Missing or invalid Sec-WebSocket-Version header',
  ],
  [
    'a subprotocol twice',
    { headers: { ...good, 'Sec-WebSocket-Protocol': 'a, a' } },
    400,
    'Invalid Sec-WebSocket-Protocol header',
  ],
];

async function ask(
  port: number,
  options: http.RequestOptions,
): Promise<{ statusCode: number | undefined; body: string }> {
  const request = http.request({ host: '127.0.0.1', port, agent: false, ...options }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const text of response) body += text;
  return { statusCode: response.statusCode, body };
}

for (const [name, options, statusCode, body] of mistakes) {
  test(`an upgrade with ${name} is refused, or left to wsClientError`, async (t) => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server });
    wss.on('connection', () => assert.fail('it is let in'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(t, () => {
      wss.close();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    assert.deepEqual(await ask(port, options), { statusCode, body });
    wss.on('wsClientError', (error, socket, request) => {
      socket.end(`HTTP/1.1 418 No\r\nConnection: close\r\n\r\n${error.message} ${request.url}`);
    });
    assert.deepEqual(await ask(port, options), { statusCode: 418, body: `${body} /` });
  });
}
