// SPDX-License-Identifier: MIT

/** A message on its way to the clients of this server. */
export interface Publication {
  /** Empty: everybody. */
  readonly topic: string;
  /** An opcode, perhaps with UNCOMPRESSED. */
  readonly kind: number;
  readonly payload: string | Uint8Array;
  /** The id of a connection that does not get it. */
  readonly except?: number;
  /** What it has in the history. */
  readonly id?: string;
}
