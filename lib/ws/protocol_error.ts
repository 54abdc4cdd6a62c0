// SPDX-License-Identifier: MIT
// What ws says when a peer breaks the protocol.

import { layout } from '../boundary/layout.js';

const { rules } = layout;
const frame = (what: string): string => `Invalid WebSocket frame: ${what}`;

/** By the rules: the code, and what is said of the value. */
const rows = new Map<number, readonly [code: string, say: (value: number) => string]>([
  [rules.mask, ['WS_ERR_EXPECTED_MASK', () => frame('MASK must be set')]],
  [rules.reservedBit1, ['WS_ERR_UNEXPECTED_RSV_1', () => frame('RSV1 must be clear')]],
  [rules.reservedBits, ['WS_ERR_UNEXPECTED_RSV_2_3', () => frame('RSV2 and RSV3 must be clear')]],
  [rules.opcode, ['WS_ERR_INVALID_OPCODE', (value) => frame(`invalid opcode ${value}`)]],
  [rules.fin, ['WS_ERR_EXPECTED_FIN', () => frame('FIN must be set')]],
  [
    rules.controlLength,
    ['WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', (value) => frame(`invalid payload length ${value}`)],
  ],
  [
    rules.closeCode,
    ['WS_ERR_INVALID_CLOSE_CODE', (value) => frame(`invalid status code ${value}`)],
  ],
  [rules.length, ['WS_ERR_INVALID_LENGTH', () => frame('a length is not in its shortest form')]],
  [
    rules.lengthTooLarge,
    [
      'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
      () => 'Unsupported WebSocket frame: payload length > 2^53 - 1',
    ],
  ],
  [rules.messageSize, ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', () => 'Max payload size exceeded']],
  [rules.fragments, ['WS_ERR_TOO_MANY_BUFFERED_PARTS', () => 'Too many message fragments']],
]);

/** The error for `broken`, which is DisconnectedEvent's; `otherwise` for what is no rule of ws's. */
export function protocolErrorOf(broken: number, otherwise: string): Error {
  const rule = broken >> 16;
  if (rule === rules.utf8) {
    const error = new Error(frame('invalid UTF-8 sequence'));
    return Object.assign(error, { code: 'WS_ERR_INVALID_UTF8' });
  }
  if (rule === rules.deflate) {
    return Object.assign(new Error('invalid compressed data'), { code: 'Z_DATA_ERROR', errno: -3 });
  }
  const row = rows.get(rule);
  if (row === undefined) return new Error(otherwise);
  const [code, say] = row;
  return Object.assign(new RangeError(say(broken & 0xffff)), { code });
}
