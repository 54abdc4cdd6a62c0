// SPDX-License-Identifier: MIT

import type { LoadMode, LoadTls } from '../boundary/native_load.js';

/** What is to be done to a server, and measured. */
export interface LoadOptions {
  readonly url: URL;
  /** Undefined: without TLS. */
  readonly tls: LoadTls | undefined;
  readonly mode: LoadMode;
  readonly connections: number;
  readonly processes: number;
  readonly connectsPerSecond: number;
  readonly timeoutSeconds: number;
  readonly subProtocols: string;
  readonly headers: string;
  readonly localAddresses: readonly string[];
  readonly messages: readonly Uint8Array[];
  /** Whether the messages are made up, and may so be numbered. */
  readonly stamped: boolean;
  readonly deflate: boolean;
  readonly text: boolean;
  /** Whether the server sends of its own accord, in the other type. */
  readonly publications: boolean;
  readonly inFlight: number;
  readonly messagesPerSecond: number;
  readonly warmupSeconds: number;
  readonly durationSeconds: number;
  readonly pid: number | undefined;
}
