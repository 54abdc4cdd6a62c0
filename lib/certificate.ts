// SPDX-License-Identifier: MIT

import { type NativeCertificate, native } from './native.js';

/** The documented types of certificate stores: a file's path, or its contents (a blob). */
export enum CertStoreType {
  user = 0,
  machine = 1,
  pfxFile = 2,
  pfxBlob = 3,
  jksFile = 4,
  jksBlob = 5,
  pemKeyFile = 6,
  pemKeyBlob = 7,
  publicKeyFile = 8,
  publicKeyBlob = 9,
  sshPublicKeyBlob = 10,
  p7bFile = 11,
  p7bBlob = 12,
  sshPublicKeyFile = 13,
  ppkFile = 14,
  ppkBlob = 15,
  xmlFile = 16,
  xmlBlob = 17,
  jwkFile = 18,
  jwkBlob = 19,
  securityKey = 20,
  bcfksFile = 21,
  bcfksBlob = 22,
  pkcs11 = 23,
  auto = 99,
}

/** A certificate as Node's tls takes it. Text is PEM. */
export type CertificateSource =
  | {
      readonly key: string | Uint8Array;
      /** With the chain up to the authority, if it needs one. */
      readonly cert: string | Uint8Array;
      /** More of the chain. */
      readonly ca?: string | Uint8Array;
      readonly passphrase?: string;
    }
  | { readonly pfx: Uint8Array; readonly passphrase?: string };

function bytesOf(store: string | Uint8Array): Uint8Array {
  return typeof store === 'string' ? Buffer.from(store) : store;
}

/** A certificate and its private key, which never leaves it. */
export class Certificate {
  readonly #native: NativeCertificate;

  /**
   * The certificate of a store that `subject` selects: the one that is equal to it, else the first
   * that contains it; `*` is the first. Bytes are the certificate itself (PEM or DER), to which the
   * store has the private key.
   * @throws {@link WSServerError} 271 when the store cannot be opened, 272 when there is no such
   * certificate, 273 when the password is wrong
   */
  constructor(
    storeType: CertStoreType,
    store: string | Uint8Array,
    password?: string,
    subject?: string | Uint8Array,
  );
  /** A certificate as Node's tls takes it. Fails like the other form. */
  constructor(source: CertificateSource);
  constructor(
    source: CertStoreType | CertificateSource,
    store: string | Uint8Array = '',
    password = '',
    subject: string | Uint8Array = '*',
  ) {
    if (typeof source === 'number') {
      this.#native = new native.Certificate(source, bytesOf(store), password, subject);
    } else if ('pfx' in source) {
      const { pfx, passphrase = '' } = source;
      this.#native = new native.Certificate(CertStoreType.pfxBlob, pfx, passphrase, '*');
    } else {
      const { key, cert, ca = '', passphrase = '' } = source;
      const parts = [cert, '\n', ca, '\n', key].map(bytesOf);
      const type = CertStoreType.pemKeyBlob;
      this.#native = new native.Certificate(type, Buffer.concat(parts), passphrase, '*');
    }
  }

  /** The distinguished name, such as `CN=www.example.com, O=Example`. */
  get subject(): string {
    return this.#native.subject;
  }

  /** Who has signed it. */
  get issuer(): string {
    return this.#native.issuer;
  }

  /** The certificate alone, in PEM. */
  get encoded(): string {
    return this.#native.encoded;
  }

  /**
   * What the core knows it by.
   * @internal
   */
  static nativeOf(certificate: Certificate): NativeCertificate {
    return certificate.#native;
  }
}
