// SPDX-License-Identifier: MIT

import { ErrorCode } from '../base/errors.js';
import { codeOf } from '../events/failure_report.js';
import type { ServerOptions } from './options.js';

/** By the documented codes: what Node.js calls it, and says of it. */
const rows: Readonly<Record<number, readonly [code: string, text: string]>> = {
  [ErrorCode.accessDenied]: ['EACCES', 'permission denied'],
  [ErrorCode.tooManyOpenFiles]: ['EMFILE', 'too many open files'],
  [ErrorCode.addressInUse]: ['EADDRINUSE', 'address already in use'],
  [ErrorCode.addressNotAvailable]: ['EADDRNOTAVAIL', 'address not available'],
  [ErrorCode.hostNotFound]: ['ENOTFOUND', 'no such host'],
};

/** Why it does not listen, as an error of Node.js. */
export function systemErrorOf(error: Error, { host, port }: ServerOptions): Error {
  const [code, text] = rows[codeOf(error, 0)] ?? [];
  if (code === undefined) return error;
  const address = host ?? '::';
  const message = `listen ${code}: ${text} ${address}:${port}`;
  return Object.assign(new Error(message, { cause: error }), {
    code,
    syscall: 'listen',
    address,
    port,
  });
}

/** @throws RangeError for a port that there is not, as Node.js does */
export function checkPort(port: unknown): void {
  const number = Number(port);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return;
  const message = `options.port should be >= 0 and < 65536. Received ${String(port)}.`;
  throw Object.assign(new RangeError(message), { code: 'ERR_SOCKET_BAD_PORT' });
}
