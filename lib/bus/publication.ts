// SPDX-License-Identifier: MIT

/** A message that is for a server's own clients, wherever it has come from. */
export interface Publication {
  /** Empty: everybody. */
  readonly topic: string;
  /** An opcode, perhaps with UNCOMPRESSED. */
  readonly kind: number;
  readonly payload: string | Uint8Array;
  /** Who does not get it. */
  readonly except?: number | undefined;
  /** By which a history knows it. */
  readonly id?: string | undefined;
}

/** What the clients of a subprotocol get instead of what is published. */
export interface Envelopes {
  /** A text. */
  wrap(publication: Publication): string;
}
