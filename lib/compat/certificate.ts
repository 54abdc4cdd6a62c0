// SPDX-License-Identifier: MIT

import { Certificate as MainCertificate } from '../certificates/certificate.js';

/** A certificate and its private key, with the names of the JavaScript edition besides. */
export class Certificate extends MainCertificate {
  /** The distinguished name, such as `CN=www.example.com, O=Example`. */
  getSubject(): string {
    return this.subject;
  }

  /** Who has signed it. */
  getIssuer(): string {
    return this.issuer;
  }

  /** The certificate alone, in PEM. */
  getEncoded(): string {
    return this.encoded;
  }

  /** The same as bytes. */
  getEncodedB(): Uint8Array {
    return Buffer.from(this.encoded);
  }

  /** Does nothing: what nobody refers to is freed by itself. */
  dispose(): void {}
}
