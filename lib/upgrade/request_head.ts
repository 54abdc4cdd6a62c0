// SPDX-License-Identifier: MIT

import { errors } from '../base/errors.js';

/** What of an http.IncomingMessage is read. */
export interface UpgradeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

/** Frames may come behind a request, but not without end: Node itself never has so many at once. */
const MOST_BEHIND = 16 * 1024 * 1024;

/**
 * The head of a request of Node's as it came, but for blanks, and `behind` it.
 * @throws WSServerError 10022 when it is no request over HTTP/1, or too much comes behind it
 */
export function headOf(request: UpgradeRequest, behind: Uint8Array): Buffer {
  const { method, url, httpVersion, rawHeaders } = request ?? {};
  const isRequest = typeof method === 'string' && typeof url === 'string';
  if (!isRequest || !Array.isArray(rawHeaders)) {
    throw errors.invalidArgument('The request is to be the http.IncomingMessage of the event.');
  }
  if (!`${httpVersion}`.startsWith('1.')) {
    throw errors.invalidArgument(
      `A request over HTTP/${httpVersion} cannot become a WebSocket here: have the client use ` +
        'HTTP/1.1 (allowHTTP1 of http2.createSecureServer).',
    );
  }
  if (behind.byteLength > MOST_BEHIND) {
    throw errors.invalidArgument(
      `${behind.byteLength} bytes come behind the request, and ${MOST_BEHIND} may: handle the ` +
        'upgrade when its event comes.',
    );
  }
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), behind]);
}
