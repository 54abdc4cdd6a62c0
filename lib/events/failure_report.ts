// SPDX-License-Identifier: MIT
// Exceptions of a question's handler, or of the values that it has set: they are reported to Error
// and the Log, not thrown.

import { WSServerError } from '../base/errors.js';
import { shown } from '../base/shown.js';
import { addon, type NativeServer } from '../boundary/native.js';

const documented: ReadonlySet<unknown> = new Set(addon.errorTable.map(({ code }) => code));

/** The code of a {@link WSServerError}, else `otherwise`. Never throws, whatever `error` is. */
export function codeOf(error: unknown, otherwise: number): number {
  try {
    if (error instanceof WSServerError && documented.has(error.code)) return error.code;
  } catch {
    // A proxy of one.
  }
  return otherwise;
}

/** The servers whose users have been warned. */
const warned = new WeakSet<NativeServer>();

/**
 * Tells Error and the Log what a question has failed with. `otherwise` is the code of what is no
 * {@link WSServerError}. If nobody listens to Error, the process warns, once for each server.
 */
export function reportFailure(
  core: NativeServer,
  connectionId: number,
  error: unknown,
  otherwise: number,
): void {
  const text = shown(error);
  const { code, message } = new WSServerError(codeOf(error, otherwise), text);
  const isHeard = core.reportError(connectionId, code, message);
  if (isHeard || warned.has(core)) return;
  warned.add(core);
  process.emitWarning(`A client was refused, because its question failed: ${text}`, {
    type: 'WSServerWarning',
    detail: 'Listen to the Error event to be told of each.',
  });
}
