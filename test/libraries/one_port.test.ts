// Express and Socket.IO on one port: all at once, in plain text and over TLS.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { issue } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import { startExample } from './engine.js';

const SOCKETS = 1000;
const UPLOAD_BYTES = 100 * 1024 * 1024;
/** So many handshakes at once. */
const AT_ONCE = 50;

/** A socket that has said hello to Socket.IO by its protocol, without a library that has a timer for each. */
async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url}/socket.io/?EIO=4&transport=websocket`, {
    rejectUnauthorized: false,
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const packet = `${data}`;
      if (packet.startsWith('0')) socket.send('40');
      else if (packet.startsWith('40')) resolve();
      else if (packet === '2') socket.send('3');
    });
  });
  await opened;
  return socket;
}

/** What Socket.IO acknowledges to event `number`. */
function echo(socket: WebSocket, number: number): Promise<string> {
  return new Promise((resolve) => {
    socket.on('message', function hear(data) {
      if (!`${data}`.startsWith(`43${number}[`)) return;
      socket.off('message', hear);
      resolve(`${data}`);
    });
    socket.send(`42${number}["echo","from ${number}"]`);
  });
}

for (const scheme of ['http', 'https']) {
  test(`a page, its script, an upload, a stream of events and ${SOCKETS} sockets by ${scheme}`, async (t) => {
    const { certFile, keyFile } = issue('one_port');
    const args = scheme === 'https' ? [certFile, keyFile] : [];
    const example = await startExample(t, 'express_and_socketio', { args });
    const url = example.url(scheme);
    const { Agent, request } = scheme === 'https' ? https : http;
    const agent = new Agent({ keepAlive: true, rejectUnauthorized: false } as https.AgentOptions);
    defer(t, () => agent.destroy());
    const ask = (target: string, options: http.RequestOptions = {}): http.ClientRequest =>
      request(`${url}${target}`, { agent, ...options });
    const answer = async (asked: http.ClientRequest): Promise<http.IncomingMessage> =>
      (await once(asked, 'response'))[0];
    const get = async (target: string): Promise<string> => text(await answer(ask(target).end()));

    const events = ask('/events').end();
    defer(t, () => events.destroy());
    let eventCount = 0;
    (await answer(events)).on('data', () => eventCount++);

    const upload = ask('/upload', { method: 'POST' });
    const answered = answer(upload);
    const piece = Buffer.alloc(1024 * 1024, 'x');
    const pieces = Readable.from(Array(UPLOAD_BYTES / piece.length).fill(piece));
    const uploaded = pipeline(pieces, upload).then(async () => text(await answered));

    const sockets: WebSocket[] = [];
    defer(t, () => {
      for (const socket of sockets) socket.terminate();
    });
    for (let count = 0; count < SOCKETS; count += AT_ONCE) {
      const some = Array.from({ length: AT_ONCE }, () =>
        connect(example.url(`ws${scheme.slice(4)}`)),
      );
      sockets.push(...(await Promise.all(some)));
    }
    assert.match(await get('/'), /<script src="\/socket.io\/socket.io.js">/);
    assert.match(await get('/socket.io/socket.io.js'), /Socket\.IO/);
    const echoes = await Promise.all(sockets.map((socket, index) => echo(socket, index)));
    assert.deepEqual(
      echoes,
      sockets.map((_, index) => `43${index}["from ${index}"]`),
    );
    assert.deepEqual(JSON.parse(await uploaded), { bytes: UPLOAD_BYTES });
    const before = eventCount;
    while (eventCount === before) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.match(await get('/'), /script/);
  });
}
