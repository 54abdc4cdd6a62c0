// Requests that are no WebSocket upgrades, answered by a server of Node's on the same port.

import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { ByteClient } from '../support/byte_client.js';
import { startServer } from '../support/server.js';

test('without an httpServer, and when it has been taken away, requests are refused', async (t) => {
  const server = await startServer(t);
  const ask = async (): Promise<number> => {
    const client = await ByteClient.connect(t, server.localPort);
    client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return (await client.readAnswer()).status;
  };
  assert.equal(server.httpServer, undefined);
  assert.equal(await ask(), 426);
  const httpServer = http.createServer((_, response) => response.end('here'));
  server.httpServer = httpServer;
  assert.equal(server.httpServer, httpServer);
  assert.equal(await ask(), 200);
  server.httpServer = null;
  assert.equal(server.httpServer, undefined);
  assert.equal(httpServer.listenerCount('upgrade'), 0);
  assert.equal(await ask(), 426);
});

test('what is no server of node:http is refused, with what to do', () => {
  const server = new WSServer();
  const code = { code: 10022 };
  for (const wrong of [{}, 'http', 80, net.createServer(), () => {}]) {
    assert.throws(() => Object.assign(server, { httpServer: wrong }), code);
    assert.throws(() => new WSServer({ httpServer: wrong as http.Server }), code);
  }
  assert.throws(() => Object.assign(server, { httpServer: https.createServer() }), {
    code: 10022,
    message: /Give http\.createServer\(\), and the certificate to this server/,
  });
  assert.equal(server.httpServer, undefined);
});
