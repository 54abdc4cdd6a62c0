// SPDX-License-Identifier: MIT

import { errors } from '../base/errors.js';
import type { Value } from '../boundary/property_types.js';
import type { CloseStatus } from '../events/events.js';
import type { Intake } from '../receiving/intake.js';

/** How a connection ended that has never become a WebSocket. */
export const NEVER_OPENED: CloseStatus = { statusCode: 1006, description: 'It was never open' };

/** What a connection's object knows of its end, from the server. */
export class Ending {
  /** How it ended; undefined before. */
  status: CloseStatus | undefined;
  /** The values of the properties, kept for handlers that are still to be called. */
  properties: readonly Value[] | undefined;
  /** Set when the connection has ended: has the messages that nobody has taken. */
  intake: Intake | undefined;
  #controller: AbortController | undefined;
  #closed: Promise<CloseStatus> | undefined;
  #resolve: ((status: CloseStatus) => void) | undefined;

  /** Fulfilled when the connection has ended. */
  get closed(): Promise<CloseStatus> {
    this.#closed ??=
      this.status === undefined
        ? new Promise((resolve) => {
            this.#resolve = resolve;
          })
        : Promise.resolve(this.status);
    return this.#closed;
  }

  /** Aborted when the connection has ended. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.status !== undefined) this.#abort();
    }
    return this.#controller.signal;
  }

  /** Only the first end counts. */
  end(status: CloseStatus): void {
    if (this.status !== undefined) return;
    this.status = status;
    this.#resolve?.(status);
    this.#abort();
  }

  #abort(): void {
    this.#controller?.abort(errors.connectionEnded());
  }
}

/** Those who wait for connections to end. */
export class Departures {
  #awaited: { readonly connectionIds: Set<number>; readonly resolve: () => void }[] = [];

  /** Fulfilled when the last of them has gone, and so are `others`. Undefined: there are none. */
  of(ids: Iterable<number>, others: Promise<void> | undefined): Promise<void> | undefined {
    const connectionIds = new Set(ids);
    if (connectionIds.size === 0) return others;
    const gone = new Promise<void>((resolve) => this.#awaited.push({ connectionIds, resolve }));
    return others === undefined ? gone : others.then(() => gone);
  }

  onGone(connectionId: number): void {
    this.#awaited = this.#awaited.filter(({ connectionIds, resolve }) => {
      connectionIds.delete(connectionId);
      if (connectionIds.size === 0) resolve();
      return connectionIds.size > 0;
    });
  }
}
