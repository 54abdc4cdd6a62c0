// SPDX-License-Identifier: MIT
// Upgrades that come on connections which Node's server has, and that nobody else listens to.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** What listens to `upgrade` for a WSServer: known to all copies of this package. */
const OURS = Symbol.for('native-wsserver.upgradeListener');

/** A listener of an http.Server's event `upgrade`. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Who makes WebSockets of upgrades. */
export interface Upgrades {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<unknown>;
}

/** Marks a listener as one that stands back where users have their own. */
export function markOurs(listener: UpgradeListener): UpgradeListener {
  return Object.assign(listener, { [OURS]: true });
}

/** Whether no listener but those of ours is there. */
export function isLeftToUs(server: Server): boolean {
  return server.listeners('upgrade').every((listener) => OURS in listener);
}

/** Whether `listener` is the first of them. */
export function isFirst(server: Server, listener: UpgradeListener): boolean {
  return server.listeners('upgrade')[0] === listener;
}

/** Whether `request` asks for a WebSocket. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  const protocols = (headers.upgrade ?? '').toLowerCase().split(',');
  return protocols.some((protocol) => protocol.trim() === 'websocket');
}

/**
 * Has `server` answer a request as if it asked for no upgrade, which is what a server does that knows
 * no such protocol (RFC 9110 §7.8), and what Node's does where nobody listens to `upgrade`.
 */
export function ignoreUpgrade(
  server: Server,
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  const again = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.unshift(Buffer.concat([again, head]));
  server.emit('connection', socket);
}
