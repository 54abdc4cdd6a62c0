// SPDX-License-Identifier: MIT

import { toId } from '../base/connection_id.js';
import { errors } from '../base/errors.js';
import { propertyIndex, propertyIndices } from '../boundary/property_index.js';
import type { CloseStatus } from '../events/events.js';
import type { Intake } from '../receiving/intake.js';
import { type ConnectionOwner, WSConnection } from './connection.js';
import { Ending, NEVER_OPENED } from './ending.js';

const CONNECTED = propertyIndex('Connected');

/** A connection's object, and the part of it that is the server's. */
interface Made {
  readonly connection: WSConnection;
  readonly ending: Ending;
}

/**
 * The connections of a server by their id: what a read-only Map has. A view: it always shows those
 * that are there now.
 */
export class ConnectionMap implements Iterable<[number, WSConnection]> {
  readonly #owner: ConnectionOwner;
  readonly #made = new Map<number, Made>();
  /** Those that have ended in this batch: the core still knows them, but no object is made. */
  readonly #ended = new Set<number>();

  constructor(owner: ConnectionOwner) {
    this.#owner = owner;
  }

  /** How many connections are between their Connected and their Disconnected. */
  get size(): number {
    return this.#owner.core.state().connections;
  }

  /** The connection, also before it is open; undefined when there is none. Always the same object. */
  get(connectionId: number | string): WSConnection | undefined {
    const id = toId(connectionId);
    const made = this.#made.get(id);
    if (made !== undefined) return made.connection;
    if (this.#ended.has(id)) return undefined;
    try {
      this.#owner.core.getProperty(id, CONNECTED);
    } catch {
      return undefined;
    }
    const ending = new Ending();
    const connection = new WSConnection(this.#owner, id, ending);
    this.#made.set(id, { connection, ending });
    return connection;
  }

  /**
   * The connection, as {@link get} has it.
   * @throws {@link WSServerError} 126 when there is none
   * @internal
   */
  require(connectionId: number | string): WSConnection {
    const connection = this.get(connectionId);
    if (connection !== undefined) return connection;
    throw errors.notConnected(toId(connectionId));
  }

  has(connectionId: number | string): boolean {
    return this.get(connectionId) !== undefined;
  }

  *keys(): IterableIterator<number> {
    yield* this.#owner.core.connectedIds();
  }

  *values(): IterableIterator<WSConnection> {
    for (const [, connection] of this) yield connection;
  }

  entries(): IterableIterator<[number, WSConnection]> {
    return this[Symbol.iterator]();
  }

  *[Symbol.iterator](): IterableIterator<[number, WSConnection]> {
    for (const id of this.#owner.core.connectedIds()) {
      const connection = this.get(id);
      if (connection !== undefined) yield [id, connection];
    }
  }

  forEach(
    visit: (connection: WSConnection, connectionId: number, map: ConnectionMap) => void,
  ): void {
    for (const [id, connection] of this) visit(connection, id, this);
  }

  /** @internal */
  isOpen(connectionId: number): boolean {
    return this.get(connectionId)?.connected === true;
  }

  /**
   * The connection's object, if it has been asked for before.
   * @internal
   */
  made(connectionId: number | string): WSConnection | undefined {
    return this.#made.get(toId(connectionId))?.connection;
  }

  /**
   * What a connection's presence is, as JSON.
   * @internal
   */
  presenceOf(connectionId: number): string | undefined {
    return this.#made.get(connectionId)?.connection.presenceJson;
  }

  /**
   * A connection has ended: tells those who wait for it.
   * @internal
   */
  end(connectionId: number, status: CloseStatus): void {
    this.#made.get(connectionId)?.ending.end(status);
  }

  /**
   * Keeps the properties of a connection that has ended until it is forgotten.
   * @internal
   */
  preserve(connectionId: number): void {
    this.get(connectionId);
    const made = this.#made.get(connectionId);
    if (made === undefined) return;
    made.ending.properties = propertyIndices.map((index) =>
      this.#owner.core.getProperty(connectionId, index),
    );
  }

  /**
   * The core has let go of those that have ended.
   * @internal
   */
  releaseEnded(): void {
    if (this.#ended.size > 0) this.#ended.clear();
  }

  /**
   * Lets go of the object of a connection that has ended; whoever has it can read what is left.
   * @internal
   */
  forget(connectionId: number, intake: Intake | undefined): void {
    this.#ended.add(connectionId);
    const made = this.#made.get(connectionId);
    if (made === undefined) return;
    this.#made.delete(connectionId);
    made.ending.end(NEVER_OPENED);
    made.ending.properties = undefined;
    made.ending.intake = intake;
  }
}
