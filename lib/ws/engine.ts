// SPDX-License-Identifier: MIT
// The main face under a WebSocketServer.

import { type AddressInfo, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { ErrorCode } from '../base/errors.js';
import type { OpenAnswer } from '../boundary/native.js';
import { propertyIndex } from '../boundary/property_index.js';
import type { DisconnectedEvent } from '../events/events.js';
import { codeOf } from '../events/failure_report.js';
import type { PartOpcode } from '../sending/sender.js';
import { WSServer } from '../server/wsserver.js';
import { adoptSocket } from '../upgrade/adopt_socket.js';
import type { UpgradeRequest } from '../upgrade/request_head.js';
import { OneByOne } from './one_by_one.js';
import { type ServerOptions, settingsOf } from './options.js';
import { protocolErrorOf } from './protocol_error.js';
import { ConnectionSocket } from './request.js';
import type { Farewell } from './socket/sendable.js';
import type { Transport } from './socket/transport.js';
import type { WebSocket } from './socket/web_socket.js';

const CONNECTED = propertyIndex('Connected');
const QUEUED_BYTES = propertyIndex('QueuedBytes');
/** Of DataIn: dataFormat. */
const BINARY = 2;
const TRY_AGAIN_LATER = 1013;
/** RFC 6455 §7.4.1: no Close has come. */
const ABNORMAL = 1006;

/** What `act` returns, or `otherwise`: the core knows a connection that has ended no more. */
function unlessEnded<Result>(act: () => Result, otherwise: Result): Result {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

/** Its connections are WebSockets. */
export class Engine extends WSServer implements Transport {
  /** Milliseconds that the closing handshake may take. */
  readonly closeTimeout: number;
  readonly #sockets = new Map<number, WebSocket>();
  readonly #onEmpty: () => void;
  /** What has yet to happen, if events are to come one by one. */
  readonly #orders: Map<number, OneByOne> | undefined;
  /** Who wants to know of the end of a connection. */
  readonly #endings = new Map<number, (() => void)[]>();

  /** `onEmpty` is called when the last WebSocket has ended. */
  constructor(options: ServerOptions, onEmpty: () => void) {
    super(settingsOf(options));
    this.core.closeAsWs();
    this.closeTimeout = options.closeTimeout as number;
    this.#onEmpty = onEmpty;
    if (!options.allowSynchronousEvents) this.#orders = new Map();
    this.on('DataIn', (event) => {
      const id = event.connectionId;
      const socket = this.#sockets.get(id);
      if (socket === undefined) return;
      const data = event.toBuffer();
      const isBinary = event.dataFormat === BINARY;
      if (this.#orders === undefined) socket.receive(data, isBinary);
      else this.#takeLater(id, socket, () => socket.receive(data, isBinary));
    });
    this.on('Ping', ({ connectionId: id, payloadB, response }) => {
      const { buffer, byteOffset, byteLength } = payloadB;
      const payload = Buffer.from(buffer, byteOffset, byteLength);
      const socket = this.#sockets.get(id);
      const name = response ? 'pong' : 'ping';
      if (this.#orders === undefined) socket?.emit(name, payload);
      else if (socket) this.#takeLater(id, socket, () => socket.emit(name, payload));
    });
    this.on('Disconnected', (event) => {
      const order = this.#orders?.get(event.connectionId);
      this.#orders?.delete(event.connectionId);
      if (order === undefined) this.#onEnd(event);
      else order.take(() => this.#onEnd(event));
    });
  }

  /** Has an event of `id` happen when those before have. */
  #takeLater(id: number, socket: WebSocket, event: () => void): void {
    const orders = this.#orders as Map<number, OneByOne>;
    let order = orders.get(id);
    if (order === undefined) {
      order = new OneByOne((areMany) => this.setReading(id, !areMany && !socket.isPaused));
      orders.set(id, order);
    }
    order.take(event);
  }

  /** How many WebSockets there are. */
  get size(): number {
    return this.#sockets.size;
  }

  /** From now on it is the WebSocket of `id`, which is open. */
  adoptSocket(id: number, socket: WebSocket, protocol: string): void {
    this.#sockets.set(id, socket);
    socket.attach(this, id, protocol);
  }

  /**
   * Gives the socket of an upgrade, which is accepted, to the core; 0: that has refused it, or the
   * client has gone, which is not the program's mistake.
   * @throws {@link WSServerError} 10022 for what is
   */
  adopt(request: UpgradeRequest, socket: Duplex, head: Buffer, acceptance: OpenAnswer): number {
    try {
      const id = adoptSocket(this.core, request, socket, head, acceptance);
      return this.#isOpen(id) ? id : 0;
    } catch (error) {
      if (codeOf(error, 0) === ErrorCode.invalidArgument) throw error;
      socket.destroy();
      return 0;
    }
  }

  /** Where it listens; null: it does not. */
  address(): AddressInfo | null {
    if (!this.listening) return null;
    const address = this.localHost || '::';
    return { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port: this.localPort };
  }

  /** Has `open` called when `id`, which has been let in, is open. */
  whenOpen(id: number, open: () => void): void {
    this.upgrades.watch(id, { onOpen: open, onNeverOpened: () => {} });
  }

  /** What stands for the socket of `id`. */
  socketOf(id: number): ConnectionSocket {
    return new ConnectionSocket(this.core, this, id);
  }

  onceEnded(id: number, heard: () => void): void {
    const known = this.#endings.get(id);
    if (known !== undefined) known.push(heard);
    else this.#endings.set(id, [heard]);
  }

  /** Sends what most sends are; false: it is for send(). */
  sendAtOnce(id: number, data: unknown): boolean {
    return this.sender.sendAtOnce(id, data);
  }

  /** @throws {@link WSServerError} when too much waits already */
  sendMessage(id: number, kind: number, data: string | Uint8Array): void {
    this.sender.begin(id, kind, data);
  }

  /** Sends a fragment: `opcode` 0 goes on with a message. */
  sendFragment(id: number, opcode: PartOpcode, bytes: Uint8Array, last: boolean): void {
    this.sender.beginPart(id, opcode, bytes, last);
  }

  /** Fulfilled when all that was sent is with the system. */
  whenSent(id: number): Promise<void> {
    return this.sender.drain(id, undefined);
  }

  queuedBytes(id: number): number {
    return unlessEnded(() => this.core.getProperty(id, QUEUED_BYTES), 0);
  }

  compresses(id: number): boolean {
    return this.core.compresses(id);
  }

  setReading(id: number, reads: boolean): void {
    unlessEnded(() => this.delivery.setAcceptData(id, reads), undefined);
  }

  /** Begins the closing handshake; without `farewell` the Close says nothing. */
  close(id: number, farewell: Farewell | undefined): void {
    unlessEnded(() => {
      if (farewell === undefined) this.core.closeWithoutCode(id);
      else this.core.disconnect(id, farewell.code, farewell.reason);
    }, undefined);
  }

  terminate(id: number): void {
    unlessEnded(() => this.core.terminate(id), undefined);
  }

  /** A send was refused: as much waits for the peer as may, unless it has gone. */
  onOverflow(id: number): void {
    if (!this.#isOpen(id)) return;
    this.core.disconnect(id, TRY_AGAIN_LATER, 'Too much waits to be sent');
  }

  #tellEnd(id: number): void {
    const endings = this.#endings.get(id);
    if (endings === undefined) return;
    this.#endings.delete(id);
    for (const heard of endings) heard();
  }

  #isOpen(id: number): boolean {
    return unlessEnded(() => this.core.getProperty(id, CONNECTED), false);
  }

  #onEnd({ connectionId, statusCode, description, broken }: DisconnectedEvent): void {
    const socket = this.#sockets.get(connectionId);
    this.#sockets.delete(connectionId);
    if (broken !== undefined) socket?.fail(protocolErrorOf(broken, description));
    const came = broken === undefined && statusCode !== ABNORMAL;
    socket?.end(came ? statusCode : ABNORMAL, came ? description : '');
    this.#tellEnd(connectionId);
    if (this.#sockets.size === 0) this.#onEmpty();
  }
}
