// SPDX-License-Identifier: MIT

import { setTimeout as sleep } from 'node:timers/promises';
import type * as Client from '@nats-io/transport-node';
import type { ConnectionOptions, NatsConnection, Status } from '@nats-io/transport-node';
import { errors, type WSServerError } from '../base/errors.js';
import { handled } from '../base/promises.js';
import { troubleOf } from './troubles.js';

/** Tries again after so long, and up to as much more, in ms. */
const RETRY_MS = 500;
/** What is on its way is waited for so long when the bus is closed, in ms. */
const CLOSE_MS = 2000;

/** Who is told how the connection does. */
interface Listeners {
  /** It is there. `isNew`: this object has no subscriptions yet. */
  onConnected(connection: NatsConnection, isNew: boolean): void;
  /** It has gone, and comes back by itself. */
  onAway(): void;
  /** Something is not as it should be; the same is told once until the connection is made again. */
  onTrouble(trouble: WSServerError): void;
  /** NATS did not take a message. */
  onRefused(): void;
}

/** A connection to NATS that is made again for as long as it is not closed. */
export class KeptConnection {
  /** Fulfilled when it is there for the first time; rejected when it could not be made at once. */
  readonly first: Promise<void>;
  readonly #client: typeof Client;
  readonly #options: ConnectionOptions;
  readonly #where: string;
  readonly #listeners: Listeners;
  readonly #closing = new AbortController();
  #connection: NatsConnection | undefined;
  #connected = false;
  #lastTrouble = '';

  /** `where`: the hosts and ports, for messages. */
  constructor(
    client: typeof Client,
    options: ConnectionOptions,
    where: string,
    listeners: Listeners,
  ) {
    this.#client = client;
    this.#options = options;
    this.#where = where;
    this.#listeners = listeners;
    this.first = handled(
      new Promise((resolve, reject) => void this.#run(resolve, reject).catch(reject)),
    );
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** That of the client, which makes it again itself; undefined before it was there. */
  get connection(): NatsConnection | undefined {
    return this.#connection;
  }

  /** Host and port of the server that it is, or was, connected to. */
  get server(): string {
    return this.#connection?.getServer() ?? '';
  }

  /** Ends it, when what has been sent is on its way. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    const connection = this.#connection;
    if (connection === undefined) return;
    const sent = this.#connected ? connection.flush() : Promise.resolve();
    const timer = sleep(CLOSE_MS, undefined, { ref: false });
    void Promise.race([sent, timer])
      .catch(() => {})
      .then(() => connection.close());
  }

  async #run(resolve: () => void, reject: (trouble: WSServerError) => void): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        const connection = await this.#client.connect({ ...this.#options });
        if (this.#closing.signal.aborted) {
          await connection.close();
          break;
        }
        this.#connection = connection;
        this.#onConnected(connection, true);
        resolve();
        for await (const status of connection.status()) this.#take(connection, status);
        // Its client has given up, or it is closed.
        this.#onAway();
      } catch (error) {
        const trouble = troubleOf(this.#client, error, this.#where);
        reject(trouble);
        this.#tell(trouble);
      }
      const { signal } = this.#closing;
      await sleep(RETRY_MS * (1 + Math.random()), undefined, { signal }).catch(() => {});
    }
    reject(errors.connectionReset('The bus has been closed before it was connected.'));
  }

  #take(connection: NatsConnection, status: Status): void {
    if (status.type === 'disconnect') this.#onAway();
    else if (status.type === 'reconnect') this.#onConnected(connection, false);
    else if (status.type === 'error') this.#onError(status.error);
  }

  #onConnected(connection: NatsConnection, isNew: boolean): void {
    this.#connected = true;
    this.#lastTrouble = '';
    this.#listeners.onConnected(connection, isNew);
  }

  #onAway(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#listeners.onAway();
    if (this.#closing.signal.aborted) return;
    this.#tell(errors.connectionReset(`NATS at ${this.server} has gone. It is tried again.`));
  }

  #onError(error: Error): void {
    const { PermissionViolationError } = this.#client;
    if (error instanceof PermissionViolationError && error.operation === 'publish') {
      this.#listeners.onRefused();
    }
    this.#tell(troubleOf(this.#client, error, this.#where));
  }

  #tell(trouble: WSServerError): void {
    if (trouble.message === this.#lastTrouble) return;
    this.#lastTrouble = trouble.message;
    this.#listeners.onTrouble(trouble);
  }
}
