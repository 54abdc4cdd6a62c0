// Stores of keys in the formats of others that cannot be used: JKS, JWK, XML, PPK, SSH.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Certificate, CertStoreType } from 'native-wsserver';
import { folder, issue } from '../support/certificates.js';
import { changed, type Mistake, testMistakes } from '../support/mistakes.js';
import {
  data,
  ec,
  jwkOf,
  PASSWORD,
  ppkHolding,
  ppkOf,
  puttygen,
  rsa,
  xmlOf,
} from '../support/stores.js';

const T = CertStoreType;
const other = issue('other.store');
const jks = readFileSync(data('identity.jks'));
const ppk = readFileSync(ppkOf(ec, 'plain.ppk'), 'utf8');
/** 1.3.6.1.4.1.42.2.17.1.1: how a key of a JKS is protected. */
const PROTECTOR = Buffer.from('2b060104012a02110101', 'hex');
const passwordFile = join(folder, 'password');
const lockedPpk = (version: string): string =>
  readFileSync(
    ppkOf(ec, 'locked.ppk', [
      ...['--ppk-param', `version=${version},kdf=argon2id,memory=64,passes=1`],
      ...['--new-passphrase', passwordFile],
    ]),
    'utf8',
  );

const name = Buffer.from('ssh-rsa');
/** A JKS of version 1 that has a million entries, and what these begin with. */
const head = Buffer.from('feedfeed00000001000f4240', 'hex');
const emptyCertificate = Buffer.from('00000002'.padEnd(2 * (4 + 2 + 8 + 4), '0'), 'hex');
const keyWithLongChain = Buffer.from(
  `${'00000001'.padEnd(2 * (4 + 2 + 8 + 4), '0')}002dc6c0`,
  'hex',
);

const mistakes: Mistake[] = [
  ['JKS: cut', 271, /damaged or cut/, () => [T.jksBlob, jks.subarray(0, 900), 'changeit']],
  [
    'JKS: an enormous number of entries',
    271,
    /damaged or cut/,
    () => [T.jksBlob, changed(jks, 8), 'changeit'],
  ],
  ['JKS: wrong password', 273, /SSLCertStorePassword/, () => [T.jksBlob, jks, 'wrong']],
  ['JKS: no password', 273, /SSLCertStorePassword/, () => [T.jksBlob, jks]],
  [
    'JKS: changed',
    273,
    /SSLCertStorePassword/,
    () => [T.jksBlob, changed(jks, jks.length - 1), 'changeit'],
  ],
  [
    'JKS: another password for the key',
    273,
    /SSLCertStorePassword/,
    () => [T.jksFile, data('keypass.jks'), 'changeit'],
  ],
  ['JKS: version 3', 271, /damaged/, () => [T.jksBlob, changed(jks, 7), 'changeit']],
  [
    'JKS: a certificate of PGP',
    271,
    /not of X\.509/,
    () => [T.jksBlob, changed(jks, jks.indexOf('X.509')), 'changeit'],
  ],
  [
    'JKS: a key protected in another way',
    271,
    /protected in a way/,
    () => [T.jksBlob, changed(jks, jks.indexOf(PROTECTOR)), 'changeit'],
  ],
  [
    'JKS: JCEKS',
    271,
    /keytool -importkeystore/,
    () => [T.jksFile, data('identity.jceks'), 'changeit'],
  ],
  [
    'JCEKS, found out',
    271,
    /keytool -importkeystore/,
    () => [T.auto, data('identity.jceks'), 'changeit'],
  ],
  [
    'JKS: more certificates than anybody has',
    271,
    /more than 1000/,
    () => [T.jksBlob, Buffer.concat([head, ...Array(200_000).fill(emptyCertificate)])],
  ],
  [
    'JKS: a chain longer than any',
    271,
    /more than 1000/,
    () => [T.jksBlob, Buffer.concat([head, keyWithLongChain, Buffer.alloc(3_000_000)])],
  ],
  ['JKS: another thing', 271, /damaged or cut/, () => [T.jksBlob, 'hello']],

  ['JWK: no JSON', 271, /no JSON/, () => [T.jwkBlob, '{"kty": "RSA", "d": secret']],
  ['JWK: a list', 271, /neither a JWK/, () => [T.jwkBlob, '[1]']],
  ['JWK: a set of numbers', 271, /no list of JWKs/, () => [T.jwkBlob, '{"keys":[1]}']],
  [
    'JWK: a number for a text',
    271,
    /"d" is no text/,
    () => [T.jwkBlob, JSON.stringify({ ...jwkOf(ec, false), d: 4711 })],
  ],
  [
    'JWK: a part is missing',
    271,
    /lacks a part/,
    () => [T.jwkBlob, JSON.stringify({ ...jwkOf(rsa, false), p: undefined })],
  ],
  [
    'JWK: x5c is no list',
    271,
    /"x5c"/,
    () => [T.jwkBlob, JSON.stringify({ ...jwkOf(ec, true), x5c: 'x' })],
  ],
  [
    'JWK: x5c is no certificate',
    271,
    /not of the type/,
    () => [T.jwkBlob, JSON.stringify({ ...jwkOf(ec, true), x5c: ['aaaa'] })],
  ],
  ['JWK: a secret', 271, /of a kind for TLS/, () => [T.jwkBlob, '{"kty":"oct","k":"AAAA"}']],
  [
    'JWK: a kind that is no text',
    271,
    /of a kind for TLS/,
    () => [T.jwkBlob, '{"kty":{"toString":1,"valueOf":1}}'],
  ],
  [
    'JWK: more keys than anybody has',
    271,
    /more than 1000/,
    () => [T.jwkBlob, `{"keys":[${Array(50_000).fill('{"kty":"RSA"}')}]}`],
  ],
  [
    'JWK: a chain longer than any',
    271,
    /more than 1000/,
    () => [T.jwkBlob, `{"kty":"EC","x5c":[${Array(100_000).fill('"AA"')}]}`],
  ],
  [
    'JWK: more private keys than anybody has',
    271,
    /100 keys/,
    () => [T.jwkBlob, JSON.stringify({ keys: Array(101).fill(jwkOf(ec, true)) })],
  ],
  ['JWK: too long', 271, /1024 KiB/, () => [T.jwkBlob, `{"keys":[${'[],'.repeat(400_000)}[]]}`]],
  [
    'JWK: the private half of another',
    273,
    /not that of the certificate/,
    () => [T.jwkBlob, JSON.stringify({ ...jwkOf(ec, true), d: jwkOf(other, false).d })],
  ],
  [
    'JWK: encrypted',
    271,
    /decrypt it first/,
    () => [T.jwkBlob, '{"protected":"e30","ciphertext":"AAAA"}'],
  ],
  [
    'JWK: no certificate',
    272,
    /SSLCertEncoded/,
    () => [T.jwkBlob, JSON.stringify(jwkOf(ec, false))],
  ],
  [
    'JWK: public',
    272,
    /public key alone/,
    () => [T.jwkBlob, JSON.stringify({ ...jwkOf(ec, false), d: undefined })],
  ],
  [
    'JWK: a modulus without end',
    271,
    /16384 bits/,
    () => [T.jwkBlob, JSON.stringify({ ...jwkOf(rsa, false), n: 'q'.repeat(1_000_000) })],
  ],

  [
    'XML: nothing',
    271,
    /neither an RSAKeyValue/,
    () => [T.xmlBlob, '<a><Modulus>AAAA</Modulus></a>'],
  ],
  [
    'XML: a tag without end',
    271,
    /neither an RSAKeyValue/,
    () => [T.xmlBlob, '<'.repeat(1_000_000)],
  ],
  [
    'XML: more certificates than anybody has',
    271,
    /more than 1000/,
    () => [T.xmlBlob, '<X509Certificate>'.repeat(50_000)],
  ],
  ['XML: more keys than anybody has', 271, /100 keys/, () => [T.xmlBlob, xmlOf(rsa).repeat(101)]],
  ['XML: too long', 271, /1024 KiB/, () => [T.xmlBlob, `<a>${' '.repeat(1024 * 1024)}</a>`]],
  ['XML: cut', 271, /neither an RSAKeyValue/, () => [T.xmlBlob, xmlOf(rsa).slice(0, 500)]],
  [
    'XML: a part is missing',
    271,
    /lacks a part/,
    () => [T.xmlBlob, xmlOf(rsa).replace(/<DP>.*<\/DP>/, '')],
  ],
  ['XML: public', 272, /public key alone/, () => [T.xmlBlob, xmlOf(rsa).replace(/<P>.*<\/D>/, '')]],
  ['XML: no certificate', 272, /SSLCertEncoded/, () => [T.xmlBlob, xmlOf(rsa)]],

  ['PPK: no certificate', 272, /SSLCertEncoded/, () => [T.ppkBlob, ppk]],
  [
    'PPK 2: wrong password',
    273,
    /SSLCertStorePassword/,
    () => [T.ppkBlob, lockedPpk('2'), 'wrong'],
  ],
  [
    'PPK 3: wrong password',
    273,
    /SSLCertStorePassword/,
    () => [T.ppkBlob, lockedPpk('3'), 'wrong'],
  ],
  ['PPK 3: changed', 271, /damaged/, () => [T.ppkBlob, ppk.replace(/Comment: /, 'Comment: x')]],
  ['PPK 3: no MAC', 271, /damaged/, () => [T.ppkBlob, ppk.replace(/Private-MAC: .*/, '')]],
  [
    'PPK 3: more lines than there are',
    271,
    /damaged/,
    () => [T.ppkBlob, ppk.replace(/Private-Lines: 1/, 'Private-Lines: 4000000000')],
  ],
  ...['-1', '0.5', '1e0', '0x1', ''].map(
    (count): Mistake => [
      `PPK 3: "${count}" lines`,
      271,
      /damaged/,
      () => [T.ppkBlob, ppk.replace(/Private-Lines: 1/, `Private-Lines: ${count}`)],
    ],
  ),
  [
    'PPK 3: Argon2 without salt',
    271,
    /damaged/,
    () => [T.ppkBlob, lockedPpk('3').replace(/Salt: .*/, 'Salt: '), PASSWORD],
  ],
  [
    'PPK 3: Argon2 with less memory than it has lanes',
    271,
    /damaged/,
    () => [T.ppkBlob, lockedPpk('3').replace(/Parallelism: 1/, 'Parallelism: 9'), PASSWORD],
  ],
  [
    'PPK 3: Argon2 without end',
    271,
    /puttygen/,
    () => [T.ppkBlob, lockedPpk('3').replace(/Passes: 1/, 'Passes: 4000000000'), PASSWORD],
  ],
  [
    'PPK 3: Argon2 of what memory',
    271,
    /damaged/,
    () => [T.ppkBlob, lockedPpk('3').replace(/Memory: 64/, 'Memory: much'), PASSWORD],
  ],
  [
    'PPK 3: an unknown cipher',
    271,
    /damaged/,
    () => [T.ppkBlob, ppk.replace('Encryption: none', 'Encryption: rot13')],
  ],
  [
    'PPK 3: the key is cut',
    271,
    /damaged/,
    () => [T.ppkBlob, ppkHolding([name, Buffer.of(3), Buffer.of(15)], [Buffer.of(3)])],
  ],
  [
    'PPK 3: a prime without end',
    271,
    /16384 bits/,
    () => [
      T.ppkBlob,
      ppkHolding(
        [name, Buffer.of(3), Buffer.of(15)],
        [Buffer.of(3), Buffer.alloc(40_000, 7), Buffer.of(3), Buffer.of(2)],
      ),
    ],
  ],
  ['PPK: too long', 271, /64 KiB/, () => [T.ppkBlob, ppk + 'x'.repeat(65_536)]],
  ['PPK 1', 271, /version 2 or 3/, () => [T.ppkBlob, ppk.replace(/File-3/, 'File-1')]],
  ['PPK: another thing', 271, /version 2 or 3/, () => [T.ppkBlob, 'hello']],
];

testMistakes(mistakes);

/** An SSH public key, of `pair` or of a kind that puttygen makes. */
function sshKey(output: string, ...kind: string[]): Buffer {
  const file = join(folder, 'key.pub');
  if (kind.length > 0) puttygen(...kind, '-o', 'any.ppk', '--new-passphrase', 'no-password');
  else ppkOf(rsa, 'any.ppk');
  puttygen('any.ppk', '-O', output, '-o', file);
  return readFileSync(file);
}

for (const kind of [[], ['-t', 'ecdsa', '-b', '384'], ['-t', 'ed25519'], ['-t', 'ed448']]) {
  test(`an SSH public key ${kind.join(' ')}: there is no certificate`, () => {
    const line = sshKey('public-openssh', ...kind);
    const [, body = ''] = line.toString().split(' ');
    const blob = Buffer.from(body, 'base64');
    const rfc4716 = sshKey('public', ...kind);
    for (const store of [line, rfc4716, blob, blob.toString('base64')]) {
      for (const type of [T.sshPublicKeyBlob, T.auto]) {
        assert.throws(() => new Certificate(type, store), {
          code: 272,
          message: /public key alone/,
        });
      }
      writeFileSync(join(folder, 'ssh'), store);
      for (const type of [T.sshPublicKeyFile, T.auto]) {
        assert.throws(() => new Certificate(type, join(folder, 'ssh')), { code: 272 });
      }
    }
    const [cut] = [blob.subarray(0, -1)];
    assert.throws(() => new Certificate(T.sshPublicKeyBlob, cut), {
      code: 271,
      message: /cut|damaged|lacks/,
    });
  });
}

test('an SSH public key whose point is compressed', () => {
  const line = sshKey('public-openssh', '-t', 'ecdsa', '-b', '256').toString();
  const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
  // 4, which says that it is not compressed, and two coordinates.
  assert.throws(() => new Certificate(T.sshPublicKeyBlob, changed(blob, blob.length - 65)), {
    code: 271,
    message: /not one of the curve/,
  });
});

test('an SSH public key of a kind that only objects have', () => {
  const blob = Buffer.from('\0\0\0\x0bconstructor\0\0\0\x01x', 'latin1');
  assert.throws(() => new Certificate(T.sshPublicKeyBlob, blob), {
    code: 271,
    message: /RSA, ECDSA/,
  });
});

test('an SSH public key of DSA is nothing for TLS', () => {
  const line = sshKey('public-openssh', '-t', 'dsa', '-b', '1024');
  assert.throws(() => new Certificate(T.sshPublicKeyBlob, line), {
    code: 271,
    message: /RSA, ECDSA/,
  });
});
