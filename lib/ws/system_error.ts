// SPDX-License-Identifier: MIT

import { codeOf } from '../events/failure_report.js';
import type { ServerOptions } from './options.js';

/** By the documented codes: what Node.js calls it. */
const names: Readonly<Record<number, string>> = {
  10013: 'EACCES',
  10024: 'EMFILE',
  10048: 'EADDRINUSE',
  10049: 'EADDRNOTAVAIL',
  11001: 'ENOTFOUND',
};

/** Why it does not listen, as an error of Node.js. */
export function systemErrorOf(error: Error, { host, port }: ServerOptions): Error {
  const code = names[codeOf(error, 0)];
  if (code === undefined) return error;
  const address = host ?? '::';
  return Object.assign(new Error(`listen ${code}: ${error.message}`, { cause: error }), {
    code,
    syscall: 'listen',
    address,
    port,
  });
}
