// SPDX-License-Identifier: MIT

/** A ConnectionId; 0, which is nobody's, for what cannot be one. */
export function toId(connectionId: number | string): number {
  if (typeof connectionId === 'number') return connectionId;
  return typeof connectionId === 'string' ? Number(connectionId) : 0;
}
