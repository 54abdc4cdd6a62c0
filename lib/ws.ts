// SPDX-License-Identifier: MIT
// With the interface of npm `ws`: see docs/ws.md.

import type { ClientRequestArgs, IncomingMessage } from 'node:http';
import type * as net from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type * as options from './ws/options.js';
import * as servers from './ws/server_class.js';
import type * as events from './ws/socket/event_target.js';
import { createWebSocketStream } from './ws/socket/stream.js';
import * as sockets from './ws/socket/web_socket.js';

interface Exports {
  readonly WebSocket: typeof WebSocket;
  readonly WebSocketServer: typeof servers.WebSocketServer;
  readonly Server: typeof servers.WebSocketServer;
  readonly createWebSocketStream: typeof createWebSocketStream;
}

// As ws has it, the module is the class, and all else is on it.
const WebSocket: typeof sockets.WebSocket & Exports = Object.assign(sockets.WebSocket, {
  WebSocket: sockets.WebSocket as typeof WebSocket,
  WebSocketServer: servers.WebSocketServer,
  Server: servers.WebSocketServer,
  createWebSocketStream,
});
type WebSocket = sockets.WebSocket;

type Socket = sockets.WebSocket;
type SocketClass = typeof sockets.WebSocket;
type RequestClass = typeof IncomingMessage;

declare namespace WebSocket {
  type WebSocket = Socket;
  type Server<
    Client extends SocketClass = SocketClass,
    Request extends RequestClass = RequestClass,
  > = servers.WebSocketServer<Client, Request>;
  type WebSocketServer<
    Client extends SocketClass = SocketClass,
    Request extends RequestClass = RequestClass,
  > = servers.WebSocketServer<Client, Request>;
  type AddressInfo = net.AddressInfo;
  type Data = events.Data;
  type RawData = events.RawData;
  type Event = events.Event<Socket>;
  type CloseEvent = events.CloseEvent<Socket>;
  type ErrorEvent = events.ErrorEvent<Socket>;
  type MessageEvent = events.MessageEvent<Socket>;
  type WebSocketEventMap = events.WebSocketEventMap<Socket>;
  type EventListenerOptions = events.EventListenerOptions;
  type ServerOptions<
    Client extends SocketClass = SocketClass,
    Request extends RequestClass = RequestClass,
  > = options.ServerOptions<Client, Request>;
  type PerMessageDeflateOptions = options.PerMessageDeflateOptions;
  type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> =
    options.VerifyClientCallbackSync<Request>;
  type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> =
    options.VerifyClientCallbackAsync<Request>;
  type CertMeta = string | string[] | Buffer | Buffer[];
  /** Of the client, which is not here: so that what names them compiles. */
  interface ClientOptions extends SecureContextOptions, Omit<ClientRequestArgs, 'protocol'> {
    protocol?: string | undefined;
    protocolVersion?: number | undefined;
    origin?: string | undefined;
    handshakeTimeout?: number | undefined;
    followRedirects?: boolean | undefined;
    maxRedirects?: number | undefined;
    maxPayload?: number | undefined;
    rejectUnauthorized?: boolean | undefined;
    skipUTF8Validation?: boolean | undefined;
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  }
}

export = WebSocket;
