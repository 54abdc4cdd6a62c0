// SPDX-License-Identifier: MIT
// With the interface of npm `ws`: see docs/ws.md.

import type * as net from 'node:net';
import type * as events from './ws/event_target.js';
import type * as options from './ws/options.js';
import { createWebSocketStream } from './ws/stream.js';
import * as sockets from './ws/web_socket.js';
import * as servers from './ws/web_socket_server.js';

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

declare namespace WebSocket {
  type WebSocketServer = servers.WebSocketServer;
  type Server = servers.WebSocketServer;
  type AddressInfo = net.AddressInfo;
  type Data = string | Buffer | ArrayBuffer | Buffer[];
  type RawData = events.RawData;
  type BufferLike = Parameters<sockets.WebSocket['send']>[0];
  type Event = events.Event<WebSocket>;
  type CloseEvent = events.CloseEvent<WebSocket>;
  type ErrorEvent = events.ErrorEvent<WebSocket>;
  type MessageEvent = events.MessageEvent<WebSocket, Data>;
  type ServerOptions = options.ServerOptions;
  type PerMessageDeflateOptions = options.PerMessageDeflateOptions;
  type VerifyClientCallbackSync = (info: options.ClientInfo) => boolean;
  type VerifyClientCallbackAsync = (
    info: options.ClientInfo,
    callback: options.VerifyCallback,
  ) => void;
}

export = WebSocket;
