// SPDX-License-Identifier: MIT
// For servers on many machines: see docs/nats.md.

import { NatsBus } from './nats/nats_bus.js';
import type { NatsOptions } from './nats/nats_options.js';

export { WSServerError } from './base/errors.js';
export type { Bus, BusHandler } from './bus/bus.js';
export type { NatsOptions, NatsStatus, NatsTls } from './nats/nats_options.js';
export type { NatsBus };

/**
 * A bus over NATS, which connects at once: give it to {@link WSServer.bus}. It keeps the process
 * running until it is closed.
 * @throws {@link WSServerError} 10045 when the official client is not installed, 10022 for options
 * that cannot be
 */
export function natsBus(options?: NatsOptions): NatsBus {
  return new NatsBus(options);
}
