// SPDX-License-Identifier: MIT

import type * as JetStream from '@nats-io/jetstream';
import type * as Client from '@nats-io/transport-node';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { checkNames, errors, type WSServerError } from '../base/errors.js';
import { throwLater } from '../base/uncaught.js';
import { MOST_WAITING } from '../bus/bounds.js';
import type { Bus, BusHandler } from '../bus/bus.js';
import { Interests } from '../bus/interests.js';
import { encodeMessage, kindOf, topicOf } from '../bus/message.js';
import { type Change, Subscriptions } from '../bus/subscriptions.js';
import { clientOptions } from './client_options.js';
import { Copies } from './copies.js';
import { envelopes, MOST_HEADERS, readEnvelope, writeKind } from './envelope.js';
import type { HistoryOptions } from './history/history_options.js';
import { NatsHistory } from './history/nats_history.js';
import { KeptConnection } from './nats_connection.js';
import type { NatsOptions, NatsStatus } from './nats_options.js';
import { Outgoing } from './outgoing.js';
import { loadPeer } from './peer.js';
import { Subjects } from './subjects.js';

/** A subject that NATS brings the messages of. */
interface Interest {
  /** Those that have been there before have smaller ones. */
  readonly number: number;
  /** Undefined before the first connection. */
  subscription: Subscription | undefined;
  /** Nobody wants it any more. */
  ended: boolean;
}

const TEXTS = ['token', 'user', 'pass', 'nkey', 'creds', 'name', 'prefix'] as const;
const OPTIONS = ['servers', ...TEXTS, 'tls', 'history', 'whileAway', 'maxPending', 'onStatus'];

/** A message that handlers take for none. */
const NO_MESSAGE = new Uint8Array(0);

/** The bus between machines: over NATS. */
export class NatsBus implements Bus {
  /** What has been kept, if anything is. */
  readonly history: NatsHistory | undefined;
  readonly #kept: KeptConnection;
  readonly #subjects: Subjects;
  readonly #outgoing: Outgoing;
  readonly #copies = new Copies();
  readonly #onStatus: (status: NatsStatus) => void;
  readonly #watchers = new Set<(trouble: WSServerError) => void>();
  readonly #subscriptions = new Subscriptions((change, subject) => this.#change(change, subject));
  readonly #interests = new Map<string, Interest>();
  /** The same, by what matches. */
  readonly #matching = new Interests<Interest>();
  /** What is wanted no more, until NATS is told. */
  #ending: Subscription[] = [];
  #lastNumber = 0;
  #maxPayload: number | undefined;
  #closed = false;

  constructor(options: NatsOptions = {}) {
    checkNames(options, 'natsBus', OPTIONS);
    for (const name of TEXTS) {
      if (options[name] !== undefined && typeof options[name] !== 'string') {
        throw errors.invalidArgument(`${name} of natsBus is a string.`);
      }
    }
    if (options.pass !== undefined && options.user === undefined) {
      throw errors.invalidArgument('pass belongs to a user: give user, too.');
    }
    const { tls, onStatus } = options;
    if (tls !== undefined && (typeof tls !== 'object' || tls === null)) {
      throw errors.invalidArgument('tls of natsBus is an object, such as { caFile }, or {}.');
    }
    if (onStatus !== undefined && typeof onStatus !== 'function') {
      throw errors.invalidArgument('onStatus of natsBus is a function.');
    }
    const { prefix = 'wss', whileAway = 'lose', maxPending = MOST_WAITING } = options;
    if (typeof maxPending !== 'number' || !(maxPending >= 65536 && maxPending <= 1 << 30)) {
      throw errors.invalidArgument('maxPending is a number of bytes from 65536 to 1073741824.');
    }
    if (whileAway !== 'lose' && whileAway !== 'keep') {
      throw errors.invalidArgument("whileAway is 'lose' or 'keep'.");
    }
    const client = loadPeer<typeof Client>('@nats-io/transport-node');
    this.#subjects = new Subjects(prefix);
    this.#onStatus = options.onStatus ?? (() => {});
    this.#outgoing = new Outgoing(maxPending, whileAway === 'keep', envelopes(client));
    this.history = options.history && this.#makeHistory(client, options.history);
    const { options: parsed, where } = clientOptions(client, options);
    this.#kept = new KeptConnection(client, parsed, where, {
      onConnected: (connection, isNew) => this.#onConnected(connection, isNew),
      onAway: () => {
        this.#outgoing.onAway();
        this.history?.onAway();
      },
      onTrouble: (trouble) => this.#onTrouble(trouble),
      onRefused: () => this.#outgoing.onRefused(),
    });
  }

  /** Whether it is connected. */
  get connected(): boolean {
    return this.#kept.connected;
  }

  /**
   * How many messages of this bus were not sent, or to topics and under way when NATS had gone: whether
   * those have come through, nobody knows.
   */
  get lost(): number {
    return this.#outgoing.lost;
  }

  /** How many messages NATS has not confirmed yet, or are kept for it. */
  get pending(): number {
    return this.#outgoing.pending;
  }

  /** That of the server that it was connected to last, less what our headers need. */
  get maxPayload(): number | undefined {
    return this.#maxPayload;
  }

  /**
   * Fulfilled when it is connected. Rejected when the first attempt has failed; it is tried again
   * all the same, until it is closed.
   * @throws {@link WSServerError} 10061 when no server answers, 10013 when none takes the
   * credentials, 276 when TLS fails, 10054 when it has been closed
   */
  ready(): Promise<void> {
    const connected = this.connected ? Promise.resolve() : this.#kept.first;
    return this.history === undefined ? connected : connected.then(() => this.history?.ready);
  }

  watch(listener: (trouble: WSServerError) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (this.#closed) return;
    const outside = this.#subjects.outside(subject);
    if (topicOf(subject) === undefined) {
      this.#outgoing.publish({ subject: outside, kind: 0, payload: bytes });
      return;
    }
    const kind = kindOf(bytes);
    if (kind === 0) throw errors.invalidArgument('A message to a topic begins with its kind.');
    this.#outgoing.publish({ subject: outside, kind, payload: bytes.subarray(1) });
  }

  subscribe(subject: string, handler: BusHandler): () => void {
    return this.#subscriptions.add(subject, handler);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outgoing.onClosed();
    this.history?.close();
    this.#kept.close();
  }

  #makeHistory(client: typeof Client, options: HistoryOptions): NatsHistory {
    const jetStream = loadPeer<typeof JetStream>('@nats-io/jetstream');
    return new NatsHistory(client, jetStream, options, {
      outside: (subject) => this.#subjects.outside(subject),
      inside: (subject) => this.#subjects.inside(subject),
      writeKind,
      readKind: (message) => readEnvelope(message).kind,
      tell: (trouble) => this.#onTrouble(trouble),
    });
  }

  #change(change: Change, subject: string): void {
    if (change === 'subscribe') {
      const interest: Interest = {
        number: ++this.#lastNumber,
        subscription: undefined,
        ended: false,
      };
      this.#interests.set(subject, interest);
      this.#matching.add(subject, interest);
      const { connection } = this.#kept;
      if (connection !== undefined && !this.#closed) this.#ask(connection, subject, interest);
    } else {
      const interest = this.#interests.get(subject) as Interest;
      this.#interests.delete(subject);
      this.#matching.remove(subject, interest);
      interest.ended = true;
      if (interest.subscription !== undefined) this.#end(interest.subscription);
    }
  }

  /**
   * Ends what is wanted no more when NATS knows of all that was asked for before: who has exchanged
   * one for another misses nothing.
   */
  #end(subscription: Subscription): void {
    this.#ending.push(subscription);
    if (this.#ending.length > 1) return;
    setImmediate(() => {
      const ending = this.#ending;
      this.#ending = [];
      const end = (): void => {
        for (const each of ending) each.unsubscribe();
      };
      this.#kept.connection?.flush().then(end, end);
    });
  }

  #ask(connection: NatsConnection, subject: string, interest: Interest): void {
    interest.subscription = connection.subscribe(this.#subjects.outside(subject), {
      // An error has been told as a status, too.
      callback: (error, message) => {
        if (error === null) this.#take(interest, message);
      },
    });
  }

  #onConnected(connection: NatsConnection, isNew: boolean): void {
    const most = connection.info?.max_payload;
    if (most !== undefined) this.#maxPayload = most - MOST_HEADERS;
    for (const [subject, interest] of this.#interests) {
      // The client announces again what NATS has not refused; it may be permitted by now.
      const isKnown = !isNew && interest.subscription?.isClosed() === false;
      if (!isKnown) this.#ask(connection, subject, interest);
    }
    this.#outgoing.onConnected(connection);
    void this.history?.onConnected(connection);
    this.#tellStatus();
  }

  #onTrouble(trouble: WSServerError): void {
    for (const watcher of this.#watchers) watcher(trouble);
    if (!this.connected) this.#tellStatus(trouble);
  }

  #tellStatus(trouble?: WSServerError): void {
    const { connected, server } = this.#kept;
    try {
      this.#onStatus({ connected, server, ...(trouble && { trouble }) });
    } catch (error) {
      throwLater(error);
    }
  }

  /** Nothing that a message has may throw: the client would stop to read. */
  #take(interest: Interest, message: Msg): void {
    const subject = this.#subjects.inside(message.subject);
    if (subject === undefined) return;
    const bytes = this.#read(interest, subject, message);
    if (bytes !== undefined) this.#subscriptions.deliver(subject, bytes);
  }

  /** A message of the bus; undefined: it has come already, or comes by another subscription. */
  #read(interest: Interest, subject: string, message: Msg): Uint8Array | undefined {
    const { data } = message;
    try {
      const envelope = readEnvelope(message);
      const isNew =
        envelope.sender === '' ? this.#isFirst(interest, subject) : this.#copies.isNew(envelope);
      if (!isNew) return undefined;
      return topicOf(subject) === undefined ? data : encodeMessage(envelope.kind, data);
    } catch {
      // Headers that cannot be read.
      return this.#isFirst(interest, subject) ? NO_MESSAGE : undefined;
    }
  }

  /** Whether it is the one that has been there for longest of those that match. */
  #isFirst(interest: Interest, subject: string): boolean {
    if (interest.ended) return false;
    for (const other of this.#matching.of(subject)) {
      if (other.number < interest.number) return false;
    }
    return true;
  }
}
