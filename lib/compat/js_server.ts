// SPDX-License-Identifier: MIT
// The JavaScript edition's class, with the names of the older Node.js edition too.

import type { Certificate } from '../certificate.js';
import { connectionProperties, documentedMethods, serverProperties } from '../documented.js';
import type { WSServerError } from '../errors.js';
import type { EventName, Listener } from '../events.js';
import { handled } from '../promises.js';
import { type Data, rejected } from '../sender.js';
import { WSServer as MainServer } from '../wsserver.js';
import { Connections } from './connections.js';
import { setDocumentedDefaults } from './defaults.js';
import {
  type ConnectionId,
  type ConnectionRows,
  connectionOf,
  defineProperties,
  type Getters,
  type ServerRows,
  type Setters,
} from './properties.js';

/** Called in Node's manner when a method is done; the error is null when it has succeeded. */
export type Callback<Result> = (error: WSServerError | null, result?: Result) => void;

/** A method that returns a promise, and calls back if its last argument is a function. */
type Method<Arguments extends unknown[], Result = void> = (
  ...args: [...Arguments, callback?: Callback<Result>]
) => Promise<Result>;

type Key = [connectionId: ConnectionId];

/** The documented methods. They act at once, and fail as those of the main face do. */
interface Methods {
  changeLineMode: Method<[...Key, lineMode: boolean]>;
  /** Sets at once, whether or not the promise is awaited. */
  config: Method<[configurationString: string], string>;
  disconnect: Method<Key>;
  doEvents: Method<[]>;
  interrupt: Method<Key>;
  /** With the round trip in milliseconds. */
  ping: Method<Key, number>;
  send: Method<[...Key, data: Data]>;
  sendBytes: Method<[...Key, data: Data]>;
  sendFile: Method<[...Key, fileName: string]>;
  sendText: Method<[...Key, text: Data]>;
  shutdown: Method<[]>;
  startListening: Method<[]>;
  stopListening: Method<[]>;
}

type Listen<Server> = <Name extends EventName>(name: Name, listener: Listener<Name>) => Server;

/** Those methods of an EventEmitter that return it. */
interface Listening {
  on: Listen<this>;
  once: Listen<this>;
  off: Listen<this>;
  addListener: Listen<this>;
  removeListener: Listen<this>;
  prependListener: Listen<this>;
  prependOnceListener: Listen<this>;
  removeAllListeners(name?: EventName): this;
  setMaxListeners(count: number): this;
}

/**
 * A server with the names of the JavaScript edition and its defaults: methods return promises and
 * take a callback besides, properties are pairs of methods that throw when they fail, and events
 * have listeners. It is the main face's class besides, but for {@link Methods}.
 */
export interface wsserver
  extends Omit<MainServer, keyof Methods | keyof Listening>,
    Methods,
    Listening,
    Getters<'get', ServerRows>,
    Setters<'set', ServerRows, void>,
    Getters<'getWSConnection', ConnectionRows, Key>,
    Setters<'setWSConnection', ConnectionRows, void, Key> {
  /** The connected clients. */
  getConnections(): Connections;
  /** The certificate that is served; undefined: without TLS. */
  getSSLCert(): Certificate | undefined;
  setSSLCert(certificate: Certificate): void;
}

class JavaScriptServer extends MainServer {
  readonly #connections = new Connections(this);

  constructor() {
    super();
    setDocumentedDefaults(this);
  }

  getConnections(): Connections {
    return this.#connections;
  }

  getSSLCert(): Certificate | undefined {
    return this.security.certificates[0];
  }

  setSSLCert(certificate: Certificate): void {
    this.certificate = certificate;
  }
}

const accessors = {
  read: (_server: MainServer, _type: unknown, read: () => unknown) => read(),
  write: (_server: MainServer, write: () => void) => write(),
};
defineProperties<MainServer>(JavaScriptServer.prototype, serverProperties, {
  ...accessors,
  get: 'get',
  set: 'set',
  keys: 0,
  owner: (server) => server,
});
defineProperties<MainServer>(JavaScriptServer.prototype, connectionProperties, {
  ...accessors,
  get: 'getWSConnection',
  set: 'setWSConnection',
  keys: 1,
  owner: (server, key) => connectionOf(server, key as ConnectionId),
});

/** What `act` comes to, as a promise. */
function promiseOf(act: () => unknown): Promise<unknown> {
  try {
    return handled(Promise.resolve(act()));
  } catch (error) {
    return rejected(error);
  }
}

for (const { member } of Object.values(documentedMethods)) {
  const method = MainServer.prototype[member] as (...args: unknown[]) => unknown;
  Object.defineProperty(JavaScriptServer.prototype, member, {
    value(this: MainServer, ...args: unknown[]): Promise<unknown> {
      const callback = typeof args.at(-1) === 'function' ? (args.pop() as Callback<unknown>) : null;
      const promise = promiseOf(() => method.apply(this, args));
      if (callback !== null) promise.then((result) => callback(null, result), callback);
      return promise;
    },
    writable: true,
    configurable: true,
  });
}

export const wsserver = JavaScriptServer as unknown as new () => wsserver;
