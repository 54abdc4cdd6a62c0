// SPDX-License-Identifier: MIT

import type { EventEmitter } from 'node:events';
import type { PartOpcode } from '../../sending/sender.js';
import type { Farewell } from './sendable.js';

/** What carries WebSockets, by the ids of their connections. What is done to one that has ended is passed over. */
export interface Transport {
  /** Milliseconds that the closing handshake may take. */
  readonly closeTimeout: number;
  /** Sends what most sends are; false: it is for sendMessage(). */
  sendAtOnce(id: number, data: unknown): boolean;
  /** @throws {@link WSServerError} when too much waits already */
  sendMessage(id: number, kind: number, data: string | Uint8Array): void;
  /** Sends a fragment: `opcode` 0 goes on with a message. */
  sendFragment(id: number, opcode: PartOpcode, bytes: Uint8Array, last: boolean): void;
  /** Fulfilled when all that was sent is with the system. */
  whenSent(id: number): Promise<void>;
  /** A send was refused. */
  onOverflow(id: number): void;
  /** Bytes that wait to be taken by the system. */
  queuedBytes(id: number): number;
  /** Whether messages may be compressed. */
  compresses(id: number): boolean;
  setReading(id: number, reads: boolean): void;
  /** Begins the closing handshake; without `farewell` the Close says nothing. */
  close(id: number, farewell: Farewell | undefined): void;
  terminate(id: number): void;
  /** What stands for the socket of `id`. */
  socketOf(id: number): EventEmitter;
}
