// SPDX-License-Identifier: MIT
// The documented events, as JavaScript sees them. Fields that a handler may change are writable.

import { lengthOf } from '../base/bytes.js';
import type { Codec } from '../base/code_page.js';
import { errors } from '../base/errors.js';
import { Chunk } from '../boundary/chunk.js';
import { layout } from '../boundary/layout.js';
import type {
  ConnectionRequestEvent,
  SSLClientAuthenticationEvent,
  SSLConnectionRequestEvent,
  WebSocketOpenRequestEvent,
} from './question_events.js';

/** The documented values of {@link DataInEvent.dataFormat}: 0 a line, 1 text, 2 binary. */
export type DataFormat = 0 | 1 | 2;

const IS_ASCII = layout.flags.isAscii;
const END_OF_MESSAGE = layout.flags.endOfMessage;
const END_OF_LINE = layout.flags.endOfLine;
/** The memory of the payload will be taken back: the core never says so. */
const IS_LENT = layout.flags.isLent;
/** Stands for a chunk that has been taken back: to read any of its properties throws. */
const TAKEN_BACK = new Proxy(Chunk.copyOf(new Uint8Array(0)), {
  get() {
    throw errors.invalidArgument(
      'With transientPayloads a payload can be read until the handler returns: copy it there.',
    );
  },
});

/** How a WebSocket ended: the code and reason of {@link DisconnectedEvent}. */
export interface CloseStatus {
  /** 1000 for a normal closure, 1006 for a lost connection, else as in RFC 6455 §7.4. */
  readonly statusCode: number;
  /** The reason that the peer has sent, or what has happened. */
  readonly description: string;
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
    // A view that users have transferred has lost its length: then another one is made.
    if (this.#bytes !== undefined && lengthOf(this.#bytes) === this.#length) return this.#bytes;
    this.#bytes = this.#chunk.bytes(this.#offset, this.#length);
    return this.#bytes;
  }

  /** {@link textB} as a Buffer. @internal */
  toBuffer(): Buffer {
    return this.#chunk.buffer(this.#offset, this.#length);
  }

  /** The memory of the payload is lent until {@link takeBack}. @internal */
  lend(): void {
    this.#flags |= IS_LENT;
  }

  /** Copies a payload that is lent; `alone`: any, so that it keeps no other in memory. @internal */
  keep(alone = false): void {
    if (!alone && (this.#flags & IS_LENT) === 0) return;
    this.#flags &= ~IS_LENT;
    this.#chunk = Chunk.copyOf(this.textB);
    this.#offset = 0;
    this.#bytes = undefined;
  }

  /** A lent payload cannot be read any more, unless it has been kept. @internal */
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

/**
 * A message was published that a client has not been sent, because it does not take what it is sent
 * already: see SlowSubscribers. Comes once, until it is ready again (ReadyToSend).
 */
export class SkippedEvent {
  readonly connectionId: number;
  /** How many it has not been sent since it is connected. */
  readonly skippedMessages: number;

  constructor(connectionId: number, skippedMessages: number) {
    this.connectionId = connectionId;
    this.skippedMessages = skippedMessages;
  }
}

/**
 * A connection that has been subscribed with `since` has missed messages that are not kept any more. It
 * comes before those that are kept are sent.
 */
export class GapEvent {
  readonly connectionId: number;
  /** The topic or pattern. */
  readonly topic: string;
  /** The id of the last message that it has had. */
  readonly since: string;
  /** From this id on all messages are kept. Of those before, some may have been for other topics. */
  readonly firstId: string;

  constructor(connectionId: number, topic: string, since: string, firstId: string) {
    this.connectionId = connectionId;
    this.topic = topic;
    this.since = since;
    this.firstId = firstId;
  }
}

/** Every event by its documented name; Skipped and Gap are our own. */
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
  Skipped: SkippedEvent;
  Gap: GapEvent;
}

/** The name of an event. */
export type EventName = keyof EventMap;

/** The name of an event that the documentation has. */
export type DocumentedEventName = Exclude<EventName, 'Skipped' | 'Gap'>;

/** A handler; those of events that want an answer are awaited. */
export type Listener<Name extends EventName> = (event: EventMap[Name]) => unknown;
