// SPDX-License-Identifier: MIT
// What has happened, on its way to the handlers: the records of a batch become events.
// docs/boundary.md has the grammar.

import { constants } from 'node:buffer';
import type { Codec } from '../base/code_page.js';
import { throwLater } from '../base/uncaught.js';
import { Chunk } from '../boundary/chunk.js';
import { fieldReader } from '../boundary/fields.js';
import { eventKind, layout } from '../boundary/layout.js';
import * as events from './events.js';
import { type HandedOver, handedOverFields } from './handed_over.js';
import * as questionEvents from './question_events.js';

const NONE: readonly Buffer[] = [];
const { flags: bits, record: places } = layout;
const RECORD_SIZE = places.size;
const KIND = places.kind;
const CONNECTION_ID = places.connectionId;
const FLAGS = places.flags;
const VALUE = places.value;
const CHUNK = places.chunk;
const OFFSET = places.offset;
const LENGTH = places.length;
const TOKEN = places.token;
const IS_RESPONSE = bits.isResponse;
const IS_ERROR = bits.isError;
const IS_REFUSED = bits.isRefused;
const IS_BINARY = bits.isBinary;
const TEXT: events.DataFormat = 1;
const BINARY: events.DataFormat = 2;
const { MAX_STRING_LENGTH } = constants;

const CONNECTION_REQUEST = eventKind('ConnectionRequest');
const OPEN_REQUEST = eventKind('WebSocketOpenRequest');
const SSL_CONNECTION_REQUEST = eventKind('SSLConnectionRequest');
const SSL_CLIENT_AUTHENTICATION = eventKind('SSLClientAuthentication');
const SSL_STATUS = eventKind('SSLStatus');
const CONNECTED = eventKind('Connected');
const READY_TO_SEND = eventKind('ReadyToSend');
const DATA_IN = eventKind('DataIn');
const PING = eventKind('Ping');
const DISCONNECTED = eventKind('Disconnected');
const ERROR = eventKind('Error');
const LOG = eventKind('Log');
const FORGOTTEN = eventKind('Forgotten');
const SKIPPED = eventKind('Skipped');
const SETTLED = eventKind('Settled');
const PUBLISHED = eventKind('Published');
const INTEREST = eventKind('Interest');
const HANDED_OVER = eventKind('HandedOver');

// Header values are bytes; Latin-1 keeps each as it came, as Node's http does.
const readOpenRequest = fieldReader(
  'WebSocketOpenRequest',
  questionEvents.openRequestFields,
  'latin1',
);
const readCertificateRequest = fieldReader(
  'SSLConnectionRequest',
  questionEvents.certificateRequestFields,
  'latin1',
);
const readClientCertificate = fieldReader(
  'SSLClientAuthentication',
  questionEvents.clientCertificateFields,
  'text',
);
const readHandedOver = fieldReader('HandedOver', handedOverFields, 'latin1');

/** Where the events of a batch go. None of these should throw: what is thrown ends the process. */
export interface BatchHandler {
  onConnectionRequest(connectionId: number, event: questionEvents.ConnectionRequestEvent): void;
  onOpenRequest(event: questionEvents.WebSocketOpenRequestEvent): void;
  onCertificateRequest(event: questionEvents.SSLConnectionRequestEvent): void;
  onClientAuthentication(event: questionEvents.SSLClientAuthenticationEvent): void;
  onDataIn(event: events.DataInEvent): void;
  /** A text has come that is longer than a string can be. */
  onTooLong(connectionId: number): void;
  onDisconnected(event: events.DisconnectedEvent): void;
  /** A connection that was asked about has ended without having been open. */
  onForgotten(connectionId: number): void;
  /** A send or ping that waited: `errorCode` is 0 when it has succeeded. */
  onSettled(token: number, errorCode: number): void;
  /** A publication is on its way to so many connections. */
  onPublished(token: number, count: number): void;
  /** A pattern has its first subscriber, or has lost its last. */
  onInterest(pattern: string, wanted: boolean): void;
  /** The core gives a connection away: its descriptor, and what goes with it. */
  onHandedOver(descriptor: number, given: HandedOver): void;
  onEvent<Name extends Exclude<events.EventName, 'ConnectionRequest'>>(
    name: Name,
    event: events.EventMap[Name],
  ): void;
}

/** Walks batches. A handler that runs the loop itself has the rest of its batch walked first. */
export class BatchReader {
  /** How bytes become text where they are not sent as text; undefined: by UTF-8. */
  codec: Codec | undefined;
  readonly #handler: BatchHandler;
  #records: Int32Array = new Int32Array(0);
  /** What {@link #chunks} were made of: the core gives the same array until there are others. */
  #buffers: readonly Buffer[] = [];
  #chunks: readonly Chunk[] = [];
  #adopted = NONE;
  /** Where among the records the numbers of {@link #adopted} are. */
  #adoptedNumbers = 0;
  #next = 0;
  #end = 0;

  constructor(handler: BatchHandler) {
    this.#handler = handler;
  }

  /** Takes a batch over and walks it. REQUIRES that the one before has been walked. */
  read(records: Int32Array, count: number, chunks: readonly Buffer[], adopted = NONE): void {
    this.#records = records;
    if (chunks !== this.#buffers) {
      this.#buffers = chunks;
      const numbers = count * RECORD_SIZE + chunks.length;
      this.#chunks = chunks.map(
        (buffer, index) => new Chunk(buffer, records[numbers + index] as number),
      );
    }
    this.#adopted = adopted;
    this.#next = 0;
    this.#end = count * RECORD_SIZE;
    let at = this.#end;
    for (const chunk of this.#chunks) chunk.onWritten(records[at++] as number);
    this.#adoptedNumbers = at + chunks.length;
    this.readRest();
  }

  /** Walks what is left of the batch that is being walked. Returns whether there was any. */
  readRest(): boolean {
    const any = this.#next < this.#end;
    while (this.#next < this.#end) {
      try {
        this.#walk();
      } catch (error) {
        // None of the events behind it is lost.
        throwLater(error);
      }
    }
    // Buffers that are kept longer survive the next quick collection, and then wait for a full one.
    this.#adopted = NONE;
    return any;
  }

  #walk(): void {
    while (this.#next < this.#end) {
      const at = this.#next;
      this.#next = at + RECORD_SIZE;
      this.#dispatch(at);
    }
  }

  #dispatch(at: number): void {
    const records = this.#records;
    const kind = records[at + KIND] as number;
    const id = records[at + CONNECTION_ID] as number;
    const flags = records[at + FLAGS] as number;
    const value = records[at + VALUE] as number;
    const chunkIndex = records[at + CHUNK] as number;
    const offset = records[at + OFFSET] as number;
    const length = records[at + LENGTH] as number;
    const chunk =
      chunkIndex >= 0
        ? (this.#chunks[chunkIndex] as Chunk)
        : new Chunk(
            this.#adopted[~chunkIndex] as Buffer,
            records[this.#adoptedNumbers + ~chunkIndex] as number,
          );
    const handler = this.#handler;
    switch (kind) {
      case DATA_IN: {
        const format = value as events.DataFormat;
        if (length > MAX_STRING_LENGTH && format === TEXT && !chunk.canBeText(offset, length)) {
          handler.onTooLong(id);
        } else if (this.codec !== undefined && (format === BINARY || (flags & IS_BINARY) !== 0)) {
          const { codec } = this;
          handler.onDataIn(
            new events.CodedDataInEvent(id, format, flags, chunk, offset, length, codec),
          );
        } else {
          handler.onDataIn(new events.DataInEvent(id, format, flags, chunk, offset, length));
        }
        return;
      }
      case CONNECTION_REQUEST: {
        const address = chunk.latin1(offset, length);
        const accept = (flags & IS_REFUSED) === 0;
        handler.onConnectionRequest(
          id,
          new questionEvents.ConnectionRequestEvent(address, value, accept),
        );
        return;
      }
      case OPEN_REQUEST: {
        const fields = readOpenRequest(chunk, offset, length);
        handler.onOpenRequest(new questionEvents.WebSocketOpenRequestEvent(id, fields));
        return;
      }
      case SSL_CONNECTION_REQUEST: {
        const fields = readCertificateRequest(chunk, offset, length);
        handler.onCertificateRequest(new questionEvents.SSLConnectionRequestEvent(id, fields));
        return;
      }
      case SSL_CLIENT_AUTHENTICATION: {
        const fields = readClientCertificate(chunk, offset, length);
        const accept = (flags & IS_REFUSED) === 0;
        handler.onClientAuthentication(
          new questionEvents.SSLClientAuthenticationEvent(id, fields, accept),
        );
        return;
      }
      case SSL_STATUS: {
        const message = chunk.text(offset, length);
        handler.onEvent('SSLStatus', new events.SSLStatusEvent(id, message));
        return;
      }
      case CONNECTED:
        handler.onEvent('Connected', new events.ConnectedEvent(id));
        return;
      case READY_TO_SEND:
        handler.onEvent('ReadyToSend', new events.ReadyToSendEvent(id));
        return;
      case PING: {
        const payload = chunk.copy(offset, length);
        const isPong = (flags & IS_RESPONSE) !== 0;
        handler.onEvent('Ping', new events.PingEvent(id, payload, isPong, this.codec));
        return;
      }
      case DISCONNECTED: {
        const description = chunk.text(offset, length);
        handler.onDisconnected(new events.DisconnectedEvent(id, value, description));
        return;
      }
      case ERROR: {
        const description = chunk.text(offset, length);
        handler.onEvent('Error', new events.ErrorEvent(id, value, description));
        return;
      }
      case LOG: {
        const message = chunk.text(offset, length);
        const type =
          (flags & IS_ERROR) !== 0 ? 'Error' : (layout.logTypes[value] as events.LogType);
        handler.onEvent('Log', new events.LogEvent(id, value, message, type));
        return;
      }
      case SKIPPED:
        handler.onEvent('Skipped', new events.SkippedEvent(id, value));
        return;
      case FORGOTTEN:
        handler.onForgotten(id);
        return;
      case SETTLED:
        handler.onSettled(records[at + TOKEN] as number, value);
        return;
      case PUBLISHED:
        handler.onPublished(records[at + TOKEN] as number, value);
        return;
      case INTEREST:
        handler.onInterest(chunk.text(offset, length), value === 1);
        return;
      case HANDED_OVER:
        handler.onHandedOver(value, readHandedOver(chunk, offset, length));
        return;
    }
  }
}
