// SPDX-License-Identifier: MIT
// The socket of an upgrade, given to the core: by its descriptor, or, if it has none, by a bridge.

import fs from 'node:fs';
import type { IncomingMessage } from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { ErrorCode, WSServerError } from '../base/errors.js';
import type { NativeServer } from '../boundary/native.js';

/** What a request is accepted with, by whoever has decided that already. */
export interface Acceptance {
  /** One of those offered; empty: none. */
  readonly subProtocol: string;
  /** Lines to add, each with its CR LF. */
  readonly headers: string;
}

/** What net.Socket has beside what is documented. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null;
}

/** Sockets that the core has, by whichever server. */
const adopted = new WeakSet<object>();

/** Whether it has been given to the core before. */
export function isAdopted(socket: object): boolean {
  return adopted.has(socket);
}

/** The descriptor of a plain connection; undefined: there is none that could be taken. */
function descriptorOf(socket: Duplex): number | undefined {
  if (!(socket instanceof net.Socket) || socket instanceof TLSSocket) return undefined;
  const fd = (socket as WithHandle)._handle?.fd;
  return fd !== undefined && fd >= 0 ? fd : undefined;
}

/** The bytes of a request's head, and what came behind. */
function headOf(
  { method, url, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Buffer {
  const lines = [`${method} ${url} HTTP/1.1\r\n`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`);
  }
  const rest: Buffer = socket.read() ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from(`${lines.join('')}\r\n`, 'latin1'), head, rest]);
}

/** Copies what comes from one to the other, both ways; the end of either is that of the other. */
function bridge(socket: Duplex, fd: number): void {
  const far = new net.Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  for (const [from, to] of [
    [socket, far],
    [far, socket],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  }
}

/**
 * Gives the socket of an upgrade to the core, and returns the id of its connection, which may have
 * been refused. REQUIRES isReady(). The socket is not to be used any more: its event `close` comes,
 * though the connection goes on.
 * @throws {@link WSServerError} 10022 for what is no socket, or has been given before; 10024 beyond
 * a limit
 */
export function adoptSocket(
  core: NativeServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  acceptance?: Acceptance,
): number {
  const { subProtocol, headers } = acceptance ?? {};
  const fd = descriptorOf(socket);
  const bytes = headOf(request, socket, head);
  if (fd !== undefined) {
    const id = core.adopt(fd, '', 0, bytes, subProtocol, headers);
    adopted.add(socket);
    keepAddresses(socket as net.Socket);
    socket.destroy();
    return id;
  }
  const [near, far] = core.openPair();
  if (near < 0)
    throw new WSServerError(ErrorCode.tooManyOpenFiles, 'Raise the limit of descriptors.');
  adopted.add(socket);
  try {
    const { remoteAddress = '', remotePort = 0 } = socket as net.Socket;
    const id = core.adopt(near, remoteAddress, remotePort, bytes, subProtocol, headers);
    bridge(socket, far);
    return id;
  } catch (error) {
    fs.closeSync(far);
    throw error;
  } finally {
    fs.closeSync(near);
  }
}

/** Has a socket that is about to be closed remember its addresses, as users read them later. */
function keepAddresses(socket: net.Socket): void {
  const { remoteAddress, remotePort, remoteFamily, localAddress, localPort, localFamily } = socket;
  const kept = { remoteAddress, remotePort, remoteFamily, localAddress, localPort, localFamily };
  for (const [name, value] of Object.entries(kept)) {
    Object.defineProperty(socket, name, { value, configurable: true });
  }
}

/**
 * Calls `then` when all that Node.js has been given to send to the socket is with the system: at
 * once, as a rule.
 */
export function whenFlushed(socket: Duplex, then: () => void): void {
  if (socket.writableLength === 0) {
    then();
    return;
  }
  socket.write('', () => whenFlushed(socket, then));
}

/** Whether it is a stream that both sides still have open. */
export function isUsable(socket: unknown): socket is Duplex {
  const { readable, writable, destroyed } = (socket ?? {}) as Partial<Duplex>;
  return readable === true && writable === true && destroyed === false;
}
