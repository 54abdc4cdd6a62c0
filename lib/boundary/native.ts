// SPDX-License-Identifier: MIT
// The addon, typed: the one place that says what it exports. Its C++ side is native/addon.

import load = require('node-gyp-build');

import { type ErrorRow, setErrorTexts, type WSServerError } from '../base/errors.js';
import { packageRoot } from '../base/package_root.js';
import type { Layout } from './native_layout.js';
import type { LoadPlan, NativeLoad } from './native_load.js';
import type { PropertyIndex, PropertyTypes, SettingTypes, Value } from './property_types.js';

/** A row of the settings tables (native/server/settings/options.cc and properties.cc). */
export interface SettingRow {
  /** The documented name. */
  readonly name: string;
  /** Whether it is a property of WSServer rather than a configuration setting. */
  readonly property: boolean;
  /** Whether each connection has its own, which `config('Name[ConnectionId]')` reaches. */
  readonly perConnection: boolean;
  readonly default: boolean | number | string;
  /** Least value of a number, or size of a text. */
  readonly min: number;
  /** Greatest value of a number, or size in bytes of a text. */
  readonly max: number;
  readonly readOnly: boolean;
  /** The error of changing it while listening; 0 when it may change at any time. */
  readonly lockedError: number;
  /** What it does, with the unit; if it does nothing here, why. */
  readonly doc: string;
  /** Why it has no effect here; empty: it has one. */
  readonly inert: string;
  /** The documented default where ours differs on purpose, else empty. */
  readonly documentedDefault: string;
  /** What a value must be beside its type and range; empty: nothing else. */
  readonly form: string;
}

/** The formats that the core reads (native/tls/stores/store.h). */
export type NativeFormat = 'any' | 'pem' | 'pfx' | 'p7b' | 'publicKey' | 'pkcs11';

/** What has been counted since the server was made. Control frames do not count as messages. */
export interface Statistics {
  /** Connections between their Connected and their Disconnected. */
  readonly connections: number;
  readonly connectionsAccepted: number;
  /** Connections refused beyond MaxConnections, or for want of descriptors. */
  readonly connectionsRefused: number;
  /** Connections that were not open yet and have made room for newer ones (MaxPendingConnections). */
  readonly connectionsEvicted: number;
  /** Messages published that slow clients have not been sent (SlowSubscribers). */
  readonly messagesSkipped: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Bytes of payload. */
  readonly bytesIn: number;
  /** Bytes of payload. */
  readonly bytesOut: number;
  /** Messages that {@link WSServer.bus} could not bring to other servers, of the bus that it has now. */
  readonly busLost: number;
}

interface NativeState extends Omit<Statistics, 'busLost'> {
  readonly listening: boolean;
  /** Not listening, and no connection in any state. */
  readonly idle: boolean;
  /** Clients that have been accepted and are not open yet. */
  readonly opening: number;
}

/**
 * Called once per turn: `records` has `count` events ({@link Layout.record}), then for each of `chunks` how much of it has been written, and then the numbers of `chunks` and `adopted`
 * for {@link NativeAddon.showMemory}.
 */
export type OnBatch = (
  records: Int32Array,
  count: number,
  chunks: readonly Buffer[],
  adopted: readonly Buffer[] | undefined,
) => void;

/** An IP address and a port; what is none is a client of this machine. */
type NativeAddress = readonly [address: string, port: number];

/** What a request is answered with that becomes a WebSocket. */
export interface OpenAnswer {
  /** One of those that are offered; empty: none. */
  readonly subProtocol: string;
  /** Lines to add, each with its CR LF, in latin1. */
  readonly headers: string;
}

/**
 * A native server (native/addon/server_object.h). Methods that do something first carry out what is
 * in the command memory, and have its texts encoded for that; those that fail throw a
 * WSServerError.
 */
export interface NativeServer {
  /** The memory that both sides read and write (lib/boundary/outbox.ts). To be called once. */
  shared(): { status: Int32Array; commands: Int32Array; arena: Buffer };
  startListening(): void;
  /**
   * Descriptors of sockets that listen where {@link startListening} would, one for each address, for
   * other processes; the caller closes them. Throws 10022 for a socket in the file system.
   */
  openListening(): number[];
  stopListening(): void;
  /**
   * Takes over a connection that somebody else has accepted: its descriptor, which is duplicated, and
   * `head`: the head of its request, and what came behind it. Limits and lists hold for it; it is not
   * under TLS. Without an `answer` the questions are asked. With one the id is that of an open
   * connection. 0: it has been refused. Throws 10024 when there can be no more descriptors, 10038 and
   * 10057 for one of something else.
   */
  adopt(fd: number, head: Uint8Array, answer?: OpenAnswer): number;
  /**
   * The same for what has no descriptor, of a client at `remote` that has come to `local`. Returns
   * the id, and the descriptor of a socket of whoever calls: what is written there is from the
   * client, what can be read there is for it.
   */
  bridge(
    remote: NativeAddress,
    local: NativeAddress,
    head: Uint8Array,
    answer?: OpenAnswer,
  ): [id: number, fd: number];
  disconnectAll(): void;
  /** Starts the closing handshake; without code and reason the settings say which. */
  disconnect(id: number, code?: number, reason?: string): void;
  /** The same with a Close that has neither. */
  closeWithoutCode(id: number): void;
  /** Closes the socket at once: what waits is not sent, and a WebSocket ends with 1006. */
  terminate(id: number): void;
  /** Whether `id` has agreed on permessage-deflate. */
  compresses(id: number): boolean;
  flush(): void;
  /**
   * Sends past the command memory. UNCOMPRESSED may be added to the opcode. False: `token` is
   * settled by a later event.
   */
  send(
    id: number,
    opcode: number,
    bytes: NodeJS.ArrayBufferView | ArrayBufferLike,
    token: number,
  ): boolean;
  /**
   * Sends one fragment of a message (RFC 6455 §5.4). The `opcode` text or binary begins a message,
   * 0 goes on with the one that is open, `last` ends it. Meanwhile every other message for `id` is
   * refused with 10035; pings, pongs and disconnect() pass.
   *
   * True: the kernel has taken all that was to be sent. False: `token` is settled by a later event
   * when it has, with 126 when the connection ends, or with 10060 when the connection's timeout
   * passes without progress. Up to MaxQueuedBytes may wait. What throws has sent nothing:
   * 126 when `id` is not open, 10035 when too much waits or another message is open, 10022 when no
   * message is open that could go on, or when the parts of a text are not UTF-8 together (a part
   * may end inside a character).
   */
  sendPart(
    id: number,
    opcode: number,
    bytes: NodeJS.ArrayBufferView | ArrayBufferLike,
    last: boolean,
    token: number,
  ): boolean;
  /**
   * Whether nothing waits in the queue of `id`, and no message of {@link sendPart} is open. False:
   * `token` is settled by a later event when it is so, or with 126 or 10060 as for sendPart.
   * Throws 126 when `id` is not open.
   */
  drained(id: number, token: number): boolean;
  /** Sends a Ping; `token` is settled when its Pong has come. */
  ping(id: number, token: number): void;
  /** Whatever waits for `token` does so no more: it is not settled. */
  forget(id: number, token: number): void;
  /**
   * Runs the private loop once, having waited up to `waitMs` for something to do. Returns whether
   * there were events, which have been handled then. The Close of connection `heldId` is not
   * answered meanwhile: its handler, which waits, may have more to say. 0: of none.
   */
  pump(waitMs: number, heldId: number): boolean;
  get<Name extends keyof SettingTypes>(name: Name): SettingTypes[Name];
  get(name: string): Value;
  /** `name` is that of a setting, or `Name[ConnectionId]`. */
  set(name: string, value: Value): void;
  /** A setting in the words of Config(); `name` as for {@link set}. */
  readText(name: string): string;
  getProperty<Type extends Value>(id: number, property: PropertyIndex<Type>): Type;
  setProperty<Type extends Value>(id: number, property: PropertyIndex<Type>, value: Type): void;
  /** Bit n: whether event n of {@link Layout.events} is listened to, or Interest wanted. */
  setWanted(bits: number): void;
  /**
   * From now on a Close that answers has the peer's reason, and one that tells of a mistake none; and
   * where requests are handed over, those that are wrong as upgrades are, too.
   */
  closeAsWs(): void;
  /** Whether connections whose request is no WebSocket upgrade are handed over, or refused. */
  setHandsOver(on: boolean): void;
  /** The descriptor of a HandedOver is ours from now on. False: there is none, or no more. */
  take(descriptor: number): boolean;
  connectedIds(): Int32Array;
  /** What the ConnectionUIDs of this server begin with, before a `-`: up to 16 hexadecimal digits. */
  nodeId(): string;
  /** The open connection of this ConnectionUID; 0: there is none. */
  idOf(uid: string): number;
  /** New connections are served with these, or without TLS if there are none. */
  setCertificates(certificates: readonly NativeCertificate[]): void;
  /** A certificate that was wanted is not there: nobody is served until that has changed. */
  missCertificate(): void;
  /** A copy of the keys that seal session tickets, of 80 bytes each. */
  ticketKeys(): Buffer;
  setTicketKeys(keys: Uint8Array): void;
  /** Undefined: one of the server's own; null: refuse. */
  answerCertificateRequest(id: number, certificate: NativeCertificate | null | undefined): void;
  answerClientAuthentication(id: number, accept: boolean): void;
  /**
   * Whether `id` was not subscribed to `pattern`. Throws 126 when `id` is not open, 10022 when that
   * is no pattern, 10055 beyond MaxSubscriptions.
   */
  subscribe(id: number, pattern: string): boolean;
  /** Whether it was. Throws 126 and 10022 as {@link subscribe}. */
  unsubscribe(id: number, pattern: string): boolean;
  /** The patterns of a connection, sorted. */
  topicsOf(id: number): string[];
  /** The patterns that somebody is subscribed to, sorted. */
  topics(): string[];
  /** How many are subscribed to what `topic` fits. Throws 10022 when that is none. */
  subscriberCount(topic: string): number;
  /** Those who are, in rising order. Throws 10022 as {@link subscriberCount}. */
  subscribers(topic: string): Int32Array;
  /** How many patterns somebody is subscribed to, and how many connections are. */
  countTopics(): { topics: number; subscribers: number };
  /** Throws 10022 when that cannot be published to. */
  checkTopic(topic: string): void;
  /**
   * Publishes past the command memory, to all if `topic` is empty, and returns to how many.
   * UNCOMPRESSED and ENVELOPED may be added to the opcode. Throws 10022.
   */
  publish(
    topic: string,
    opcode: number,
    bytes: NodeJS.ArrayBufferView | ArrayBufferLike,
    except: number,
  ): number;
  /** Sends what is published to `id` alone: whether it has had room for that. */
  publishTo(id: number, opcode: number, bytes: Uint8Array): boolean;
  /** Those who agree on this subprotocol from now on get envelopes, instead of what is bare. */
  setEnvelopeProtocol(name: string): void;
  getsEnvelopes(id: number): boolean;
  /** Whether somebody who gets envelopes is subscribed to what `topic` fits; empty: is open. */
  wantsEnvelopes(topic: string): boolean;
  /** Tells the Log and Error. Returns whether somebody listens to Error. */
  reportError(id: number, code: number, text: string): boolean;
  state(): NativeState;
}

/** A certificate and its private key (native/addon/certificate_object.h). */
export interface NativeCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** PEM, without the chain. */
  readonly encoded: string;
}

/** Has no state of its own: several copies of this package, of several realms, may share it. */
interface NativeAddon {
  readonly Server: new (
    /** How many commands there may be. */
    commands: number,
    /** The size of the memory for their payloads. */
    arena: number,
    onBatch: OnBatch,
    /** Encodes the texts in the command memory: lib/boundary/outbox.ts. */
    encode: () => void,
    transientPayloads: boolean,
    /** What its methods throw. */
    errorClass: typeof WSServerError,
  ) => NativeServer;
  /**
   * `parts` are read one by one; for pkcs11 they are what names the token. `wanted`: a subject, or
   * the certificate itself whose key is looked for.
   */
  readonly Certificate: new (
    format: NativeFormat,
    parts: readonly Uint8Array[],
    password: string,
    wanted: string | Uint8Array,
    errorClass: typeof WSServerError,
  ) => NativeCertificate;
  readonly Load: new (plan: LoadPlan, errorClass: typeof WSServerError) => NativeLoad;
  /**
   * Users are about to see `buffer`, all the memory of this number. They may give it away: what is
   * in it can be copied nevertheless, until the object `buffer` is garbage.
   */
  showMemory(number: number, buffer: ArrayBufferLike): boolean;
  /** Undefined when there is no such memory, or not so much. */
  copyMemory(number: number, offset: number, length: number): Uint8Array | undefined;
  /** `kind` is the number of RFC 9106: 0, 1 or 2. Undefined for numbers that are not allowed. */
  argon2(
    kind: number,
    memory: number,
    passes: number,
    lanes: number,
    size: number,
    password: Uint8Array,
    salt: Uint8Array,
  ): Uint8Array | undefined;
  readonly errorTable: readonly ErrorRow[];
  readonly settingTable: readonly SettingRow[];
  readonly layout: Layout;
  readonly eventNames: readonly string[];
  readonly propertyNames: readonly (keyof PropertyTypes)[];
}

/** The addon: a prebuilt one for this platform, or the one that was built on installing. */
export const addon = load(packageRoot) as NativeAddon;
setErrorTexts(addon.errorTable);
