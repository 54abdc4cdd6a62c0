// SPDX-License-Identifier: MIT

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { errors } from '../base/errors.js';
import { handled, rejected } from '../base/promises.js';
import { shown } from '../base/shown.js';
import type { NativeServer } from '../boundary/native.js';
import { adoptSocket, isAdopted, isUsable, whenFlushed } from './adopt_socket.js';

/** What becomes of a connection that is not open yet. */
interface Outcome {
  open(): void;
  /** It has ended without having been open. */
  fail?(): void;
}

/** Those that have been let in, or asked for, and are not open yet. */
export class Upgrades {
  readonly #core: NativeServer;
  readonly #onUse: () => void;
  readonly #outcomes = new Map<number, Outcome>();
  #isUsed = false;

  /** `onUse` is called when it is to be told of connections for the first time. */
  constructor(core: NativeServer, onUse: () => void) {
    this.#core = core;
    this.#onUse = onUse;
  }

  /** Whether it is to be told of connections. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Has `outcome` told what becomes of `id`. */
  watch(id: number, outcome: Outcome): void {
    this.#outcomes.set(id, outcome);
    if (this.#isUsed) return;
    this.#isUsed = true;
    this.#onUse();
  }

  onConnected(id: number): void {
    const outcome = this.#outcomes.get(id);
    this.#outcomes.delete(id);
    outcome?.open();
  }

  onNeverOpened(id: number): void {
    const outcome = this.#outcomes.get(id);
    this.#outcomes.delete(id);
    outcome?.fail?.();
  }

  /** Gives the socket of an upgrade to the core; fulfilled with its id when it is open. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<number> {
    if (!isUsable(socket) || isAdopted(socket)) {
      const why = isUsable(socket)
        ? 'This socket has been given to handleUpgrade before: give each upgrade to one server.'
        : `handleUpgrade wants the socket of an event upgrade, which is open, unlike ${shown(socket)}.`;
      return rejected(errors.invalidArgument(why));
    }
    return handled(
      new Promise((resolve, reject) => {
        whenFlushed(socket, () => {
          try {
            const id = adoptSocket(this.#core, request, socket, head);
            const fail = (): void => reject(errors.connectionEnded());
            this.watch(id, { open: () => resolve(id), fail });
          } catch (error) {
            socket.destroy();
            reject(error);
          }
        });
      }),
    );
  }
}
