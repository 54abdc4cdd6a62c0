// SPDX-License-Identifier: MIT
// The main face under a WebSocketServer.

import type { IncomingMessage } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { propertyIndex } from '../boundary/property_index.js';
import type { DisconnectedEvent } from '../events/events.js';
import type { PartOpcode } from '../sending/sender.js';
import { WSServer } from '../server/wsserver.js';
import { type Acceptance, adoptSocket } from '../upgrade/adopt_socket.js';
import { type ServerOptions, settingsOf } from './options.js';
import { protocolErrorOf } from './protocol_error.js';
import { ConnectionSocket } from './request.js';
import type { WebSocket } from './web_socket.js';

const CONNECTED = propertyIndex('Connected');
const QUEUED_BYTES = propertyIndex('QueuedBytes');
const TRY_AGAIN_LATER = 1013;
const MOST_REASON = 123;
/** RFC 6455 §7.4.1: no Close has come. */
const ABNORMAL = 1006;

/** Its connections are WebSockets. */
export class Engine extends WSServer {
  /** Milliseconds that the closing handshake may take. */
  readonly closeTimeout: number;
  readonly #sockets = new Map<number, WebSocket>();
  readonly #onEmpty: () => void;

  /** `onEmpty` is called when the last WebSocket has ended. */
  constructor(options: ServerOptions, onEmpty: () => void) {
    super(settingsOf(options));
    this.closeTimeout = options.closeTimeout as number;
    this.#onEmpty = onEmpty;
    const { allowSynchronousEvents } = options;
    this.on('DataIn', (event) => {
      this.#sockets.get(event.connectionId)?.receive(event);
      // Those that come next, and the end, wait for it.
      return allowSynchronousEvents ? undefined : new Promise((resolve) => setImmediate(resolve));
    });
    this.on('Ping', ({ connectionId, payloadB, response }) => {
      const { buffer, byteOffset, byteLength } = payloadB;
      const payload = Buffer.from(buffer, byteOffset, byteLength);
      this.#sockets.get(connectionId)?.emit(response ? 'pong' : 'ping', payload);
    });
    this.on('Disconnected', (event) => this.#onEnd(event));
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

  /** Gives the socket of an upgrade, which is accepted, to the core; 0: that has refused it. */
  adopt(request: IncomingMessage, socket: Duplex, head: Buffer, acceptance: Acceptance): number {
    const id = adoptSocket(this.core, request, socket, head, acceptance);
    return this.#isOpen(id) ? id : 0;
  }

  /** Where it listens; null: it does not. */
  address(): AddressInfo | null {
    if (!this.listening) return null;
    const address = this.localHost || '::';
    return { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port: this.localPort };
  }

  /** Has `open` called when `id`, which has been let in, is open. */
  whenOpen(id: number, open: () => void): void {
    this.upgrades.watch(id, { open });
  }

  /** What stands for the socket of `id`. */
  socketOf(id: number): ConnectionSocket {
    return new ConnectionSocket(this.core, id);
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
    try {
      return this.core.getProperty(id, QUEUED_BYTES);
    } catch {
      return 0;
    }
  }

  compresses(id: number): boolean {
    return this.core.compresses(id);
  }

  setReading(id: number, reads: boolean): void {
    try {
      this.delivery.setAcceptData(id, reads);
    } catch {
      // It is ending, and is not read any more.
    }
  }

  /**
   * Begins the closing handshake.
   * @throws TypeError or RangeError, as ws does, when a Close may not say that
   */
  close(id: number, code: number | undefined, reason: string | Buffer | undefined): void {
    if (code === undefined) {
      this.core.disconnect(id, null);
      return;
    }
    const text = reason === undefined ? '' : reason.toString();
    if (typeof code !== 'number' || !isCloseCode(code)) {
      throw new TypeError('First argument must be a valid error code number');
    }
    if (Buffer.byteLength(text) > MOST_REASON) {
      throw new RangeError('The message must not be greater than 123 bytes');
    }
    this.core.disconnect(id, code, text);
  }

  terminate(id: number): void {
    try {
      this.core.terminate(id);
    } catch {
      // It has ended already.
    }
  }

  /** A send was refused: as much waits for the peer as may, unless it has gone. */
  onOverflow(id: number): void {
    if (!this.#isOpen(id)) return;
    this.core.disconnect(id, TRY_AGAIN_LATER, 'Too much waits to be sent');
  }

  #isOpen(id: number): boolean {
    try {
      return this.core.getProperty(id, CONNECTED);
    } catch {
      return false;
    }
  }

  #onEnd({ connectionId, statusCode, description }: DisconnectedEvent): void {
    const socket = this.#sockets.get(connectionId);
    this.#sockets.delete(connectionId);
    const error = protocolErrorOf(statusCode, description);
    if (error !== undefined) socket?.fail(error);
    const came = error === undefined && statusCode !== ABNORMAL;
    socket?.end(came ? statusCode : ABNORMAL, came ? description : '');
    if (this.#sockets.size === 0) this.#onEmpty();
  }
}

/** Whether a Close may have it: RFC 6455 §7.4, and those that are registered. */
function isCloseCode(code: number): boolean {
  const isRegistered = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
  return isRegistered || (code >= 3000 && code <= 4999);
}
