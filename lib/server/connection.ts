// SPDX-License-Identifier: MIT

import type { ReadableStream, WritableStream } from 'node:stream/web';
import { errors } from '../base/errors.js';
import {
  abortable,
  attempt,
  handled,
  rejected,
  signalOf,
  type WaitOptions,
} from '../base/promises.js';
import { shown } from '../base/shown.js';
import type { NativeServer } from '../boundary/native.js';
import { Opcode } from '../boundary/outbox.js';
import { propertyIndex } from '../boundary/property_index.js';
import type { PropertyIndex, Value } from '../boundary/property_types.js';
import type { CloseStatus, DataInEvent } from '../events/events.js';
import type { Delivery } from '../receiving/delivery.js';
import { FileSender } from '../sending/file_sender.js';
import {
  type Interruptions,
  type MessageSource,
  type StreamOptions,
  sendStream,
} from '../sending/outgoing_message.js';
import type { Data, Sender, SendFormat, SendOptions } from '../sending/sender.js';
import type { SubscribeOptions, Subscriber } from '../sending/subscriber.js';
import { readableOf, writableOf } from '../sending/web_streams.js';
import { ConnectionProperties } from './connection_properties.js';
import type { Ending } from './ending.js';

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly core: NativeServer;
  readonly sender: Sender;
  readonly delivery: Delivery;
  readonly subscriber: Subscriber;
}

const ACCEPT_DATA = propertyIndex('AcceptData');
const CONNECTED = propertyIndex('Connected');
const TIMEOUT = propertyIndex('Timeout');
/** What a connection tells of itself has at most so many bytes as JSON. */
const MOST_PRESENCE = 1024;

function jsonOf(info: unknown): string | undefined {
  let json: string | undefined;
  try {
    json = JSON.stringify(info);
  } catch {
    // It has a circle, or a BigInt.
  }
  if (info === undefined) return undefined;
  if (json !== undefined && Buffer.byteLength(json) <= MOST_PRESENCE) return json;
  throw errors.invalidArgument(
    `presence is what JSON can say in up to ${MOST_PRESENCE} bytes, unlike ${shown(info)}.`,
  );
}

/**
 * One connected client. Reading a property of a connection that has gone throws error 126; all of
 * them can be read until the handler of its Disconnected event has returned.
 */
export class WSConnection extends ConnectionProperties {
  readonly #connectionId: number;
  readonly #owner: ConnectionOwner;
  readonly #ending: Ending;
  #dataFormat: SendFormat = 0;
  #presence: string | undefined;
  #files: FileSender | undefined;
  /** Of the messages that are being sent from a source. */
  #interrupter: AbortController | undefined;
  #readable: ReadableStream<string | Uint8Array> | undefined;
  #writable: WritableStream<Data> | undefined;

  /** Connections are made by the server: see {@link WSServer.connections}. */
  constructor(owner: ConnectionOwner, connectionId: number, ending: Ending) {
    super();
    this.#owner = owner;
    this.#connectionId = connectionId;
    this.#ending = ending;
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
      throw errors.invalidArgument(`dataFormat is 0, 1, 2, 9 or 10, not ${shown(format)}.`);
    }
    this.#dataFormat = format;
  }

  /**
   * What {@link WSServer.presence} tells of this client at all nodes: anything that JSON can say, in up
   * to 1,024 bytes. It is taken as it is when it is assigned, and reading it gives a copy; undefined:
   * nothing.
   * @defaultValue undefined
   * @throws {@link WSServerError} 10022 when JSON cannot say it, or it is too large
   */
  get presence(): unknown {
    return this.#presence === undefined ? undefined : JSON.parse(this.#presence);
  }

  set presence(info: unknown) {
    this.#presence = jsonOf(info);
  }

  /** The same, as JSON. @internal */
  get presenceJson(): string | undefined {
    return this.#presence;
  }

  #interruptions(): Interruptions {
    this.#interrupter ??= new AbortController();
    return { ended: this.#ending.signal, interrupted: this.#interrupter.signal };
  }

  /** @internal */
  protected override read<Type extends Value>(index: PropertyIndex<Type>): Type {
    const kept = this.#ending.properties?.[index] as Type | undefined;
    return kept ?? this.#owner.core.getProperty(this.#connectionId, index);
  }

  /**
   * False stops reading from the socket, so that the client feels it, and holds back DataIn. That
   * the client has gone is noticed meanwhile if nothing is left to read before that.
   * @defaultValue true
   */
  get acceptData(): boolean {
    const told = this.read(ACCEPT_DATA);
    return this.#owner.delivery.acceptsData(this.#connectionId) ?? told;
  }

  set acceptData(accept: boolean) {
    this.#owner.delivery.setAcceptData(this.#connectionId, accept);
  }

  /** Whether the connection is open. Set it to false to disconnect. Never throws. */
  get connected(): boolean {
    try {
      return this.read(CONNECTED);
    } catch {
      return false;
    }
  }

  set connected(connected: boolean) {
    if (!connected) void this.close();
  }

  /** Sends what is assigned, as {@link dataFormat} says. Failures go to the Error event. */
  set dataToSend(data: Data) {
    void this.send(data);
  }

  /**
   * Seconds without progress after which a send fails; 0: sends never wait.
   * @defaultValue the server's defaultTimeout
   */
  get timeout(): number {
    return this.read(TIMEOUT);
  }

  set timeout(seconds: number) {
    this.#owner.core.setProperty(this.#connectionId, TIMEOUT, seconds);
  }

  // Methods.

  /**
   * Sends one message: text for a string, binary for bytes, unless {@link dataFormat} says
   * otherwise. Fails like {@link WSServer.send}.
   */
  send(data: Data, options?: SendOptions): Promise<void> {
    return this.#owner.sender.sendAs(this.#connectionId, this.#dataFormat, data, options);
  }

  /** Sends one binary message. Fails like {@link WSServer.send}. */
  sendBytes(data: Data, options?: SendOptions): Promise<void> {
    return this.#owner.sender.sendBytes(this.#connectionId, data, options);
  }

  /** Sends one text message; bytes are taken for UTF-8. Fails like {@link WSServer.send}. */
  sendText(text: Data, options?: SendOptions): Promise<void> {
    return this.#owner.sender.sendText(this.#connectionId, text, options);
  }

  /**
   * Sends one message in fragments, as they come from `source`: text if the first of them is a
   * string, unless `type` says otherwise. Begins when all that was sent before has been handed
   * over, and reads no faster than the client does. Fulfilled when all has been handed over.
   *
   * Other messages are refused with 10035 meanwhile. When `signal` is aborted the message ends
   * where it is and the connection can be used further. When the source fails there is no telling
   * the client that the message is incomplete but to close: with 1011.
   * @throws {@link WSServerError} 126 when there is no such connection or it ends meanwhile, 10060
   * when the connection's timeout has run out, 10022 when the text is not UTF-8
   */
  sendStream(source: MessageSource, options?: StreamOptions): Promise<void> {
    return handled(sendStream(this, this.#owner.sender, this.#interruptions(), source, options));
  }

  /**
   * Sends a file as one message, as {@link sendStream} does: text if {@link dataFormat} is 1, else
   * binary. It is read no faster than the client reads, in constant memory, and as many bytes of it
   * are sent as it has at the beginning. When it cannot be read to its end, or is not taken for as
   * long as {@link timeout} says, the connection is closed with 1011: the client must not take a
   * part for the whole. When `signal` is aborted the message ends where it is, as with
   * {@link interrupt}.
   * @throws {@link WSServerError} 126 when the connection is not open or ends meanwhile, 10037 while
   * another file is being sent, 10060 when the timeout has run out, 10004 when it was interrupted.
   * With the system's error as its `cause`: 10013 when the file may not be read, 10024 when too many
   * are open, 10063 when the name is too long, 10022 in any other case; 4202 when the file has
   * become shorter
   */
  sendFile(fileName: string, options?: WaitOptions): Promise<void> {
    return handled(this.fileSender.send(fileName, options));
  }

  /** @internal */
  get fileSender(): FileSender {
    this.#files ??= new FileSender(this, this.#owner.sender, () => this.#interruptions());
    return this.#files;
  }

  /**
   * Ends what waits for this connection, but for {@link drain}, which a signal ends: its promise is
   * rejected with 10004. A message of
   * {@link sendFile} or {@link sendStream} ends where it is, so that the connection can be used
   * further; the client cannot tell: it receives a shorter message. Of sends with a {@link timeout},
   * and of pings, only the waiting ends: what has been queued is sent all the same. Where nothing
   * waits nothing happens.
   */
  interrupt(): void {
    this.#owner.sender.interrupt(this.#connectionId);
    this.#interrupter?.abort(errors.interrupted());
    this.#interrupter = undefined;
  }

  /** Subscribes it to a topic or pattern: see {@link WSServer.subscribe}. */
  subscribe(topic: string, options?: SubscribeOptions): Promise<boolean> {
    return attempt(() => this.#owner.subscriber.subscribe(this.#connectionId, topic, options));
  }

  /** Ends a subscription: see {@link WSServer.unsubscribe}. */
  unsubscribe(topic: string): Promise<boolean> {
    return attempt(() => this.#owner.subscriber.unsubscribe(this.#connectionId, topic));
  }

  /** What it is subscribed to, sorted; nothing when it has ended. */
  get topics(): string[] {
    return this.#owner.core.topicsOf(this.#connectionId);
  }

  /**
   * Sends a Ping and waits for its Pong; fulfilled with the round trip in milliseconds. Fails like
   * {@link WSServer.ping}.
   */
  ping(options?: WaitOptions): Promise<number> {
    return this.#owner.sender.ping(this.#connectionId, options);
  }

  /**
   * Fulfilled when all that was sent has been handed over to the system, so that the next send is
   * taken.
   * @throws {@link WSServerError} 126 when there is no such connection or it ends meanwhile, 10060
   * when the connection's timeout has run out
   */
  drain(options?: WaitOptions): Promise<void> {
    return this.#owner.sender.drain(this.#connectionId, options);
  }

  /**
   * Starts to close the connection, by default with the code and reason that DisconnectStatusCode
   * and DisconnectStatusDescription say. Fulfilled when it has ended, which CloseTimeout bounds; at
   * once when it has ended before.
   * @throws {@link WSServerError} 126 before it is open; 10022 when the code may not be sent, or the
   * reason is no string of up to 123 bytes of UTF-8
   */
  close(code?: number, reason?: string, options?: WaitOptions): Promise<CloseStatus> {
    if (this.#ending.status !== undefined) return this.closed;
    try {
      const signal = signalOf(options);
      this.#owner.core.disconnect(this.#connectionId, code, reason);
      return abortable(this.closed, signal);
    } catch (error) {
      return rejected(error);
    }
  }

  /** Fulfilled when the connection has ended, however it did. Never rejected. */
  get closed(): Promise<CloseStatus> {
    return this.#ending.closed;
  }

  /** {@link close}: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * The messages that come from now on, for a loop: `for await (const message of connection)` is
   * short for it. What comes while the loop is at work waits, up to 64 messages or 1 MiB; then
   * reading from the socket stops, so that the client feels it. Handlers of DataIn get everything
   * besides.
   *
   * What the loop has not taken when it is left waits for the next one, and so does what was held
   * back by {@link acceptData}, and, unless DataIn has handlers, what comes until then: also when the
   * connection has ended meanwhile. If that is too much, and nobody begins to read for 5 seconds, all of
   * it is dropped, and what comes afterwards goes to the handlers of DataIn only.
   *
   * The loop ends when the connection has ended with 1000, 1001 or without a code; otherwise it
   * throws error 126, whose `cause` is the {@link CloseStatus}.
   * @throws {@link WSServerError} 126 when there is no such connection, 10037 when somebody reads
   * already
   */
  messages(options?: WaitOptions): AsyncIterableIterator<DataInEvent> {
    const signal = signalOf(options);
    const { intake } = this.#ending;
    return intake === undefined
      ? this.#owner.delivery.read(this.#connectionId, signal)
      : intake.read(signal);
  }

  /** The same as {@link messages}. */
  [Symbol.asyncIterator](): AsyncIterableIterator<DataInEvent> {
    return this.messages();
  }

  /**
   * The messages as a stream: text as strings, the others as bytes. Reading begins when it is
   * first asked for; to cancel it closes the connection. Ends and fails like {@link messages}.
   */
  get readable(): ReadableStream<string | Uint8Array> {
    this.#readable ??= readableOf(this);
    return this.#readable;
  }

  /**
   * A stream that sends each chunk as a message, when the client takes it. To close it closes the
   * connection with 1000, to abort it with 1011. Fails with 126 when the connection ends otherwise.
   */
  get writable(): WritableStream<Data> {
    this.#writable ??= writableOf(this);
    return this.#writable;
  }
}
