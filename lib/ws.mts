export type { WebSocketServer as Server } from './ws/server_class.js';
export { WebSocketServer } from './ws/server_class.js';
export { createWebSocketStream } from './ws/socket/stream.js';
export type {
  AddressInfo,
  CertMeta,
  ClientOptions,
  CloseEvent,
  Data,
  ErrorEvent,
  Event,
  EventListenerOptions,
  MessageEvent,
  PerMessageDeflateOptions,
  RawData,
  ServerOptions,
  VerifyClientCallbackAsync,
  VerifyClientCallbackSync,
  WebSocketEventMap,
} from './ws.js';
export { default, default as WebSocket } from './ws.js';
