// SPDX-License-Identifier: MIT

import fs from 'node:fs';
import { Server } from 'node:http';
import { Socket, type TcpNetConnectOpts } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import { handled } from '../base/promises.js';
import { shown } from '../base/shown.js';
import { throwLater } from '../base/uncaught.js';
import type { NativeServer } from '../boundary/native.js';
import type { HandedOver } from '../events/handed_over.js';
import {
  asksForWebSocket,
  ignoreUpgrade,
  isFirst,
  isLeftToUs,
  markOurs,
  type UpgradeListener,
  type Upgrades,
} from './other_upgrades.js';
import { showSecure } from './secure_socket.js';

/** While connections are to end, how often the idle ones among them are closed. */
const END_EVERY_MS = 50;

/** Which HandOver a socket has come from. */
const owners = new WeakMap<object, HandOver>();

/** Fails unless `server` is one that plain connections can be given. */
function check(server: unknown): asserts server is Server {
  if (server instanceof Server) return;
  throw errors.invalidArgument(
    server instanceof TlsServer
      ? 'httpServer is to be of node:http, not of node:https: this server speaks TLS itself. Give ' +
          'http.createServer(), and the certificate to this server.'
      : 'httpServer is what http.createServer() of node:http returns, or undefined for none.',
  );
}

/**
 * Node's own server starts to look for timeouts, and to know which connections are idle, when it
 * listens. Ours need not listen, and its users are not to be told that it does.
 */
function trackConnections(server: Server): void {
  for (const listener of server.listeners('listening')) {
    if (listener.name === 'setupConnectionsTracking') listener.call(server);
  }
}

/** Gives connections whose requests are no WebSocket upgrades to an http.Server. */
export class HandOver {
  readonly #core: NativeServer;
  readonly #upgrades: Upgrades;
  readonly #onUpgrade: UpgradeListener;
  /** Those that have been handed over and are not closed. */
  readonly #sockets = new Map<Socket, Server>();
  #server: Server | undefined;

  /** `upgrades` is given those to WebSocket that come on a connection which has been handed over. */
  constructor(core: NativeServer, upgrades: Upgrades) {
    this.#core = core;
    this.#upgrades = upgrades;
    this.#onUpgrade = markOurs((request, socket, head) => this.#take(request, socket, head));
  }

  /** Whom they are given to; undefined: they are refused. */
  get server(): Server | undefined {
    return this.#server;
  }

  set server(server: Server | null | undefined) {
    const next = server ?? undefined;
    if (next !== undefined) check(next);
    if (next === this.#server) return;
    this.#server?.removeListener('upgrade', this.#onUpgrade);
    this.#server = next;
    this.#core.setHandsOver(next !== undefined);
    if (next === undefined) return;
    next.on('upgrade', this.#onUpgrade);
    if (!next.listening) trackConnections(next);
  }

  /** Takes over what the core hands over: a descriptor, and what goes with it. */
  take(fd: number, given: HandedOver): void {
    const server = this.#server;
    this.#core.take(fd);
    if (server === undefined) {
      fs.closeSync(fd);
      return;
    }
    const socket = this.#open(fd);
    if (socket === undefined) return;
    if (given.protocol !== '') showSecure(socket, given);
    else socket.unshift(Buffer.from(given.bytes, 'latin1'));
    this.#sockets.set(socket, server);
    owners.set(socket, this);
    socket.once('close', () => this.#sockets.delete(socket));
    try {
      this.#give(socket, server);
    } catch (error) {
      socket.destroy();
      throwLater(error);
    }
  }

  /**
   * Ends those that have been handed over: idle ones at once, the others when their requests have
   * been answered, and whoever is left after CloseTimeout. Undefined: there are none.
   */
  end(): Promise<void> | undefined {
    if (this.#sockets.size === 0) return undefined;
    const seconds = Number(this.#core.get('CloseTimeout'));
    const endsAt = performance.now() + seconds * 1000;
    return new Promise((resolve) => {
      const endMore = (): void => {
        if (this.#sockets.size === 0) {
          clearInterval(timer);
          resolve();
        } else if (performance.now() >= endsAt) {
          for (const socket of this.#sockets.keys()) socket.destroy();
        } else {
          for (const server of new Set(this.#sockets.values())) server.closeIdleConnections();
        }
      };
      const timer = setInterval(endMore, END_EVERY_MS);
      endMore();
    });
  }

  /** A socket of Node's for `fd`; undefined: there cannot be one, which Error tells. */
  #open(fd: number): Socket | undefined {
    try {
      return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    } catch (error) {
      fs.closeSync(fd);
      const { code, message } = new WSServerError(ErrorCode.connectionAborted, shown(error));
      this.#core.reportError(0, code, message);
      return undefined;
    }
  }

  #give(socket: Socket, server: Server): void {
    const { maxConnections } = server;
    if (maxConnections > 0 && this.#sockets.size > maxConnections) {
      const { localAddress, localPort, localFamily } = socket;
      const { remoteAddress, remotePort, remoteFamily } = socket;
      const local = { localAddress, localPort, localFamily };
      socket.destroy();
      server.emit('drop', { ...local, remoteAddress, remotePort, remoteFamily });
      return;
    }
    // As Node sets them for what it accepts itself.
    const { noDelay, keepAlive, keepAliveInitialDelay } = server as Server & TcpNetConnectOpts;
    socket.setNoDelay(noDelay);
    if (keepAlive) socket.setKeepAlive(true, keepAliveInitialDelay);
    server.emit('connection', socket);
  }

  #take(...[request, socket, head]: Parameters<UpgradeListener>): void {
    const server = this.#server;
    if (server === undefined || !isLeftToUs(server)) return;
    const owner = owners.get(socket);
    const isMine = owner === undefined ? isFirst(server, this.#onUpgrade) : owner === this;
    if (!isMine) return;
    if (asksForWebSocket(request)) {
      // Whoever is refused has been answered.
      void handled(this.#upgrades.handleUpgrade(request, socket, head));
    } else {
      ignoreUpgrade(server, request, socket, head);
    }
  }
}
