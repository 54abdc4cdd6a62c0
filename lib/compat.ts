// SPDX-License-Identifier: MIT
// For code that has been moved from the native component: see docs/migration.md.

export { WSServerError } from './base/errors.js';
export type { Callback } from './compat/callbacks.js';
export { Certificate } from './compat/certificate.js';
export type { Connection, Connections } from './compat/connections.js';
export * from './compat/constants.js';
export { WSServer } from './compat/cpp_server.js';
export type {
  EventParams,
  WSServerConnectedEventParams,
  WSServerConnectionRequestEventParams,
  WSServerDataInEventParams,
  WSServerDisconnectedEventParams,
  WSServerErrorEventParams,
  WSServerLogEventParams,
  WSServerPingEventParams,
  WSServerReadyToSendEventParams,
  WSServerSSLClientAuthenticationEventParams,
  WSServerSSLConnectionRequestEventParams,
  WSServerSSLStatusEventParams,
  WSServerWebSocketOpenRequestEventParams,
} from './compat/event_params.js';
export { wsserver } from './compat/js_server.js';
export type { ConnectionId } from './compat/properties.js';
export type { EventMap, EventName, Listener } from './events/events.js';
export type { Data } from './sending/sender.js';
