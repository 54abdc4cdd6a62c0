// Certificate stores that cannot be used: the documented code, and a sentence that says what to do.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Certificate, CertStoreType, WSServer } from 'native-wsserver';
import { folder, openssl, pfxOf } from '../support/certificates.js';
import { type Mistake, testMistakes } from '../support/mistakes.js';
import { ec, edwards, PASSWORD, puttygen, rsa, write } from '../support/stores.js';

const T = CertStoreType;
const pfx = readFileSync(pfxOf('ec', ec, PASSWORD));
const encryptedKey = (...options: string[]): string =>
  openssl('pkcs8', '-topk8', '-in', ec.keyFile, ...options, '-passout', `pass:${PASSWORD}`);

/** DER of an element. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length);
  const digits = size.subarray(
    Math.max(
      0,
      size.findIndex((digit) => digit > 0),
    ),
  );
  const length = body.length < 128 ? [body.length] : [0x80 + digits.length, ...digits];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** A PFX whose MAC wants 2^31 - 1 rounds. */
function endlessPfx(): Buffer {
  const sha1 = der(0x30, hex('06052b0e03021a'), hex('0500'));
  const mac = der(
    0x30,
    der(0x30, sha1, der(4, Buffer.alloc(20))),
    der(4, Buffer.alloc(8)),
    hex('02047fffffff'),
  );
  const content = der(0x30, hex('06092a864886f70d010701'), der(0xa0, der(4, hex('3000'))));
  return der(0x30, hex('020103'), content, mac);
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const pemOf = (bytes: Buffer, kind = ''): string =>
  `-----BEGIN ${kind}PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END ${kind}PRIVATE KEY-----\n`;

/** A number of 22 KB: OpenSSL would compute for half a minute. */
const large = der(2, Buffer.alloc(7000, 0x55));
const zero = hex('020100');

/** PKCS#8 of DSA, and the form of OpenSSL's own. */
function dsaKey(): Buffer {
  const algorithm = der(0x30, hex('06072a8648ce380401'), der(0x30, large, large, large));
  return der(0x30, zero, algorithm, der(4, large));
}
const traditionalDsa = (): Buffer => der(0x30, zero, large, large, large, large, large);

/** A PFX without a MAC that holds these keys as they are. */
function pfxHolding(...keys: Buffer[]): Buffer {
  const bags = keys.map((key) => der(0x30, hex('060b2a864886f70d010c0a0101'), der(0xa0, key)));
  const data = (contents: Buffer) =>
    der(0x30, hex('06092a864886f70d010701'), der(0xa0, der(4, contents)));
  return der(0x30, hex('020103'), data(der(0x30, data(der(0x30, ...bags)))));
}

const manyKeys = (): Buffer[] =>
  Array(500).fill(createPrivateKey(ec.key).export({ type: 'pkcs8', format: 'der' }));

function p7bHolding(...certificates: Buffer[]): Buffer {
  const content = der(0x30, hex('06092a864886f70d010701'));
  const signed = [hex('020101'), hex('3100'), content, der(0xa0, ...certificates), hex('3100')];
  return der(0x30, hex('06092a864886f70d010702'), der(0xa0, der(0x30, ...signed)));
}

/** SEC 1 with the private half of one key and the public half of another. */
function mixedKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [key, other] = [createPrivateKey(ec.key), privateKey].map((one) =>
    one.export({ type: 'sec1', format: 'der' }),
  ) as [Buffer, Buffer];
  const mixed = Buffer.from(key);
  other.copy(mixed, 7, 7, 7 + 32);
  return pemOf(mixed, 'EC ');
}

/** The elements of `bytes`, with `to` in the place of each that is `from`. */
function exchanged(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const elements: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag = 0, length = 0] = bytes.subarray(at);
    const head = length < 128 ? 2 : 2 + (length & 127);
    const size = length < 128 ? length : bytes.readUIntBE(at + 2, length & 127);
    const element = bytes.subarray(at, at + head + size);
    const isConstructed = (tag & 0x20) !== 0;
    const inner = isConstructed && der(tag, exchanged(element.subarray(head), from, to));
    elements.push(inner || (element.equals(from) ? to : element));
    at += element.length;
  }
  return Buffer.concat(elements);
}

/** PKCS#8 whose PBKDF2 wants 2^31 - 1 rounds. */
function endlessKey(): Buffer {
  const sealed = encryptedKey('-v2', 'aes-256-cbc', '-iter', '65536');
  const bytes = Buffer.from(sealed.replace(/-----.*-----/g, ''), 'base64');
  return exchanged(bytes, Buffer.from('0203010000', 'hex'), Buffer.from('02047fffffff', 'hex'));
}

const mistakes: Mistake[] = [
  ['no store', 271, /set SSLCertStore/, () => [T.pfxFile, '']],
  ['no such type', 271, /no type 24/, () => [24 as CertStoreType, 'x']],
  ['no such file', 271, /no such file/, () => [T.pfxFile, '/nowhere/at/all.pfx']],
  ['a file below a file', 271, /no such file/, () => [T.pfxFile, `${ec.certFile}/x`]],
  ['a folder', 271, /not of a folder/, () => [T.pemKeyFile, folder]],
  [
    'a pipe',
    271,
    /or a pipe/,
    () => {
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      return [T.pemKeyFile, join(folder, 'pipe')];
    },
  ],
  ['a device', 271, /no regular file/, () => [T.pemKeyFile, '/dev/zero']],
  ['a pipe, found out', 271, /not of the type/, () => [T.auto, join(folder, 'pipe')]],
  [
    'an enormous file',
    271,
    /4 MiB/,
    () => {
      const file = write('enormous.pfx', '');
      truncateSync(file, 3_000_000_000);
      return [T.pfxFile, file];
    },
  ],
  ['an enormous blob', 271, /4 MiB/, () => [T.pemKeyBlob, Buffer.alloc(4 * 1024 * 1024 + 1)]],
  [
    'contents in the place of a path',
    271,
    /blob types/,
    () => [T.pemKeyFile, (ec.key + ec.cert).repeat(9)],
  ],
  ['a zero in a path', 271, /blob types/, () => [T.pemKeyFile, 'a\0b']],
  ['an empty file', 271, /empty/, () => [T.pemKeyFile, write('empty', '')]],
  ['neither a file nor anything', 271, /not of the type/, () => [T.auto, 'what is this']],
  ['PEM that is PFX', 271, /not of the type/, () => [T.pemKeyBlob, pfx]],

  ['PFX: cut', 271, /damaged|not of the type/, () => [T.pfxBlob, pfx.subarray(0, 300), PASSWORD]],
  ['PFX: wrong password', 273, /SSLCertStorePassword/, () => [T.pfxBlob, pfx, 'wrong']],
  ['PFX: no password', 273, /SSLCertStorePassword/, () => [T.pfxBlob, pfx]],
  [
    'PFX: a MAC of 2^31 rounds',
    271,
    /more than a second/,
    () => [T.pfxBlob, endlessPfx(), PASSWORD],
  ],
  [
    'PEM: a key of 2^31 rounds',
    271,
    /more than a second/,
    () => [T.pemKeyBlob, endlessKey(), PASSWORD],
  ],
  [
    'PEM: wrong password',
    273,
    /SSLCertStorePassword/,
    () => [T.pemKeyBlob, ec.cert + encryptedKey(), 'wrong'],
  ],
  [
    'PEM: damaged',
    271,
    /damaged/,
    () => [T.pemKeyBlob, ec.key + ec.cert.replace(/\n.{9}/, '\n!!!!!!!!!')],
  ],
  [
    'PEM: a key of OpenSSH',
    271,
    /ssh-keygen -p/,
    () => {
      puttygen(edwards.ppk, '-O', 'private-openssh', '-o', 'openssh.key');
      return [T.pemKeyFile, join(folder, 'openssh.key')];
    },
  ],
  ['PEM: a key without a certificate', 272, /SSLCertEncoded/, () => [T.pemKeyBlob, ec.key]],
  [
    'PEM: a public key',
    272,
    /public key alone/,
    () => [T.pemKeyBlob, openssl('pkey', '-in', ec.keyFile, '-pubout')],
  ],
  [
    'PEM: no such subject',
    272,
    /fits the subject/,
    () => [T.pemKeyBlob, ec.cert + ec.key, '', 'CN=nobody'],
  ],
  ['PEM: too many certificates', 271, /more than 1000/, () => [T.pemKeyBlob, ec.cert.repeat(1001)]],
  ['PEM: too many keys', 271, /more than 1000/, () => [T.pemKeyBlob, ec.key.repeat(101)]],
  ['PEM: a large key of DSA', 271, /not for TLS/, () => [T.pemKeyBlob, pemOf(dsaKey())]],
  [
    'PEM: a large key of DSA, as OpenSSL wrote it',
    271,
    /not for TLS/,
    () => [T.pemKeyBlob, pemOf(traditionalDsa(), 'DSA ')],
  ],
  ['DER: a large key of DSA', 271, /not for TLS/, () => [T.auto, dsaKey()]],
  ['PFX: a large key of DSA', 271, /not for TLS/, () => [T.pfxBlob, pfxHolding(dsaKey())]],
  ['PFX: too many keys', 271, /more than 1000/, () => [T.pfxBlob, pfxHolding(...manyKeys())]],
  [
    'PEM: a key of DSA behind a password',
    271,
    /not for TLS/,
    () => {
      openssl('dsaparam', '-genkey', '-out', 'dsa.pem', '1024');
      const locked = ['-topk8', '-in', 'dsa.pem', '-passout', `pass:${PASSWORD}`];
      return [T.pemKeyBlob, openssl('pkcs8', ...locked), PASSWORD];
    },
  ],
  [
    'PEM: a curve in numbers',
    271,
    /not for TLS/,
    () => [T.pemKeyBlob, openssl('ec', '-in', ec.keyFile, '-param_enc', 'explicit')],
  ],
  [
    'P7B: too many certificates',
    271,
    /more than 1000/,
    () => [T.p7bBlob, p7bHolding(...Array(5000).fill(new X509Certificate(ec.cert).raw))],
  ],
  [
    'PEM: passwords that cost a second together',
    271,
    /more than a second/,
    () => {
      const key = encryptedKey('-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA512', '-iter', '99999');
      return [T.pemKeyBlob, key.repeat(50), PASSWORD];
    },
  ],
  [
    'PEM: the private half of another',
    273,
    /not that of the certificate/,
    () => [T.pemKeyBlob, ec.cert + mixedKey()],
  ],
  [
    'PEM: the private half of another, and the certificate apart',
    273,
    /not that of the certificate/,
    () => [T.pemKeyBlob, mixedKey(), '', Buffer.from(ec.cert)],
  ],
  [
    'PEM: the key of another',
    272,
    /private key of the certificate/,
    () => [T.pemKeyBlob, ec.key, '', Buffer.from(rsa.cert)],
  ],
  [
    'PEM: no certificate where one is given',
    272,
    /no certificate/,
    () => [T.pemKeyBlob, ec.key, '', Buffer.from('hello')],
  ],
  [
    'ASN.1 that does not end',
    271,
    /not of the type/,
    () => [T.auto, Buffer.from('3084ffffffff3084ffffffff', 'hex')],
  ],
  [
    'ASN.1, nested deeply',
    271,
    /not of the type/,
    () => [T.auto, Buffer.from('3080'.repeat(100_000), 'hex')],
  ],

  ['a store of Windows: the user', 271, /Windows/, () => [T.user, 'MY']],
  ['a store of Windows: the machine', 271, /Windows/, () => [T.machine, 'MY']],
  ['a security key', 271, /type 23/, () => [T.securityKey, 'x']],
  ['BCFKS, a file', 271, /keytool/, () => [T.bcfksFile, 'x']],
  ['BCFKS, a blob', 271, /keytool/, () => [T.bcfksBlob, 'x']],
];

testMistakes(mistakes);

test('a certificate without its key cannot serve', () => {
  const alone = new Certificate(T.publicKeyBlob, ec.cert);
  assert.throws(() => new WSServer({ certificate: alone }), { code: 282 });
});
