// SPDX-License-Identifier: MIT
// The request of a connection that this package has accepted itself, as node:http would have it.

import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { NativeServer } from '../boundary/native.js';
import { propertyIndex } from '../boundary/property_index.js';
import type { PropertyIndex, Value } from '../boundary/property_types.js';
import type { WebSocketOpenRequestEvent } from '../events/question_events.js';

/** What IncomingMessage has beside what is documented: it takes header lines in pairs. */
interface HeaderTaker {
  _addHeaderLines(lines: readonly string[], count: number): void;
}

const CONNECTED = propertyIndex('Connected');
const LOCAL_ADDRESS = propertyIndex('LocalAddress');
const REMOTE_HOST = propertyIndex('RemoteHost');
const REMOTE_PORT = propertyIndex('RemotePort');

/** What stands for a socket: its addresses, as long as it is connected. */
export class ConnectionSocket extends EventEmitter {
  readonly #core: NativeServer;
  readonly #id: number;
  readonly encrypted = false;
  readonly readable = true;
  readonly writable = true;

  constructor(core: NativeServer, id: number) {
    super();
    this.#core = core;
    this.#id = id;
  }

  get remoteAddress(): string | undefined {
    return this.#read(REMOTE_HOST);
  }

  get remotePort(): number | undefined {
    return this.#read(REMOTE_PORT);
  }

  get remoteFamily(): string | undefined {
    return familyOf(this.remoteAddress);
  }

  get localAddress(): string | undefined {
    return this.#read(LOCAL_ADDRESS);
  }

  get localFamily(): string | undefined {
    return familyOf(this.localAddress);
  }

  /** Whether the connection has ended. */
  get destroyed(): boolean {
    return this.#read(CONNECTED) !== true;
  }

  /** Closes the connection at once. */
  destroy(): this {
    if (!this.destroyed) this.#core.terminate(this.#id);
    return this;
  }

  #read<Type extends Value>(property: PropertyIndex<Type>): Type | undefined {
    try {
      return this.#core.getProperty(this.#id, property);
    } catch {
      // It has ended.
      return undefined;
    }
  }
}

function familyOf(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** The lines of a head as names and values, one after the other. */
function linesOf(head: string): string[] {
  return head.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
}

export function requestOf(
  event: WebSocketOpenRequestEvent,
  socket: ConnectionSocket,
): IncomingMessage {
  const request = new IncomingMessage(socket as unknown as Socket);
  request.method = 'GET';
  request.url = event.requestURI;
  request.httpVersion = '1.1';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  const lines = linesOf(event.requestHeaders);
  (request as unknown as HeaderTaker)._addHeaderLines(lines, lines.length);
  request.complete = true;
  request.push(null);
  return request;
}
