// What clients call themselves: names in certificates and in ClientHellos hold anything, and what
// an event says of one field is never taken from another.

import assert from 'node:assert/strict';
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { authority, issue } from '../support/certificates.js';
import { collect, next, startEcho, until } from '../support/server.js';
import { startTls, TLS12, TLS13 } from '../support/tls_client.js';

const server = issue('names.example');
const certificate = { key: server.key, cert: server.cert };

/** DER of one value, with its tag. */
function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/** A certificate for `name`, whatever is in it: openssl's command takes no NUL. */
function issueFor(name: string): { key: string; cert: string } {
  const placeholder = 'x'.repeat(Buffer.byteLength(name));
  const { key, cert } = issue('placeholder', { subject: `/CN=${placeholder}` });
  const { raw } = new X509Certificate(cert);
  // Of SEQUENCE { what is signed, algorithm, signature }: all three have lengths of two bytes, but
  // for the last two.
  const signed = raw.subarray(4, 4 + 4 + raw.readUInt16BE(6));
  signed.write(name, signed.indexOf(placeholder));
  const algorithm = raw.subarray(4 + signed.length, 4 + signed.length + 2 + 10);
  const signature = sign('sha256', signed, createPrivateKey(authority.key));
  const made = der(0x30, signed, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = made.toString('base64').replace(/.{64}/g, '$&\n');
  return { key, cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n` };
}

const names: [name: string, subject: string][] = [
  ['admin\0CN=My CA\0OK\0', 'CN=admin\\00CN=My CA\\00OK\\00'],
  ['admin, O=Example', 'CN="admin, O=Example"'],
  ['a+b\\c', 'CN=a\\+b\\\\c'],
  ['Zoë', 'CN=Zoë'],
  ['a\r\nb', 'CN=a\\0D\\0Ab'],
];

for (const [version, options] of Object.entries({ 'TLS 1.2': TLS12, 'TLS 1.3': TLS13 })) {
  for (const [name, subject] of names) {
    test(`${version}: a client called ${JSON.stringify(name)}`, async (t) => {
      // Nobody is trusted, so that the status is not OK.
      const strict = await startEcho(t, {
        certificate,
        sslAuthenticateClients: true,
        settings: { SSLCACertFilePaths: '' },
      });
      const asked = next(strict, 'SSLClientAuthentication');
      startTls(t, strict.localPort, { ...options, ...issueFor(name) }).secured.catch(() => {});
      const { certSubject, certIssuer, status, accept, certEncoded } = await asked;
      assert.equal(certSubject, subject);
      assert.equal(certIssuer, 'CN=Test Authority');
      assert.equal(status, 'unable to get local issuer certificate');
      assert.equal(accept, false);
      assert.match(certEncoded, /^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
    });
  }
}

test('a server name with control characters hides nothing of the Log', async (t) => {
  const serving = await startEcho(t, {
    certificate,
    settings: { LogLevel: 3, LogSSLPackets: true },
  });
  const lines = collect(serving, 'Log');
  const asked = next(serving, 'SSLConnectionRequest');
  const client = startTls(t, serving.localPort, { servername: 'a\r\n\x1b[2Jb' });
  client.secured.catch(() => {});
  const { serverName, supportedCipherSuites } = await asked;
  assert.equal(serverName, 'a\r\n\x1b[2Jb');
  assert.match(supportedCipherSuites, /^TLS_[A-Z0-9_,]+$/);
  await until(() => lines.length > 0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  assert.ok(lines.every(({ message }) => !/[\x00-\x1f]/.test(message)));
});
