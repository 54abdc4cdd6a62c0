export { createWebSocketStream } from './ws/stream.js';
export { WebSocketServer, WebSocketServer as Server } from './ws/web_socket_server.js';
export type {
  AddressInfo,
  CloseEvent,
  Data,
  ErrorEvent,
  Event,
  MessageEvent,
  PerMessageDeflateOptions,
  RawData,
  ServerOptions,
} from './ws.js';
export { default, default as WebSocket } from './ws.js';
