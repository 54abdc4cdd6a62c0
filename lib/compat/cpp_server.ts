// SPDX-License-Identifier: MIT
// The C++ edition's class.

import { isUtf8 } from 'node:buffer';
import { types } from 'node:util';
import { bytesOf } from '../base/bytes.js';
import { toId } from '../base/connection_id.js';
import { errors, WSServerError } from '../base/errors.js';
import { shown } from '../base/shown.js';
import { throwFirst } from '../base/uncaught.js';
import { Opcode } from '../boundary/outbox.js';
import { propertyIndex } from '../boundary/property_index.js';
import type { DocumentedEventName, EventMap } from '../events/events.js';
import type { Data } from '../sending/sender.js';
import { WSServer as MainServer } from '../server/wsserver.js';
import { setDocumentedDefaults } from './defaults.js';
import {
  connectionProperties,
  type DocumentedType,
  documentedEvents,
  serverProperties,
} from './documented.js';
import { type EventParams, paramsOf } from './event_params.js';
import { type ProductRows, productOf, productProperties, productVersion } from './product.js';
import {
  type ConnectionId,
  type ConnectionRows,
  defineProperties,
  type Getters,
  type ServerRows,
  type Setters,
} from './properties.js';

const LINE_MODE = propertyIndex('LineMode');

/** What is returned in place of a value that could not be read. */
const NOTHING: Readonly<Record<DocumentedType, unknown>> = {
  boolean: false,
  integer: 0,
  string: '',
  binary: '',
};

/** The last error, and the properties as pairs of methods. */
class Properties extends MainServer {
  #lastError: WSServerError | undefined;

  /** The result code of the last method: 0 when it has succeeded. */
  GetLastErrorCode(): number {
    return this.#lastError?.code ?? 0;
  }

  /** What the last method has failed with, in words; empty when it has succeeded. */
  GetLastError(): string {
    return this.#lastError?.message ?? '';
  }

  /**
   * What `act` returns, or `otherwise` when it fails. It is the last method then, even if handlers
   * that it has called have called others.
   * @internal
   */
  attempt<Result>(otherwise: Result, act: () => Result): Result {
    let failure: WSServerError | undefined;
    try {
      return act();
    } catch (error) {
      if (!(error instanceof WSServerError)) throw error;
      failure = error;
      return otherwise;
    } finally {
      this.#lastError = failure;
    }
  }

  /** The result code of `act`. @internal */
  codeOf(act: () => void): number {
    this.attempt(undefined, act);
    return this.GetLastErrorCode();
  }
}

const accessors = {
  read: (server: Properties, type: DocumentedType, read: () => unknown) =>
    server.attempt(NOTHING[type], read),
  write: (server: Properties, write: () => void) => server.codeOf(write),
};
const ofServer = { ...accessors, get: 'Get', set: 'Set', keys: 0 } as const;
defineProperties<Properties>(Properties.prototype, serverProperties, {
  ...ofServer,
  owner: (server) => server,
});
defineProperties<Properties>(Properties.prototype, productProperties, {
  ...ofServer,
  owner: productOf,
});
defineProperties<Properties>(Properties.prototype, connectionProperties, {
  ...accessors,
  get: 'GetWSConnection',
  set: 'SetWSConnection',
  keys: 1,
  owner: (server, key) => server.connections.require(key as ConnectionId),
});

/** What is set with its size behind it: see {@link WSServer.SetSSLCertStore}. */
type Sized = 'SSLCertEncoded' | 'SSLCertStore';
type Key = [connectionId: ConnectionId];
/** Setting DataToSend is sending, which may wait: see {@link WSServer.SetWSConnectionDataToSend}. */
type Stored = Omit<ConnectionRows, 'DataToSend'>;
type Named = Properties &
  Getters<'Get', ServerRows & ProductRows> &
  Setters<'Set', Omit<ServerRows, Sized> & ProductRows, number> &
  Getters<'GetWSConnection', ConnectionRows, Key> &
  Setters<'SetWSConnection', Stored, number, Key>;
const Base = Properties as unknown as new () => Named;

/** As many bytes of `data` as `size` says, if it does. What is no data, the core refuses. */
function upTo(size: number | undefined, data: Data): Data {
  if (size === undefined) return data;
  if (!Number.isInteger(size) || size < 0) {
    throw errors.invalidArgument(`lenData is a number of bytes, not ${shown(size)}.`);
  }
  const bytes =
    typeof data === 'string'
      ? Buffer.from(data)
      : bytesOf(types.isAnyArrayBuffer(data) ? new Uint8Array(data) : data);
  return bytes?.subarray(0, size) ?? data;
}

/** The same, but a text stays one: how it is sent depends on that. */
function partOf(size: number | undefined, data: Data): Data {
  const part = upTo(size, data);
  if (typeof data !== 'string' || typeof part === 'string') return part;
  const bytes = part as Buffer;
  if (isUtf8(bytes)) return bytes.toString();
  throw errors.invalidArgument(`lenData, ${size} bytes, ends inside a character.`);
}

/**
 * A server with the names of the C++ edition, its defaults, and its ways: methods return result
 * codes, 0 for success, and events call Fire… methods, to be overridden in a class of one's own.
 * It is the main face's class besides.
 *
 * Methods that wait, run the server's own loop meanwhile: events go on being delivered, but those
 * of the connection whose handler waits. Nothing else of the process runs, promises included.
 */
export class WSServer extends Base {
  readonly #heard = new Set<DocumentedEventName>();

  constructor() {
    super();
    setDocumentedDefaults(this);
    this.#hear();
  }

  // Methods.

  /** See {@link MainServer.changeLineMode}. */
  ChangeLineMode(connectionId: ConnectionId, lineMode: boolean): number {
    return this.codeOf(() =>
      this.core.setProperty(toId(connectionId), LINE_MODE, Boolean(lineMode)),
    );
  }

  /** See {@link MainServer.config}. Empty when it has failed. */
  Config(configurationString: string): string {
    return this.attempt('', () => this.config(configurationString));
  }

  /** See {@link MainServer.disconnect}. Does not wait. */
  Disconnect(connectionId: ConnectionId): number {
    return this.codeOf(() => this.core.disconnect(toId(connectionId)));
  }

  /** The same as {@link Shutdown}, as the .NET edition names it. */
  Dispose(): number {
    return this.Shutdown();
  }

  /**
   * Handles what there is to handle; when there is nothing, waits for it for up to
   * SelectWaitMillis. What a Fire… method throws meanwhile is thrown from here.
   */
  DoEvents(): number {
    throwFirst(() => this.codeOf(() => this.blocking.doEvents()));
    return this.GetLastErrorCode();
  }

  /**
   * Ends the blocking calls about this connection, and what is awaited, with 10004; a file is sent
   * no further.
   */
  Interrupt(connectionId: ConnectionId): number {
    return this.codeOf(() => this.blocking.interrupt(toId(connectionId)));
  }

  /** Stops reading from a connection: the same as setting its WSConnectionAcceptData to false. */
  PauseData(connectionId: ConnectionId): number {
    return this.SetWSConnectionAcceptData(connectionId, false);
  }

  /** Sends a Ping; with a Timeout of the connection it waits for the Pong. */
  Ping(connectionId: ConnectionId): number {
    return this.codeOf(() => this.blocking.ping(toId(connectionId)));
  }

  /** Reads from a connection again: the same as setting its WSConnectionAcceptData to true. */
  ProcessData(connectionId: ConnectionId): number {
    return this.SetWSConnectionAcceptData(connectionId, true);
  }

  /**
   * Sends a message as WSConnectionDataFormat says; `lenData` bytes of it, if that is given. With a
   * Timeout of the connection it waits until the message has been handed over, at most that long
   * without progress: 10060. Without, it is 10035 when the connection takes nothing: then nothing
   * has been sent (WSConnectionBytesSent is 0), and ReadyToSend follows.
   */
  Send(connectionId: ConnectionId, data: Data, lenData?: number): number {
    return this.codeOf(() => this.blocking.send(toId(connectionId), partOf(lenData, data)));
  }

  /** Sends a binary message, as {@link Send} does. */
  SendBytes(connectionId: ConnectionId, data: Data, lenData?: number): number {
    return this.codeOf(() =>
      this.blocking.send(toId(connectionId), upTo(lenData, data), Opcode.binary),
    );
  }

  /** Sends a file as one message and waits until that is done, whatever Timeout is. */
  SendFile(connectionId: ConnectionId, fileName: string): number {
    return this.codeOf(() => this.blocking.sendFile(toId(connectionId), fileName));
  }

  /** Sends a text message, as {@link Send} does. */
  SendText(connectionId: ConnectionId, text: Data): number {
    return this.codeOf(() => this.blocking.send(toId(connectionId), text, Opcode.text));
  }

  /** Of text or bytes, `lenSSLCertEncoded` bytes if that is given. */
  SetSSLCertEncoded(certEncoded: string | Uint8Array, lenSSLCertEncoded?: number): number {
    return this.codeOf(() => {
      this.sslCertEncoded = partOf(lenSSLCertEncoded, certEncoded) as string | Uint8Array;
    });
  }

  /** Of text or bytes, `lenSSLCertStore` bytes if that is given. */
  SetSSLCertStore(certStore: string | Uint8Array, lenSSLCertStore?: number): number {
    return this.codeOf(() => {
      this.sslCertStore = partOf(lenSSLCertStore, certStore) as string | Uint8Array;
    });
  }

  /** The same as {@link Send}. */
  SetWSConnectionDataToSend(connectionId: ConnectionId, data: Data, lenData?: number): number {
    return this.Send(connectionId, data, lenData);
  }

  /** Stops listening and disconnects every client. Does not wait for their ends. */
  Shutdown(): number {
    return this.codeOf(() => {
      this.core.stopListening();
      this.core.disconnectAll();
    });
  }

  /** See {@link MainServer.startListening}. */
  StartListening(): number {
    this.#hear();
    return this.codeOf(() => this.core.startListening());
  }

  /** See {@link MainServer.stopListening}. */
  StopListening(): number {
    return this.codeOf(() => this.core.stopListening());
  }

  /** The version of this package. */
  VERSION(): string {
    return productVersion();
  }

  // Events, for a class of one's own to override. Those that it does not override cost nothing.

  /** See {@link ConnectedEvent}. */
  FireConnected(_params: EventParams<'Connected'>): unknown {
    return 0;
  }

  /** See {@link ConnectionRequestEvent}. */
  FireConnectionRequest(_params: EventParams<'ConnectionRequest'>): unknown {
    return 0;
  }

  /** See {@link DataInEvent}. */
  FireDataIn(_params: EventParams<'DataIn'>): unknown {
    return 0;
  }

  /** See {@link DisconnectedEvent}. */
  FireDisconnected(_params: EventParams<'Disconnected'>): unknown {
    return 0;
  }

  /** See {@link ErrorEvent}. */
  FireError(_params: EventParams<'Error'>): unknown {
    return 0;
  }

  /** See {@link LogEvent}. */
  FireLog(_params: EventParams<'Log'>): unknown {
    return 0;
  }

  /** See {@link PingEvent}. */
  FirePing(_params: EventParams<'Ping'>): unknown {
    return 0;
  }

  /** See {@link ReadyToSendEvent}. */
  FireReadyToSend(_params: EventParams<'ReadyToSend'>): unknown {
    return 0;
  }

  /** See {@link SSLClientAuthenticationEvent}. */
  FireSSLClientAuthentication(_params: EventParams<'SSLClientAuthentication'>): unknown {
    return 0;
  }

  /** See {@link SSLConnectionRequestEvent}. */
  FireSSLConnectionRequest(_params: EventParams<'SSLConnectionRequest'>): unknown {
    return 0;
  }

  /** See {@link SSLStatusEvent}. */
  FireSSLStatus(_params: EventParams<'SSLStatus'>): unknown {
    return 0;
  }

  /** See {@link WebSocketOpenRequestEvent}. */
  FireWebSocketOpenRequest(_params: EventParams<'WebSocketOpenRequest'>): unknown {
    return 0;
  }

  override get listening(): boolean {
    return super.listening;
  }

  override set listening(listen: boolean) {
    this.#hear();
    super.listening = listen;
  }

  /** Listens to the events whose Fire… methods have been overridden; a field is one only now. */
  #hear(): void {
    for (const name of Object.keys(documentedEvents) as DocumentedEventName[]) {
      if (this.#heard.has(name)) continue;
      const fire = `Fire${name}` as const;
      if (this[fire] === WSServer.prototype[fire]) continue;
      this.#heard.add(name);
      this.on(name, (event) => this.#fire(name, event));
    }
  }

  #fire<Name extends DocumentedEventName>(name: Name, event: EventMap[Name]): unknown {
    const fire = this[`Fire${name}`] as (params: unknown) => unknown;
    const connectionId = 'connectionId' in event ? event.connectionId : 0;
    return this.turn.handle(connectionId, () => fire.call(this, paramsOf(name, event)));
  }
}
