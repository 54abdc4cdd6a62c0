// SPDX-License-Identifier: MIT
// What can be sent, and what a Close may say, as ws has it.

import { bytesOf, isUint8Array, lengthOf } from '../../base/bytes.js';

/** RFC 6455 §5.5: of a control frame, in bytes. */
const MOST_CONTROL = 125;
/** The code of a Close is in front of its reason. */
const MOST_REASON = 123;

/** @throws TypeError for what Buffer.from() does not take */
export function sendableOf(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return data;
  if (isUint8Array(data)) return data;
  return bytesOf(data) ?? Buffer.from(data as ArrayBuffer);
}

/** In bytes. */
export function sizeOf(data: unknown): number {
  if (data instanceof Blob) return data.size;
  const sendable = sendableOf(data);
  return typeof sendable === 'string' ? Buffer.byteLength(sendable) : lengthOf(sendable);
}

/** @throws RangeError when it is too much for a Ping or a Pong */
export function checkControl(data: unknown): void {
  if (sizeOf(data) > MOST_CONTROL) {
    throw new RangeError('The data size must not be greater than 125 bytes');
  }
}

/** What a Close says. */
export interface Farewell {
  readonly code: number;
  readonly reason: string;
}

/**
 * What a Close says; undefined: nothing.
 * @throws TypeError or RangeError when it may not say that
 */
export function farewellOf(code: unknown, reason: unknown): Farewell | undefined {
  if (code === undefined) return undefined;
  if (typeof code !== 'number' || !isCloseCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }
  const whole = Math.trunc(code);
  if (reason === undefined || !(reason as string).length) return { code: whole, reason: '' };
  // It throws for what has no bytes.
  if (Buffer.byteLength(reason as string) > MOST_REASON) {
    throw new RangeError('The message must not be greater than 123 bytes');
  }
  if (typeof reason === 'string') return { code: whole, reason };
  if (!isUint8Array(reason)) {
    throw new TypeError('Second argument must be a string or a Uint8Array');
  }
  return { code: whole, reason: Buffer.from(reason).toString() };
}

/** Whether a Close may have it: RFC 6455 §7.4, and those that are registered. */
function isCloseCode(code: number): boolean {
  const isRegistered = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
  return isRegistered || (code >= 3000 && code <= 4999);
}
