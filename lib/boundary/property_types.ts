// SPDX-License-Identifier: MIT
// The types of what the core knows by name. A test holds them equal to the tables of the core.

/** The properties of WSServer that are the core's, and the settings that JavaScript reads itself. */
export interface SettingTypes {
  CodePage: number;
  ConnectionBacklog: number;
  DefaultTimeout: number;
  LocalHost: string;
  LocalPort: number;
  SSLAuthenticateClients: boolean;
  /** Auto, or a flag in any of the words that Config() takes. */
  SSLEnabled: string;
  SelectWaitMillis: number;
  UseFIPSCompliantAPI: boolean;
}

/** The properties of a connection, and the settings that each connection has of its own. */
export interface PropertyTypes {
  AcceptData: boolean;
  BytesSent: number;
  Connected: boolean;
  ConnectionUID: string;
  Host: string;
  LineMode: boolean;
  LocalAddress: string;
  MaxLineLength: number;
  MessageLength: number;
  Origin: string;
  QueuedBytes: number;
  ReadyToSend: boolean;
  RemoteHost: string;
  RemotePort: number;
  RequestHeaders: string;
  RequestURI: string;
  SSLNegotiatedCipher: string;
  SSLNegotiatedCipherStrength: number;
  SSLNegotiatedCipherSuite: string;
  SSLNegotiatedKeyExchange: string;
  SSLNegotiatedKeyExchangeStrength: number;
  SSLNegotiatedVersion: string;
  SkippedMessages: number;
  SubProtocols: string;
  Timeout: number;
}

/** What a setting or a property may be. */
export type Value = boolean | number | string;

declare const TYPE: unique symbol;

/** The index of a property, whose values are of `Type`, among the property names of the core. */
export type PropertyIndex<Type extends Value> = number & { readonly [TYPE]: Type };
