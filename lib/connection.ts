// SPDX-License-Identifier: MIT

import { WSServerError } from './errors.js';
import { type NativeServer, native } from './native.js';
import { Opcode } from './outbox.js';
import type { Data, SendFormat } from './sender.js';

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly native: NativeServer;
  disconnect(connectionId: number): Promise<void>;
  sendAs(connectionId: number, format: SendFormat, data: Data): Promise<void>;
  setAcceptData(connectionId: number, accept: boolean): void;
}

function property(name: string): number {
  return native.propertyNames.indexOf(name);
}

const ACCEPT_DATA = property('AcceptData');
const BYTES_SENT = property('BytesSent');
const CONNECTED = property('Connected');
const HOST = property('Host');
const LINE_MODE = property('LineMode');
const LOCAL_ADDRESS = property('LocalAddress');
const ORIGIN = property('Origin');
const READY_TO_SEND = property('ReadyToSend');
const REMOTE_HOST = property('RemoteHost');
const REMOTE_PORT = property('RemotePort');
const REQUEST_HEADERS = property('RequestHeaders');
const REQUEST_URI = property('RequestURI');
const SUB_PROTOCOLS = property('SubProtocols');
const TIMEOUT = property('Timeout');

/**
 * One connected client. Reading a property of a connection that has gone throws error 126; all of
 * them can be read until the handler of its Disconnected event has returned.
 */
export class WSConnection {
  readonly #connectionId: number;
  readonly #owner: ConnectionOwner;
  #dataFormat: SendFormat = 0;

  /** Connections are made by the server: see {@link WSServer.connections}. */
  constructor(owner: ConnectionOwner, connectionId: number) {
    this.#owner = owner;
    this.#connectionId = connectionId;
  }

  /** Identifies the connection in every event and method. */
  get connectionId(): number {
    return this.#connectionId;
  }

  /**
   * How {@link dataToSend} and `send` send: 0 text for strings and binary for bytes, 1 text,
   * 2 binary, 9 ping, 10 pong.
   * @defaultValue 0
   * @throws {@link WSServerError} 10022 for any other value
   */
  get dataFormat(): SendFormat {
    return this.#dataFormat;
  }

  set dataFormat(format: SendFormat) {
    if (format !== 0 && !Object.values(Opcode).includes(format)) {
      throw new WSServerError(10022, `dataFormat is 0, 1, 2, 9 or 10, not ${format}.`);
    }
    this.#dataFormat = format;
  }

  #read(index: number): boolean | number | string {
    return this.#owner.native.getProperty(this.#connectionId, index);
  }

  /**
   * False stops reading from the socket, so that the client feels it, and holds back DataIn.
   * @defaultValue true
   */
  get acceptData(): boolean {
    return this.#read(ACCEPT_DATA) as boolean;
  }

  set acceptData(accept: boolean) {
    this.#owner.setAcceptData(this.#connectionId, accept);
  }

  /** Bytes taken by the last send: all or 0; always 0 while {@link timeout} is positive. */
  get bytesSent(): number {
    return this.#read(BYTES_SENT) as number;
  }

  /** Whether the connection is open. Set it to false to disconnect. Never throws. */
  get connected(): boolean {
    try {
      return this.#read(CONNECTED) as boolean;
    } catch {
      return false;
    }
  }

  set connected(connected: boolean) {
    if (!connected) void this.#owner.disconnect(this.#connectionId);
  }

  /** Sends what is assigned, as {@link dataFormat} says. Failures go to the Error event. */
  set dataToSend(data: Data) {
    void this.#owner.sendAs(this.#connectionId, this.dataFormat, data);
  }

  /** The Host header of the request. */
  get host(): string {
    return this.#read(HOST) as string;
  }

  /** Whether DataIn fires for each line: see {@link WSServer.changeLineMode}. */
  get lineMode(): boolean {
    return this.#read(LINE_MODE) as boolean;
  }

  /** The IP address of the interface that the client is connected to. */
  get localAddress(): string {
    return this.#read(LOCAL_ADDRESS) as string;
  }

  /** The Origin header of the request, or empty. */
  get origin(): string {
    return this.#read(ORIGIN) as string;
  }

  /** Whether a send would be taken; false after one has failed with 10035, until ReadyToSend. */
  get readyToSend(): boolean {
    return this.#read(READY_TO_SEND) as boolean;
  }

  /** The client's IP address. */
  get remoteHost(): string {
    return this.#read(REMOTE_HOST) as string;
  }

  /** The client's TCP port. */
  get remotePort(): number {
    return this.#read(REMOTE_PORT) as number;
  }

  /** The header lines of the request as they came, separated by CR LF. */
  get requestHeaders(): string {
    return this.#read(REQUEST_HEADERS) as string;
  }

  /** The URI of the request. */
  get requestURI(): string {
    return this.#read(REQUEST_URI) as string;
  }

  /** The subprotocols that the client offered, separated by commas. */
  get subProtocols(): string {
    return this.#read(SUB_PROTOCOLS) as string;
  }

  /**
   * Seconds without progress after which a send fails; 0: sends never wait.
   * @defaultValue the server's defaultTimeout
   */
  get timeout(): number {
    return this.#read(TIMEOUT) as number;
  }

  set timeout(seconds: number) {
    this.#owner.native.setProperty(this.#connectionId, TIMEOUT, seconds);
  }
}

/** Index of AcceptData for {@link NativeServer.setProperty}. */
export const acceptDataProperty = ACCEPT_DATA;
export const lineModeProperty = LINE_MODE;

/** The connections of a server by their id. A view: it always shows those that are there now. */
export class ConnectionMap implements Iterable<[number, WSConnection]> {
  readonly #owner: ConnectionOwner;
  readonly #made = new Map<number, WSConnection>();

  constructor(owner: ConnectionOwner) {
    this.#owner = owner;
  }

  /** How many connections are between their Connected and their Disconnected. */
  get size(): number {
    return this.#owner.native.state().connections;
  }

  /** The connection, also before it is open; undefined when there is none. Always the same object. */
  get(connectionId: number | string): WSConnection | undefined {
    const id = Number(connectionId);
    const made = this.#made.get(id);
    if (made !== undefined) return made;
    try {
      this.#owner.native.getProperty(id, CONNECTED);
    } catch {
      return undefined;
    }
    const connection = new WSConnection(this.#owner, id);
    this.#made.set(id, connection);
    return connection;
  }

  /** The connection's object, if it has been asked for before. */
  made(connectionId: number | string): WSConnection | undefined {
    return this.#made.get(Number(connectionId));
  }

  has(connectionId: number | string): boolean {
    return this.get(connectionId) !== undefined;
  }

  *keys(): IterableIterator<number> {
    yield* this.#owner.native.connectedIds();
  }

  *values(): IterableIterator<WSConnection> {
    for (const [, connection] of this) yield connection;
  }

  entries(): IterableIterator<[number, WSConnection]> {
    return this[Symbol.iterator]();
  }

  *[Symbol.iterator](): IterableIterator<[number, WSConnection]> {
    for (const id of this.#owner.native.connectedIds()) {
      const connection = this.get(id);
      if (connection !== undefined) yield [id, connection];
    }
  }

  forEach(
    visit: (connection: WSConnection, connectionId: number, map: ConnectionMap) => void,
  ): void {
    for (const [id, connection] of this) visit(connection, id, this);
  }

  /** Lets go of the object of a connection that has ended. */
  forget(connectionId: number): void {
    this.#made.delete(connectionId);
  }
}
