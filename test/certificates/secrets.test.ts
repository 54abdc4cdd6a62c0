// Passwords, PINs and keys: nothing that the server says or shows has them, whatever goes wrong.

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { Certificate, CertStoreType, WSServer } from 'native-wsserver';
import WebSocket from 'ws';
import { authority, openssl, pfxOf } from '../support/certificates.js';
import type { Arguments } from '../support/mistakes.js';
import { collect, startEcho, until } from '../support/server.js';
import { data, ec, jwkOf, ppkOf, rsa, write, xmlOf } from '../support/stores.js';

const PASSWORD = 'Zaubertrank-des-Miraculix';
const PIN = '9182736450';
const T = CertStoreType;

/** What must not be seen: the passwords, and pieces of the private keys in every form. */
function secretsOf(): string[] {
  const secrets = [PASSWORD, PIN];
  for (const { key } of [ec, rsa]) {
    const jwk = createPrivateKey(key).export({ format: 'jwk' });
    for (const part of [jwk.d, jwk.p]) {
      if (!part) continue;
      const bytes = Buffer.from(part, 'base64url').subarray(0, 24);
      for (const form of ['base64', 'base64url', 'hex', 'latin1'] as const) {
        secrets.push(bytes.toString(form));
      }
      secrets.push(BigInt(`0x${Buffer.from(part, 'base64url').toString('hex')}`).toString());
    }
    secrets.push(...key.split('\n').filter((line) => line !== '' && !line.startsWith('-----')));
  }
  return secrets;
}

const secrets = secretsOf();

function check(said: string, where: string): void {
  for (const secret of secrets) {
    assert.ok(!said.includes(secret), `${where} shows a secret`);
  }
}

/** All that can be had of a thing without asking for the secret itself. */
function seen(thing: unknown): string {
  const deep = { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null };
  const plain = JSON.stringify(thing, (key, value) => (key === 'native' ? undefined : value));
  return [inspect(thing, deep), inspect(thing), String(thing), plain].join('\n');
}

test('what is looked for would be found', () => {
  assert.throws(() => check(`password ${PASSWORD}`, 'a trap'), /shows a secret/);
  assert.throws(() => check(ec.key, 'a trap'), /shows a secret/);
  assert.throws(() => check(JSON.stringify(jwkOf(rsa, false)), 'a trap'), /shows a secret/);
});

const pfx = readFileSync(pfxOf('ec', ec, PASSWORD));
const jks = readFileSync(data('identity.jks'));
const locked = openssl('pkcs8', '-topk8', '-in', ec.keyFile, '-passout', `pass:${PASSWORD}`);
const lockedPpk = readFileSync(
  ppkOf(ec, 'secret.ppk', [
    ...['--ppk-param', 'memory=64,passes=1'],
    ...['--new-passphrase', write('secret-password', PASSWORD)],
  ]),
  'utf8',
);
const jwk = JSON.stringify(jwkOf(rsa, false));

/** Each fails, with a secret in its hands. */
const failing: [name: string, ...given: Arguments][] = [
  ['a key in the place of a path', T.pemKeyFile, ec.key],
  ['a JWK in the place of a path', T.jwkFile, jwk],
  ['a key in the place of a module', T.pkcs11, ec.key, PIN],
  ['a module that is none', T.pkcs11, `/nowhere/${PASSWORD}`, PIN],
  ['a PIN in a URI', T.pkcs11, `pkcs11:?pin-value=${PIN}`, PIN],
  ['a key, found out', T.auto, jwk],
  ['PFX, the wrong password', T.pfxBlob, pfx, `not ${PASSWORD}`],
  ['PFX, cut', T.pfxBlob, pfx.subarray(0, 500), PASSWORD],
  ['PEM, the wrong password', T.pemKeyBlob, ec.cert + locked, `not ${PASSWORD}`],
  ['PEM, cut', T.pemKeyBlob, ec.key.slice(0, -40)],
  ['PEM, damaged', T.pemKeyBlob, ec.cert + ec.key.replace(/\n(.{9})/, '\n$1!')],
  ['PEM, no certificate', T.pemKeyBlob, ec.key],
  ['PEM, no such subject', T.pemKeyBlob, ec.key + ec.cert, PASSWORD, PASSWORD],
  ['PEM, the key of another', T.pemKeyBlob, ec.key, PASSWORD, Buffer.from(rsa.cert)],
  ['PEM, a key for a certificate', T.pemKeyBlob, ec.key, PASSWORD, Buffer.from(rsa.key)],
  ['JWK, cut', T.jwkBlob, jwk.slice(0, -20)],
  ['JWK, with the wrong quotes', T.jwkBlob, jwk.replaceAll('"', "'")],
  ['JWK, a number', T.jwkBlob, `{"kty":"RSA","n":"AQ","e":"AQAB","d":${BigInt(`0x${PIN}`)}}`],
  ['JWK, a part is missing', T.jwkBlob, JSON.stringify({ ...jwkOf(rsa, false), q: undefined })],
  ['JWK, another curve', T.jwkBlob, JSON.stringify({ ...jwkOf(ec, false), crv: PASSWORD })],
  ['XML, cut', T.xmlBlob, xmlOf(rsa).slice(0, -20)],
  ['XML, a part is missing', T.xmlBlob, xmlOf(rsa).replace(/<Q>.*<\/Q>/, '')],
  ['PPK, the wrong password', T.ppkBlob, lockedPpk, `not ${PASSWORD}`],
  ['PPK, damaged', T.ppkBlob, lockedPpk.replace(/Private-MAC: ../, 'Private-MAC: 00'), PASSWORD],
  ['JKS, the wrong password', T.jksBlob, jks, PASSWORD],
  ['JKS, cut', T.jksBlob, jks.subarray(0, -30), PASSWORD],
  ['SSH, a private key', T.sshPublicKeyBlob, ec.key],
  ['an unknown type', 77 as CertStoreType, ec.key, PASSWORD],
  ['a store of Windows', T.user, ec.key, PASSWORD],
  ['BCFKS', T.bcfksBlob, ec.key, PASSWORD],
];

for (const [name, ...given] of failing) {
  test(`an error: ${name}`, () => {
    assert.throws(
      () => new Certificate(...given),
      (error: Error) => {
        check([error.message, error.stack, inspect(error.cause), seen(error)].join('\n'), name);
        return true;
      },
    );
  });
}

test('objects that hold secrets do not show them', () => {
  const certificate = new Certificate(T.pemKeyBlob, ec.cert + locked, PASSWORD);
  check(seen(certificate), 'Certificate');
  assert.equal(JSON.stringify(certificate), '{}');
  const server = new WSServer({ certificate });
  server.sslCertStoreType = T.pemKeyBlob;
  server.sslCertStore = ec.cert + ec.key;
  server.sslCertStorePassword = PASSWORD;
  server.sslCertSubject = '*';
  check(seen(server), 'WSServer');
  check(seen(server.certificate), 'certificate');
  check(server.sslCertEncoded, 'sslCertEncoded');
});

test('no event of a server tells a secret, however much it is to tell', async (t) => {
  const server = await startEcho(t, {
    settings: { LogLevel: 3, LogSSLPackets: true, SSLCACerts: authority.cert },
  });
  const told = (['Log', 'SSLStatus', 'Error', 'Disconnected'] as const).flatMap((name) => [
    collect(server, name),
  ]);
  server.sslCertStoreType = T.pemKeyBlob;
  server.sslCertStore = ec.cert + locked;
  server.sslCertStorePassword = PASSWORD;
  server.sslCertSubject = '*';

  const socket = new WebSocket(`wss://localhost:${server.localPort}`, { ca: authority.cert });
  t.after(() => socket.terminate());
  await new Promise((resolve) => socket.once('open', resolve));

  // A certificate that cannot be had, for one connection.
  server.on('SSLConnectionRequest', (event) => {
    event.certificate = undefined;
    event.certStoreType = T.pemKeyBlob;
    event.certStore = ec.key;
    event.certPassword = PASSWORD;
  });
  const failed = new Promise<unknown>((resolve) => server.once('Error', resolve));
  const refused = tls.connect({ port: server.localPort, host: '127.0.0.1' });
  await new Promise((resolve) => refused.once('error', resolve));
  check(seen(await failed), 'what a handler that fails is told of');

  // Neither TLS nor anything.
  const plain = net.connect(server.localPort, '127.0.0.1');
  plain.end('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => plain.once('close', resolve));
  await until(() => told.some((events) => seen(events).includes('HTTP')));

  socket.close();
  await new Promise((resolve) => socket.once('close', resolve));
  const everything = told.map(seen).join('\n');
  assert.match(everything, /Received a record of/);
  check(everything, 'an event');
});
