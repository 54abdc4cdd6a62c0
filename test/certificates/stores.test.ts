// Every kind of certificate store, as a file and as its contents, given by its type or found out.

import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Certificate, type CertificateSource, CertStoreType, WSServer } from 'native-wsserver';
import { authority, openssl, pfxOf } from '../support/certificates.js';
import { startServer } from '../support/server.js';
import { shownCertificate } from '../support/shown_certificate.js';
import { data, ec, kinds, PASSWORD, ppkOf, write } from '../support/stores.js';

for (const { name, types, file, password, encoded, subject, isPublic } of kinds) {
  const bytes = readFileSync(file);
  const base64 = bytes.toString('base64').replace(/.{64}/g, '$&\n');
  const [fileType, blobType] = types;
  const forms: [string, CertStoreType, string | Uint8Array][] = [
    ['a file', fileType, file],
    ['a blob', blobType, bytes],
    ['Base64', blobType, base64],
    ['a file, found out', CertStoreType.auto, file],
    ['a blob, found out', CertStoreType.auto, bytes],
    ['Base64, found out', CertStoreType.auto, base64],
  ];
  test(`${name}`, async (t) => {
    const wanted =
      encoded === undefined
        ? subject
        : typeof encoded === 'string'
          ? Buffer.from(encoded)
          : encoded;
    for (const [form, type, store] of forms) {
      const certificate = new Certificate(type, store, password, wanted);
      assert.equal(certificate.subject, subject, form);
      assert.match(certificate.encoded, /^-----BEGIN CERTIFICATE-----/);
      if (isPublic) {
        assert.throws(() => new WSServer({ certificate }), { code: 282 }, form);
      } else {
        new WSServer({ certificate });
      }
    }
    if (isPublic) return;
    const certificate = new Certificate(fileType, file, password, wanted);
    const server = await startServer(t, { certificate });
    const [, cn] = /^CN=([^,]*)/.exec(subject) ?? [];
    assert.equal(await shownCertificate(server.localPort), cn);
  });
}

test('a PPK as puttygen locks it by itself', () => {
  const file = ppkOf(ec, 'default.ppk', ['--new-passphrase', write('password', PASSWORD)]);
  assert.match(readFileSync(file, 'utf8'), /Argon2-Memory: 8192/);
  const certificate = new Certificate(CertStoreType.ppkFile, file, PASSWORD, Buffer.from(ec.cert));
  assert.equal(certificate.subject, 'CN=ec.store, O=Example');
});

test("a certificate as Node's tls takes it", async (t) => {
  const { key, cert } = ec;
  const locked = openssl('ec', '-in', ec.keyFile, '-aes256', '-passout', `pass:${PASSWORD}`);
  const pfx = readFileSync(pfxOf('ec', ec, PASSWORD));
  const keyDer = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
  const sources: CertificateSource[] = [
    { key, cert },
    { key: Buffer.from(key), cert: Buffer.from(cert) },
    { key: keyDer, cert: new X509Certificate(cert).raw },
    { key: [key], cert: [cert], ca: [authority.cert] },
    { key: locked, cert, passphrase: PASSWORD },
    { pfx, passphrase: PASSWORD },
    { pfx: pfx.toString('base64'), passphrase: PASSWORD },
  ];
  for (const source of sources) {
    const server = await startServer(t, { certificate: source });
    assert.equal(await shownCertificate(server.localPort), 'ec.store');
  }
  assert.throws(() => new Certificate({ key: locked, cert }), { code: 273 });
  assert.throws(() => new Certificate({ pfx, passphrase: 'wrong' }), { code: 273 });
  assert.throws(() => new Certificate({ key, cert: '' }), { code: 271 });
});

test('a type that is none fails at once, and changes nothing', async (t) => {
  const server = await startServer(t);
  server.sslCertStoreType = CertStoreType.auto;
  for (const type of [50, 24, -1, 1.5, Number.NaN, '6', Symbol('s'), undefined, 'toString']) {
    assert.throws(
      () => {
        server.sslCertStoreType = type as CertStoreType;
      },
      { code: 271 },
    );
  }
  assert.equal(server.sslCertStoreType, CertStoreType.auto);
});

test('the documented properties open stores of every kind', async (t) => {
  const server = await startServer(t);
  for (const { types, file, password = '', encoded, subject, isPublic } of kinds) {
    [server.sslCertStoreType] = types;
    server.sslCertStore = file;
    server.sslCertStorePassword = password;
    const select = () => {
      if (encoded === undefined) server.sslCertSubject = subject;
      else server.sslCertEncoded = encoded;
    };
    if (isPublic) {
      assert.throws(select, { code: 282 });
      continue;
    }
    select();
    assert.equal(server.sslCertSubject, subject);
  }
  server.sslCertEncoded = authority.cert;
  assert.equal(server.sslCertSubject, '', 'the store does not have its key');
});

test('SSLConnectionRequest: its lists, and a store with its password and a subject', async (t) => {
  const server = await startServer(t, { certificate: { key: ec.key, cert: ec.cert } });
  const file = data('identity.jks');
  const chosen = ['CN=jks.example', 'CN=rsa.jks.example', '*'];
  const expected = ['jks.example', 'rsa.jks.example', 'rsa.jks.example'];
  for (const [index, certSubject] of chosen.entries()) {
    const told: number[] = [];
    server.once('SSLStatus', ({ connectionId }) => told.push(connectionId));
    server.once('SSLConnectionRequest', (event) => {
      told.push(event.connectionId);
      assert.match(event.supportedCipherSuites, /^TLS_\w+(,TLS_\w+)+$/);
      assert.match(event.supportedSignatureAlgs, /^[\w-]+(,[\w-]+)+$/);
      event.certStoreType = CertStoreType.jksFile;
      event.certStore = file;
      event.certPassword = 'changeit';
      event.certSubject = certSubject;
    });
    assert.equal(await shownCertificate(server.localPort), expected[index], certSubject);
    const [first = 0, second] = told;
    assert.ok(first > 0 && first === second);
  }
});
