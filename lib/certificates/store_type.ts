// SPDX-License-Identifier: MIT
// The documented types of certificate stores: what each is made of, and by what it is read.

import type { Secrets } from '../base/secrets.js';
import type { NativeFormat } from '../boundary/native.js';
import { notOpened } from './formats/failure.js';
import { readJks } from './formats/jks.js';
import { readJwk } from './formats/jwk.js';
import { readPpk } from './formats/ppk.js';
import { readSshPublicKey } from './formats/ssh_public_key.js';
import { readXml } from './formats/xml.js';
import { readTokenName } from './pkcs11.js';

/** The documented types of certificate stores: a file's path, or its contents (a blob). */
export enum CertStoreType {
  /** A store of Windows: error 271. */
  user = 0,
  /** A store of Windows: error 271. */
  machine = 1,
  /** PKCS#12, outdated ciphers (RC2, 3DES) included. */
  pfxFile = 2,
  pfxBlob = 3,
  /** A Java key store; those that are PKCS#12, as of Java 9, too. */
  jksFile = 4,
  jksBlob = 5,
  /** PEM: a private key and its certificate, with the chain, in any order. DER is read too. */
  pemKeyFile = 6,
  pemKeyBlob = 7,
  /** Certificates without keys, PEM or DER. */
  publicKeyFile = 8,
  publicKeyBlob = 9,
  /** A public key: nothing to serve with. */
  sshPublicKeyBlob = 10,
  /** PKCS#7: certificates without keys. */
  p7bFile = 11,
  p7bBlob = 12,
  sshPublicKeyFile = 13,
  /** A private key of PuTTY, without a certificate: see SSLCertEncoded. */
  ppkFile = 14,
  ppkBlob = 15,
  /** .NET's RSAKeyValue, X509Certificate elements, or both. */
  xmlFile = 16,
  xmlBlob = 17,
  /** A JSON Web Key or a set of them; with `x5c` it has certificates. */
  jwkFile = 18,
  jwkBlob = 19,
  /** Error 271; see {@link pkcs11}. */
  securityKey = 20,
  /** A store of Bouncy Castle for Java: error 271. */
  bcfksFile = 21,
  bcfksBlob = 22,
  /**
   * A token behind PKCS#11, with the PIN as its password. The store is the path of the module, or
   * `pkcs11:token=NAME?module-path=PATH` (RFC 7512). Keys stay in the token, which signs while the
   * server waits.
   */
  pkcs11 = 23,
  /** Whichever of the others the contents are, but for {@link pkcs11}, which runs code. */
  auto = 99,
}

/** What is handed to the core. */
export interface Contents {
  readonly format: NativeFormat;
  readonly parts: readonly Uint8Array[];
}

/** Reads a store. `secrets` wipes the copies of keys that it makes, and what it returns. */
export type Reader = (bytes: Uint8Array, password: string, secrets: Secrets) => Contents;

const passOn =
  (format: NativeFormat): Reader =>
  (bytes) => ({ format, parts: [bytes] });

/** A reader by `read`, which returns certificates and keys in DER. */
const made =
  (read: (bytes: Uint8Array, password: string, secrets: Secrets) => Uint8Array[]): Reader =>
  (bytes, password, secrets) => ({ format: 'any', parts: read(bytes, password, secrets) });

const unavailable =
  (why: string): Reader =>
  () => {
    throw notOpened(why);
  };

const ofWindows = unavailable('It is a thing of Windows; give a file or its contents.');
const ofBouncyCastle = unavailable(
  'A BCFKS can only be read by Bouncy Castle for Java; convert it to PFX with keytool.',
);
const jceks = unavailable(
  'It is a JCEKS; convert it: keytool -importkeystore -srcstoretype JCEKS -deststoretype PKCS12.',
);
const tokenModule = unavailable(
  'A module of PKCS#11 runs code, so it must be asked for: use type 23.',
);

const pem = passOn('pem');
const der = passOn('any');
const ppk = made(readPpk);
const sshPublicKey = made((bytes, _, secrets) => readSshPublicKey(bytes, secrets));
const xml = made((bytes, _, secrets) => readXml(bytes, secrets));
const jwk = made((bytes, _, secrets) => readJwk(bytes, secrets));
const trueJks = made(readJks);
const jks: Reader = (...given) => {
  const found = recognise(given[0]);
  return (found === der ? passOn('pfx') : found === jceks ? jceks : trueJks)(...given);
};

interface Row {
  /** What SSLCertStore is: a path, the contents, either, or a name that the reader knows. */
  readonly store: 'file' | 'blob' | 'either' | 'name';
  readonly read: Reader;
}

const file = (read: Reader): Row => ({ store: 'file', read });
const blob = (read: Reader): Row => ({ store: 'blob', read });
const name = (read: Reader): Row => ({ store: 'name', read });

export const storeTypes: Readonly<Record<CertStoreType, Row>> = {
  [CertStoreType.user]: name(ofWindows),
  [CertStoreType.machine]: name(ofWindows),
  [CertStoreType.pfxFile]: file(passOn('pfx')),
  [CertStoreType.pfxBlob]: blob(passOn('pfx')),
  [CertStoreType.jksFile]: file(jks),
  [CertStoreType.jksBlob]: blob(jks),
  [CertStoreType.pemKeyFile]: file(pem),
  [CertStoreType.pemKeyBlob]: blob(pem),
  [CertStoreType.publicKeyFile]: file(passOn('publicKey')),
  [CertStoreType.publicKeyBlob]: blob(passOn('publicKey')),
  [CertStoreType.sshPublicKeyBlob]: blob(sshPublicKey),
  [CertStoreType.p7bFile]: file(passOn('p7b')),
  [CertStoreType.p7bBlob]: blob(passOn('p7b')),
  [CertStoreType.sshPublicKeyFile]: file(sshPublicKey),
  [CertStoreType.ppkFile]: file(ppk),
  [CertStoreType.ppkBlob]: blob(ppk),
  [CertStoreType.xmlFile]: file(xml),
  [CertStoreType.xmlBlob]: blob(xml),
  [CertStoreType.jwkFile]: file(jwk),
  [CertStoreType.jwkBlob]: blob(jwk),
  [CertStoreType.securityKey]: name(
    unavailable('A security key is reached through PKCS#11; use type 23.'),
  ),
  [CertStoreType.bcfksFile]: name(ofBouncyCastle),
  [CertStoreType.bcfksBlob]: name(ofBouncyCastle),
  [CertStoreType.pkcs11]: name((bytes) => ({ format: 'pkcs11', parts: readTokenName(bytes) })),
  [CertStoreType.auto]: {
    store: 'either',
    read: (...given) => (recognise(given[0]) ?? der)(...given),
  },
};

const NAME_SIZE = 40;
const JKS = 0xfeedfeed;
const JCEKS = 0xcececece;
const ELF = 0x7f454c46;

/** Whether it begins an ASN.1 SEQUENCE: of exactly its length, or with a second byte that is not ASCII. */
const isSequence = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x30 && (bytes[1] === bytes.length - 2 || (bytes[1] ?? 0) >= 0x80);

/** The reader for `bytes`, by how they begin; undefined when nothing begins so. */
export function recognise(bytes: Uint8Array): Reader | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isSequence(view)) return der;
  const magic = view.length >= 4 ? view.readUInt32BE() : 0;
  if (magic === JKS) return trueJks;
  if (magic === JCEKS) return jceks;
  if (magic === ELF) return tokenModule;
  const start = view.toString('latin1', 0, NAME_SIZE).trimStart();
  if (start.startsWith('PuTTY-User-Key-File-')) return ppk;
  if (/^(ssh-|ecdsa-sha2-|sk-|---- BEGIN SSH2)/.test(start)) return sshPublicKey;
  // The length of the name of an algorithm, and the name.
  if (/^\0\0\0.(ssh-|ecdsa-sha2-|sk-)/s.test(view.toString('latin1', 0, NAME_SIZE))) {
    return sshPublicKey;
  }
  if (start.startsWith('pkcs11:')) return tokenModule;
  if (view.includes('-----BEGIN ')) return pem;
  if (/^(\u00ef\u00bb\u00bf)?\{/.test(start)) return jwk;
  return /^(\u00ef\u00bb\u00bf)?</.test(start) ? xml : undefined;
}
