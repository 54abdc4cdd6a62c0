// SPDX-License-Identifier: MIT
// For servers that take all processors: see docs/workers.md.

export { WSServerError } from './base/errors.js';
export type { Statistics } from './boundary/native.js';
export type { Bus, BusHandler } from './bus/bus.js';
export type { History, Receiver } from './bus/history.js';
export type { Publication } from './bus/publication.js';
export { ThreadBus } from './bus/thread_bus.js';
export type { WorkerCounts } from './workers/protocol.js';
export type { SocketOptions } from './workers/sockets.js';
export { type JoinOptions, type Worker, worker } from './workers/worker.js';
export type { Exit } from './workers/worker_process.js';
export {
  type ExitedEvent,
  type WorkerEvent,
  Workers,
  type WorkersEvents,
  type WorkersOptions,
  type WorkersStatistics,
} from './workers/workers.js';
