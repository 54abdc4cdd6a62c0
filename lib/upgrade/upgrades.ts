// SPDX-License-Identifier: MIT

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import { eventKind } from '../boundary/layout.js';
import type { NativeServer } from '../boundary/native.js';
import { adoptSocket, checkSocket } from './adopt_socket.js';
import type { UpgradeRequest } from './request_head.js';

/** Milliseconds that a socket may take to pass on what Node has yet to write. */
const FLUSH_MS = 10_000;

/** What waits for a connection to be open. */
interface Waiting {
  onOpen(): void;
  onNeverOpened(): void;
}

/** Whose messages may wait. */
interface Delivery {
  /** False: they do already. */
  hold(connectionId: number): boolean;
  release(connectionId: number): void;
}

/** What a promise of an upgrade, and those who await it, must not miss. */
const WANTED = (1 << eventKind('Connected')) | (1 << eventKind('DataIn'));

function refused(): WSServerError {
  return new WSServerError(
    ErrorCode.connectionRefused,
    'The upgrade was refused: the Log says why, and so does the answer that the client gets.',
  );
}

/** Fulfilled when Node has written all that it was given. */
function flushed(socket: Duplex): Promise<void> {
  while (socket.writableCorked > 0) socket.uncork();
  if (!(socket instanceof Socket) || socket.writableLength === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      socket.destroy();
      reject(errors.timedOut('What was written before the upgrade does not leave.'));
    };
    const timer = setTimeout(giveUp, FLUSH_MS);
    socket.write('', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Answers a client for whom there is no room. */
function turnAway(socket: Duplex): void {
  socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  socket.once('finish', () => socket.destroy());
}

/** The sockets of other servers that become connections of one server. */
export class Upgrades {
  readonly #core: NativeServer;
  readonly #delivery: Delivery;
  readonly #onWanted: () => void;
  /** The events that the core is to tell of (NativeServer.setWanted). */
  wanted = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** `onWanted` is called when {@link wanted} has changed. */
  constructor(core: NativeServer, delivery: Delivery, onWanted: () => void) {
    this.#core = core;
    this.#delivery = delivery;
    this.#onWanted = onWanted;
  }

  async handle(request: UpgradeRequest, socket: unknown, head: unknown): Promise<number> {
    checkSocket(socket);
    const { socket: own = socket } = (request ?? {}) as { socket?: unknown };
    if (own !== socket) {
      throw errors.invalidArgument(
        'The request has come on another socket: give the one of its event.',
      );
    }
    // Node does not listen to errors of a socket any more that is upgraded.
    socket.on('error', () => {});
    await flushed(socket);
    this.#want();
    const id = this.#adopt(request, socket, head);
    if (id === 0) throw refused();
    return new Promise((resolve, reject) =>
      this.watch(id, {
        onOpen: () => {
          // What has come behind its request waits until whoever awaits it listens.
          if (this.#delivery.hold(id)) setImmediate(() => this.#delivery.release(id));
          resolve(id);
        },
        onNeverOpened: () => reject(refused()),
      }),
    );
  }

  /** Has `waiting` told what becomes of a connection that is not open yet. */
  watch(id: number, waiting: Waiting): void {
    this.#want();
    this.#waiting.set(id, waiting);
  }

  #want(): void {
    if (this.wanted !== 0) return;
    this.wanted = WANTED;
    this.#onWanted();
  }

  #adopt(request: UpgradeRequest, socket: Duplex, head: unknown): number {
    try {
      return adoptSocket(this.#core, request, socket, head);
    } catch (error) {
      // Mistakes of the caller's are not told to the client.
      if ((error as WSServerError).code !== ErrorCode.invalidArgument) turnAway(socket);
      throw error;
    }
  }

  /** A connection is open. */
  onOpen(id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.onOpen();
  }

  /** A connection has ended without having been open. */
  onNeverOpened(id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.onNeverOpened();
  }
}
