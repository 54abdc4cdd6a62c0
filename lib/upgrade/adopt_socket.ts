// SPDX-License-Identifier: MIT

import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { isUint8Array } from 'node:util/types';
import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import type { NativeServer, OpenAnswer } from '../boundary/native.js';
import { join } from './bridge.js';
import { headOf, type UpgradeRequest } from './request_head.js';

/** What Node's own sockets have, and does not document. */
interface Handle {
  readonly fd: number;
}

/** The sockets that have been given away. */
const given = new WeakSet<object>();

/** Whether a socket has been given away. */
export function isGiven(socket: object): boolean {
  return given.has(socket);
}

/** The descriptor of a plain socket; undefined: it has none that can be taken from Node. */
function descriptorOf(socket: Duplex): number | undefined {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return undefined;
  const { fd } = (socket as Socket & { _handle?: Handle | null })._handle ?? { fd: -1 };
  // What Node has yet to write must go before what the core writes.
  return fd >= 0 && socket.writableLength === 0 ? fd : undefined;
}

/**
 * Fails unless `socket` is one that can be given away.
 * @throws WSServerError 10022 for what is no socket, or has been given away; 10053 for one that has
 * ended
 */
export function checkSocket(socket: unknown): asserts socket is Duplex {
  if (!(socket instanceof Duplex)) {
    throw errors.invalidArgument('The socket is to be the stream of the event "upgrade".');
  }
  if (given.has(socket)) {
    throw errors.invalidArgument(
      'handleUpgrade was called more than once with the same socket: see that one listener of ' +
        '"upgrade" takes it.',
    );
  }
  if (socket.destroyed || socket.readableEnded || !socket.writable || !socket.readable) {
    throw new WSServerError(
      ErrorCode.connectionAborted,
      'The client has gone, or its socket has been ended, before the upgrade was handled.',
    );
  }
}

/** What lies in a stream's own buffer, which nobody has read. */
function unreadOf(socket: Duplex): Buffer {
  const chunks: Buffer[] = [];
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
    const encoding = socket.readableEncoding ?? 'utf8';
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
  }
  return Buffer.concat(chunks);
}

/** Has nobody else read from `socket`, nor end it, from now on. */
function take(socket: Duplex): void {
  given.add(socket);
  while (socket.writableCorked > 0) socket.uncork();
  if (socket instanceof Socket) socket.setTimeout(0);
  socket.removeAllListeners('data');
  socket.removeAllListeners('readable');
  socket.removeAllListeners('end');
  socket.unpipe();
  socket.pause();
}

/**
 * Gives the core a socket of which a server of Node's has read `request` and `head` behind it. A
 * plain one is let go, and is closed for Node then; what goes through any other stream is copied
 * there and back. With an `answer` the id is that of an open connection; without one it is asked
 * for. 0: it has been refused, and the answer to that is on its way.
 * @throws WSServerError as {@link checkSocket} and {@link headOf} do, and 10024 when the process may
 * have no more descriptors; the socket is as it was then
 */
export function adoptSocket(
  core: NativeServer,
  request: UpgradeRequest,
  socket: unknown,
  head: unknown,
  answer?: OpenAnswer,
): number {
  checkSocket(socket);
  if (!isUint8Array(head)) {
    throw errors.invalidArgument('The head is to be the Buffer of the event "upgrade".');
  }
  headOf(request, head);
  take(socket);
  const unread = unreadOf(socket);
  try {
    const bytes = headOf(request, unread.length === 0 ? head : Buffer.concat([head, unread]));
    const fd = descriptorOf(socket);
    if (fd === undefined) return bridge(core, socket, bytes, answer);
    const id = core.adopt(fd, bytes, answer);
    // Node's descriptor is closed, not the connection: the core has another.
    socket.destroy();
    return id;
  } catch (error) {
    given.delete(socket);
    if (unread.length > 0) socket.unshift(unread);
    throw error;
  }
}

function bridge(core: NativeServer, socket: Duplex, bytes: Buffer, answer?: OpenAnswer): number {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket as Socket;
  const [id, fd] = core.bridge(
    [`${remoteAddress}`, Number(remotePort)],
    [`${localAddress}`, Number(localPort)],
    bytes,
    answer,
  );
  join(socket, fd);
  return id;
}
