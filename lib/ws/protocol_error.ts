// SPDX-License-Identifier: MIT
// What ws says when a peer breaks the protocol.

/** By what the core says (native/ws/reader.cc, native/ws/deflate.cc). */
const rows: Readonly<Record<string, readonly [code: string, text: string]>> = {
  '§5.1: a frame from the client is not masked': [
    'WS_ERR_EXPECTED_MASK',
    'Invalid WebSocket frame: MASK must be set',
  ],
};

/** The error of a connection that ended for a mistake of its peer; undefined: it did not. */
export function protocolErrorOf(statusCode: number, description: string): Error | undefined {
  const [, rule] = /^RFC \d+ (§.*)$/.exec(description) ?? [];
  if (rule === undefined) return undefined;
  const [code, text] = rows[rule] ?? ['WS_ERR_INVALID_FRAME', `Invalid WebSocket frame: ${rule}`];
  return Object.assign(new RangeError(text), { code, statusCode });
}
