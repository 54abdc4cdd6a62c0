// SPDX-License-Identifier: MIT

import { lookup } from 'node:dns';
import { EventEmitter } from 'node:events';
import http from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { throwLater } from '../base/uncaught.js';
import type { WebSocketOpenRequestEvent } from '../events/question_events.js';
import { isGiven } from '../upgrade/adopt_socket.js';
import { Engine } from './engine.js';
import {
  type Answer,
  abort,
  acceptHeaders,
  asCurrent,
  chooseProtocol,
  mistakeIn,
  offeredProtocols,
  refusalOf,
  requireUpgrade,
  verify,
} from './handshake.js';
import { defaults, type ServerOptions } from './options.js';
import { requestOf } from './request.js';
import type { WebSocket } from './socket/web_socket.js';
import { checkPort, systemErrorOf } from './system_error.js';

const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

/** Called with a WebSocket that has been opened. */
export type OnUpgraded = (client: WebSocket, request: http.IncomingMessage) => void;

/** The events, and what their listeners are given. */
export interface ServerEvents {
  listening: [];
  connection: [client: WebSocket, request: http.IncomingMessage];
  /** The lines of the answer, to which others may be added. */
  headers: [lines: string[], request: http.IncomingMessage];
  wsClientError: [error: Error, socket: Duplex, request: http.IncomingMessage];
  error: [error: Error];
  close: [];
}

/** A server with the interface of npm `ws`. */
export class WebSocketServer extends EventEmitter<ServerEvents> {
  readonly options: ServerOptions;
  /** Those that are connected, unless `clientTracking` is false. */
  declare readonly clients: Set<WebSocket>;
  readonly #engine: Engine;
  /** The http.Server whose upgrades are taken. */
  #server: http.Server | undefined;
  /** Answers what is no upgrade when there is a port. */
  #inner: http.Server | undefined;
  #removeListeners: (() => void) | undefined;
  #state = RUNNING;

  /** `callback` is a listener of `listening`, when there is a port. @throws TypeError for options that do not go together */
  constructor(options?: ServerOptions, callback?: () => void) {
    super();
    const all = { ...defaults, ...options };
    const { port, server, noServer } = all;
    const ways = [port !== null && port !== undefined, Boolean(server), Boolean(noServer)];
    if (ways.filter(Boolean).length !== 1) {
      throw new TypeError(
        'One and only one of the "port", "server", or "noServer" options must be specified',
      );
    }
    if (ways[0]) checkPort(port);
    if (all.perMessageDeflate === true) all.perMessageDeflate = {};
    this.options = all;
    if (all.clientTracking) this.clients = new Set();
    this.#engine = new Engine(all, () => this.#closeIfDone());
    if (server) this.#listenTo(server);
    else if (!noServer) this.#listen(callback);
  }

  #listen(callback: (() => void) | undefined): void {
    const engine = this.#engine;
    if (callback !== undefined) this.once('listening', callback);
    const inner = http.createServer(requireUpgrade);
    this.#inner = inner;
    if (this.handleUpgrade !== WebSocketServer.prototype.handleUpgrade) {
      // A class that has its own is to be given every upgrade, so Node accepts the connections.
      const { port, host, backlog } = this.options;
      this.#listenTo(inner);
      inner.listen(port as number, host as string, backlog as number);
      return;
    }
    // What is no upgrade, or is wrong with one, is answered as ws does.
    inner.on('upgrade', this.#onUpgrade);
    engine.httpServer = inner;
    engine.on('WebSocketOpenRequest', (event) => {
      try {
        return this.#onOpenRequest(event);
      } catch (error) {
        // As ws, whose exceptions are the program's; and the client does not wait for ever.
        Object.assign(event, refusalOf({ status: 500 }));
        return throwLater(error);
      }
    });
    const { host } = this.options;
    if (!host || isIP(host) !== 0) process.nextTick(() => this.#start());
    else {
      lookup(host, (error, address) => {
        if (error) this.emit('error', error);
        else {
          engine.localHost = address;
          this.#start();
        }
      });
    }
  }

  #start(): void {
    if (this.#state !== RUNNING) return;
    this.#engine.startListening().then(
      () => this.emit('listening'),
      (error: Error) => this.emit('error', systemErrorOf(error, this.options)),
    );
  }

  /** Takes an upgrade of a server of Node's. */
  readonly #onUpgrade = (request: http.IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.handleUpgrade(request, socket, head, (client) => {
      this.emit('connection', client, request);
    });
  };

  #listenTo(server: http.Server): void {
    const listeners = {
      listening: () => this.emit('listening'),
      error: (error: Error) => this.emit('error', error),
      upgrade: this.#onUpgrade,
    };
    for (const [event, listener] of Object.entries(listeners)) server.on(event, listener);
    this.#server = server;
    this.#removeListeners = () => {
      for (const [event, listener] of Object.entries(listeners))
        server.removeListener(event, listener);
    };
  }

  /**
   * Where it listens; null: it does not.
   * @throws Error in "noServer" mode
   */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('The server is operating in "noServer" mode');
    if (this.#server !== undefined) return this.#server.address();
    if (this.options.server) return null;
    return this.#engine.address();
  }

  /**
   * Takes no more connections; those there are stay. The event `close` comes when the last of them has
   * ended.
   * @param callback - a listener of it, which is given an error when it has been closed before
   */
  close(callback?: (error?: Error) => void): void {
    if (this.#state === CLOSED) {
      if (callback) this.once('close', () => callback(new Error('The server is not running')));
      process.nextTick(() => this.emit('close'));
      return;
    }
    if (callback) this.once('close', callback);
    if (this.#state === CLOSING) return;
    this.#state = CLOSING;
    this.#removeListeners?.();
    this.#server = undefined;
    void this.#engine.stopListening();
    const done = (): void => this.#closeIfDone();
    if (this.#inner === undefined) process.nextTick(done);
    else this.#inner.close(done);
  }

  #closeIfDone(): void {
    // Without a set of clients nobody waits for those of a server of somebody else.
    const isOwn = !this.options.noServer && !this.options.server;
    const waits = this.#engine.size > 0 && (this.options.clientTracking || isOwn);
    if (this.#state !== CLOSING || waits) return;
    this.#state = CLOSED;
    process.nextTick(() => this.emit('close'));
  }

  /** Whether a request is for this server: whether it has the path of the options. */
  shouldHandle(request: http.IncomingMessage): boolean | Promise<boolean> {
    const { path } = this.options;
    if (!path) return true;
    const [pathname] = (request.url as string).split('?', 1);
    return pathname === path;
  }

  /** Makes a WebSocket of an upgrade that a server of Node.js has been asked for. */
  handleUpgrade(
    request: http.IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: OnUpgraded,
  ): void {
    const destroy = (): unknown => socket.destroy();
    socket.on('error', destroy);
    const mistake = mistakeIn(request);
    if (mistake !== undefined) {
      if (this.listenerCount('wsClientError') > 0) {
        this.emit('wsClientError', new Error(mistake.message), socket, request);
      } else {
        abort(socket, mistake);
      }
      return;
    }
    if (!this.shouldHandle(request)) {
      abort(socket, { status: 400 });
      return;
    }
    verify(this.options, request, (refusal) => {
      if (refusal !== undefined) abort(socket, refusal);
      else this.completeUpgrade(request, socket, head, callback, destroy);
    });
  }

  /** Answers an upgrade, and has `callback` called with the WebSocket. @internal */
  completeUpgrade(
    request: http.IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: OnUpgraded,
    onError: () => unknown,
  ): void {
    if (isGiven(socket)) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
      );
    }
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return;
    }
    if (this.#state > RUNNING) {
      abort(socket, { status: 503 });
      return;
    }
    const answer = this.#answer(request);
    const id = this.#engine.adopt(asCurrent(request), socket, head, answer);
    socket.removeListener('error', onError);
    if (id !== 0) this.#open(id, answer, request, callback);
  }

  /** What a request is answered with. */
  #answer(request: http.IncomingMessage): Answer {
    const subProtocol = chooseProtocol(this.options, request);
    if (this.listenerCount('headers') === 0) return { subProtocol, headers: '' };
    const lines = acceptHeaders(request, subProtocol);
    const own = new Set(lines);
    this.emit('headers', lines, request);
    const added = lines.filter((line) => !own.has(line));
    return { subProtocol, headers: added.map((line) => `${line}\r\n`).join('') };
  }

  #open(id: number, answer: Answer, request: http.IncomingMessage, callback: OnUpgraded): void {
    const { WebSocket: Client = defaults.WebSocket } = this.options;
    const client = new Client(null, undefined, this.options);
    this.#engine.adoptSocket(id, client, answer.subProtocol);
    if (this.clients !== undefined) {
      this.clients.add(client);
      client.on('close', () => this.clients.delete(client));
    }
    callback(client, request);
  }

  /** A client of the port asks for a WebSocket. */
  #onOpenRequest(event: WebSocketOpenRequestEvent): void | Promise<void> {
    const { connectionId: id } = event;
    const request = requestOf(event, this.#engine.socketOf(id));
    const refuse = (refusal: Parameters<typeof refusalOf>[0]): void => {
      Object.assign(event, refusalOf(refusal));
    };
    if (!offeredProtocols(request)) {
      refuse({ status: 400, message: 'Invalid Sec-WebSocket-Protocol header' });
      return undefined;
    }
    if (!this.shouldHandle(request)) {
      refuse({ status: 400 });
      return undefined;
    }
    const accept = (): void => {
      if (this.#state > RUNNING) {
        refuse({ status: 503 });
        return;
      }
      const answer = this.#answer(request);
      event.subProtocols = answer.subProtocol;
      event.responseHeaders = answer.headers;
      this.#engine.whenOpen(id, () =>
        this.#open(id, answer, request, (client) => this.emit('connection', client, request)),
      );
    };
    let isDone = false;
    let done = (): void => {};
    verify(this.options, request, (refusal) => {
      if (isDone) return;
      isDone = true;
      try {
        if (refusal !== undefined) refuse(refusal);
        else accept();
      } catch (error) {
        refuse({ status: 500 });
        throw error;
      } finally {
        done();
      }
    });
    if (isDone) return undefined;
    return new Promise((resolve) => {
      done = resolve;
    });
  }
}
