// SPDX-License-Identifier: MIT

/** What every error of this package has, in whatever realm it was made. */
const BRAND = Symbol.for('native-wsserver.WSServerError');

/**
 * Every error of this package: a documented code and a sentence that says what to do.
 *
 * The codes with their names are in {@link errorTable}.
 */
export class WSServerError extends Error {
  /** The documented error code, such as 126 or 10035. */
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

Object.defineProperties(WSServerError.prototype, {
  name: { value: 'WSServerError' },
  [BRAND]: { value: true },
});

// Those of another copy of this package are ours, too: a test runner may load many.
Object.defineProperty(WSServerError, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    if (this !== WSServerError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && BRAND in value;
  },
});

/** A row of the table of documented errors. */
export interface ErrorRow {
  readonly code: number;
  /** PascalCase name. */
  readonly name: string;
  /** What it means, and what to do. */
  readonly text: string;
}
