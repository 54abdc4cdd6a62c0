// What is copied of a private key while a store is read is wiped, whatever the format.

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { Certificate, CertStoreType } from 'native-wsserver';
import { ec, jwkOf, PASSWORD, ppkOf, rsa, write, xmlOf } from '../support/stores.js';

/** The private number of a key: 32 bytes and more that are nowhere by chance. */
const secretOf = (key: string): Buffer =>
  Buffer.from(`${createPrivateKey(key).export({ format: 'jwk' }).d}`, 'base64url');

/** The buffers that `act` makes of Node's, by whatever function. */
function buffersOf(act: () => void): Buffer[] {
  const made: Buffer[] = [];
  const names = ['from', 'concat', 'alloc', 'allocUnsafeSlow'] as const;
  const functions = Buffer as unknown as Record<string, (...given: unknown[]) => Buffer>;
  const originals = names.map((name) => [name, functions[name]] as const);
  for (const [name, original] of originals) {
    functions[name] = (...given) => {
      const buffer = (original as (...given: unknown[]) => Buffer).apply(Buffer, given);
      made.push(buffer);
      return buffer;
    };
  }
  try {
    act();
  } finally {
    for (const [name, original] of originals) functions[name] = original as never;
  }
  return made;
}

const locked = ['--new-passphrase', write('password', PASSWORD)];
const cheap = ['--ppk-param', 'memory=64,passes=1'];

for (const [name, type, pair, store, password = ''] of [
  ['JWK', CertStoreType.jwkFile, ec, write('w.jwk', JSON.stringify(jwkOf(ec, true)))],
  ['JWK of RSA', CertStoreType.jwkFile, rsa, write('wr.jwk', JSON.stringify(jwkOf(rsa, true)))],
  ['XML', CertStoreType.xmlFile, rsa, write('w.xml', xmlOf(rsa))],
  ['PPK', CertStoreType.ppkFile, ec, ppkOf(ec, 'w.ppk')],
  ['PPK of RSA', CertStoreType.ppkFile, rsa, ppkOf(rsa, 'wr.ppk')],
  [
    'PPK, encrypted',
    CertStoreType.ppkFile,
    ec,
    ppkOf(ec, 'wl.ppk', [...locked, ...cheap]),
    PASSWORD,
  ],
] as const) {
  test(`${name}: nothing of the key is left`, () => {
    const secret = secretOf(pair.key);
    const cert = Buffer.from(pair.cert);
    const buffers = buffersOf(() => new Certificate(type, store, password, cert));
    assert.ok(buffers.length > 0);
    assert.ok(!buffers.some((buffer) => buffer.includes(secret)));
  });
}

test('nothing of a key is left when reading fails', () => {
  const secret = secretOf(ec.key);
  const store = JSON.stringify({ keys: [jwkOf(ec, true), { ...jwkOf(ec, true), d: 4711 }] });
  const buffers = buffersOf(() => {
    assert.throws(() => new Certificate(CertStoreType.jwkBlob, store), { code: 271 });
  });
  assert.ok(!buffers.some((buffer) => buffer.includes(secret)));
});

test('PEM as a string: the copy is wiped', () => {
  const { key, cert } = ec;
  const line = Buffer.from(key.split('\n')[1] ?? '');
  const buffers = buffersOf(() => new Certificate({ key, cert }));
  assert.ok(!buffers.some((buffer) => buffer.includes(line)));
});
