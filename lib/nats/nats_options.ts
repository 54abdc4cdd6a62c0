// SPDX-License-Identifier: MIT

import type { WSServerError } from '../base/errors.js';

/** How to talk TLS with NATS: PEM as text, or in files. What else `tls.connect` of Node.js takes goes as well. */
export interface NatsTls {
  /** Authorities that may have signed the certificate of the server. */
  ca?: string;
  caFile?: string;
  /** What this client shows of itself. */
  cert?: string;
  certFile?: string;
  key?: string;
  keyFile?: string;
  /** The server begins with TLS, instead of saying first who it is. */
  handshakeFirst?: boolean;
  [option: string]: unknown;
}

/** How the bus is doing. */
export interface NatsStatus {
  readonly connected: boolean;
  /** Host and port of the server that it is, or was, connected to; empty: none yet. */
  readonly server: string;
  /** Why it is not connected. */
  readonly trouble?: WSServerError;
}

/** Where NATS is, and how to treat it. */
export interface NatsOptions {
  /**
   * Servers of one cluster: `nats://host:4222`, `tls://host:4222` (nothing but TLS) or `host`. Those
   * that they tell of are tried as well.
   * @defaultValue '127.0.0.1:4222'
   */
  servers?: string | readonly string[];
  token?: string;
  user?: string;
  pass?: string;
  /** The seed of an nkey, which begins with SU. */
  nkey?: string;
  /** The contents of a .creds file. */
  creds?: string;
  tls?: NatsTls;
  /**
   * What NATS calls this client where it lists them.
   * @defaultValue 'native-wsserver'
   */
  name?: string;
  /**
   * What all subjects begin with: tokens that dots separate. Servers with another one do not hear of
   * each other.
   * @defaultValue 'wss'
   */
  prefix?: string;
  /**
   * What becomes of that which is published while NATS is away: it is lost, or kept, up to
   * maxPending, and sent when it is back.
   * @defaultValue 'lose'
   */
  whileAway?: 'lose' | 'keep';
  /**
   * Bytes of messages that NATS has not confirmed, or that are kept, each with 256 beside; what is
   * more is lost. 65536 to 1 GiB.
   * @defaultValue 16777216
   */
  maxPending?: number;
  /** Called when the connection has come to be, and when it has gone. */
  onStatus?: (status: NatsStatus) => void;
}
