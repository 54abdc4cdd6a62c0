// SPDX-License-Identifier: MIT
// What Fire… methods are given: the events under the names of the C++ edition, made from the rows
// of lib/compat/documented.ts.

import type { DocumentedEventName, EventMap } from '../events/events.js';
import { documentedEvents } from './documented.js';

type Rows<Name extends DocumentedEventName> = (typeof documentedEvents)[Name];
type Value<Row> = Row extends { readonly type: 'boolean' }
  ? boolean
  : Row extends { readonly type: 'integer' }
    ? number
    : string;

/**
 * The parameters of an event, in PascalCase. Those that the documentation lets a handler set are
 * writable, and what is set counts at once. A binary one, such as Text, is text; TextB has its
 * bytes, and lenText says how many.
 */
export type EventParams<Name extends DocumentedEventName> = {
  readonly [P in keyof Rows<Name> as Rows<Name>[P] extends { readonly inout: true }
    ? never
    : P]: Value<Rows<Name>[P]>;
} & {
  -readonly [P in keyof Rows<Name> as Rows<Name>[P] extends { readonly inout: true }
    ? P
    : never]: Value<Rows<Name>[P]>;
} & {
  readonly [P in keyof Rows<Name> & string as Rows<Name>[P] extends { readonly type: 'binary' }
    ? `${P}B`
    : never]: Uint8Array;
} & {
  readonly [P in keyof Rows<Name> & string as Rows<Name>[P] extends { readonly type: 'binary' }
    ? `len${P}`
    : never]: number;
};

// The same as the C++ edition names them.
export type WSServerConnectedEventParams = EventParams<'Connected'>;
export type WSServerConnectionRequestEventParams = EventParams<'ConnectionRequest'>;
export type WSServerDataInEventParams = EventParams<'DataIn'>;
export type WSServerDisconnectedEventParams = EventParams<'Disconnected'>;
export type WSServerErrorEventParams = EventParams<'Error'>;
export type WSServerLogEventParams = EventParams<'Log'>;
export type WSServerPingEventParams = EventParams<'Ping'>;
export type WSServerReadyToSendEventParams = EventParams<'ReadyToSend'>;
export type WSServerSSLClientAuthenticationEventParams = EventParams<'SSLClientAuthentication'>;
export type WSServerSSLConnectionRequestEventParams = EventParams<'SSLConnectionRequest'>;
export type WSServerSSLStatusEventParams = EventParams<'SSLStatus'>;
export type WSServerWebSocketOpenRequestEventParams = EventParams<'WebSocketOpenRequest'>;

type AnyEvent = Record<string, unknown>;

class Params {
  readonly #event: AnyEvent;

  constructor(event: object) {
    this.#event = event as AnyEvent;
  }

  static eventOf(params: Params): AnyEvent {
    return params.#event;
  }
}

/** The class of the parameters of one event. */
function makeClass(name: DocumentedEventName): new (event: object) => Params {
  const EventParameters = class extends Params {};
  function define(parameter: string, read: (event: AnyEvent) => unknown, field?: string): void {
    function get(this: Params): unknown {
      return read(Params.eventOf(this));
    }
    function set(this: Params, value: unknown): void {
      Params.eventOf(this)[field as string] = value;
    }
    const property = field === undefined ? { get } : { get, set };
    Object.defineProperty(EventParameters.prototype, parameter, { enumerable: true, ...property });
  }
  for (const [parameter, row] of Object.entries(documentedEvents[name])) {
    const { field, type } = row as { field: string; type: string };
    define(parameter, (event) => event[field], 'inout' in row ? field : undefined);
    if (type !== 'binary') continue;
    const bytesOf = (event: AnyEvent): Uint8Array => event[`${field}B`] as Uint8Array;
    define(`${parameter}B`, bytesOf);
    define(`len${parameter}`, (event) => bytesOf(event).length);
  }
  return EventParameters;
}

const names = Object.keys(documentedEvents) as DocumentedEventName[];
const classes = new Map(names.map((name) => [name, makeClass(name)]));

/** `event` under the documented names. */
export function paramsOf<Name extends DocumentedEventName>(
  name: Name,
  event: EventMap[Name],
): EventParams<Name> {
  const EventParameters = classes.get(name) as new (event: object) => unknown;
  return new EventParameters(event) as EventParams<Name>;
}
