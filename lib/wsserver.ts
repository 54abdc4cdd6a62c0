// SPDX-License-Identifier: MIT

import { EventEmitter } from 'node:events';
import { BatchReader, kindOf } from './batch.js';
import {
  acceptDataProperty,
  ConnectionMap,
  type ConnectionOwner,
  type Data,
  type SendFormat,
} from './connection.js';
import { WSServerError } from './errors.js';
import {
  type ConnectionRequestEvent,
  type DataInEvent,
  type DisconnectedEvent,
  ErrorEvent,
  type EventMap,
  type EventName,
  type Listener,
  type WebSocketOpenRequestEvent,
} from './events.js';
import { type NativeServer, native, type SettingRow, type Statistics } from './native.js';
import { Opcode, Outbox } from './outbox.js';

const INVALID_CONNECTION_ID = 126;
const INVALID_ARGUMENT = 10022;

/** What every method that has succeeded returns. */
const DONE: Promise<void> = Promise.resolve();

/** A send or ping that has not yet come to an end. */
interface Pending {
  readonly connectionId: number;
  readonly startedMs: number;
  resolve(roundTripMs: number): void;
  reject(error: WSServerError): void;
}

/** What a server can be made with. */
export interface WSServerOptions {
  localHost?: string;
  localPort?: number;
  connectionBacklog?: number;
  defaultTimeout?: number;
  /** Configuration settings by their documented names, such as `{ MaxConnections: 10 }`. */
  settings?: Readonly<Record<string, boolean | number | string>>;
}

/** An exception of a handler must neither be lost nor keep the other handlers from their events. */
function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

/** A rejection that nobody awaits must not end the process. */
function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/**
 * A WebSocket server.
 *
 * A method that can fail at once acts at once; the promise that it returns says how it went. A
 * rejection that nobody awaits does not end the process: the Error event carries it.
 */
export class WSServer extends EventEmitter {
  /** The connections by their ids, with their properties. */
  readonly connections: ConnectionMap;
  readonly #outbox: Outbox;
  readonly #native: NativeServer;
  readonly #batch: BatchReader;
  /** The only listener of DataIn, or what calls all of them. */
  #onDataIn: (event: DataInEvent) => unknown = () => {};
  readonly #pending = new Map<number, Pending>();
  #lastToken = 0;
  /** What came for connections that do not accept data, in its order. */
  readonly #held = new Map<number, DataInEvent[]>();
  /** Those who wait for the last connection to end. */
  #shutdowns: (() => void)[] = [];
  #nextBatch: (() => void) | undefined;

  constructor(options: WSServerOptions = {}) {
    super();
    this.#batch = new BatchReader({
      onConnectionRequest: (id, event) => this.#onConnectionRequest(id, event),
      onOpenRequest: (event) => this.#onOpenRequest(event),
      onDataIn: (event) => this.#deliver(event),
      onDisconnected: (event) => this.#onDisconnected(event),
      onSettled: (token, errorCode) => this.#onSettled(token, errorCode),
      onEvent: (name, event) => this.#emit(name, event),
    });
    this.#outbox = new Outbox((records, count, chunks, adopted) => {
      this.#outbox.dispatching = true;
      this.#batch.read(records, count, chunks, adopted);
      this.#outbox.dispatching = false;
      this.#nextBatch?.();
    });
    this.#native = this.#outbox.server;
    const owner: ConnectionOwner = {
      native: this.#native,
      disconnect: (id) => this.disconnect(id),
      sendAs: (id, format, data) => this.#sendAs(id, format, data),
      setAcceptData: (id, accept) => this.#setAcceptData(id, accept),
    };
    this.connections = new ConnectionMap(owner);
    this.#listenersChanged();

    const { settings = {}, ...properties } = options;
    for (const [name, value] of Object.entries({ ...properties, ...settings })) {
      if (value !== undefined) this.#native.set(name, value);
    }
  }

  // Properties.

  /** Connections that the system keeps waiting to be accepted. @defaultValue SOMAXCONN */
  get connectionBacklog(): number {
    return this.#native.get('ConnectionBacklog') as number;
  }

  set connectionBacklog(connections: number) {
    this.#native.set('ConnectionBacklog', connections);
  }

  /** Timeout in seconds that new connections begin with; 0: sends never wait. @defaultValue 0 */
  get defaultTimeout(): number {
    return this.#native.get('DefaultTimeout') as number;
  }

  set defaultTimeout(seconds: number) {
    this.#native.set('DefaultTimeout', seconds);
  }

  /** Whether new connections are accepted. Assigning is startListening() or stopListening(). */
  get listening(): boolean {
    return this.#native.state().listening;
  }

  set listening(listen: boolean) {
    if (listen === this.listening) return;
    if (listen) this.#native.startListening();
    else this.#native.stopListening();
  }

  /**
   * Address or name of the interface to listen on; empty: all of them.
   * @defaultValue ''
   * @throws {@link WSServerError} 107 while listening
   */
  get localHost(): string {
    return this.#native.get('LocalHost') as string;
  }

  set localHost(host: string) {
    this.#native.set('LocalHost', host);
  }

  /**
   * TCP port to listen on; 0: the system picks one, to be read once listening.
   * @defaultValue 0
   * @throws {@link WSServerError} 106 while listening
   */
  get localPort(): number {
    return this.#native.get('LocalPort') as number;
  }

  set localPort(port: number) {
    this.#native.set('LocalPort', port);
  }

  /** How many clients are connected. */
  get wsConnectionCount(): number {
    return this.#native.state().connections;
  }

  /** What has been counted since the server was made. */
  get statistics(): Statistics {
    const { listening: _, idle: __, ...counted } = this.#native.state();
    return counted;
  }

  /** Every property and setting that {@link config} knows, with its range, default and meaning. */
  static describe(): readonly SettingRow[] {
    return native.settingTable;
  }

  // Methods.

  /**
   * Starts to accept connections on {@link localPort} of {@link localHost}.
   * @throws {@link WSServerError} 104 when listening already, 10048 when the port is taken, 10013
   * when it is not allowed, 10049 or 11001 when localHost is no address of this machine
   */
  startListening(): Promise<void> {
    return this.#attempt(() => this.#native.startListening());
  }

  /** Accepts no more connections; those there are stay. */
  stopListening(): Promise<void> {
    return this.#attempt(() => this.#native.stopListening());
  }

  /**
   * Stops listening and disconnects every client as {@link disconnect} does. The promise is
   * fulfilled when the last of them has gone, which CloseTimeout bounds.
   */
  shutdown(): Promise<void> {
    this.#native.stopListening();
    this.#native.disconnectAll();
    if (this.wsConnectionCount === 0) return DONE;
    return new Promise((resolve) => this.#shutdowns.push(resolve));
  }

  /**
   * Starts to close a connection, with the code and reason that DisconnectStatusCode and
   * DisconnectStatusDescription say. Disconnected follows when the peer has answered.
   * @throws {@link WSServerError} 126 when there is no such connection
   */
  disconnect(connectionId: number | string): Promise<void> {
    return this.#attempt(() => this.#native.disconnect(Number(connectionId)));
  }

  /**
   * Sends one message: text for a string, binary for bytes, unless the connection's dataFormat
   * says otherwise.
   * @throws {@link WSServerError} 126 when there is no such connection, 10035 when its queue is
   * full: nothing has been sent then, and ReadyToSend follows
   */
  send(connectionId: number | string, data: Data): Promise<void> {
    const format = this.connections.made(connectionId)?.dataFormat ?? 0;
    return this.#sendAs(connectionId, format, data);
  }

  /** Sends one binary message. Fails like {@link send}. */
  sendBytes(connectionId: number | string, data: Data): Promise<void> {
    if (data instanceof Uint8Array && this.#outbox.takes(connectionId as number)) {
      if (this.#outbox.sendBytes(connectionId as number, Opcode.binary, data)) return DONE;
    }
    return this.#sendAs(connectionId, Opcode.binary, data);
  }

  /** Sends one text message; bytes are taken for UTF-8. Fails like {@link send}. */
  sendText(connectionId: number | string, text: Data): Promise<void> {
    if (typeof text === 'string' && this.#outbox.takes(connectionId as number)) {
      if (this.#outbox.sendText(connectionId as number, text)) return DONE;
    }
    return this.#sendAs(connectionId, Opcode.text, text);
  }

  /**
   * Sends a Ping and waits for its Pong; fulfilled with the round trip in milliseconds.
   * @throws {@link WSServerError} 126 when there is no such connection or it ends meanwhile, 10060
   * when the connection's timeout has run out, 10035 when its queue is full
   */
  ping(connectionId: number | string): Promise<number> {
    const id = Number(connectionId);
    return this.#wait(id, (token) => {
      this.#native.ping(id, token);
      return false;
    });
  }

  /**
   * Handles what there is to handle; when there is nothing, waits for it for up to
   * SelectWaitMillis. Not needed for progress. Always lets the rest of the process run.
   */
  doEvents(): Promise<void> {
    let handled = false;
    this.#nextBatch = () => {
      handled = true;
    };
    this.#batch.readRest();
    this.#native.pump(0);
    this.#nextBatch = undefined;
    return new Promise((resolve) => {
      if (handled) {
        setImmediate(resolve);
        return;
      }
      const waiting = setTimeout(finish, this.#native.get('SelectWaitMillis') as number);
      this.#nextBatch = finish;
      const server = this;
      function finish(): void {
        clearTimeout(waiting);
        server.#nextBatch = undefined;
        setImmediate(resolve);
      }
    });
  }

  /**
   * Sets a setting, `config('MaxConnections=10')`, or reads it, `config('MaxConnections')`.
   * @returns the value as text; booleans are True and False
   * @throws {@link WSServerError} 10022 for an unknown name or a value that is not allowed, 106,
   * 107 or 108 for one that cannot change while listening
   */
  config(setting: string): string {
    const equals = setting.indexOf('=');
    const name = (equals < 0 ? setting : setting.slice(0, equals)).trim();
    if (equals >= 0) this.#native.set(name, setting.slice(equals + 1));
    return this.#native.readText(name);
  }

  // Listeners: which events have any decides which the core reports at all.

  override on<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changing(() => super.on(name, listener));
  }

  override addListener<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.on(name, listener);
  }

  override once<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changing(() => super.once(name, listener));
  }

  override prependListener<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changing(() => super.prependListener(name, listener));
  }

  override prependOnceListener<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changing(() => super.prependOnceListener(name, listener));
  }

  override off<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.removeListener(name, listener);
  }

  override removeListener<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changing(() => super.removeListener(name, listener));
  }

  override removeAllListeners(name?: EventName): this {
    return this.#changing(() => super.removeAllListeners(name));
  }

  override emit<Name extends EventName>(name: Name, event: EventMap[Name]): boolean {
    return super.emit(name, event);
  }

  #changing(change: () => void): this {
    change();
    this.#listenersChanged();
    return this;
  }

  #listenersChanged(): void {
    let wanted = 1 << kindOf('Disconnected');
    native.eventNames.forEach((name, kind) => {
      if (this.listenerCount(name) > 0) wanted |= 1 << kind;
    });
    this.#native.setWanted(wanted);
    const [only, ...others] = this.rawListeners('DataIn') as Listener<'DataIn'>[];
    this.#onDataIn =
      only !== undefined && others.length === 0 ? only : (event) => super.emit('DataIn', event);
  }

  // Events.

  #emit<Name extends EventName>(name: Name, event: EventMap[Name]): void {
    try {
      super.emit(name, event);
    } catch (error) {
      throwLater(error);
    }
  }

  #deliver(event: DataInEvent): void {
    if (this.#held.size > 0) {
      const held = this.#held.get(event.connectionId);
      if (held !== undefined) {
        held.push(event);
        return;
      }
    }
    try {
      this.#onDataIn.call(this, event);
    } catch (error) {
      throwLater(error);
    }
  }

  #onDisconnected(event: DisconnectedEvent): void {
    const id = event.connectionId;
    this.#release(id);
    this.#emit('Disconnected', event);
    this.connections.forget(id);
    if (this.#shutdowns.length > 0 && this.wsConnectionCount === 0) {
      for (const resolve of this.#shutdowns.splice(0)) resolve();
    }
  }

  /** Calls every listener of a question, and `answer` when all of them have made up their mind. */
  #ask<Name extends EventName>(
    name: Name,
    event: EventMap[Name],
    answer: (failed: boolean) => void,
  ): void {
    const waiting: PromiseLike<unknown>[] = [];
    for (const listener of this.rawListeners(name)) {
      try {
        const result: unknown = listener.call(this, event);
        if (isPromise(result)) waiting.push(result);
      } catch (error) {
        throwLater(error);
        answer(true);
        return;
      }
    }
    if (waiting.length === 0) {
      answer(false);
      return;
    }
    Promise.all(waiting).then(
      () => answer(false),
      (error: unknown) => {
        answer(true);
        throwLater(error);
      },
    );
  }

  #onConnectionRequest(connectionId: number, event: ConnectionRequestEvent): void {
    this.#ask('ConnectionRequest', event, (failed) => {
      this.#outbox.answerConnection(connectionId, event.accept && !failed);
    });
  }

  #onOpenRequest(event: WebSocketOpenRequestEvent): void {
    this.#ask('WebSocketOpenRequest', event, (failed) => {
      const status = failed ? 500 : event.statusCode;
      if (Number.isInteger(status) && status >= 100 && status <= 999) {
        const { connectionId, subProtocols, responseHeaders } = event;
        this.#outbox.answerOpen(connectionId, status, subProtocols, responseHeaders);
        return;
      }
      this.#outbox.answerOpen(event.connectionId, 500, '', '');
      throwLater(
        new WSServerError(INVALID_ARGUMENT, `statusCode is an HTTP status, not ${status}`),
      );
    });
  }

  #setAcceptData(connectionId: number, accept: boolean): void {
    const index = acceptDataProperty;
    this.#native.setProperty(connectionId, index, accept);
    if (accept) this.#release(connectionId);
    else if (!this.#held.has(connectionId)) this.#held.set(connectionId, []);
  }

  /** Delivers what was held back for a connection. */
  #release(connectionId: number): void {
    const held = this.#held.get(connectionId);
    this.#held.delete(connectionId);
    for (const event of held ?? []) this.#deliver(event);
  }

  // Sending.

  #attempt(act: () => void): Promise<void> {
    try {
      act();
      return DONE;
    } catch (error) {
      return rejected(error);
    }
  }

  #sendAs(connectionId: number | string, format: SendFormat, data: Data): Promise<void> {
    const id = Number(connectionId);
    const opcode = format === 0 ? (typeof data === 'string' ? Opcode.text : Opcode.binary) : format;
    if (this.#outbox.takes(id)) {
      const taken =
        typeof data === 'string'
          ? opcode === Opcode.text && this.#outbox.sendText(id, data)
          : opcode === Opcode.binary &&
            data instanceof Uint8Array &&
            this.#outbox.sendBytes(id, opcode, data);
      if (taken) return DONE;
    }
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    return this.#wait(id, (token) => this.#native.send(id, opcode, bytes, token)).then(() => {});
  }

  /** Starts something that may have to wait; `act` returns whether it is done already. */
  #wait(connectionId: number, act: (token: number) => boolean): Promise<number> {
    const token = (this.#lastToken + 1) & 0x7fffffff;
    this.#lastToken = token;
    const startedMs = performance.now();
    try {
      if (act(token)) return Promise.resolve(0);
    } catch (error) {
      this.#reportError(connectionId, error as WSServerError);
      return rejected(error);
    }
    const promise = new Promise<number>((resolve, reject) => {
      this.#pending.set(token, { connectionId, startedMs, resolve, reject });
    });
    promise.catch(() => {});
    return promise;
  }

  #onSettled(token: number, errorCode: number): void {
    const pending = this.#pending.get(token);
    if (pending === undefined) return;
    this.#pending.delete(token);
    if (errorCode === 0) {
      pending.resolve(performance.now() - pending.startedMs);
      return;
    }
    const error = new WSServerError(
      errorCode,
      errorCode === INVALID_CONNECTION_ID
        ? 'The connection ended before this was done.'
        : 'The timeout ran out before this was done.',
    );
    this.#reportError(pending.connectionId, error);
    pending.reject(error);
  }

  #reportError(connectionId: number, error: WSServerError): void {
    this.#emit('Error', new ErrorEvent(connectionId, error.code, error.message));
  }
}
