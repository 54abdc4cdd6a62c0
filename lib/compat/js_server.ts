// SPDX-License-Identifier: MIT
// The JavaScript edition's class, with the names of the older Node.js edition too.

import type { EventName, Listener } from '../events/events.js';
import type { Data } from '../sending/sender.js';
import { WSServer as MainServer } from '../server/wsserver.js';
import { type Callback, type CallsBack, callBack, orCallBack } from './callbacks.js';
import { Certificate } from './certificate.js';
import { Connections } from './connections.js';
import { setDocumentedDefaults } from './defaults.js';
import { connectionProperties, documentedMethods, serverProperties } from './documented.js';
import { type ProductRows, productOf, productProperties, productVersion } from './product.js';
import {
  type ConnectionId,
  type ConnectionRows,
  defineProperties,
  type Getters,
  type ServerRows,
  type Setters,
} from './properties.js';

/** A method that returns a promise, and calls back if its last argument is a function. */
type Method<Arguments extends unknown[], Result = void> = (
  ...args: [...Arguments, callback?: Callback<Result>]
) => Promise<Result>;

type Key = [connectionId: ConnectionId];

/**
 * The documented methods, and those that are known besides. They act at once, and fail as those of
 * the main face do.
 */
interface Methods {
  changeLineMode: Method<[...Key, lineMode: boolean]>;
  /** Sets at once, whether or not the promise is awaited. */
  config: Method<[configurationString: string], string>;
  disconnect: Method<Key>;
  /** The same as {@link shutdown}. */
  dispose: Method<[]>;
  doEvents: Method<[]>;
  interrupt: Method<Key>;
  pauseData: Method<Key>;
  /** With the round trip in milliseconds. */
  ping: Method<Key, number>;
  processData: Method<Key>;
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

/** The properties that are objects. */
interface Objects {
  /** The connected clients. */
  getConnections(): Connections;
  /** The certificate that is served; undefined: without TLS. */
  getSSLCert(): Certificate | undefined;
  setSSLCert(certificate: Certificate): void;
}

/**
 * A server with the names of the JavaScript edition and its defaults: methods return promises and
 * take a callback besides, properties are pairs of methods that throw when they fail (and return
 * nothing where a callback is given), and events have listeners. It is the main face's class
 * besides, but for {@link Methods}.
 */
export interface wsserver
  extends Omit<MainServer, keyof Methods | keyof Listening>,
    Methods,
    Listening,
    CallsBack<Objects>,
    CallsBack<Getters<'get', ServerRows & ProductRows>>,
    CallsBack<Setters<'set', ServerRows & ProductRows, void>>,
    CallsBack<Getters<'getWSConnection', ConnectionRows, Key>>,
    CallsBack<Setters<'setWSConnection', ConnectionRows, void, Key>> {
  /** The version of this package. */
  readonly VERSION: string;
}

class JavaScriptServer extends MainServer {
  readonly #connections = new Connections(this);

  constructor() {
    super();
    setDocumentedDefaults(this);
  }

  getConnections(callback?: unknown): unknown {
    return orCallBack(callback, () => this.#connections);
  }

  get VERSION(): string {
    return productVersion();
  }

  getSSLCert(callback?: unknown): unknown {
    const [certificate] = this.security.certificates;
    const isNamed = certificate === undefined || certificate instanceof Certificate;
    return orCallBack(callback, () => (isNamed ? certificate : new Certificate(certificate)));
  }

  setSSLCert(certificate: Certificate, callback?: unknown): void {
    orCallBack(callback, () => {
      this.certificate = certificate;
    });
  }
}

const accessors = {
  read: (_server: MainServer, _type: unknown, read: () => unknown, callback: unknown) =>
    orCallBack(callback, read),
  write: (_server: MainServer, write: () => unknown, callback: unknown) =>
    orCallBack(callback, write),
};
const ofServer = { ...accessors, get: 'get', set: 'set', keys: 0 } as const;
defineProperties<MainServer>(JavaScriptServer.prototype, serverProperties, {
  ...ofServer,
  owner: (server) => server,
});
defineProperties<MainServer>(JavaScriptServer.prototype, productProperties, {
  ...ofServer,
  owner: productOf,
});
defineProperties<MainServer>(JavaScriptServer.prototype, connectionProperties, {
  ...accessors,
  get: 'getWSConnection',
  set: 'setWSConnection',
  keys: 1,
  owner: (server, key) => server.connections.require(key as ConnectionId),
});

function defineMethod(name: keyof Methods, member: keyof MainServer): void {
  const method = MainServer.prototype[member] as (...args: unknown[]) => unknown;
  Object.defineProperty(JavaScriptServer.prototype, name, {
    value(this: MainServer, ...args: unknown[]): Promise<unknown> {
      const callback = typeof args.at(-1) === 'function' ? args.pop() : undefined;
      return callBack(callback, () => method.apply(this, args));
    },
    writable: true,
    configurable: true,
  });
}

for (const { member } of Object.values(documentedMethods)) defineMethod(member, member);
defineMethod('pauseData', 'pauseData');
defineMethod('processData', 'processData');
defineMethod('dispose', 'shutdown');

export const wsserver = JavaScriptServer as unknown as new () => wsserver;
