// SPDX-License-Identifier: MIT

import { EventEmitter } from 'node:events';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocketOpenRequestEvent } from '../events/question_events.js';
import { isAdopted } from '../upgrade/adopt_socket.js';
import { Engine } from './engine.js';
import {
  type Answer,
  abort,
  acceptHeaders,
  chooseProtocol,
  mistakeIn,
  offeredProtocols,
  refusalOf,
  verify,
} from './handshake.js';
import { defaults, type ServerOptions } from './options.js';
import { requestOf } from './request.js';
import { systemErrorOf } from './system_error.js';
import type { WebSocket } from './web_socket.js';

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
    engine.on('WebSocketOpenRequest', (event) => this.#onOpenRequest(event));
    process.nextTick(() => {
      if (this.#state !== RUNNING) return;
      engine.startListening().then(
        () => this.emit('listening'),
        (error: Error) => this.emit('error', systemErrorOf(error, this.options)),
      );
    });
  }

  #listenTo(server: http.Server): void {
    const listeners = {
      listening: () => this.emit('listening'),
      error: (error: Error) => this.emit('error', error),
      upgrade: (request: http.IncomingMessage, socket: Duplex, head: Buffer) =>
        this.handleUpgrade(request, socket, head, (client) => {
          this.emit('connection', client, request);
        }),
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
    if (this.options.server) return this.#server?.address() ?? null;
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
    process.nextTick(() => this.#closeIfDone());
  }

  #closeIfDone(): void {
    const waits = this.#engine.size > 0 && (this.options.clientTracking || !this.options.noServer);
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
    const destroy = (): void => {
      socket.destroy();
    };
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
    onError: () => void,
  ): void {
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return;
    }
    if (isAdopted(socket)) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
      );
    }
    if (this.#state > RUNNING) {
      abort(socket, { status: 503 });
      return;
    }
    const answer = this.#answer(request);
    socket.removeListener('error', onError);
    const id = this.#engine.adopt(request, socket, head, answer);
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
      if (refusal !== undefined) refuse(refusal);
      else accept();
      done();
    });
    if (isDone) return undefined;
    return new Promise((resolve) => {
      done = resolve;
    });
  }
}
