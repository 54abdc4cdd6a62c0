// The keys of session tickets: shared between processes, rotated, and never told.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type tls from 'node:tls';
import { promisify } from 'node:util';
import { WSServer } from 'native-wsserver';
import WebSocket from 'ws';
import { authority, folder, issue, PLAIN } from '../support/certificates.js';
import { messageOf, startChild } from '../support/child.js';
import { collect, startEcho } from '../support/server.js';

const { cert, key } = issue('tickets.example');
const certificate = { cert, key };

interface Visit {
  /** What the server says first; empty when it says nothing. */
  readonly said: string;
  readonly reused: boolean;
  readonly session: Buffer;
}

/** Connects, with `session` if there is one, and is told what came of it. */
async function visit(
  t: TestContext,
  port: number,
  { session, listens = false, ...options }: tls.ConnectionOptions & { listens?: boolean } = {},
): Promise<Visit> {
  const socket = new WebSocket(`wss://localhost:${port}`, {
    ca: authority.cert,
    ...(session && { session }),
    ...options,
  });
  t.after(() => socket.terminate());
  let ticket: Buffer | undefined;
  socket.on('upgrade', ({ socket: stream }) => {
    const secure = stream as tls.TLSSocket;
    ticket = secure.getSession();
    secure.on('session', (fresh) => {
      ticket = fresh;
    });
  });
  const greeting = listens ? once(socket, 'message') : [''];
  await once(socket, 'open');
  const [said] = await greeting;
  const stream = (socket as unknown as { _socket: tls.TLSSocket })._socket;
  const reused = stream.isSessionReused();
  socket.close();
  await once(socket, 'close');
  return { said: `${said}`, reused, session: ticket ?? (stream.getSession() as Buffer) };
}

/** A process that serves on `port`, and tells its pid to every client; resolves with the port. */
async function serve(t: TestContext, keys: Buffer, port = 0): Promise<number> {
  const child = startChild(
    t,
    async ({ WSServer: Server }, options) => {
      const server = new Server({
        localHost: '127.0.0.1',
        localPort: options.port,
        certificate: options.certificate,
        ticketKeys: Buffer.from(options.keys, 'hex'),
        settings: { BindExclusively: false },
      });
      server.on('Connected', ({ connectionId }) => {
        server.sendText(connectionId, `${process.pid}`);
      });
      await server.startListening();
      process.send?.(server.localPort);
    },
    { port, certificate, keys: keys.toString('hex') },
  );
  return messageOf(child);
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`two processes on one port resume each other's sessions: ${version}`, async (t) => {
    const keys = randomBytes(80);
    const port = await serve(t, keys);
    await serve(t, keys, port);
    const options = { minVersion: version, maxVersion: version, listens: true };
    const first = await visit(t, port, options);
    assert.equal(first.reused, false);
    const { session } = first;
    const visits = await Promise.all(
      Array.from({ length: 32 }, () => visit(t, port, { ...options, session })),
    );
    assert.equal(new Set(visits.map(({ said }) => said)).size, 2);
    assert.ok(visits.every(({ reused }) => reused));
  });
}

test('openssl takes a session from one server to another', async (t) => {
  const ticketKeys = randomBytes(160);
  const [one, other, stranger] = [
    await startEcho(t, { certificate, ticketKeys }),
    await startEcho(t, { certificate, ticketKeys }),
    await startEcho(t, { certificate }),
  ];
  const file = join(folder, 'session.pem');
  const connect = async (server: WSServer, ...args: string[]): Promise<string> => {
    const child = promisify(execFile)(
      'openssl',
      [
        ...['s_client', '-connect', `127.0.0.1:${server.localPort}`],
        ...['-CAfile', authority.certFile, '-verify_return_error', '-ign_eof', ...args],
      ],
      { env: PLAIN },
    );
    // The server's answer, which ends it, comes behind the ticket.
    child.child.stdin?.end('GET / HTTP/1.0\r\n\r\n');
    return (await child).stdout;
  };
  assert.match(await connect(one, '-sess_out', file), /^New, TLSv1\.3/m);
  assert.match(await connect(other, '-sess_in', file), /^Reused, TLSv1\.3/m);
  assert.match(await connect(stranger, '-sess_in', file), /^New, TLSv1\.3/m);
});

test('a session can be resumed again and again', async (t) => {
  const server = await startEcho(t, { certificate });
  let { session } = await visit(t, server.localPort);
  for (let times = 0; times < 3; times++) {
    const again = await visit(t, server.localPort, { session });
    assert.ok(again.reused);
    // A client uses a ticket once: each time there is a new one.
    assert.ok(!again.session.equals(session));
    session = again.session;
  }
});

test('rotation: the first key seals, all of them open', async (t) => {
  const server = await startEcho(t, { certificate });
  const old = server.ticketKeys;
  assert.equal(old.length, 80);
  const { session } = await visit(t, server.localPort);

  const fresh = randomBytes(80);
  server.ticketKeys = Buffer.concat([fresh, old]);
  const renewed = await visit(t, server.localPort, { session });
  assert.ok(renewed.reused);

  server.ticketKeys = fresh;
  assert.deepEqual(server.ticketKeys, fresh);
  assert.equal((await visit(t, server.localPort, { session })).reused, false);
  assert.ok((await visit(t, server.localPort, { session: renewed.session })).reused);
});

test('tickets stay good when the certificate or a setting of TLS changes', async (t) => {
  const server = await startEcho(t, { certificate });
  const { session } = await visit(t, server.localPort);
  server.config('SSLEnabledCipherSuites=TLS_AES_128_GCM_SHA256');
  server.certificate = certificate;
  assert.ok((await visit(t, server.localPort, { session })).reused);
});

test('keys that are none', () => {
  const server = new WSServer();
  const before = server.ticketKeys;
  for (const size of [0, 1, 79, 81, 17 * 80]) {
    const keys = Buffer.alloc(size, 'secret');
    assert.throws(
      () => {
        server.ticketKeys = keys;
      },
      ({ code, message }: { code: number; message: string }) =>
        code === 10022 && !message.includes('secret'),
    );
  }
  assert.deepEqual(server.ticketKeys, before);
  // What is read is a copy.
  server.ticketKeys.fill(0);
  assert.deepEqual(server.ticketKeys, before);
  assert.notDeepEqual(new WSServer().ticketKeys, before);
});

test('the Log says nothing of them', async (t) => {
  const server = await startEcho(t, {
    certificate,
    settings: { LogLevel: 3, LogSSLPackets: true },
  });
  const lines = collect(server, 'Log');
  const steps = collect(server, 'SSLStatus');
  const { session } = await visit(t, server.localPort);
  server.ticketKeys = Buffer.concat([randomBytes(80), server.ticketKeys]);
  await visit(t, server.localPort, { session });
  const said = [...lines, ...steps].map(({ message }) => message).join('\n');
  assert.ok(said.length > 0);
  const keys = server.ticketKeys;
  for (const form of ['hex', 'base64', 'latin1'] as const)
    assert.ok(!said.includes(keys.toString(form)));
  for (let at = 0; at < keys.length; at += 8) {
    assert.ok(!said.toLowerCase().includes(keys.toString('hex', at, at + 8)));
  }
});
