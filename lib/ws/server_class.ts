// SPDX-License-Identifier: MIT
// The WebSocketServer as those see it who have classes of their own: what @types/ws says of it.

import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerOptions } from './options.js';
import type { TypedEmitter } from './socket/typed_emitter.js';
import type { WebSocket } from './socket/web_socket.js';
import * as servers from './web_socket_server.js';

/** The events, and what their listeners are given. */
interface ServerEvents<Client extends WebSocket, Request extends IncomingMessage> {
  listening: [];
  connection: [client: Client, request: Request];
  /** The lines of the answer, to which others may be added. */
  headers: [lines: string[], request: Request];
  wsClientError: [error: Error, socket: Duplex, request: Request];
  error: [error: Error];
  close: [];
}

/** Its clients are of the class `Client`, its requests of the class `Request`. */
export interface WebSocketServer<
  Client extends typeof WebSocket = typeof WebSocket,
  Request extends typeof IncomingMessage = typeof IncomingMessage,
> extends TypedEmitter<ServerEvents<InstanceType<Client>, InstanceType<Request>>> {
  options: ServerOptions<Client, Request>;
  path: string;
  clients: Set<InstanceType<Client>>;
  address(): AddressInfo | string | null;
  close(callback?: (error?: Error) => void): void;
  handleUpgrade(
    request: InstanceType<Request>,
    socket: Duplex,
    head: Buffer,
    callback: (client: InstanceType<Client>, request: InstanceType<Request>) => void,
  ): void;
  shouldHandle(request: InstanceType<Request>): boolean | Promise<boolean>;
}

/** How it is made. */
type WebSocketServerClass = new <
  Client extends typeof WebSocket = typeof WebSocket,
  Request extends typeof IncomingMessage = typeof IncomingMessage,
>(
  options?: ServerOptions<Client, Request>,
  callback?: () => void,
) => WebSocketServer<Client, Request>;

export const WebSocketServer = servers.WebSocketServer as unknown as WebSocketServerClass;
