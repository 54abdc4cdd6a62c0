// SPDX-License-Identifier: MIT
// A stream that has no descriptor of its own, such as TLS of Node's: its bytes are copied to the
// core and back through a pair of sockets, with backpressure both ways.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Milliseconds that a client has to close its side, when the core has closed ours. */
const LINGER_MS = 30_000;

/** Joins `stream` with `fd`, the other end of the core's. The end of either is that of both. */
export function join(stream: Duplex, fd: number): void {
  const pair = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  let lingering: NodeJS.Timeout | undefined;
  const destroy = (): void => {
    clearTimeout(lingering);
    pair.destroy();
    stream.destroy();
  };
  // Errors of either are the client's: the core sees that the connection has ended.
  stream.on('error', destroy);
  stream.once('close', destroy);
  pair.on('error', destroy);
  pair.once('close', destroy);
  pair.once('end', () => {
    lingering = setTimeout(destroy, LINGER_MS).unref();
  });
  // Each end() passes on what has ended.
  stream.pipe(pair);
  pair.pipe(stream);
}
