// SPDX-License-Identifier: MIT
// The properties that select a certificate, as they read afterwards, and a handler that cannot.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import tls from 'node:tls';
import { CertStoreType, WSServerError } from 'native-wsserver';
import { authority, issue } from '../support/certificates.js';
import { runChild } from '../support/child.js';
import { next, startServer } from '../support/server.js';

const own = issue('own.example', { hosts: ['localhost'] });
const client = issue('client');

test('a store is selected from, and deselected', async (t) => {
  const server = await startServer(t);
  assert.deepEqual(
    [server.sslCertStoreType, server.sslCertStore, server.sslCertStorePassword],
    [CertStoreType.user, 'MY', ''],
  );
  assert.deepEqual([server.certificate, server.sslCertEncoded], [[], '']);
  server.sslCertStoreType = CertStoreType.pemKeyBlob;
  server.sslCertStore = own.cert + own.key;
  server.sslCertStorePassword = 'not needed';
  server.sslCertSubject = '*';
  assert.deepEqual(
    [server.sslCertStoreType, server.sslCertStore, server.sslCertStorePassword],
    [CertStoreType.pemKeyBlob, own.cert + own.key, 'not needed'],
  );
  assert.equal(server.sslCertSubject, 'CN=own.example, O=Example');
  assert.equal(server.certificate.length, 1);
  server.sslCertSubject = '';
  assert.deepEqual([server.certificate, server.sslCertSubject], [[], '']);
  server.sslCertStore = 'neither a certificate nor a key';
  assert.throws(
    () => {
      server.sslCertSubject = '*';
    },
    (error) => error instanceof WSServerError && error.code === 271,
  );
});

test('SSLCertEncoded: PEM, Base64 and DER', async (t) => {
  const server = await startServer(t);
  server.sslCertStoreType = CertStoreType.pemKeyBlob;
  server.sslCertStore = own.cert + own.key;
  const base64 = own.cert.replace(/-----.*-----|\s/g, '');
  for (const encoded of [own.cert, base64, Buffer.from(base64, 'base64')]) {
    server.sslCertEncoded = client.cert;
    assert.equal(server.sslCertSubject, '', 'the store does not have its key');
    server.sslCertEncoded = encoded;
    assert.equal(server.sslCertSubject, 'CN=own.example, O=Example');
    assert.equal(server.sslCertEncoded.trim(), own.cert.trim());
  }
});

test("a client's certificate as bytes", async (t) => {
  const settings = { SSLCACerts: authority.cert };
  const certificate = { key: own.key, cert: own.cert };
  const server = await startServer(t, { certificate, sslAuthenticateClients: true, settings });
  assert.equal(server.sslAuthenticateClients, true);
  const asked = next(server, 'SSLClientAuthentication');
  const socket = tls.connect({
    port: server.localPort,
    ca: authority.cert,
    servername: 'localhost',
    key: client.key,
    cert: client.cert,
  });
  t.after(() => socket.destroy());
  const { certEncoded, certEncodedB } = await asked;
  assert.equal(Buffer.from(certEncodedB).toString(), certEncoded);
});

test('a handler that chooses what cannot be opened refuses', async (t) => {
  const { stdout, stderr, code } = await runChild(
    t,
    async ({ WSServer }, certificate) => {
      const { connect } = await import('node:tls');
      const told: number[] = [];
      const server = new WSServer({ localHost: '127.0.0.1', certificate });
      server.on('Error', ({ errorCode }) => told.push(errorCode));
      server.on('SSLConnectionRequest', (event) => {
        event.certStoreType = 6;
        event.certStore = '/nowhere';
      });
      await server.startListening();
      const socket = connect({ port: server.localPort, host: '127.0.0.1' });
      socket.once('error', async () => {
        console.log(JSON.stringify(told));
        await server.shutdown();
      });
    },
    { key: own.key, cert: own.cert },
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), [271]);
});
