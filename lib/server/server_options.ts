// SPDX-License-Identifier: MIT

import type { Server } from 'node:http';
import type { CertificateLike } from '../certificates/certificate.js';
import type { CertificatesByName } from './security.js';

/** What a server can be made with. */
export interface WSServerOptions {
  localHost?: string;
  localPort?: number;
  connectionBacklog?: number;
  defaultTimeout?: number;
  /** Certificates to serve with: TLS. See {@link WSServer.certificate}. */
  certificate?: CertificateLike | readonly CertificateLike[];
  /** More of them, for clients that ask for these names. */
  certificatesByName?: CertificatesByName;
  /** What seals session tickets: see {@link WSServer.ticketKeys}. */
  ticketKeys?: Uint8Array;
  /** What answers requests that are no WebSocket upgrades: see {@link WSServer.httpServer}. */
  httpServer?: Server | null;
  sslAuthenticateClients?: boolean;
  sslEnabled?: boolean | 'Auto';
  /** Configuration settings by their documented names, such as `{ MaxConnections: 10 }`. */
  settings?: Readonly<Record<string, boolean | number | string>>;
  /**
   * Whether a handler of DataIn that returns a promise has its connection's next messages, and its
   * Disconnected, wait until the promise is settled. What waits is bounded: up to 64 messages or
   * 1 MiB, then reading from the socket stops. Other connections do not wait. A rejection is an
   * uncaught exception.
   * @defaultValue false
   */
  serialDelivery?: boolean;
  /**
   * Whether the memory of a payload is taken back when the handlers of its DataIn have returned, in
   * the manner of uWebSockets.js. Large messages then cost a third less, because their memory stays
   * warm and nothing is left to the garbage collector. Read `text` or copy `textB` before a handler
   * returns, or awaits: afterwards the event throws 10022, and a `textB` that was kept shows what
   * has come since. What waits ({@link serialDelivery}, acceptData, a loop) is copied.
   * @defaultValue false
   */
  transientPayloads?: boolean;
}
