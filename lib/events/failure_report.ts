// SPDX-License-Identifier: MIT
// What becomes of an exception that is told, not thrown: that of a question's handler, or of what
// it has set.

import { WSServerError } from '../base/errors.js';
import { shown } from '../base/shown.js';
import { addon, type NativeServer } from '../boundary/native.js';

const documented: ReadonlySet<unknown> = new Set(addon.errorTable.map(({ code }) => code));

/** That of a {@link WSServerError}, else `otherwise`; whatever was thrown, this does not throw. */
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
 * Tells Error and the Log what a question has failed with: `otherwise` is its code unless it is a
 * {@link WSServerError}. If nobody listens to Error, one warning of the process says so.
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
