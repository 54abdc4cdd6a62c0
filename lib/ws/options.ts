// SPDX-License-Identifier: MIT
// The options of a WebSocketServer, and what they are in the settings of the main face.

import type { IncomingMessage, OutgoingHttpHeaders, Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { ZlibOptions } from 'node:zlib';
import type { WSServerOptions } from '../server/server_options.js';
import { WebSocket } from './socket/web_socket.js';

/** How messages are compressed (RFC 7692). */
export interface PerMessageDeflateOptions {
  /** Whether this side compresses each message by itself. */
  serverNoContextTakeover?: boolean | undefined;
  /** Whether the client is to. */
  clientNoContextTakeover?: boolean | undefined;
  /** Of 9 to 15. */
  serverMaxWindowBits?: boolean | number | undefined;
  /** Of 8 to 15, if the client lets itself be told. */
  clientMaxWindowBits?: boolean | number | undefined;
  zlibDeflateOptions?:
    | Pick<ZlibOptions, 'level' | 'memLevel' | 'chunkSize' | 'strategy' | 'flush'>
    | undefined;
  zlibInflateOptions?: ZlibOptions | undefined;
  /** Shorter messages are not compressed. */
  threshold?: number | undefined;
  /** Of no effect: the core compresses in place, one message after the other. */
  concurrencyLimit?: number | undefined;
}

/** What verifyClient is told. */
interface ClientInfo<Request = IncomingMessage> {
  readonly origin: string;
  readonly secure: boolean;
  readonly req: Request;
}

type VerifyCallback = (
  verified: boolean,
  code?: number,
  message?: string,
  headers?: OutgoingHttpHeaders,
) => void;

/** Says whether a client is let in. */
export type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (
  info: ClientInfo<Request>,
) => boolean;

/** Has said whether a client is let in when it has called back. */
export type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
  info: ClientInfo<Request>,
  callback: VerifyCallback,
) => void;

/** `Client` is the class of the WebSockets, `Request` that of the requests of `server`. */
export interface ServerOptions<
  Client extends typeof WebSocket = typeof WebSocket,
  Request extends typeof IncomingMessage = typeof IncomingMessage,
> {
  /** Whether events of one client may come one right after the other. */
  allowSynchronousEvents?: boolean | undefined;
  /** Whether Pings are answered. */
  autoPong?: boolean | undefined;
  backlog?: number | null | undefined;
  /** Whether there is a set of {@link WebSocketServer.clients}. */
  clientTracking?: boolean | undefined;
  /** Milliseconds that the closing handshake may take. */
  closeTimeout?: number | undefined;
  handleProtocols?:
    | ((protocols: Set<string>, request: InstanceType<Request>) => string | false)
    | null
    | undefined;
  host?: string | null | undefined;
  /** Of no effect: pieces of a message are put together as they come. */
  maxBufferedChunks?: number | undefined;
  /** Of one message; 0: any number. */
  maxFragments?: number | undefined;
  /** Bytes; 0: as many as there can be. */
  maxPayload?: number | undefined;
  /** Of no effect: Pongs that wait are not kept, but the last. */
  maxPendingAutoPongs?: number | undefined;
  /**
   * Ours alone: bytes that may wait to be sent to one client. Beyond it callbacks have an error, and the
   * client gets a Close with 1013. 2,147,483,647 if it is left out.
   */
  maxQueuedBytes?: number | undefined;
  noServer?: boolean | undefined;
  path?: string | null | undefined;
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  port?: number | null | undefined;
  server?: Server<Request> | SecureServer<Request> | null | undefined;
  skipUTF8Validation?: boolean | undefined;
  verifyClient?:
    | VerifyClientCallbackSync<InstanceType<Request>>
    | VerifyClientCallbackAsync<InstanceType<Request>>
    | null
    | undefined;
  WebSocket?: Client | undefined;
}

const MOST = 2 ** 31 - 1;

export const defaults = {
  allowSynchronousEvents: true,
  autoPong: true,
  backlog: null,
  clientTracking: true,
  closeTimeout: 30_000,
  handleProtocols: null,
  host: null,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  noServer: false,
  path: null,
  perMessageDeflate: false,
  port: null,
  server: null,
  skipUTF8Validation: false,
  verifyClient: null,
  WebSocket,
} satisfies ServerOptions;

/** A number of bits; of what is none, as many as there can be. zlib has no window of 8 bits. */
const bitsOf = (bits: unknown): number => (typeof bits === 'number' ? Math.max(9, bits) : 15);

/** The main face's options for those of a WebSocketServer, in which nothing is left out. */
export function settingsOf(options: ServerOptions): WSServerOptions {
  const { perMessageDeflate: deflate, port, host, backlog, maxPayload, maxFragments } = options;
  const compression = typeof deflate === 'object' ? deflate : {};
  const {
    zlibDeflateOptions: zlib = {},
    clientMaxWindowBits: clientBits,
    serverMaxWindowBits: serverBits,
  } = compression;
  return {
    ...(port !== null && port !== undefined && { localPort: port }),
    ...(typeof host === 'string' && { localHost: host }),
    connectionBacklog: backlog ?? 511,
    settings: {
      AutoPong: Boolean(options.autoPong),
      QueueSends: true,
      SkipUTF8Validation: Boolean(options.skipUTF8Validation),
      UseIPv6: 2,
      MaxConnections: 100_000,
      MaxMessageSize: maxPayload || MOST,
      MaxFragments: maxFragments || MOST,
      MaxQueuedBytes: options.maxQueuedBytes ?? MOST,
      MaxQueuedBytesTotal: MOST,
      CloseTimeout: Math.ceil((options.closeTimeout as number) / 1000) + 1,
      EnablePermessageDeflate: Boolean(deflate),
      ServerContextTakeover: !compression.serverNoContextTakeover,
      ClientContextTakeover: !compression.clientNoContextTakeover,
      ServerMaxWindowBits: bitsOf(serverBits),
      ClientMaxWindowBits: bitsOf(clientBits),
      CompressionThreshold: compression.threshold ?? 1024,
      CompressionLimit: MOST,
      CompressionLevel: zlib.level ?? 1,
      CompressionMemoryLevel: zlib.memLevel ?? 8,
    },
  };
}
