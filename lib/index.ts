// SPDX-License-Identifier: MIT

export {
  Certificate,
  type CertificateLike,
  type CertificateParts,
  type CertificateSource,
} from './certificate.js';
export { WSConnection } from './connection.js';
export { ConnectionMap } from './connection_map.js';
export { type ErrorRow, WSServerError } from './errors.js';
export {
  type CloseStatus,
  ConnectedEvent,
  type DataFormat,
  DataInEvent,
  DisconnectedEvent,
  ErrorEvent,
  type EventMap,
  type EventName,
  type Listener,
  LogEvent,
  type LogType,
  PingEvent,
  ReadyToSendEvent,
  SSLStatusEvent,
} from './events.js';
export type { SettingRow, Statistics } from './native.js';
export type { MessageSource, StreamOptions } from './outgoing_message.js';
export type { WaitOptions } from './promises.js';
export {
  ConnectionRequestEvent,
  SSLClientAuthenticationEvent,
  SSLConnectionRequestEvent,
  WebSocketOpenRequestEvent,
} from './question_events.js';
export type { CertificatesByName } from './security.js';
export type { Data, SendFormat, SendOptions } from './sender.js';
export type { WSServerOptions } from './server_options.js';
export { CertStoreType } from './stores/store_type.js';
export { WSServer } from './wsserver.js';

import type { ErrorRow } from './errors.js';
import { native } from './native.js';

/** Every documented error: its code, its name, and what it means. */
export const errorTable: readonly ErrorRow[] = native.errorTable;

/** The names of the events. */
export const eventNames = native.eventNames as readonly import('./events.js').EventName[];
