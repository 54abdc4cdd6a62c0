// SPDX-License-Identifier: MIT

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

Object.defineProperty(WSServerError.prototype, 'name', { value: 'WSServerError' });

/** A row of the table of documented errors. */
export interface ErrorRow {
  readonly code: number;
  /** PascalCase name. */
  readonly name: string;
  /** What it means, and what to do. */
  readonly text: string;
}
