// SPDX-License-Identifier: MIT
// What may be on its way from one bus to another.

/** Bytes of messages that the other end has not taken, each with OVERHEAD; what is more is lost. */
export const MOST_WAITING = 16 << 20;
/** Bytes that a message costs beside its own. */
export const OVERHEAD = 256;
