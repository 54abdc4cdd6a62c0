// SPDX-License-Identifier: MIT

import { toId } from '../base/connection_id.js';
import { ErrorCode } from '../base/errors.js';
import { abortable, DONE, rejected, signalOf, type WaitOptions } from '../base/promises.js';
import { shown } from '../base/shown.js';
import { throwLater } from '../base/uncaught.js';
import { eventKind } from '../boundary/layout.js';
import { addon, type NativeServer, type SettingRow } from '../boundary/native.js';
import { Outbox } from '../boundary/outbox.js';
import { propertyIndex } from '../boundary/property_index.js';
import { Cluster } from '../cluster/cluster.js';
import { Contexts, endIsTold } from '../events/async_context.js';
import { BatchReader } from '../events/batch.js';
import {
  type DataInEvent,
  type DisconnectedEvent,
  ErrorEvent,
  type EventMap,
  type EventName,
  type Listener,
} from '../events/events.js';
import { codeOf } from '../events/failure_report.js';
import { askConnection, askOpen } from '../events/questions.js';
import { HandOver } from '../http/hand_over.js';
import { Delivery, lending } from '../receiving/delivery.js';
import { Publisher } from '../sending/publisher.js';
import { type Data, Sender, type SendOptions } from '../sending/sender.js';
import { Subscriber } from '../sending/subscriber.js';
import { Upgrades } from '../upgrade/upgrades.js';
import { Blocking } from './blocking.js';
import { ConnectionMap } from './connection_map.js';
import { Departures, NEVER_OPENED } from './ending.js';
import { Security } from './security.js';
import type { WSServerOptions } from './server_options.js';
import { ServerTopics } from './server_topics.js';
import { Settings } from './settings.js';
import { Turn } from './turn.js';

/** RFC 6455 §7.4.1. */
const MESSAGE_TOO_BIG = 1009;
const LINE_MODE = propertyIndex('LineMode');
const DATA_IN = 1 << eventKind('DataIn');
const CONNECTED = 1 << eventKind('Connected');
const INTEREST = 1 << eventKind('Interest');
const SSL_CONNECTION_REQUEST = 1 << eventKind('SSLConnectionRequest');

/**
 * A WebSocket server.
 *
 * A method that can fail at once acts at once; the promise that it returns says how it went. A
 * rejection that nobody awaits does not end the process: the Error event carries it.
 */
export class WSServer extends ServerTopics {
  /** The connections by their ids, with their properties. */
  readonly connections: ConnectionMap;
  readonly #outbox: Outbox;
  /** @internal */
  protected override readonly core: NativeServer;
  readonly #batch: BatchReader;
  readonly #contexts = new Contexts();
  /** @internal */
  protected readonly sender: Sender;
  /** @internal */
  protected readonly delivery: Delivery;
  /** @internal */
  protected override readonly security: Security;
  /** @internal */
  protected readonly handOver: HandOver;
  /** @internal */
  protected readonly upgrades: Upgrades;
  readonly #settings: Settings;
  readonly #departures = new Departures();

  constructor(options: WSServerOptions = {}) {
    super();
    const {
      settings = {},
      serialDelivery = false,
      transientPayloads = false,
      certificate,
      certificatesByName,
      httpServer,
      ticketKeys,
      ...properties
    } = options ?? {};
    const take: (event: DataInEvent) => void = serialDelivery
      ? (event) => this.delivery.takeSerially(event)
      : (event) => this.delivery.take(event);
    this.#batch = new BatchReader({
      onConnectionRequest: (id, event) =>
        this.#ask(id, 'ConnectionRequest', (to) => askConnection(to, id, event, this.#outbox)),
      onOpenRequest: (event) =>
        this.#ask(event.connectionId, 'WebSocketOpenRequest', (to) =>
          askOpen(to, event, this.#outbox),
        ),
      onCertificateRequest: (event) =>
        this.#ask(event.connectionId, 'SSLConnectionRequest', (to) =>
          this.security.askCertificate(to, event),
        ),
      onClientAuthentication: (event) =>
        this.#ask(event.connectionId, 'SSLClientAuthentication', (to) =>
          this.security.askClient(to, event),
        ),
      onDataIn: transientPayloads ? lending(take) : take,
      onTooLong: (id) =>
        this.#attempt(() =>
          this.core.disconnect(id, MESSAGE_TOO_BIG, 'A text is longer than a string can be'),
        ),
      onDisconnected: (event) => this.#onDisconnected(event),
      onForgotten: (id) => this.#onForgotten(id),
      onPublished: (token, count) => this.publisher.onPublished(token, count),
      onInterest: (pattern, wanted) => this.publisher.link?.onInterest(pattern, wanted),
      onHandedOver: (descriptor, given) => this.handOver.take(descriptor, given),
      onSettled: (token, errorCode) => this.sender.settle(token, errorCode),
      onEvent: (name, event) => {
        if (name === 'Connected') this.upgrades.onConnected(event.connectionId);
        this.#emit(name, event);
      },
    });
    this.#outbox = new Outbox(
      (...batch) => this.turn.dispatch(() => this.#batch.read(...batch)),
      transientPayloads,
    );
    this.core = this.#outbox.server;
    this.security = new Security(this.core);
    this.handOver = new HandOver(this.core, this);
    this.upgrades = new Upgrades(this.core, () => this.listenersChanged());
    this.sender = new Sender(this.#outbox, (id, error) =>
      this.#emit('Error', new ErrorEvent(id, error.code, error.message)),
    );
    this.publisher = new Publisher(this.#outbox, () => this.connections.size === 0);
    this.cluster = new Cluster(this.core, this.sender, (id) => this.connections.presenceOf(id));
    const delivery = new Delivery(this, this.core, this.#contexts, serialDelivery, () =>
      this.listenersChanged(),
    );
    this.delivery = delivery;
    this.subscriber = new Subscriber(this.core, this.sender, (event) => this.#emit('Gap', event));
    const { subscriber } = this;
    const owner = { core: this.core, sender: this.sender, delivery, subscriber };
    this.connections = new ConnectionMap(owner);
    this.turn = new Turn({
      outbox: this.#outbox,
      batch: this.#batch,
      delivery,
      onEnd: () => this.connections.releaseEnded(),
    });
    this.blocking = new Blocking({ ...owner, turn: this.turn, connections: this.connections });
    this.listenersChanged();

    this.#settings = new Settings(this.core, (codec) => {
      this.#batch.codec = codec;
      this.sender.codec = codec;
    });
    for (const [name, value] of Object.entries({ ...properties, ...settings })) {
      if (value !== undefined) this.#settings.set(name, value);
    }
    this.httpServer = httpServer;
    if (ticketKeys !== undefined) this.ticketKeys = ticketKeys;
    if (certificate !== undefined) this.certificate = certificate;
    if (certificatesByName !== undefined) this.certificatesByName = certificatesByName;
  }

  /** @internal */
  protected readonly turn: Turn;
  /** @internal */
  protected readonly blocking: Blocking;

  /** @internal */
  protected readonly publisher: Publisher;
  /** @internal */
  protected readonly cluster: Cluster;
  /** @internal */
  protected readonly subscriber: Subscriber;

  /** Every property and setting that {@link config} knows, with its range, default and meaning. */
  static describe(): readonly SettingRow[] {
    return addon.settingTable;
  }

  /**
   * Starts to accept connections on {@link localPort} of {@link localHost}.
   * @throws {@link WSServerError} 104 when listening already, 10048 when the port is taken, 10013
   * when it is not allowed, 10049 or 11001 when localHost is no address of this machine; 10022 when
   * a descriptor (fd:3) does not listen, or clients are to show certificates but there is no TLS,
   * 272 when sslCertSubject has found none, 282 when sslEnabled is true and there is none
   */
  startListening(): Promise<void> {
    return this.#attempt(() => this.core.startListening());
  }

  /** Accepts no more connections; those there are stay. */
  stopListening(): Promise<void> {
    return this.#attempt(() => this.core.stopListening());
  }

  /**
   * Stops listening and disconnects every client as {@link disconnect} does; those that have been
   * handed over to {@link httpServer} when their requests have been answered. The promise is fulfilled
   * when the last of them has gone, which CloseTimeout bounds.
   */
  shutdown(options?: WaitOptions): Promise<void> {
    return this.#attempt(() => {
      const signal = signalOf(options);
      const ids = this.core.connectedIds();
      this.core.stopListening();
      this.core.disconnectAll();
      const gone = this.#departures.of(ids, this.handOver.end());
      return gone && abortable(gone, signal);
    });
  }

  /** {@link shutdown}: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * Starts to close a connection, with the code and reason that DisconnectStatusCode and
   * DisconnectStatusDescription say. Disconnected follows when the peer has answered.
   * @throws {@link WSServerError} 126 when there is no such connection
   */
  disconnect(connectionId: number | string): Promise<void> {
    return this.#attempt(() => this.core.disconnect(toId(connectionId)));
  }

  /** Stops reading from a connection's socket: sets its {@link WSConnection.acceptData} to false. */
  pauseData(connectionId: number | string): Promise<void> {
    return this.#attempt(() => this.delivery.setAcceptData(toId(connectionId), false));
  }

  /** Reads from a connection's socket again: sets its {@link WSConnection.acceptData} to true. */
  processData(connectionId: number | string): Promise<void> {
    return this.#attempt(() => this.delivery.setAcceptData(toId(connectionId), true));
  }

  /**
   * Sends one message: text for a string, binary for bytes, unless the connection's dataFormat
   * says otherwise. With a positive timeout of the connection the promise is fulfilled when the
   * message has been handed over to the system.
   * @throws {@link WSServerError} 126 when there is no such connection, 10035 when its queue is
   * full: nothing has been sent then, and ReadyToSend follows; 10060 when the timeout ran out
   */
  send(connectionId: number | string, data: Data, options?: SendOptions): Promise<void> {
    const format = this.connections.made(connectionId)?.dataFormat ?? 0;
    return this.sender.sendAs(connectionId, format, data, options);
  }

  /** Sends one binary message. Fails like {@link send}. */
  sendBytes(connectionId: number | string, data: Data, options?: SendOptions): Promise<void> {
    return this.sender.sendBytes(connectionId, data, options);
  }

  /** Sends one text message; bytes are taken for UTF-8. Fails like {@link send}. */
  sendText(connectionId: number | string, text: Data, options?: SendOptions): Promise<void> {
    return this.sender.sendText(connectionId, text, options);
  }

  /** Sends a file as one message: see {@link WSConnection.sendFile}. */
  sendFile(connectionId: number | string, fileName: string, options?: WaitOptions): Promise<void> {
    try {
      return this.connections.require(connectionId).sendFile(fileName, options);
    } catch (error) {
      return this.sender.fail(toId(connectionId), error);
    }
  }

  /**
   * Ends what waits for a connection, with 10004: see {@link WSConnection.interrupt}.
   * @throws {@link WSServerError} 126 when there is no such connection
   */
  interrupt(connectionId: number | string): Promise<void> {
    return this.#attempt(() => this.connections.require(connectionId).interrupt());
  }

  /**
   * Sends a Ping and waits for its Pong; fulfilled with the round trip in milliseconds.
   * @throws {@link WSServerError} 126 when there is no such connection or it ends meanwhile, 10060
   * when the connection's timeout has run out, 10035 when its queue is full
   */
  ping(connectionId: number | string, options?: WaitOptions): Promise<number> {
    return this.sender.ping(connectionId, options);
  }

  /**
   * With `lineMode` the connection's DataIn fires for each line of its messages (without the LF or
   * CR LF that ends it) instead of each message; dataFormat is 0 then. EOL is false for what comes
   * without a line end: because MaxLineLength has been reached, or at the end of a message. It
   * holds for what is received from now on.
   * @throws {@link WSServerError} 126 when there is no such connection
   */
  changeLineMode(connectionId: number | string, lineMode: boolean): Promise<void> {
    return this.#attempt(() => this.core.setProperty(toId(connectionId), LINE_MODE, lineMode));
  }

  /**
   * Handles what there is to handle; when there is nothing, waits for it for up to
   * SelectWaitMillis. Not needed for progress. Always lets the rest of the process run.
   */
  doEvents(): Promise<void> {
    if (this.turn.handleRest()) return new Promise((resolve) => setImmediate(resolve));
    return this.turn.next(this.core.get('SelectWaitMillis'));
  }

  /**
   * Sets a setting, `config('MaxConnections=10')`, or reads it, `config('MaxConnections')`. Those
   * of one connection have its id behind their names: `config('MessageLength[5]=100')`. Blanks around
   * the value do not count.
   * @returns the value as text; booleans are True and False
   * @throws {@link WSServerError} 10022 for an unknown name or a value that is not allowed, 126 for
   * an unknown connection, 106, 107 or 108 for one that cannot change while listening; 270 and
   * 10045 as UseFIPSCompliantAPI says
   */
  config(setting: string): string {
    return this.#settings.config(setting);
  }

  // Events.

  /** A client that leaves while its handler waits is no mistake: Error tells it. @internal */
  override tells(error: unknown, event: { connectionId?: unknown } | undefined): boolean {
    const id = event?.connectionId;
    const code = ErrorCode.invalidConnectionId;
    const left =
      typeof id === 'number' && codeOf(error, 0) === code && !this.connections.isOpen(id);
    if (left) this.#emit('Error', new ErrorEvent(id, code, shown(error)));
    return left;
  }

  protected override listenersChanged(): void {
    // The core reports only events that have listeners.
    let wanted = 0;
    addon.eventNames.forEach((name, kind) => {
      if (this.listenerCount(name) > 0) wanted |= 1 << kind;
    });
    // A handler of Connected may begin to read: it must not have missed what came right behind.
    if (this.delivery.hasReaders || this.listenerCount('Connected') > 0) wanted |= DATA_IN;
    if (this.upgrades?.isUsed) wanted |= CONNECTED;
    if (this.security.asksForName) wanted |= SSL_CONNECTION_REQUEST;
    if (this.publisher?.link !== undefined) wanted |= INTEREST;
    this.core.setWanted(wanted);
    this.delivery.listenersChanged();
  }

  #ask<Name extends EventName>(
    connectionId: number,
    name: Name,
    ask: (handlers: Listener<Name>[]) => void,
  ): void {
    const handlers = this.rawListeners(name).map((handler) => handler.bind(this) as Listener<Name>);
    this.#contexts.run(connectionId, () => ask(handlers), endIsTold(name));
  }

  #emit<Name extends Exclude<EventName, 'ConnectionRequest'>>(
    name: Name,
    event: EventMap[Name],
  ): void {
    const emit = (): void => {
      try {
        this.emit(name, event);
      } catch (error) {
        throwLater(error);
      }
    };
    this.#contexts.run(event.connectionId, emit, endIsTold(name));
  }

  #onDisconnected(event: DisconnectedEvent): void {
    const { connectionId: id, statusCode, description } = event;
    this.connections.end(id, { statusCode, description });
    this.subscriber.forget(id);
    this.#departures.onGone(id);
    const atOnce = this.delivery.end(id, event, () => {
      this.#emit('Disconnected', event);
      this.#forget(id);
    });
    if (!atOnce) this.connections.preserve(id);
  }

  #onForgotten(connectionId: number): void {
    this.upgrades.onNeverOpened(connectionId);
    this.delivery.end(connectionId, NEVER_OPENED, () => this.#forget(connectionId));
  }

  #forget(connectionId: number): void {
    this.connections.forget(connectionId, this.delivery.forget(connectionId));
    this.#contexts.forget(connectionId);
  }

  /** What `act` returns, or throws, as a promise. */
  #attempt(act: () => Promise<void> | undefined | void): Promise<void> {
    try {
      return act() ?? DONE;
    } catch (error) {
      return rejected(error);
    }
  }
}
