// `wsserver load` over wss://: what it speaks, whom it trusts, and what it counts when TLS fails.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { WSServerOptions } from 'native-wsserver';
import { authority, issue, PLAIN } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import { load, loadUntil, rawServer, run } from '../support/load_command.js';
import { startEcho, startServer } from '../support/server.js';

const ec = issue('load.example', { hosts: ['localhost', 'load.example'] });
const client = issue('client');
const certificate = { key: ec.key, cert: ec.cert };
const TRUST = ['--ca', authority.certFile];

const at = (port: number): string => `wss://localhost:${port}/`;

async function echoAt(t: TestContext, options?: WSServerOptions): Promise<string> {
  const server = await startEcho(t, { certificate, ...options });
  return at(server.localPort);
}

/** The kinds and details of what went wrong. */
function kindsOf(errors: { kind: string; detail: number }[]): string[] {
  return [...new Set(errors.map(({ kind, detail }) => `${kind} ${detail}`))];
}

/** Passes on what goes between a client and `port`; `serve` changes or drops what comes back. */
function relayTo(
  t: TestContext,
  port: number,
  answer: (bytes: Buffer, before: number, client: net.Socket) => void,
): Promise<number> {
  return rawServer(t, (socket) => {
    const server = net.connect(port, '127.0.0.1');
    let before = 0;
    server.on('error', () => {});
    socket.on('data', (bytes) => server.write(bytes));
    socket.on('close', () => server.destroy());
    server.on('data', (bytes) => {
      answer(bytes, before, socket);
      before += bytes.length;
    });
  });
}

describe('load over TLS', { concurrency: 4 }, () => {
  const modes: [string, string[], RegExp][] = [
    ['TLS 1.3', ['--tls', '1.3'], /^TLSv1\.3, TLS_AES_128_GCM_SHA256, ecdhe_x25519$/],
    ['TLS 1.2', ['--tls', '1.2'], /^TLSv1\.2, TLS_ECDHE_ECDSA_WITH_/],
    ['several in flight', ['--in-flight', '16'], /^TLSv1\.3/],
    ['large messages', ['--size', '300000', '--in-flight', '4'], /^TLSv1\.3/],
    ['an open loop', ['--messages-per-second', '2000'], /^TLSv1\.3/],
    ['several processes', ['--processes', '2'], /^TLSv1\.3/],
    ['another name', ['--server-name', 'load.example'], /^TLSv1\.3/],
  ];
  for (const [name, args, negotiated] of modes) {
    test(name, async (t) => {
      const server = await startEcho(t, { certificate });
      const { status, stdout, result } = await loadUntil(
        t,
        [server, 'DataIn', 200],
        at(server.localPort),
        [...TRUST, ...args],
      );
      assert.equal(result.errorCount, 0, JSON.stringify(result.errors));
      assert.equal(status, 0);
      assert.ok(result.messages.received > 10);
      assert.match(result.tls?.negotiated ?? '', negotiated);
      assert.deepEqual([result.tls?.handshakes, result.tls?.resumed], [4, 0]);
      assert.ok(stdout.includes('4 handshakes, 0 resumed'));
    });
  }

  for (const version of ['1.2', '1.3']) {
    test(`churn with TLS ${version}, and resumed`, async (t) => {
      const args = [...TRUST, '--tls', version, '--churn'];
      const server = await startEcho(t, { certificate });
      const full = await loadUntil(t, [server, 'Connected', 4], at(server.localPort), args);
      assert.equal(full.result.errorCount, 0, JSON.stringify(full.result.errors));
      assert.equal(full.result.tls?.resumed, 0);
      const { result } = await loadUntil(t, [server, 'Connected', 40], at(server.localPort), [
        ...args,
        '--resume',
      ]);
      assert.equal(result.errorCount, 0, JSON.stringify(result.errors));
      const { handshakes = 0, resumed = 0 } = result.tls ?? {};
      // All but the first of each of the four.
      assert.ok(handshakes > 8);
      assert.equal(resumed, handshakes - 4);
    });
  }

  test('a client certificate', async (t) => {
    const settings = { SSLCACerts: authority.cert };
    const server = await startEcho(t, { certificate, sslAuthenticateClients: true, settings });
    const seen = new Set<string>();
    server.on('SSLClientAuthentication', (event) => {
      seen.add(event.certSubject);
    });
    const own = ['--cert', client.certFile, '--key', client.keyFile];
    const { result } = await load(t, at(server.localPort), [...TRUST, ...own]);
    assert.equal(result.errorCount, 0, JSON.stringify(result.errors));
    assert.deepEqual([...seen], ['CN=client, O=Example']);
    const noCertificate = ['--cert', client.keyFile, '--key', client.keyFile];
    const { status, stderr } = await run([at(server.localPort), ...TRUST, ...noCertificate]);
    assert.equal(status, 2);
    assert.match(stderr, /--cert and --key: /);
    server.removeAllListeners('SSLClientAuthentication');
    const without = await load(t, at(server.localPort), TRUST);
    assert.deepEqual(kindsOf(without.result.errors), ['tlsAlert 116']);
    assert.match(
      without.stdout,
      /the server ended TLS with an alert: certificate_required \(116\)/,
    );
  });

  test('whom it does not trust', async (t) => {
    const url = await echoAt(t);
    const [stranger, named, insecure] = await Promise.all([
      load(t, url, ['--ca', client.certFile]),
      load(t, url, [...TRUST, '--server-name', 'other.example']),
      load(t, url, ['--insecure', '--server-name', 'other.example']),
    ]);
    assert.equal(stranger.status, 1);
    assert.deepEqual(kindsOf(stranger.result.errors), ['tlsCertificate 20']);
    assert.deepEqual(kindsOf(named.result.errors), ['tlsCertificate 62']);
    assert.match(
      named.stdout,
      /the server's certificate is not accepted: hostname mismatch \(62\)/,
    );
    assert.equal(insecure.result.errorCount, 0);
    // The system's authorities do not know it either.
    const { result } = await load(t, url);
    assert.deepEqual(kindsOf(result.errors), ['tlsCertificate 20']);
  });

  test('no version in common', async (t) => {
    const url = await echoAt(t, { settings: { SSLEnabledProtocols: 3072 } });
    const { result } = await load(t, url, [...TRUST, '--tls', '1.3']);
    assert.deepEqual(kindsOf(result.errors), ['tlsAlert 70']);
  });

  const bad: [string, (socket: net.Socket) => void, string][] = [
    ['that never answers', () => {}, 'timedOut 0'],
    ['that hangs up', (socket) => socket.once('data', () => socket.end()), 'closedEarly 1006'],
    ['that resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'reset 0'],
    [
      'of another protocol',
      (socket) => socket.once('data', () => socket.write('SSH-2.0-Other\r\n')),
      'notTls 0',
    ],
  ];
  for (const [name, serve, expected] of bad) {
    test(`a server ${name}`, async (t) => {
      const port = await rawServer(t, serve);
      const { result } = await load(t, at(port), [...TRUST, '--timeout', '0.5']);
      assert.deepEqual(kindsOf(result.errors), [expected]);
      assert.ok(result.errorCount >= 4);
      assert.equal(result.tls, undefined);
    });
  }

  test('a WebSocket server without TLS', async (t) => {
    const server = await startServer(t);
    const { result } = await load(t, at(server.localPort), TRUST);
    assert.deepEqual(kindsOf(result.errors), ['notTls 0']);
  });

  test('a line that is cut within the handshake', async (t) => {
    const server = await startEcho(t, { certificate });
    const port = await relayTo(t, server.localPort, (bytes, before, socket) => {
      if (before + bytes.length < 300) socket.write(bytes);
      else socket.end(bytes.subarray(0, 300 - before));
    });
    const { result } = await load(t, at(port), TRUST);
    assert.deepEqual(kindsOf(result.errors), ['closedEarly 1006']);
    assert.equal(result.tls, undefined);
  });

  test('a line that changes what is said', async (t) => {
    const server = await startEcho(t, { certificate });
    // Far behind the handshake and the answer to the request.
    const port = await relayTo(t, server.localPort, (bytes, before, socket) => {
      const place = 20000 - before;
      if (place >= 0 && place < bytes.length) bytes[place] = (bytes[place] ?? 0) ^ 1;
      socket.write(bytes);
    });
    // It ends when nobody is left.
    const args = [...TRUST, '--size', '1000', '--duration', '1000'];
    const { result } = await load(t, at(port), args);
    assert.equal(result.tls?.handshakes, 4);
    assert.equal(result.errorCount, 4);
    assert.ok(result.errors.every(({ kind }) => kind === 'tlsOther'));
    assert.match(result.errors[0]?.text ?? '', /^TLS failed: .*(mac|record)/);
  });

  test('another server: openssl', async (t) => {
    const child = spawn(
      'openssl',
      ['s_server', '-accept', '127.0.0.1:0', '-www', '-cert', ec.certFile, '-key', ec.keyFile],
      { env: PLAIN, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    defer(t, () => child.kill());
    let said = '';
    while (!/^ACCEPT .*:\d+$/m.test(said)) said += (await once(child.stdout, 'data'))[0];
    const [, port] = /^ACCEPT .*:(\d+)$/m.exec(said) ?? [];
    const { result } = await load(t, at(Number(port)), TRUST);
    // It speaks HTTP/1.0.
    assert.deepEqual(kindsOf(result.errors), ['badAnswer 0']);
    assert.equal(result.tls?.handshakes, 4);
  });

  test('an interrupt keeps what there is', async (t) => {
    let interrupt = (): void => {};
    const server = await startEcho(t, { certificate });
    server.once('DataIn', () => interrupt());
    const args = [...TRUST, '--churn', '--duration', '1000'];
    const { result } = await load(t, at(server.localPort), args, (signal) => {
      interrupt = signal;
    });
    assert.equal(result.errorCount, 0, JSON.stringify(result.errors));
    assert.ok((result.tls?.handshakes ?? 0) > 0);
  });
});
