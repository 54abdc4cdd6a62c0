// SPDX-License-Identifier: MIT

import type { WSConnection } from '../server/connection.js';
import type { WSServer } from '../server/wsserver.js';
import { type CallsBack, orCallBack } from './callbacks.js';
import { connectionProperties } from './documented.js';
import {
  type ConnectionId,
  type ConnectionRows,
  defineProperties,
  type Getters,
  type Setters,
} from './properties.js';

/** A client, with the names of the JavaScript edition. */
export interface Connection
  extends CallsBack<Getters<'get', ConnectionRows>>,
    CallsBack<Setters<'set', ConnectionRows, void>> {}

class Item {
  readonly #connection: WSConnection;

  constructor(connection: WSConnection) {
    this.#connection = connection;
  }

  static connectionOf(item: Item): WSConnection {
    return item.#connection;
  }
}

defineProperties<Item>(Item.prototype, connectionProperties, {
  get: 'get',
  set: 'set',
  keys: 0,
  owner: Item.connectionOf,
  read: (_item, _type, read, callback) => orCallBack(callback, read),
  write: (_item, write, callback) => orCallBack(callback, write),
});

/** The connections of a server, as the JavaScript edition has them: by their ids. */
export class Connections implements Iterable<Connection> {
  readonly #server: WSServer;

  constructor(server: WSServer) {
    this.#server = server;
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#server.connections.size;
  }

  /** @throws {@link WSServerError} 126 when there is no such connection */
  item(connectionId: ConnectionId): Connection {
    return new Item(this.#server.connections.require(connectionId)) as unknown as Connection;
  }

  /** The ids of the connected clients. */
  keys(): IterableIterator<number> {
    return this.#server.connections.keys();
  }

  *[Symbol.iterator](): IterableIterator<Connection> {
    for (const connectionId of this.keys()) yield this.item(connectionId);
  }
}
