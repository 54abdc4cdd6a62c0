// SPDX-License-Identifier: MIT

/** The documented codes that this package refers to by name; errorTable has all of them. */
export const ErrorCode = {
  invalidConnectionId: 126,
  securityLibraryNotLoaded: 270,
  certificateStoreNotOpened: 271,
  certificateNotFound: 272,
  noSecurityCredentials: 273,
  handshakeFailed: 276,
  sendFailed: 4202,
  interrupted: 10004,
  accessDenied: 10013,
  invalidArgument: 10022,
  tooManyOpenFiles: 10024,
  wouldBlock: 10035,
  inProgress: 10036,
  alreadyInProgress: 10037,
  messageTooLong: 10040,
  operationNotSupported: 10045,
  addressInUse: 10048,
  addressNotAvailable: 10049,
  connectionAborted: 10053,
  connectionReset: 10054,
  noBufferSpace: 10055,
  timedOut: 10060,
  connectionRefused: 10061,
  fileNameTooLong: 10063,
  hostNotFound: 11001,
} as const;

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
    // The messages of the core, and those of other errors of this class, have the text already.
    const isWhole = text === undefined || message.startsWith(text);
    super(isWhole ? message : `${text} ${message}`, options);
    this.code = code;
  }
}

Object.defineProperties(WSServerError.prototype, {
  name: { value: 'WSServerError' },
  [BRAND]: { value: true },
});

// Errors of another copy of this package are instances, too: a test runner may load many copies.
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

/** Why something that was waited for has not been done. */
const unfinished: Readonly<Record<number, string>> = {
  [ErrorCode.invalidConnectionId]: 'The connection ended before this was done.',
  [ErrorCode.interrupted]: 'The waiting was interrupted.',
  [ErrorCode.timedOut]: 'The timeout ran out before this was done.',
};

/** `code` is one of those of {@link unfinished}. */
function notDone(code: number): WSServerError {
  return new WSServerError(code, unfinished[code] as string);
}

/** Makes errors of one code. The sentence says what is wrong, and what to do. */
function withCode(code: number) {
  return (sentence: string, options?: ErrorOptions): WSServerError =>
    new WSServerError(code, sentence, options);
}

/** The errors that JavaScript makes, by their kinds. What always has the same words has them here. */
export const errors = {
  invalidArgument: withCode(ErrorCode.invalidArgument),
  sendFailed: withCode(ErrorCode.sendFailed),
  inProgress: withCode(ErrorCode.inProgress),
  alreadyInProgress: withCode(ErrorCode.alreadyInProgress),
  accessDenied: withCode(ErrorCode.accessDenied),
  wouldBlock: withCode(ErrorCode.wouldBlock),
  noBufferSpace: withCode(ErrorCode.noBufferSpace),
  messageTooLong: withCode(ErrorCode.messageTooLong),
  connectionReset: withCode(ErrorCode.connectionReset),
  timedOut: withCode(ErrorCode.timedOut),
  connectionRefused: withCode(ErrorCode.connectionRefused),
  handshakeFailed: withCode(ErrorCode.handshakeFailed),
  operationNotSupported: withCode(ErrorCode.operationNotSupported),
  securityLibraryNotLoaded: withCode(ErrorCode.securityLibraryNotLoaded),
  certificateStoreNotOpened: withCode(ErrorCode.certificateStoreNotOpened),
  noSecurityCredentials: withCode(ErrorCode.noSecurityCredentials),

  /** What is to be sent is no data. */
  noData(): WSServerError {
    const sentence = 'Give a string, Buffer, TypedArray, DataView or ArrayBuffer.';
    return new WSServerError(ErrorCode.invalidArgument, sentence);
  },

  /** There is no such connection, or it is not open. */
  notConnected(connectionId: number | string): WSServerError {
    const sentence = `${connectionId} is not connected.`;
    return new WSServerError(ErrorCode.invalidConnectionId, sentence);
  },

  /** Messages were still to be read or sent when the connection ended. The cause is the status. */
  endedWith(statusCode: number, description: string): WSServerError {
    const reason = description === '' ? '' : `: ${description}`;
    const sentence = `The connection ended with ${statusCode}${reason}`;
    const cause = { statusCode, description };
    return new WSServerError(ErrorCode.invalidConnectionId, sentence, { cause });
  },

  notDone,
  connectionEnded: (): WSServerError => notDone(ErrorCode.invalidConnectionId),
  interrupted: (): WSServerError => notDone(ErrorCode.interrupted),
};

/**
 * That `options` is an object without any that there is not: a misspelt one would be passed over.
 * @throws {@link WSServerError} 10022 which names those of `whose` that there are
 */
export function checkNames(options: unknown, whose: string, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw errors.invalidArgument(`${whose} takes an object: { ${names.join(', ')} }.`);
  }
  for (const name in options) {
    if (!names.includes(name)) {
      throw errors.invalidArgument(`${whose} has no “${name}”: there is ${names.join(', ')}.`);
    }
  }
}
