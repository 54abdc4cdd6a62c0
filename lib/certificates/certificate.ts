// SPDX-License-Identifier: MIT

import { bytesOf, isUint8Array } from '../base/bytes.js';
import { errors, WSServerError } from '../base/errors.js';
import { Secrets } from '../base/secrets.js';
import { addon, type NativeCertificate } from '../boundary/native.js';
import { useStore, withoutBase64 } from './store.js';
import { CertStoreType } from './store_type.js';

/** The property that has the native certificate: the same in every copy of this package. */
export const NATIVE = Symbol.for('native-wsserver.Certificate');

/** PEM as text, or PEM or DER as bytes; one after the other if there are several. */
export type CertificateParts = string | Uint8Array | readonly (string | Uint8Array)[];

/** A certificate as Node's tls takes it. */
export type CertificateSource =
  | {
      readonly key: CertificateParts;
      /** With the chain up to the authority, if it needs one. */
      readonly cert: CertificateParts;
      /** More of the chain. */
      readonly ca?: CertificateParts;
      /** Of the key. */
      readonly passphrase?: string;
    }
  | { readonly pfx: string | Uint8Array; readonly passphrase?: string };

/** What was given as bytes is not touched; what was a string is copied for `secrets` to wipe. */
function storeOf(store: string | Uint8Array, secrets: Secrets): Uint8Array {
  if (typeof store === 'string') return secrets.hold(Buffer.from(store));
  const bytes = isUint8Array(store) ? bytesOf(store) : undefined;
  if (bytes !== undefined) return bytes;
  throw errors.invalidArgument('A certificate, its key and a store are strings or bytes.');
}

function partsOf(parts: CertificateParts, secrets: Secrets): Uint8Array[] {
  return typeof parts === 'string' || isUint8Array(parts)
    ? [storeOf(parts, secrets)]
    : Array.from(parts ?? [], (part) => storeOf(part, secrets));
}

function requireText(value: unknown, name: string): void {
  if (typeof value === 'string') return;
  throw errors.invalidArgument(`The ${name} of a certificate is a string.`);
}

function open(
  type: CertStoreType,
  store: string | Uint8Array,
  password: string,
  subject: string | Uint8Array,
): NativeCertificate {
  requireText(password, 'password');
  const secrets = new Secrets();
  try {
    const wanted =
      typeof subject === 'string'
        ? subject
        : withoutBase64(Uint8Array.from(storeOf(subject, secrets)));
    return useStore(
      type,
      storeOf(store, secrets),
      password,
      ({ format, parts }) => new addon.Certificate(format, parts, password, wanted, WSServerError),
    );
  } finally {
    secrets.wipe();
  }
}

function fromSource(source: CertificateSource): NativeCertificate {
  if (typeof source !== 'object' || source === null) {
    throw errors.invalidArgument('A certificate is { key, cert }, { pfx } or a Certificate.');
  }
  const { passphrase = '' } = source;
  if ('pfx' in source) return open(CertStoreType.pfxBlob, source.pfx, passphrase, '*');
  const { key = [], cert = [], ca = [] } = source;
  requireText(passphrase, 'passphrase');
  const secrets = new Secrets();
  try {
    const parts = [cert, ca, key].flatMap((part) => partsOf(part, secrets));
    return new addon.Certificate('any', parts, passphrase, '*', WSServerError);
  } finally {
    secrets.wipe();
  }
}

/**
 * A certificate and its private key, which never leaves it: neither `util.inspect` nor
 * `JSON.stringify` shows it.
 */
export class Certificate {
  readonly #native: NativeCertificate;

  /**
   * The certificate of a store that `subject` selects: the one that is equal to it, else the first
   * that contains it; `*` is the first. Bytes are the certificate itself (PEM, DER or Base64), to
   * which the store has the private key.
   *
   * `store` is a path, or the contents, binary or in Base64, of up to 4 MiB (a text of JSON or XML 1
   * MiB). It is read at once, and its key is tried.
   * @throws {@link WSServerError} 271 when the store cannot be opened, 272 when there is no such
   * certificate, or no key to the one that was given, 273 when the password is wrong, or the key is
   * that of another certificate
   */
  constructor(
    storeType: CertStoreType,
    store: string | Uint8Array,
    password?: string,
    subject?: string | Uint8Array,
  );
  /** A certificate as Node's tls takes it, or one that is there already. Fails like the other form. */
  constructor(source: CertificateSource | Certificate);
  constructor(
    source: CertStoreType | CertificateSource | Certificate,
    store: string | Uint8Array = '',
    password = '',
    subject: string | Uint8Array = '*',
  ) {
    if (typeof source === 'number') this.#native = open(source, store, password, subject);
    else this.#native = source instanceof Certificate ? source.#native : fromSource(source);
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
   * Whether it is a certificate, of this copy of the package or another.
   * @internal
   */
  static isOne(value: object): value is Certificate {
    return (value as Certificate)[NATIVE] instanceof addon.Certificate;
  }

  /**
   * The native certificate.
   * @internal
   */
  get [NATIVE](): NativeCertificate {
    return this.#native;
  }
}

/** A certificate, or what one is made of. */
export type CertificateLike = Certificate | CertificateSource;

/** The certificate that `source` is, or is made of. */
export function toCertificate(source: CertificateLike): Certificate {
  return Certificate.isOne(Object(source))
    ? (source as Certificate)
    : new Certificate(source as CertificateSource);
}
