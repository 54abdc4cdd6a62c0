// SPDX-License-Identifier: MIT
// The documented events, as JavaScript sees them. Fields that a handler may change are writable.

import { lengthOf } from './bytes.js';
import { Chunk } from './chunk.js';
import type { Codec } from './code_page.js';
import { WSServerError } from './errors.js';
import type { CertificateLike } from './security.js';
import { CertStoreType } from './stores/store_type.js';

/** The documented values of {@link DataInEvent.dataFormat}: 0 a line, 1 text, 2 binary. */
export type DataFormat = 0 | 1 | 2;

const IS_ASCII = 1;
const END_OF_MESSAGE = 2;
const END_OF_LINE = 4;
/** Not one of the core's flags: the memory of the payload will be taken back. */
const IS_LENT = 1 << 16;
/** Stands for a chunk that has been taken back: whatever is asked of it, this is the answer. */
const TAKEN_BACK = new Proxy(Chunk.copyOf(new Uint8Array(0)), {
  get() {
    throw new WSServerError(
      10022,
      'With transientPayloads a payload can be read until the handler returns: copy it there.',
    );
  },
});

/** A client asks for a connection. May be answered asynchronously: the handler returns a promise. */
export class ConnectionRequestEvent {
  /** The client's IP address. */
  readonly address: string;
  /** The client's TCP port. */
  readonly port: number;
  /** Whether to accept: what AllowedClients and BlockedClients say, unless it is changed. */
  accept: boolean;

  constructor(address: string, port: number, accept: boolean) {
    this.address = address;
    this.port = port;
    this.accept = accept;
  }
}

/** A client asks for a WebSocket. May be answered asynchronously: the handler returns a promise. */
export class WebSocketOpenRequestEvent {
  readonly connectionId: number;
  /** Path and query as the request has them. */
  readonly requestURI: string;
  /** The Host header. */
  readonly hostHeader: string;
  /** The Origin header, or empty. */
  readonly originHeader: string;
  /** The subprotocols that the client offers, separated by commas. Set it to the one chosen. */
  subProtocols: string;
  /** The Sec-WebSocket-Extensions header, or empty. */
  readonly extensions: string;
  /** The header lines as they came, separated by CR LF. */
  readonly requestHeaders: string;
  /** 101 accepts; a status of 200 to 599 refuses. */
  statusCode = 101;
  /**
   * Header lines to add to the answer, separated by CR LF. In a refusal a Date, Content-Type or Allow
   * replaces the server's. Connection, Content-Length, Transfer-Encoding, Upgrade and Sec-WebSocket-…
   * are the server's alone: error 10022.
   */
  responseHeaders = '';
  /**
   * The body of a refusal, as text or bytes: with what else is sent, up to 16 KiB. Its type is plain
   * text unless {@link responseHeaders} say so; undefined: a sentence of the server's.
   */
  responseBody: string | Uint8Array | undefined = undefined;

  /** `fields`: those that event_batch.h names. */
  constructor(connectionId: number, fields: readonly string[]) {
    const [
      requestURI = '',
      host = '',
      origin = '',
      subProtocols = '',
      extensions = '',
      headers = '',
    ] = fields;
    this.connectionId = connectionId;
    this.requestURI = requestURI;
    this.hostHeader = host;
    this.originHeader = origin;
    this.subProtocols = subProtocols;
    this.extensions = extensions;
    this.requestHeaders = headers;
  }
}

/**
 * A client begins a TLS handshake: which certificate is it to be shown? May be answered
 * asynchronously. Unless one is chosen, it is the server's own that fits.
 */
export class SSLConnectionRequestEvent {
  readonly connectionId: number;
  /** The name that the client wants to talk to (SNI), or empty. */
  readonly serverName: string;
  /** What the client can do: IANA names, separated by commas. */
  readonly supportedCipherSuites: string;
  /** What the client can verify, separated by commas. */
  readonly supportedSignatureAlgs: string;
  /** The kind of {@link certStore}. */
  certStoreType: CertStoreType = CertStoreType.user;
  /** The store of another certificate: a file's path, or the store itself; empty: none. */
  certStore: string | Uint8Array = '';
  /** What opens {@link certStore}. */
  certPassword = '';
  /** Which certificate of {@link certStore}: see {@link WSServer.sslCertSubject}. */
  certSubject = '*';
  /** Another certificate; undefined for the server's own. */
  certificate: CertificateLike | undefined;

  /** `fields`: those that event_batch.h names. */
  constructor(connectionId: number, fields: readonly string[]) {
    const [serverName = '', cipherSuites = '', signatureAlgorithms = ''] = fields;
    this.connectionId = connectionId;
    this.serverName = serverName;
    this.supportedCipherSuites = cipherSuites;
    this.supportedSignatureAlgs = signatureAlgorithms;
  }
}

/** A client has shown its certificate, or has none, and is let in or not. May be answered asynchronously. */
export class SSLClientAuthenticationEvent {
  readonly connectionId: number;
  /** The certificate in PEM, with its chain if SSLIncludeCertChain says so; empty: there is none. */
  readonly certEncoded: string;
  /** The distinguished name of whom it belongs to. */
  readonly certSubject: string;
  /** The distinguished name of who has signed it. */
  readonly certIssuer: string;
  /** `OK`, or what is to be said against it. */
  readonly status: string;
  /** Whether to accept it: true if nothing is to be said against it, unless it is changed. */
  accept: boolean;

  /** `fields`: those that event_batch.h names. */
  constructor(connectionId: number, fields: readonly string[], accept: boolean) {
    const [encoded = '', subject = '', issuer = '', status = 'There is no certificate'] = fields;
    this.connectionId = connectionId;
    this.certEncoded = encoded;
    this.certSubject = subject;
    this.certIssuer = issuer;
    this.status = encoded === '' ? 'There is no certificate' : status;
    this.accept = accept;
  }

  /** {@link certEncoded} as bytes. */
  get certEncodedB(): Uint8Array {
    return new TextEncoder().encode(this.certEncoded);
  }
}

/** A step of a TLS handshake, for whoever watches. */
export class SSLStatusEvent {
  readonly connectionId: number;
  /** A sentence that stays the same from one version to the next. */
  readonly message: string;

  constructor(connectionId: number, message: string) {
    this.connectionId = connectionId;
    this.message = message;
  }
}

/** A WebSocket is open. */
export class ConnectedEvent {
  readonly connectionId: number;

  constructor(connectionId: number) {
    this.connectionId = connectionId;
  }
}

/** A connection takes data: right after it was opened, and when a refused send may be repeated. */
export class ReadyToSendEvent {
  readonly connectionId: number;

  constructor(connectionId: number) {
    this.connectionId = connectionId;
  }
}

/** A message has come. Its payload is decoded when it is asked for, and may be kept. */
export class DataInEvent {
  readonly connectionId: number;
  /**
   * 1 for text, 2 for binary; 0 for a line (see {@link WSServer.changeLineMode}), and for a piece
   * that goes on with a message (BufferMessage).
   */
  readonly dataFormat: DataFormat;
  #flags: number;
  readonly #length: number;
  #chunk: Chunk;
  #offset: number;
  #text: string | undefined;
  #bytes: Uint8Array | undefined;

  constructor(
    connectionId: number,
    dataFormat: DataFormat,
    flags: number,
    chunk: Chunk,
    offset: number,
    length: number,
  ) {
    this.connectionId = connectionId;
    this.dataFormat = dataFormat;
    this.#flags = flags;
    this.#chunk = chunk;
    this.#offset = offset;
    this.#length = length;
  }

  /** The size of the payload in bytes. */
  get byteLength(): number {
    return this.#length;
  }

  /** The payload as text: UTF-8, unless it is binary and CodePage says otherwise. */
  get text(): string {
    if (this.#text !== undefined) return this.#text;
    const isAscii = (this.#flags & IS_ASCII) !== 0;
    const chunk = this.#chunk;
    this.#text = isAscii
      ? chunk.excerpt(this.#offset, this.#length)
      : chunk.text(this.#offset, this.#length);
    return this.#text;
  }

  /**
   * The payload as bytes: a view of memory that has other payloads, too (see `byteOffset`, a multiple
   * of 8). To keep a few of very many, copy them. It may be given away (transferred), and with it
   * the rest of that memory, which no other payload suffers from.
   */
  get textB(): Uint8Array {
    // One that has been given away has no length any more.
    if (this.#bytes !== undefined && lengthOf(this.#bytes) === this.#length) return this.#bytes;
    this.#bytes = this.#chunk.bytes(this.#offset, this.#length);
    return this.#bytes;
  }

  /** The memory of the payload will be taken back. @internal */
  lend(): void {
    this.#flags |= IS_LENT;
  }

  /** Sees to it that the payload can be read for ever; `alone`: and holds no others. @internal */
  keep(alone = false): void {
    if (!alone && (this.#flags & IS_LENT) === 0) return;
    this.#flags &= ~IS_LENT;
    this.#chunk = Chunk.copyOf(this.textB);
    this.#offset = 0;
    this.#bytes = undefined;
  }

  /** Nothing but what has been kept can be read any more. @internal */
  takeBack(): void {
    if ((this.#flags & IS_LENT) === 0) return;
    this.#chunk = TAKEN_BACK;
    this.#bytes = undefined;
  }

  /** Whether this is the end of a message. */
  get EOM(): boolean {
    return (this.#flags & END_OF_MESSAGE) !== 0;
  }

  /** The same as {@link EOM}. */
  get eom(): boolean {
    return this.EOM;
  }

  /** Whether this is the end of a line; always false unless lines are asked for. */
  get EOL(): boolean {
    return (this.#flags & END_OF_LINE) !== 0;
  }

  /** The same as {@link EOL}. */
  get eol(): boolean {
    return this.EOL;
  }
}

/**
 * A message, or a part of one, that is binary, while CodePage is not UTF-8.
 * @internal
 */
export class CodedDataInEvent extends DataInEvent {
  readonly #codec: Codec;
  #decoded: string | undefined;

  constructor(
    connectionId: number,
    dataFormat: DataFormat,
    flags: number,
    chunk: Chunk,
    offset: number,
    length: number,
    codec: Codec,
  ) {
    super(connectionId, dataFormat, flags, chunk, offset, length);
    this.#codec = codec;
  }

  override get text(): string {
    this.#decoded ??= this.#codec.decode(this.textB);
    return this.#decoded;
  }
}

/** A Ping has come and been answered, or a Pong has come. */
export class PingEvent {
  readonly connectionId: number;
  /** The payload as text, as CodePage says. */
  readonly payload: string;
  /** The payload as bytes. */
  readonly payloadB: Uint8Array;
  /** True for a Pong. */
  readonly response: boolean;

  constructor(connectionId: number, payload: Uint8Array, response: boolean, codec?: Codec) {
    this.connectionId = connectionId;
    this.payload = codec?.decode(payload) ?? Buffer.from(payload).toString();
    this.payloadB = payload;
    this.response = response;
  }
}

/** A WebSocket has ended. Its connection's properties can be read until the handler returns. */
export class DisconnectedEvent {
  readonly connectionId: number;
  /** 1000 for a normal closure, 1006 for a lost connection, else as in RFC 6455 §7.4. */
  readonly statusCode: number;
  /** The reason that the peer has sent, or what has happened. */
  readonly description: string;

  constructor(connectionId: number, statusCode: number, description: string) {
    this.connectionId = connectionId;
    this.statusCode = statusCode;
    this.description = description;
  }
}

/** Something has failed whose outcome nobody may have waited for. */
export class ErrorEvent {
  /** 0 when it concerns the server itself. */
  readonly connectionId: number;
  /** A documented error code. */
  readonly errorCode: number;
  /** What has failed, and what to do. */
  readonly description: string;

  constructor(connectionId: number, errorCode: number, description: string) {
    this.connectionId = connectionId;
    this.errorCode = errorCode;
    this.description = description;
  }
}

/** The documented values of {@link LogEvent.logType}. */
export type LogType = 'Info' | 'Error' | 'Verbose' | 'Debug';

/** A line of the log. What a peer has sent is quoted as it came. */
export class LogEvent {
  /** 0 when it concerns the server itself. */
  readonly connectionId: number;
  /** 1 information and errors, 2 details of requests, 3 debugging. */
  readonly logLevel: number;
  /** A sentence. */
  readonly message: string;
  /** Of what kind it is. */
  readonly logType: LogType;

  constructor(connectionId: number, logLevel: number, message: string, logType: LogType) {
    this.connectionId = connectionId;
    this.logLevel = logLevel;
    this.message = message;
    this.logType = logType;
  }
}

/** Every event by its documented name. */
export interface EventMap {
  ConnectionRequest: ConnectionRequestEvent;
  WebSocketOpenRequest: WebSocketOpenRequestEvent;
  SSLConnectionRequest: SSLConnectionRequestEvent;
  SSLClientAuthentication: SSLClientAuthenticationEvent;
  SSLStatus: SSLStatusEvent;
  Connected: ConnectedEvent;
  ReadyToSend: ReadyToSendEvent;
  DataIn: DataInEvent;
  Ping: PingEvent;
  Disconnected: DisconnectedEvent;
  Error: ErrorEvent;
  Log: LogEvent;
}

/** The name of an event. */
export type EventName = keyof EventMap;

/** A handler; those of events that want an answer are awaited. */
export type Listener<Name extends EventName> = (event: EventMap[Name]) => unknown;
