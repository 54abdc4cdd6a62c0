// SPDX-License-Identifier: MIT
// What a WebSocketServer says to a request: the rules of ws about who is let in.

import { createHash } from 'node:crypto';
import {
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { UpgradeRequest } from '../upgrade/request_head.js';
import type { ServerOptions } from './options.js';

/** RFC 6455 §1.3. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Why a request is refused. */
export interface Refusal {
  readonly status: number;
  /** The body; if there is none, the status in words. */
  readonly message?: string | undefined;
  readonly headers?: Readonly<OutgoingHttpHeaders> | undefined;
}

/** What a request is accepted with. */
export interface Answer {
  /** Empty: none. */
  readonly subProtocol: string;
  /** Lines, each with its CR LF. */
  readonly headers: string;
}

/** Whether it is of version 8, a draft that has the same frames. */
const isOld = ({ headers }: IncomingMessage): boolean => headers['sec-websocket-version'] === '8';

/** What the core is told of a request: it knows version 13. */
export function asCurrent(request: IncomingMessage): UpgradeRequest {
  if (!isOld(request)) return request;
  const { method, url, httpVersion, rawHeaders } = request;
  const isVersion = (at: number): boolean =>
    at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'sec-websocket-version';
  const lines = rawHeaders.map((text, at) => (isVersion(at) ? '13' : text));
  return { method, url, httpVersion, rawHeaders: lines };
}

/** What is wrong with an upgrade (RFC 6455 §4.2.1); undefined: nothing. */
export function mistakeIn(request: IncomingMessage): (Refusal & { message: string }) | undefined {
  const { method, headers } = request;
  const version = headers['sec-websocket-version'];
  if (method !== 'GET') return { status: 405, message: 'Invalid HTTP method' };
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return { status: 400, message: 'Invalid Upgrade header' };
  }
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) {
    return { status: 400, message: 'Missing or invalid Sec-WebSocket-Key header' };
  }
  if (version !== '13' && version !== '8') {
    return {
      status: 400,
      message: 'Missing or invalid Sec-WebSocket-Version header',
      headers: { 'Sec-WebSocket-Version': '13, 8' },
    };
  }
  if (offeredProtocols(request) === undefined) {
    return { status: 400, message: 'Invalid Sec-WebSocket-Protocol header' };
  }
  return undefined;
}

/** The subprotocols that are offered; undefined: that is no list of them. */
export function offeredProtocols({ headers }: IncomingMessage): Set<string> | undefined {
  const list = headers['sec-websocket-protocol'];
  if (list === undefined) return new Set();
  const names = list.split(',').map((name) => name.trim());
  const protocols = new Set(names);
  return protocols.size === names.length && names.every((name) => TOKEN.test(name))
    ? protocols
    : undefined;
}

/** The subprotocol that the options choose; empty: none. */
export function chooseProtocol(
  { handleProtocols }: ServerOptions,
  request: IncomingMessage,
): string {
  const protocols = offeredProtocols(request) ?? new Set();
  if (protocols.size === 0) return '';
  if (handleProtocols) {
    const chosen = handleProtocols(protocols, request) || '';
    // RFC 6455 §4.2.2: a client that has not asked for it would have to fail.
    return protocols.has(chosen) ? chosen : '';
  }
  const [first] = protocols;
  return first as string;
}

/** The lines of the answer that opens a WebSocket. */
export function acceptHeaders({ headers }: IncomingMessage, subProtocol: string): string[] {
  const key = `${headers['sec-websocket-key']}${KEY_SUFFIX}`;
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}`,
    ...(subProtocol === '' ? [] : [`Sec-WebSocket-Protocol: ${subProtocol}`]),
  ];
}

/** Asks verifyClient, if there is one, and tells why it refuses; undefined: it does not. */
export function verify(
  { verifyClient }: ServerOptions,
  request: IncomingMessage,
  then: (refusal: Refusal | undefined) => void,
): void {
  if (!verifyClient) {
    then(undefined);
    return;
  }
  const { authorized, encrypted } = request.socket as TLSSocket;
  const info = {
    origin: request.headers[isOld(request) ? 'sec-websocket-origin' : 'origin'] as string,
    secure: Boolean(authorized || encrypted),
    req: request,
  };
  if (verifyClient.length === 2) {
    verifyClient(info, (verified, code, message, headers) => {
      then(verified ? undefined : { status: code || 401, message, headers });
    });
  } else {
    const isVerified = (verifyClient as (asked: typeof info) => boolean)(info);
    then(isVerified ? undefined : { status: 401 });
  }
}

/** What the answer of a WebSocketOpenRequest has for a refusal. */
export function refusalOf({ status, message, headers = {} }: Refusal): {
  statusCode: number;
  responseBody: string;
  responseHeaders: string;
} {
  const all = { 'Content-Type': 'text/html', ...headers };
  return {
    statusCode: status,
    responseBody: message || (STATUS_CODES[status] ?? ''),
    responseHeaders: Object.entries(all)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join(''),
  };
}

/** Answers a request with a refusal, and closes the socket. */
export function abort(socket: Duplex, { status, message, headers }: Refusal): void {
  const body = message || (STATUS_CODES[status] ?? '');
  const all = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

/** Answers a request that asks for no upgrade. */
export function requireUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  const body = STATUS_CODES[426] as string;
  response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain' });
  response.end(body);
}
