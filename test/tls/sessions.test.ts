// Sessions that are resumed: for a bounded time, and only by whom the server would still let in.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type tls from 'node:tls';
import type { WSServer, WSServerOptions } from 'native-wsserver';
import { authority, folder, issue, issueSelfSigned, openssl } from '../support/certificates.js';
import { collect, startEcho } from '../support/server.js';
import { connectTls, startTls, TLS12, TLS13 } from '../support/tls_client.js';

const own = issue('sessions.example');
const certificate = { key: own.key, cert: own.cert };
const good = issue('good client');
const versions = { 'TLS 1.2': TLS12, 'TLS 1.3': TLS13 } as const;
const strict = { SSLCACerts: authority.cert, SSLCACertFilePaths: '' };

function serve(t: TestContext, options: WSServerOptions = {}): Promise<WSServer> {
  return startEcho(t, { certificate, ...options });
}

function serveStrictly(t: TestContext, settings: WSServerOptions['settings'] = strict) {
  return serve(t, { sslAuthenticateClients: true, settings });
}

interface Visit {
  readonly reused: boolean;
  readonly session: Buffer;
}

/** Opens a WebSocket, and returns how. */
async function visit(
  t: TestContext,
  server: WSServer,
  options: tls.ConnectionOptions,
): Promise<Visit> {
  const client = await connectTls(t, server.localPort, options);
  await client.inner.upgrade();
  const reused = client.tls.isSessionReused();
  // With TLS 1.2 a session that is resumed keeps its ticket.
  const renewed = client.tls.getProtocol() === 'TLSv1.3' || !reused;
  const session = renewed ? await client.session : (options.session as Buffer);
  client.tls.destroy();
  return { reused, session };
}

/** Whether a client is refused, though it has a session. */
async function isRefused(
  t: TestContext,
  server: WSServer,
  options: tls.ConnectionOptions,
): Promise<boolean> {
  const client = startTls(t, server.localPort, options);
  await client.secured.catch(() => {});
  return client.inner.upgrade().then(
    () => false,
    () => true,
  );
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A client that is known by an authority between it and ours, whose certificate comes along. */
function issueBelow(name: string): { key: string; cert: string } {
  const between = issue(`${name} authority`, {
    extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'],
  });
  const leaf = issueSelfSigned(name);
  writeFileSync(join(folder, 'below.ext'), 'extendedKeyUsage=clientAuth\n');
  const request = join(folder, 'below.csr');
  openssl('x509', '-x509toreq', '-in', leaf.certFile, '-signkey', leaf.keyFile, '-out', request);
  const cert = openssl(
    ...['x509', '-req', '-in', request, '-days', '2', '-extfile', 'below.ext'],
    ...['-CA', between.certFile, '-CAkey', between.keyFile, '-set_serial', '77'],
  );
  return { key: leaf.key, cert: cert + between.cert };
}

for (const [version, options] of Object.entries(versions)) {
  test(`${version}: a certificate that has expired meanwhile ends its session`, async (t) => {
    const end = new Date(Date.now() + 4000);
    const brief = issue('brief', { end });
    const server = await serveStrictly(t);
    const asking = await serveStrictly(t);
    const asked = collect(asking, 'SSLClientAuthentication');
    const mine = { ...options, ...brief };
    const first = await visit(t, server, mine);
    const other = await visit(t, asking, mine);
    while (Date.now() <= end.getTime() + 1000) await wait(100);
    assert.ok(await isRefused(t, server, { ...mine, session: first.session }));
    assert.ok(await isRefused(t, asking, { ...mine, session: other.session }));
    assert.deepEqual(
      asked.map(({ status }) => status),
      ['OK', 'certificate has expired'],
    );
    // With a new one it need not be cut.
    const renewed = await visit(t, server, { ...mine, ...good, session: first.session });
    assert.equal(renewed.reused, false);
  });

  test(`${version}: other authorities in the same file end the sessions`, async (t) => {
    const file = join(folder, `authorities ${version}.pem`);
    writeFileSync(file, authority.cert);
    const ticketKeys = randomBytes(80);
    const settings = { OpenSSLCAFile: file, SSLCACertFilePaths: '' };
    const start = () => serve(t, { sslAuthenticateClients: true, ticketKeys, settings });
    const mine = { ...options, ...good };
    const server = await start();
    const { session } = await visit(t, server, mine);
    assert.ok((await visit(t, await start(), { ...mine, session })).reused);

    const stranger = issueSelfSigned('another authority');
    writeFileSync(file, stranger.cert);
    assert.ok(await isRefused(t, await start(), { ...mine, session }));
    server.config(`OpenSSLCAFile=${file}`);
    assert.ok(await isRefused(t, server, { ...mine, session }));
  });

  test(`${version}: the chain that a client has sent is kept, and it is asked about again`, async (t) => {
    const below = issueBelow(`below ${version}`);
    const server = await serveStrictly(t, { ...strict, SSLIncludeCertChain: true });
    const mine = { ...options, ...below };
    const { session } = await visit(t, server, mine);
    assert.ok((await visit(t, server, { ...mine, session })).reused);
    const asking = await serveStrictly(t, { ...strict, SSLIncludeCertChain: true });
    const asked = collect(asking, 'SSLClientAuthentication');
    const first = await visit(t, asking, mine);
    assert.ok((await visit(t, asking, { ...mine, session: first.session })).reused);
    assert.deepEqual(
      asked.map(({ status }) => status),
      ['OK', 'OK'],
    );
    const [full, resumed] = asked.map(({ certEncoded }) => certEncoded);
    assert.equal(resumed, full);
    assert.equal(full?.match(/BEGIN CERTIFICATE/g)?.length, 2);
  });

  test(`${version}: who was accepted all the same is asked about again`, async (t) => {
    const server = await serveStrictly(t);
    const statuses: string[] = [];
    let accepts = true;
    server.on('SSLClientAuthentication', (event) => {
      statuses.push(event.status);
      event.accept = accepts;
    });
    const mine = { ...options, ...issueSelfSigned('accepted') };
    const { session } = await visit(t, server, mine);
    const again = await visit(t, server, { ...mine, session });
    assert.ok(again.reused);
    accepts = false;
    assert.ok(await isRefused(t, server, { ...mine, session: again.session }));
    assert.deepEqual(statuses, Array(3).fill('self-signed certificate'));
  });

  test(`${version}: a chain that is too long for a ticket: a full handshake each time`, async (t) => {
    const server = await serveStrictly(t);
    const mine = { ...options, key: good.key, cert: good.cert + authority.cert.repeat(50) };
    const { session } = await visit(t, server, mine);
    assert.equal((await visit(t, server, { ...mine, session })).reused, false);
  });
}

// They wait for the time to pass, and may do so together.
describe('lifetimes', { concurrency: true }, () => {
  for (const [version, options] of Object.entries(versions)) {
    test(`${version}: a session ends, however often it is resumed`, async (t) => {
      const server = await serve(t, { settings: { SSLSessionLifetime: 3 } });
      const started = performance.now();
      let { session } = await visit(t, server, options);
      for (let reused = true; reused; ) {
        // With the old code it never was: each ticket lasted as long as the first.
        assert.ok(performance.now() - started < 30_000, 'resumed for ever');
        ({ reused, session } = await visit(t, server, { ...options, session }));
      }
      assert.ok(performance.now() - started > 1000);
    });

    test(`${version}: a shorter lifetime holds for tickets that are there`, async (t) => {
      const server = await serve(t);
      const { session } = await visit(t, server, options);
      assert.ok((await visit(t, server, { ...options, session })).reused);
      await wait(2100);
      server.config('SSLSessionLifetime=1');
      assert.equal((await visit(t, server, { ...options, session })).reused, false);
      server.config('SSLSessionLifetime=7200');
      assert.equal((await visit(t, server, { ...options, session })).reused, true);
    });

    test(`${version}: the server's own keys rotate, given ones do not`, async (t) => {
      const ticketKeys = randomBytes(160);
      const given = await serve(t, { ticketKeys, settings: { SSLSessionLifetime: 1 } });
      const server = await serve(t, { settings: { SSLSessionLifetime: 1 } });
      const [first] = [server.ticketKeys];
      assert.equal(first.length, 80);
      await wait(1100);
      await visit(t, server, options);
      await visit(t, given, options);
      const second = server.ticketKeys.subarray(0, 80);
      assert.notDeepEqual(second, first);
      assert.ok(!server.ticketKeys.includes(second, 80));
      assert.deepEqual(given.ticketKeys, ticketKeys);
      await wait(1100);
      await visit(t, server, options);
      await wait(1100);
      await visit(t, server, options);
      assert.ok(!server.ticketKeys.includes(first));
      assert.ok(!server.ticketKeys.includes(second));
      assert.ok(server.ticketKeys.length <= 160);
      assert.deepEqual(given.ticketKeys, ticketKeys);
    });
  }
});

test('tickets that an older key has sealed are good until their session ends', async (t) => {
  const server = await serve(t, { settings: { SSLSessionLifetime: 60 } });
  const old = server.ticketKeys;
  const { session } = await visit(t, server, TLS13);
  // As if it had rotated.
  server.ticketKeys = Buffer.concat([randomBytes(80), old]);
  assert.ok((await visit(t, server, { ...TLS13, session })).reused);
});

test('TLS 1.2: a suite that has been turned off ends its sessions', async (t) => {
  const server = await serve(t);
  const mine = { ...TLS12, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384' };
  server.config('OpenSSLCipherList=ECDHE-ECDSA-AES128-GCM-SHA256');
  const { session } = await visit(t, server, mine);
  assert.ok((await visit(t, server, { ...mine, session })).reused);
  server.config('OpenSSLCipherList=ECDHE-ECDSA-AES256-GCM-SHA384');
  assert.equal((await visit(t, server, { ...mine, session })).reused, false);
});
