// SPDX-License-Identifier: MIT
// A worker's own part: what its script calls.

import { setTimeout as sleep } from 'node:timers/promises';
import { errors } from '../base/errors.js';
import type { Bus } from '../bus/bus.js';
import { Channel, ourPart, type Peer } from '../bus/channel.js';
import { ProcessBus } from '../bus/process_bus.js';
import type { WSServer } from '../server/wsserver.js';
import type { Assignment, ToParent, ToWorker, WorkerCounts } from './protocol.js';
import { ASSIGNMENT } from './worker_process.js';

const GOING_AWAY = 1001;
/** How often it is looked whether clients have come to the end of something, in ms. */
const LOOK_MS = 20;
/** Clients that are not open after so long are cut, in ms. */
const OPENING_MS = 10_000;

/** What a worker's server may want beside. */
export interface JoinOptions {
  /** Called when the clients have gone, and waited for, before the process exits. */
  onStop?: () => unknown;
  /**
   * Whether what is published reaches the clients of the other workers.
   * @defaultValue true
   */
  topics?: boolean;
}

async function until(isSo: () => boolean, mostMs: number): Promise<void> {
  const endMs = performance.now() + mostMs;
  while (!isSo() && performance.now() < endMs) await sleep(LOOK_MS);
}

/** This process as one of several {@link Workers}. */
class Worker {
  readonly #assignment: Assignment | undefined;
  readonly #channel: Channel | undefined;
  readonly #bus: ProcessBus | undefined;
  #server: WSServer | undefined;
  #onStop: () => unknown = () => {};
  #stopping = false;

  constructor() {
    const given = process.env[ASSIGNMENT];
    // What it starts itself is nobody's worker.
    delete process.env[ASSIGNMENT];
    if (given === undefined || process.send === undefined) return;
    this.#assignment = JSON.parse(given);
    this.#channel = new Channel(process as Peer);
    this.#bus = new ProcessBus(this.#channel);
  }

  /** Which one of the workers this is, from 0; undefined: none. */
  get id(): number | undefined {
    return this.#assignment?.id;
  }

  /** What brings messages to the other workers; undefined in a process that is none. */
  get bus(): Bus | undefined {
    return this.#bus;
  }

  /**
   * Starts to listen: on what the parent has opened, whatever localHost and localPort say. What is
   * published then reaches the clients of all workers, and the process ends when the parent, SIGTERM
   * or SIGINT says so: no client is accepted any more, those there are are closed with 1001. In a
   * process that is no worker it is the server's own startListening(), so that the script runs alone
   * as well.
   * @throws {@link WSServerError} 10037 when another server has joined, and as
   * {@link WSServer.startListening}
   */
  async join(server: WSServer, options: JoinOptions = {}): Promise<void> {
    if (this.#assignment === undefined) return server.startListening();
    if (this.#server !== undefined) {
      throw errors.alreadyInProgress(
        'A worker has one server that joins; others listen for themselves.',
      );
    }
    server.localHost = `fd:${this.#assignment.descriptors.join()}`;
    await server.startListening();
    this.#server = server;
    this.#onStop = options.onStop ?? this.#onStop;
    if (options.topics ?? true) server.bus = this.#bus;
    process.on('message', (message) =>
      this.#take(server, ourPart(message) as ToWorker | undefined),
    );
    // The parent has gone.
    process.on('disconnect', () => void this.#stop(server, 0));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => void this.#stop(server, 0));
    }
    // It is the parent that starts anew.
    process.on('SIGHUP', () => {});
    void this.#say({ kind: 'listening' });
  }

  #take(server: WSServer, order: ToWorker | undefined): void {
    if (order?.kind === 'publish') this.#bus?.take(order);
    else if (order?.kind === 'drain') void this.#stop(server, order.drainMs);
    else if (order?.kind === 'count') {
      void this.#say({ kind: 'counted', token: order.token, counts: this.#count(server) });
    }
  }

  #count(server: WSServer): WorkerCounts {
    const residentBytes = process.memoryUsage.rss();
    return { ...server.statistics, residentBytes };
  }

  async #stop(server: WSServer, drainMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await server.stopListening();
    // Who is about to come in is let in first: to be cut then would be to be refused.
    await until(() => server.opening === 0, OPENING_MS);
    await until(() => server.wsConnectionCount === 0, drainMs);
    server.config(`DisconnectStatusCode=${GOING_AWAY}`);
    await server.shutdown();
    await this.#onStop();
    server.bus = undefined;
    this.#bus?.close();
    await this.#say({ kind: 'ended' });
    process.exit();
  }

  #say(said: ToParent): Promise<void> | undefined {
    return this.#channel?.send(said);
  }
}

export type { Worker };

/** This process as a worker. */
export const worker = new Worker();
