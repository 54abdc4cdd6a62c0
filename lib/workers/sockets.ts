// SPDX-License-Identifier: MIT

import { closeSync } from 'node:fs';
import type { WSServerOptions } from '../server/server_options.js';
import { WSServer } from '../server/wsserver.js';

/** Where to listen, and how: those of the options of a server that say so. */
export type SocketOptions = Pick<
  WSServerOptions,
  'localHost' | 'localPort' | 'connectionBacklog' | 'settings'
>;

/** Opens sockets that listen, for others to accept on. */
class Opener extends WSServer {
  open(): number[] {
    return this.core.openListening();
  }
}

/** Descriptors of sockets that listen, and the port of the first. */
export interface Sockets {
  /** A row for each of those who share the port, with a descriptor for each address. */
  readonly rows: readonly (readonly number[])[];
  readonly port: number;
}

/**
 * Sockets of `count` processes that listen on one port. Each has its own, over which the kernel
 * spreads the clients; only those that are open already (fd:3) are shared. The caller closes them.
 * @throws {@link WSServerError} as startListening()
 */
export function openSockets(options: SocketOptions, count: number): Sockets {
  // Another program that shares its port would get a part of our clients, and we of its own, unless
  // the settings say that this is wanted.
  const tried = options.localPort === undefined ? [] : new Opener(options).open();
  for (const descriptor of tried) closeSync(descriptor);
  const settings = { ...options.settings, BindExclusively: false };
  const opener = new Opener({ ...options, settings });
  const rows = [opener.open()];
  while (rows.length < count) rows.push(opener.open());
  return { rows, port: opener.localPort };
}
