// Nobody is served in plain text by mistake: SSLEnabled, and what a server does not start with.

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import net from 'node:net';
import { test } from 'node:test';
import { CertStoreType, WSServer, WSServerError } from 'native-wsserver';
import { WSServer as CppServer, wsserver } from 'native-wsserver/compat';
import { ByteClient } from '../support/byte_client.js';
import { issue } from '../support/certificates.js';
import { next, startServer } from '../support/server.js';
import { connectTls } from '../support/tls_client.js';

const own = issue('enabled.example');
const certificate = { key: own.key, cert: own.cert };
const locked =
  own.cert +
  createPrivateKey(own.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-128-cbc',
    passphrase: 'right',
  });

const failsWith =
  (code: number) =>
  (error: unknown): boolean =>
    error instanceof WSServerError && error.code === code;

function selecting(subject: string, server = new WSServer({ localHost: '127.0.0.1' })): WSServer {
  server.sslCertStoreType = CertStoreType.pemKeyBlob;
  server.sslCertStore = own.cert + own.key;
  server.sslCertSubject = subject;
  return server;
}

function selectFrom(server: WSServer, type: CertStoreType, store: string, password = ''): void {
  server.sslCertStoreType = type;
  server.sslCertStore = store;
  server.sslCertStorePassword = password;
  server.sslCertSubject = '*';
}

test('SSLEnabled: Auto, True, False', async (t) => {
  const auto = await startServer(t);
  assert.equal(auto.sslEnabled, 'Auto');
  assert.equal(auto.config('SSLEnabled'), 'Auto');
  await ByteClient.open(t, auto.localPort);

  const bare = new WSServer({ localHost: '127.0.0.1', sslEnabled: true });
  assert.equal(bare.sslEnabled, true);
  await assert.rejects(bare.startListening(), failsWith(282));
  assert.throws(() => {
    bare.listening = true;
  }, failsWith(282));
  bare.certificate = certificate;
  await bare.startListening();
  t.after(() => bare.shutdown());
  await connectTls(t, bare.localPort);
  // Not while listening either.
  assert.throws(() => {
    bare.certificate = [];
  }, failsWith(282));
  await connectTls(t, bare.localPort);

  const plain = await startServer(t, { certificate, settings: { SSLEnabled: false } });
  assert.equal(plain.sslEnabled, false);
  await ByteClient.open(t, plain.localPort);
  plain.sslEnabled = 'Auto';
  await (await connectTls(t, plain.localPort)).inner.upgrade();
  plain.config('SSLEnabled=no');
  await ByteClient.open(t, plain.localPort);

  for (const value of ['', 'maybe', 2, {}]) {
    assert.throws(() => {
      plain.sslEnabled = value as boolean;
    }, failsWith(10022));
  }
  const later = await startServer(t);
  assert.throws(() => {
    later.sslEnabled = true;
  }, failsWith(282));
  assert.equal(later.sslEnabled, 'Auto');
});

test('clients that are to show certificates, without TLS', async (t) => {
  const servers = [
    new WSServer({ localHost: '127.0.0.1', sslAuthenticateClients: true }),
    new WSServer({ localHost: '127.0.0.1', sslAuthenticateClients: true, sslEnabled: true }),
    new WSServer({ certificate, sslAuthenticateClients: true, sslEnabled: false }),
    selecting('nobody', new WSServer({ sslAuthenticateClients: true })),
  ];
  for (const server of servers) {
    await assert.rejects(server.startListening(), failsWith(10022));
    assert.equal(server.listening, false);
  }
  const listening = await startServer(t);
  assert.throws(() => {
    listening.sslAuthenticateClients = true;
  }, failsWith(10022));
  assert.equal(listening.sslAuthenticateClients, false);
  const strict = await startServer(t, { certificate, sslAuthenticateClients: true });
  assert.throws(() => {
    strict.certificate = [];
  }, failsWith(10022));
  assert.throws(() => {
    strict.sslEnabled = false;
  }, failsWith(10022));
  assert.equal(strict.sslEnabled, 'Auto');
});

const failing: [what: string, code: number, select: (server: WSServer) => unknown][] = [
  ['the store of the user', 271, (s) => Object.assign(s, { sslCertSubject: '*' })],
  [
    'a certificate for the store of the user',
    271,
    (s) => Object.assign(s, { sslCertEncoded: own.cert }),
  ],
  ['no such file', 271, (s) => selectFrom(s, CertStoreType.pemKeyFile, '/no/such/file')],
  ['a store of another type', 271, (s) => selectFrom(s, CertStoreType.pfxBlob, own.cert)],
  ['a wrong password', 273, (s) => selectFrom(s, CertStoreType.pemKeyBlob, locked, 'wrong')],
  ['no key', 282, (s) => selectFrom(s, CertStoreType.pemKeyBlob, own.cert)],
  ['no key beside it', 282, (s) => Object.assign(s, { certificate: { cert: own.cert } })],
  [
    'versions that are none',
    10022,
    (s) => {
      s.config('SSLEnabledProtocols=48');
      s.certificate = certificate;
    },
  ],
];

for (const [what, code, select] of failing) {
  test(`a selection that has failed: ${what}`, async (t) => {
    const server = new WSServer({ localHost: '127.0.0.1' });
    assert.throws(() => select(server), failsWith(code));
    await assert.rejects(server.startListening(), failsWith(272));
    server.config('SSLEnabledProtocols=15360');
    server.certificate = certificate;
    await server.startListening();
    t.after(() => server.shutdown());
    await connectTls(t, server.localPort);
    // One that has a certificate goes on with it.
    assert.throws(() => select(server));
    server.config('SSLEnabledProtocols=15360');
    await connectTls(t, server.localPort);
  });
}

test('C++: StartListening after a selection that has failed', (t) => {
  const server = new CppServer();
  t.after(() => server.Shutdown());
  server.SetLocalHost('127.0.0.1');
  server.SetSSLCertStoreType(CertStoreType.pemKeyFile);
  server.SetSSLCertStore('/no/such/file');
  assert.equal(server.SetSSLCertSubject('*'), 271);
  assert.equal(server.StartListening(), 272);
  assert.equal(server.SetSSLCertSubject(''), 0);
  assert.equal(server.StartListening(), 0);
});

test('a subject that nobody has', async (t) => {
  const server = selecting('nobody');
  assert.equal(server.sslCertSubject, '');
  await assert.rejects(server.startListening(), failsWith(272));
  server.sslCertSubject = '*';
  await server.startListening();
  t.after(() => server.shutdown());
  await connectTls(t, server.localPort);
  // Whoever comes then is served neither under TLS nor in plain text.
  const told = next(server, 'Error');
  server.sslCertSubject = 'nobody';
  assert.equal(server.sslCertSubject, '');
  assert.equal((await told).errorCode, 272);
  await assert.rejects(connectTls(t, server.localPort));
  await assert.rejects(ByteClient.open(t, server.localPort));
  server.sslAuthenticateClients = true;
  assert.throws(() => {
    server.sslEnabled = false;
  }, failsWith(10022));
  server.sslAuthenticateClients = false;
  server.sslCertSubject = '*';
  await connectTls(t, server.localPort);

  const encoded = selecting('*');
  encoded.sslCertEncoded = issue('without a key').cert;
  await assert.rejects(encoded.startListening(), failsWith(272));
  // Who says so, serves in plain text.
  encoded.sslEnabled = false;
  await encoded.startListening();
  t.after(() => encoded.shutdown());
  await ByteClient.open(t, encoded.localPort);

  const deselected = selecting('nobody');
  deselected.sslCertSubject = '';
  await deselected.startListening();
  t.after(() => deselected.shutdown());
  await ByteClient.open(t, deselected.localPort);
});

test('compat: UseSSL', async () => {
  const server = new CppServer();
  server.SetLocalHost('127.0.0.1');
  assert.equal(server.Config('UseSSL=True'), 'True');
  assert.equal(server.Config('SSLEnabled'), 'True');
  assert.equal(server.StartListening(), 282);
  assert.equal(server.Config('UseSSL=False'), 'False');
  assert.equal(server.SetSSLAuthenticateClients(true), 0);
  assert.equal(server.StartListening(), 10022);
  assert.equal(server.SetSSLAuthenticateClients(false), 0);
  assert.equal(server.StartListening(), 0);
  const socket = net.connect(server.GetLocalPort(), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.destroy();
  server.Shutdown();

  const other = new wsserver();
  assert.equal(await other.config('UseSSL=True'), 'True');
  await assert.rejects(other.startListening(), failsWith(282));
});
