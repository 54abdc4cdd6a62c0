// How connections that have been handed over end: by timeouts of Node's, by shutdown(), by its bounds.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { ByteClient } from '../support/byte_client.js';
import { authority, issue } from '../support/certificates.js';
import { runChild } from '../support/child.js';
import { makeFolder } from '../support/files.js';
import { assertAtLeast } from '../support/patience.js';
import { next, startServer, until } from '../support/server.js';
import { head, Served, socketsOpen, ways } from './served.js';

for (const way of ways) {
  test(`${way}: the timeouts of the httpServer hold`, async (t) => {
    const options = { connectionsCheckingInterval: 20, headersTimeout: 200, requestTimeout: 400 };
    const httpServer = http.createServer({ ...options, keepAliveTimeout: 50 }, (_, response) =>
      response.end(),
    );
    const served = await Served.start(t, way, httpServer);
    const idle = await served.connect(t);
    idle.send(head('GET / HTTP/1.1'));
    assert.equal((await idle.readAnswer()).status, 200);
    await idle.ended;
    httpServer.keepAliveTimeout = 60_000;
    const slow = await served.connect(t);
    slow.send(head('GET / HTTP/1.1'));
    assert.equal((await slow.readAnswer()).status, 200);
    slow.send('GET / HTTP/1.1\r\n');
    assert.equal((await slow.readAnswer()).status, 408);
    await slow.ended;
  });

  test(`${way}: shutdown ends idle connections at once, and others when they are answered`, async (t) => {
    const before = socketsOpen();
    const waiting: http.ServerResponse[] = [];
    const httpServer = http.createServer((request, response) => {
      if (request.url === '/wait') waiting.push(response);
      else response.end('done');
    });
    const served = await Served.start(t, way, httpServer);
    const idle = await served.connect(t);
    idle.send(head('GET / HTTP/1.1'));
    await idle.readAnswer();
    const busy = await served.connect(t);
    busy.send(head('GET /wait HTTP/1.1'));
    await until(() => waiting.length === 1);
    let over = false;
    const shutdown = served.server.shutdown().then(() => {
      over = true;
    });
    await idle.ended;
    assert.equal(over, false);
    waiting[0]?.end('late');
    assert.equal((await busy.readAnswer()).body, 'late');
    await busy.ended;
    await shutdown;
    idle.close();
    busy.close();
    await until(() => socketsOpen() <= before);
  });

  test(`${way}: shutdown waits for an answer no longer than CloseTimeout`, async (t) => {
    const served = await Served.start(
      t,
      way,
      http.createServer(() => {}),
      { settings: { CloseTimeout: 1 } },
    );
    const busy = await served.connect(t);
    const asked = once(served.httpServer, 'request');
    busy.send(head('GET / HTTP/1.1'));
    await asked;
    const webSocket = await served.connect(t);
    await webSocket.upgrade();
    const started = performance.now();
    await served.server.shutdown();
    assertAtLeast(990, performance.now() - started);
    await busy.ended;
  });

  test(`${way}: closeAllConnections() and maxConnections of the httpServer hold`, async (t) => {
    const httpServer = http.createServer((_, response) => response.end());
    httpServer.maxConnections = 1;
    const dropped = once(httpServer, 'drop');
    const served = await Served.start(t, way, httpServer);
    const first = await served.connect(t);
    first.send(head('GET / HTTP/1.1'));
    await first.readAnswer();
    const second = await served.connect(t);
    second.send(head('GET / HTTP/1.1'));
    await second.ended;
    const [{ remoteAddress }] = await dropped;
    assert.equal(remoteAddress, '127.0.0.1');
    httpServer.closeAllConnections();
    await first.ended;
  });

  test(`${way}: a socket in the file system`, async (t) => {
    const file = `${makeFolder(t)}/s`;
    const httpServer = http.createServer(({ socket }, response) =>
      response.end(`${socket.remoteAddress} ${socket.remotePort}`),
    );
    const served = await Served.start(t, way, httpServer, { localHost: `unix:${file}` });
    const [, text] = await served.get({ socketPath: file });
    assert.equal(text, 'undefined undefined');
  });
}

test('under TLS, a socket shows what it stands for', async (t) => {
  const client = issue('client.example.com', { extensions: ['extendedKeyUsage=clientAuth'] });
  const shown: Record<string, unknown>[] = [];
  const httpServer = http.createServer(({ socket }, response) => {
    const names = ['remoteAddress', 'remoteFamily', 'localAddress', 'localPort', 'localFamily'];
    names.push('encrypted', 'authorized', 'authorizationError', 'alpnProtocol');
    const values = Object.fromEntries(names.map((name) => [name, Reflect.get(socket, name)]));
    const call = (name: string) => Reflect.get(socket, name).call(socket);
    shown.push({
      ...values,
      protocol: call('getProtocol'),
      cipher: call('getCipher').name,
      subject: call('getPeerCertificate').subject?.CN,
      x509: call('getPeerX509Certificate')?.subject,
      address: call('address'),
    });
    response.end();
  });
  const served = await Served.start(t, 'under TLS', httpServer, {
    sslAuthenticateClients: true,
    settings: { SSLCACerts: authority.cert },
  });
  served.server.on('SSLClientAuthentication', (event) => {
    event.accept = true;
  });
  const agent = { cert: client.cert, key: client.key, ca: authority.cert };
  await served.get({ ...agent, agent: false } as http.RequestOptions);
  await served.get({ agent: false });
  const { localPort } = served.server;
  const local = { address: '127.0.0.1', port: localPort, family: 'IPv4' };
  const expected = {
    remoteAddress: '127.0.0.1',
    remoteFamily: 'IPv4',
    localAddress: '127.0.0.1',
    localPort,
    localFamily: 'IPv4',
    encrypted: true,
    authorized: true,
    authorizationError: null,
    alpnProtocol: 'http/1.1',
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    subject: 'client.example.com',
    x509: 'O=Example\nCN=client.example.com',
    address: local,
  };
  const none = { subject: undefined, x509: undefined, authorized: false };
  assert.deepEqual(shown, [expected, { ...expected, ...none, authorizationError: null }]);
});

test('an httpServer that is taken away meanwhile: what nobody has is closed', async (t) => {
  const httpServer = http.createServer((_, response) => response.end());
  const server = await startServer(t, { httpServer, settings: { LogLevel: 3 } });
  server.on('Log', ({ message }) => {
    if (message.startsWith('Handed over')) server.httpServer = undefined;
  });
  const client = await ByteClient.connect(t, server.localPort);
  client.send(head('GET / HTTP/1.1'));
  await client.ended;
  assert.equal(server.httpServer, undefined);
});

test('where Node cannot have a socket, the client is closed, and Error tells', async (t) => {
  const httpServer = http.createServer((_, response) => response.end());
  const server = await startServer(t, { httpServer });
  const told = next(server, 'Error');
  const client = await ByteClient.connect(t, server.localPort);
  const { Socket } = net;
  t.after(() => Object.assign(net, { Socket }));
  Object.assign(net, {
    Socket: class {
      constructor() {
        throw new Error('no more sockets');
      }
    },
  });
  client.send(head('GET / HTTP/1.1'));
  assert.match((await told).description, /no more sockets/);
  await client.ended;
});

test('options of the sockets are those of the httpServer', async (t) => {
  const httpServer = http.createServer({ keepAlive: true, noDelay: false }, (_, response) =>
    response.end(),
  );
  const calls: unknown[] = [];
  httpServer.on('connection', (socket: net.Socket) => {
    calls.push(socket.allowHalfOpen, socket.readable, socket.writable);
  });
  const served = await Served.start(t, 'in plain text', httpServer);
  await served.get({});
  assert.deepEqual(calls, [true, true, true]);
});

test('a handler of connection that throws ends that connection alone', async (t) => {
  const { stdout, code, stderr } = await runChild(
    t,
    async ({ WSServer }) => {
      const { createServer, get } = await import('node:http');
      const thrown: string[] = [];
      process.on('uncaughtException', (error) => thrown.push(error.message));
      const httpServer = createServer((_, response) => response.end('here'));
      httpServer.prependOnceListener('connection', () => {
        throw new Error('from a handler');
      });
      const server = new WSServer({ localHost: '127.0.0.1', httpServer });
      await server.startListening();
      const ask = () =>
        new Promise((resolve) => {
          get({ host: '127.0.0.1', port: server.localPort }, (response) => {
            response.resume();
            resolve(response.statusCode);
          }).on('error', () => resolve('ended'));
        });
      console.log(JSON.stringify([await ask(), await ask(), thrown]));
      await server.shutdown();
    },
    undefined,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), ['ended', 200, ['from a handler']]);
});
