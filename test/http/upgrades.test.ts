// Upgrades on connections that have been handed over.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { ByteClient, frame, Op, request } from '../support/byte_client.js';
import { next, startServer } from '../support/server.js';
import { head, Served, ways } from './served.js';

const HANDLES = 'handleUpgrade' in WSServer.prototype;

async function askFirst(client: ByteClient): Promise<void> {
  client.send(head('GET / HTTP/1.1'));
  assert.equal((await client.readAnswer()).status, 200);
}

function answering(): http.Server {
  return http.createServer(({ method, url, headers }, response) =>
    response.end(`${method} ${url} ${headers.upgrade}`),
  );
}

/** In the stead of the server's own. */
function watchUpgrades(server: WSServer): Promise<[http.IncomingMessage, Duplex, Buffer]> {
  return new Promise((resolve) => {
    const handleUpgrade = (...upgrade: [http.IncomingMessage, Duplex, Buffer]) => {
      resolve(upgrade);
      return Promise.reject(new Error('refused'));
    };
    Object.defineProperty(server, 'handleUpgrade', { value: handleUpgrade });
  });
}

for (const way of ways) {
  test(`${way}: one to WebSocket, after a request, comes back`, async (t) => {
    const served = await Served.start(t, way, answering());
    const upgrades = watchUpgrades(served.server);
    const client = await served.connect(t);
    await askFirst(client);
    client.send(request([], '/socket'), frame({ opcode: Op.text, payload: 'early' }));
    const [message, socket, early] = await upgrades;
    assert.equal(message.url, '/socket');
    assert.equal(message.headers['sec-websocket-version'], '13');
    assert.ok(early.length > 0);
    socket.destroy();
    await client.ended;
  });

  test(`${way}: one to WebSocket becomes one`, { skip: !HANDLES }, async (t) => {
    const served = await Served.start(t, way, answering());
    const client = await served.connect(t);
    await askFirst(client);
    const connected = next(served.server, 'Connected');
    const came = next(served.server, 'DataIn');
    await client.upgrade();
    client.sendFrame(Op.text, 'hello');
    const { connectionId } = await connected;
    assert.equal((await came).text, 'hello');
    await served.server.sendText(connectionId, 'hello, too');
    assert.equal(`${(await client.readFrame()).payload}`, 'hello, too');
  });

  test(`${way}: one to something else is ignored, in any request`, async (t) => {
    const served = await Served.start(t, way, answering());
    const client = await served.connect(t);
    const lines = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'];
    for (let index = 0; index < 3; index++) {
      client.send(head(`POST /${index} HTTP/1.1`, ...lines, 'Content-Length: 5'), 'hello');
      assert.equal((await client.readAnswer()).body, `POST /${index} undefined`);
    }
  });

  test(`${way}: whoever else listens has all of them`, async (t) => {
    const httpServer = answering();
    const served = await Served.start(t, way, httpServer);
    httpServer.on('upgrade', (_, socket) => socket.end('HTTP/1.1 101 Mine\r\n\r\n'));
    const client = await served.connect(t);
    await askFirst(client);
    client.send(head('GET / HTTP/1.1', 'Connection: Upgrade', 'Upgrade: mine'));
    assert.equal((await client.readAnswer()).statusLine, 'HTTP/1.1 101 Mine');
  });

  test(`${way}: CONNECT is for whoever listens to it`, async (t) => {
    const httpServer = answering();
    const served = await Served.start(t, way, httpServer);
    httpServer.on('connect', (_, socket, early) => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${early.length}\r\n\r\n${early}`);
    });
    const client = await served.connect(t);
    client.send('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\nearly');
    assert.equal((await client.readAnswer()).body, 'early');
    await client.ended;
  });
}

test('two servers may have one httpServer: each has what comes on its own connections', async (t) => {
  const httpServer = answering();
  const [first, second] = [
    await startServer(t, { httpServer }),
    await startServer(t, { httpServer }),
  ];
  const others = watchUpgrades(first);
  const upgrades = watchUpgrades(second);
  const client = await ByteClient.connect(t, second.localPort);
  await askFirst(client);
  client.send(request([], '/second'));
  const [message, socket] = await upgrades;
  assert.equal(message.url, '/second');
  socket.destroy();
  // On a connection of the httpServer's own the first of them has it.
  httpServer.listen(0, '127.0.0.1');
  t.after(() => httpServer.close());
  await once(httpServer, 'listening');
  const { port } = httpServer.address() as { port: number };
  const own = await ByteClient.connect(t, port);
  own.send(request([], '/own'));
  const [ownMessage, ownSocket] = await others;
  assert.equal(ownMessage.url, '/own');
  ownSocket.destroy();
});
