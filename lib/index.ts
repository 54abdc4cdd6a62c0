// SPDX-License-Identifier: MIT

export { type ErrorRow, WSServerError } from './base/errors.js';
export type { WaitOptions } from './base/promises.js';
export type { SettingRow, Statistics } from './boundary/native.js';
export {
  Certificate,
  type CertificateLike,
  type CertificateParts,
  type CertificateSource,
} from './certificates/certificate.js';
export { CertStoreType } from './certificates/store_type.js';
export type { Member, NodeCounts, Presence, PresenceOptions } from './cluster/cluster.js';
export type { Counts } from './cluster/message.js';
export {
  type CloseStatus,
  ConnectedEvent,
  type DataFormat,
  DataInEvent,
  DisconnectedEvent,
  ErrorEvent,
  type EventMap,
  type EventName,
  GapEvent,
  type Listener,
  LogEvent,
  type LogType,
  PingEvent,
  ReadyToSendEvent,
  SkippedEvent,
  SSLStatusEvent,
} from './events/events.js';
export {
  ConnectionRequestEvent,
  SSLClientAuthenticationEvent,
  SSLConnectionRequestEvent,
  WebSocketOpenRequestEvent,
} from './events/question_events.js';
export type { MessageSource, StreamOptions } from './sending/outgoing_message.js';
export type { PublishOptions } from './sending/publisher.js';
export type { Data, SendFormat, SendOptions } from './sending/sender.js';
export type { SubscribeOptions } from './sending/subscriber.js';
export { WSConnection } from './server/connection.js';
export { ConnectionMap } from './server/connection_map.js';
export type { CertificatesByName } from './server/security.js';
export type { WSServerOptions } from './server/server_options.js';
export { WSServer } from './server/wsserver.js';
export { serveTopics, type TopicsOptions } from './topics/serve_topics.js';
export type { Authorize, TopicAction } from './topics/session.js';

import type { ErrorRow } from './base/errors.js';
import { addon } from './boundary/native.js';

/** Every documented error: its code, its name, and what it means. */
export const errorTable: readonly ErrorRow[] = addon.errorTable;

/** The names of the events. */
export const eventNames = [
  ...addon.eventNames,
  'Gap',
] as readonly import('./events/events.js').EventName[];
