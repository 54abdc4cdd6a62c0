// TLS 1.0 and 1.1 are there for who asks for them, and nothing else gets weaker by that.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WSServer, WSServerError } from 'native-wsserver';
import { wsserver } from 'native-wsserver/compat';
import { authority, folder, issue, openssl, type Pair } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import { collect, startEcho, until } from '../support/server.js';
import { connectTls, startTls } from '../support/tls_client.js';

type Files = Pick<Pair, 'certFile' | 'keyFile'>;

const rsa = issue('rsa.example', { key: 'rsa' });
const ec = issue('ec.example');

/** A certificate of `issuer`, which may be an authority itself. */
function make(
  name: string,
  newKey: readonly string[],
  { how = [], issuer = authority }: { how?: readonly string[]; issuer?: Files } = {},
) {
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  openssl(
    'req',
    ...newKey,
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    keyFile,
    '-out',
    'weak.csr',
  );
  writeFileSync(join(folder, 'weak.ext'), 'basicConstraints=CA:TRUE\n');
  openssl(
    ...[
      'x509',
      '-req',
      '-in',
      'weak.csr',
      '-days',
      '2',
      '-extfile',
      'weak.ext',
      '-set_serial',
      '9',
    ],
    ...['-CA', issuer.certFile, '-CAkey', issuer.keyFile, '-out', certFile, ...how],
  );
  const [key, cert] = [openssl('pkey', '-in', keyFile), openssl('x509', '-in', certFile)];
  return { keyFile, certFile, key, cert };
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const short = make('short', ['-newkey', 'rsa:1024']);
const sha1 = make('sha1', EC, { how: ['-sha1'] });
const below = make('below', EC, { issuer: sha1 });
const chained = { ...below, cert: below.cert + sha1.cert };

async function startCompat(t: TestContext, certificate = [rsa, ec]) {
  const server = new wsserver();
  server.setLocalHost('127.0.0.1');
  server.certificate = certificate.map(({ key, cert }) => ({ key, cert }));
  await server.startListening();
  defer(t, () => server.shutdown());
  return server;
}

/** The main face's class, which it is, too. */
const asMain = (server: wsserver): WSServer => server as unknown as WSServer;

const old = { ciphers: 'DEFAULT:@SECLEVEL=0' };

for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2'] as const) {
  for (const suites of ['aRSA', 'aECDSA']) {
    test(`compat serves ${version} with ${suites}, the main face 1.2 and 1.3`, async (t) => {
      const options = {
        minVersion: version,
        maxVersion: version,
        ciphers: `${suites}:@SECLEVEL=0`,
      };
      const compat = await startCompat(t);
      const client = await connectTls(t, compat.getLocalPort(), options);
      await client.inner.upgrade();
      assert.equal(client.tls.getProtocol(), version);
      const main = await startEcho(t, {
        certificate: [rsa, ec].map(({ key, cert }) => ({ key, cert })),
      });
      const refused = startTls(t, main.localPort, options);
      if (version === 'TLSv1.2') await refused.secured;
      else assert.equal(await refused.alert, 70);
    });
  }
}

test('the sentence that turns the old versions off', async (t) => {
  const compat = await startCompat(t);
  assert.equal(await compat.config('SSLEnabledProtocols'), '4032');
  await compat.config('SSLEnabledProtocols=15360');
  const refused = startTls(t, compat.getLocalPort(), {
    ...old,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
  });
  assert.equal(await refused.alert, 70);
  const client = await connectTls(t, compat.getLocalPort());
  assert.equal(client.tls.getProtocol(), 'TLSv1.3');
});

test('a certificate that is too weak is not served, whichever versions are', async (t) => {
  const isTooWeak = (error: unknown): boolean =>
    error instanceof WSServerError && error.code === 273 && /is too weak: /.test(error.message);
  for (const weak of [short, sha1, chained]) {
    const { key, cert } = weak;
    for (const SSLEnabledProtocols of [4032, 15360, 192]) {
      assert.throws(
        () => new WSServer({ certificate: { key, cert }, settings: { SSLEnabledProtocols } }),
        isTooWeak,
      );
    }
    await assert.rejects(startCompat(t, [weak]), isTooWeak);
    const server = await startCompat(t);
    const lines = collect(asMain(server), 'Log');
    server.on('SSLConnectionRequest', (event) => {
      event.certificate = { key, cert };
    });
    assert.equal(await startTls(t, server.getLocalPort(), old).alert, 80);
    await until(() => lines.some(({ message }) => message.includes('cannot be used')));
  }
});

test('a root that has signed itself by SHA-1 is nobody who is believed by that', () => {
  const files = ['-keyout', 'root.key', '-out', 'root.crt'];
  openssl('req', '-x509', ...EC, '-nodes', '-sha1', '-subj', '/CN=root', ...files);
  const server = new WSServer();
  server.certificate = {
    key: openssl('pkey', '-in', 'root.key'),
    cert: openssl('x509', '-in', 'root.crt'),
  };
  assert.equal(server.sslCertSubject, 'CN=root');
});

test('compat: signatures by SHA-1 stay with the old versions', async (t) => {
  const compat = await startCompat(t, [rsa]);
  const client = { ...old, maxVersion: 'TLSv1.2', sigalgs: 'RSA+SHA1' } as const;
  assert.notEqual(await startTls(t, compat.getLocalPort(), client).alert, 0);
  await connectTls(t, compat.getLocalPort(), { ...client, sigalgs: 'RSA+SHA256' });
});

test("compat: a client's certificate by SHA-1 is not OK", async (t) => {
  const compat = await startCompat(t);
  await compat.config(`SSLCACerts=${authority.cert}`);
  compat.setSSLAuthenticateClients(true);
  const asked = collect(asMain(compat), 'SSLClientAuthentication');
  startTls(t, compat.getLocalPort(), { ...old, ...sha1, maxVersion: 'TLSv1.2' });
  await until(() => asked.length > 0);
  assert.match(asked[0]?.status ?? '', /digest algorithm too weak/);
  assert.equal(asked[0]?.accept, false);
});
