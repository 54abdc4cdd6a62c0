// SPDX-License-Identifier: MIT

import type { Fields } from '../boundary/fields.js';

/** What the core gives with a connection that it hands over (native/server/events/records.h). */
export const handedOverFields = [
  'bytes',
  'remoteAddress',
  'remotePort',
  'localAddress',
  'localPort',
  'protocol',
  'cipherSuite',
  'certEncoded',
  'status',
] as const;

/** Of a plain connection the bytes that have been read of it; of one under TLS all the rest. */
export type HandedOver = Fields<typeof handedOverFields>;
