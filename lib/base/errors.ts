// SPDX-License-Identifier: MIT

/** What every error of this package has, in whatever realm it was made. */
const BRAND = Symbol.for('native-wsserver.WSServerError');

/** The documented texts by their codes. */
const texts = new Map<number, string>();

/** Tells what messages begin with. */
export function setErrorTexts(rows: readonly ErrorRow[]): void {
  for (const { code, text } of rows) texts.set(code, text);
}

/**
 * Every error of this package: a documented code, and a message that begins with the documented
 * text of the code and goes on with what to do.
 *
 * The codes with their names are in {@link errorTable}.
 */
export class WSServerError extends Error {
  /** The documented error code, such as 126 or 10035. */
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    const text = texts.get(code);
    // One that comes from the core, or from another error, is whole.
    const isWhole = text === undefined || message.startsWith(text);
    super(isWhole ? message : `${text} ${message}`, options);
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
  /** The documented text, with which messages begin. */
  readonly text: string;
}
