// What clients of HTTP do, to an httpServer of Node's on the port of a WSServer.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type ByteClient, frame, Op } from '../support/byte_client.js';
import { PLAIN } from '../support/certificates.js';
import { skipWithout } from '../support/programs.js';
import { collect, until } from '../support/server.js';
import { head, Served, socketsOpen, ways } from './served.js';

const MB = 1024 * 1024;
const block = randomBytes(MB);

/** Says what it was asked, and by whom. */
function tell(request: http.IncomingMessage, response: http.ServerResponse): void {
  let size = 0;
  request.on('data', (piece) => {
    size += piece.length;
  });
  request.on('end', () => {
    const { method, url, socket } = request;
    const { remoteAddress, remotePort } = socket;
    response.setHeader('X-From', `${remoteAddress} ${remotePort}`);
    response.end(`${method} ${url} ${size}`);
  });
}

for (const way of ways) {
  test(`${way}: requests on one connection, kept alive`, async (t) => {
    const served = await Served.start(t, way, http.createServer(tell));
    const agent = served.agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const sources = new Set<string>();
    for (let index = 0; index < 5; index++) {
      const [response, text] = await served.get({ path: `/${index}`, agent });
      assert.equal(text, `GET /${index} 0`);
      sources.add(`${response.headers['x-from']}`);
    }
    assert.equal(sources.size, 1, 'one connection');
    assert.match([...sources][0] ?? '', /^127\.0\.0\.1 [1-9]\d+$/);
    assert.equal(served.server.wsConnectionCount, 0);
  });

  test(`${way}: requests that come at once are answered in order`, async (t) => {
    const served = await Served.start(t, way, http.createServer(tell));
    const client = await served.connect(t);
    const body = 'b'.repeat(64 * 1024);
    client.send(
      '\r\n',
      head('POST /1 HTTP/1.1', `Content-Length: ${body.length}`),
      body,
      head('PUT /2 HTTP/1.1', 'Transfer-Encoding: chunked'),
      '5\r\nhello\r\n0\r\n\r\n',
      head('OPTIONS * HTTP/1.1'),
      head('GET http://localhost/3 HTTP/1.1'),
    );
    for (const expected of [`POST /1 ${body.length}`, 'PUT /2 5', 'OPTIONS * 0', 'GET ']) {
      const answer = await client.readAnswer();
      assert.equal(answer.status, 200);
      assert.ok(answer.body.startsWith(expected), answer.body);
    }
  });

  test(`${way}: a head that comes byte by byte, without a Host in HTTP/1.0`, async (t) => {
    const served = await Served.start(t, way, http.createServer(tell));
    const client = await served.connect(t);
    await client.sendPieces([...Buffer.from('GET /old HTTP/1.0\r\n\r\n')].map((b) => Buffer.of(b)));
    const answer = await client.readAnswer();
    assert.equal(answer.headers.get('connection'), 'close');
    assert.equal(await client.ended, 'end');
  });

  test(`${way}: 100 MB up and down are the same bytes`, async (t) => {
    const sum = createHash('sha256');
    for (let index = 0; index < 100; index++) sum.update(block);
    const expected = sum.digest('hex');
    const blocks = (): Readable => Readable.from(Array.from({ length: 100 }, () => block));
    const httpServer = http.createServer(async (request, response) => {
      const hash = createHash('sha256');
      await pipeline(request, hash);
      response.setHeader('X-Sum', hash.digest('hex'));
      await pipeline(blocks(), response);
    });
    const served = await Served.start(t, way, httpServer);
    const request = served.request({ method: 'POST', headers: { 'Content-Length': 100 * MB } });
    const [[response]] = (await Promise.all([
      once(request, 'response'),
      pipeline(blocks(), request),
    ])) as [[http.IncomingMessage], undefined];
    assert.equal(response.headers['x-sum'], expected);
    const hash = createHash('sha256');
    await pipeline(response, hash);
    assert.equal(hash.digest('hex'), expected);
  });

  test(`${way}: Expect: 100-continue is answered before the body comes`, async (t) => {
    const served = await Served.start(t, way, http.createServer(tell));
    const client = await served.connect(t);
    client.send(head('PUT /1 HTTP/1.1', 'Content-Length: 5', 'Expect: 100-continue'));
    assert.equal((await client.readAnswer()).status, 100);
    client.send('hello');
    assert.equal((await client.readAnswer()).body, 'PUT /1 5');
  });

  test(`${way}: events leave as they are written, until the client goes`, async (t) => {
    let response: http.ServerResponse | undefined;
    const httpServer = http.createServer((_, answer) => {
      answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
      answer.write('data: 0\n\n');
      response = answer;
    });
    const served = await Served.start(t, way, httpServer);
    const request = served.request({}).end();
    request.on('error', () => {});
    const [stream] = (await once(request, 'response')) as [http.IncomingMessage];
    stream.on('error', () => {});
    for (let index = 0; index < 3; index++) {
      const [event] = await once(stream, 'data');
      assert.equal(`${event}`, `data: ${index}\n\n`);
      response?.write(`data: ${index + 1}\n\n`);
    }
    const gone = once(response ?? assert.fail(), 'close');
    request.destroy();
    await gone;
  });

  test(`${way}: who does not read keeps the other side waiting`, async (t) => {
    let written = 0;
    let isFull = false;
    const httpServer = http.createServer((request, response) => {
      if (request.method === 'POST') {
        isFull = true;
        return; // The body is never read.
      }
      const more = (): void => {
        while (written < 200 * MB) {
          written += MB;
          if (!response.write(block)) return void response.once('drain', more);
        }
      };
      more();
    });
    const served = await Served.start(t, way, httpServer, {
      settings: { SendTimeout: 600, CloseTimeout: 1 },
    });
    const reader = await served.connect(t);
    reader.socket.pause();
    reader.send(head('GET / HTTP/1.1'));
    const writer = await served.connect(t);
    writer.send(head('POST / HTTP/1.1', `Content-Length: ${200 * MB}`));
    let uploaded = 0;
    const upload = (): void => {
      while (uploaded < 200 * MB) {
        uploaded += MB;
        if (!writer.socket.write(block)) return void writer.socket.once('drain', upload);
      }
    };
    upload();
    await until(() => isFull && written > 0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    // What the kernel and Node hold; and not the 200 MB.
    assert.ok(written < 40 * MB, `${written}`);
    assert.ok(uploaded < 40 * MB, `${uploaded}`);
    reader.close();
    writer.close();
  });

  test(`${way}: a thousand WebSockets beside, and nothing is left open`, async (t) => {
    const before = socketsOpen();
    const httpServer = http.createServer(tell);
    const served = await Served.start(t, way, httpServer, { settings: { MaxConnections: 2000 } });
    const { server } = served;
    server.on('DataIn', (event) => void server.sendText(event.connectionId, event.text));
    const clients: ByteClient[] = [];
    for (let index = 0; index < 1000; index++) {
      const client = await served.connect(t);
      await client.upgrade();
      clients.push(client);
      if (index % 50 === 0) await served.get({ path: '/between' });
    }
    assert.equal(server.wsConnectionCount, 1000);
    for (const client of clients) client.send(frame({ opcode: Op.text, payload: 'a' }));
    const [, text] = await served.get({ path: '/after' });
    assert.equal(text, 'GET /after 0');
    for (const client of clients) assert.equal(`${(await client.readFrame()).payload}`, 'a');
    for (const client of clients) client.close();
    await server.shutdown();
    await until(() => socketsOpen() <= before);
  });

  test(`${way}: curl`, { skip: skipWithout('curl', '--version') }, async (t) => {
    const served = await Served.start(t, way, http.createServer(tell));
    const curl = async (...args: string[]): Promise<string> => {
      const url = `${served.isSecure ? 'https' : 'http'}://127.0.0.1:${served.port}/c`;
      const options = { env: PLAIN };
      return (await promisify(execFile)('curl', ['-sk', '-m', '60', ...args, url], options)).stdout;
    };
    assert.equal(await curl(), 'GET /c 0');
    assert.equal(await curl('-d', 'hello'), 'POST /c 5');
    // It offers Upgrade: h2c, which nobody takes up.
    assert.equal(await curl('--http2'), 'GET /c 0');
    assert.equal(await curl('--http2', '-d', 'hello'), 'POST /c 5');
    assert.equal(await curl('-H', 'Transfer-Encoding: chunked', '-T', __filename), await size());
    assert.match(await curl('-I'), /^HTTP\/1\.1 200 OK\r\n/);
  });
}

async function size(): Promise<string> {
  const { stat } = await import('node:fs/promises');
  return `PUT /c ${(await stat(__filename)).size}`;
}

test('what two servers could read in two ways never gets there', async (t) => {
  const requests: string[] = [];
  const httpServer = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.end();
  });
  const served = await Served.start(t, 'in plain text', httpServer);
  const wrong = [
    ['POST / HTTP/1.1', 'Content-Length: 4', 'Transfer-Encoding: chunked'],
    ['POST / HTTP/1.1', 'Content-Length: 4', 'Content-Length: 5'],
    ['POST / HTTP/1.1', 'Content-Length: 4, 4'],
    ['POST / HTTP/1.1', 'Transfer-Encoding: xchunked'],
    ['POST / HTTP/1.1', 'Transfer-Encoding : chunked'],
    ['GET / HTTP/1.1', 'A: b\r\n c'],
    ['GET / HTTP/1.1', 'A: b\rc'],
    ['GET / HTTP/1.1', 'A: b\nc: d'],
    ['GET / HTTP/1.1', 'Host: other'],
    ['GET / HTTP/1.1', 'Upgrade: websocket', 'Connection: Upgrade', 'Content-Length: 1'],
  ];
  for (const [line = '', ...lines] of wrong) {
    const client = await served.connect(t);
    client.send(head(line, ...lines), 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.readAnswer()).status, 400, `${lines}`);
    await client.ended;
  }
  assert.deepEqual(requests, []);
});

test('who may not connect never gets there', async (t) => {
  const httpServer = http.createServer((_, response) => response.end());
  const served = await Served.start(t, 'in plain text', httpServer);
  const connections = collectConnections(httpServer);
  const { server } = served;
  const refuse = (event: { accept: boolean }): void => {
    event.accept = false;
  };
  server.on('ConnectionRequest', refuse);
  const refused = await served.connect(t);
  refused.send(head('GET / HTTP/1.1'));
  await refused.ended;
  server.off('ConnectionRequest', refuse);
  server.config('BlockedClients=127.0.0.1');
  const blocked = await served.connect(t);
  blocked.send(head('GET / HTTP/1.1'));
  await blocked.ended;
  server.config('BlockedClients=');
  server.config('MaxConnectionsPerAddress=1');
  // Those whose request has not come count; one that has been handed over in plain text does not.
  const waiting = await served.connect(t);
  waiting.send('GET / HTTP/1.1\r\n');
  assert.equal(connections.length, 0);
  waiting.send('Host: localhost\r\n\r\n');
  assert.equal((await waiting.readAnswer()).status, 200);
  await until(() => connections.length === 1);
  const next = await served.connect(t);
  next.send(head('GET / HTTP/1.1'));
  assert.equal((await next.readAnswer()).status, 200);
});

function collectConnections(httpServer: http.Server): unknown[] {
  const connections: unknown[] = [];
  httpServer.on('connection', (socket) => connections.push(socket));
  return connections;
}

test('questions that were asked about a connection are forgotten with it', async (t) => {
  const served = await Served.start(t, 'in plain text', http.createServer(tell));
  const asked = collect(served.server, 'ConnectionRequest');
  const [, text] = await served.get({ path: '/asked' });
  assert.equal(text, 'GET /asked 0');
  assert.equal(asked.length, 1);
  assert.equal([...served.server.connections].length, 0);
});
