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
  /** What clients are sent of it; undefined: its payload. */
  readonly frame?: Frame;
}

/** A kept message, as it was published. */
export interface KeptData {
  readonly topic: string;
  readonly id: string;
  /** A string for a text, bytes otherwise. */
  readonly data: string | Uint8Array;
}

/** What clients are sent of a kept message: a string as text, bytes as a binary message. */
export type Frame = (message: KeptData) => string | NodeJS.ArrayBufferView | ArrayBufferLike;
