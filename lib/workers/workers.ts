// SPDX-License-Identifier: MIT

import { EventEmitter } from 'node:events';
import { closeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { errors } from '../base/errors.js';
import { Hub } from '../bus/hub.js';
import { BackOff } from './back_off.js';
import type { WorkerCounts } from './protocol.js';
import { openSockets, type SocketOptions } from './sockets.js';
import { worker } from './worker.js';
import { type Exit, type ProcessOptions, WorkerProcess } from './worker_process.js';

/** How many workers there are, where they listen, and how their processes are started and ended. */
export interface WorkersOptions extends SocketOptions {
  /**
   * How many; auto: as many as the processors that this process may use.
   * @defaultValue 'auto'
   */
  count?: number | 'auto';
  /** Arguments for the script. */
  args?: readonly string[];
  /** Arguments for Node.js; those of this process by default. */
  execArgv?: readonly string[];
  /** The environment; that of this process by default. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /**
   * Seconds that a worker has to listen in; then it is started again.
   * @defaultValue 30
   */
  listenSeconds?: number;
  /**
   * Seconds for which {@link Workers.restart} leaves the old workers their clients. Who is still
   * there then is closed with 1001.
   * @defaultValue 0
   */
  drainSeconds?: number;
  /**
   * Seconds that a worker has to end in; then it is killed.
   * @defaultValue 30
   */
  killSeconds?: number;
  /**
   * Whether SIGTERM and SIGINT call {@link Workers.shutdown}, and SIGHUP {@link Workers.restart}.
   * @defaultValue true
   */
  signals?: boolean;
}

/** Which worker it is about. */
export interface WorkerEvent {
  /** From 0; the one that takes its place has the same. */
  readonly worker: number;
  readonly pid: number | undefined;
}

/** A worker has ended. */
export interface ExitedEvent extends WorkerEvent, Exit {
  /** Whether it was to. */
  readonly expected: boolean;
}

/** What {@link Workers} tells, with what it gives each handler. */
export interface WorkersEvents {
  /** The process of a worker has been started. */
  Started: [event: WorkerEvent];
  /** It accepts clients. */
  Listening: [event: WorkerEvent];
  Exited: [event: ExitedEvent];
  /** One that has died will be started again, after so many milliseconds. */
  Restarting: [event: WorkerEvent & { readonly delayMs: number }];
  /** A worker does not listen, or a restart by SIGHUP has failed: the error says why. */
  Error: [event: { readonly error: unknown }];
}

/** What the workers that run have counted, added up. */
export interface WorkersStatistics extends WorkerCounts {
  /** How many workers listen and have said. */
  readonly workers: number;
}

/** One of the places that workers take: its sockets stay when its process is another. */
interface Place {
  readonly id: number;
  readonly descriptors: readonly number[];
  readonly backOff: BackOff;
  process: WorkerProcess | undefined;
  waiting: NodeJS.Timeout | undefined;
}

function checked(name: string, value: number, min: number, max: number, whole = false): number {
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw errors.invalidArgument(
    `${name} is ${whole ? 'a whole number' : 'a number'} from ${min} to ${max}.`,
  );
}

/**
 * Processes of one script which share a port, so that a server has all processors. The script makes
 * its server and gives it to {@link worker}.join(). Who dies is started again.
 */
export class Workers extends EventEmitter<WorkersEvents> {
  /** How many there are. */
  readonly count: number;
  readonly #sockets: SocketOptions;
  readonly #processOptions: ProcessOptions;
  readonly #signals: boolean;
  readonly #hub = new Hub();
  readonly #processes = new Set<WorkerProcess>();
  #places: readonly Place[] = [];
  #port = 0;
  #restarting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  /**
   * `script` is the path of what each worker runs.
   * @throws {@link WSServerError} 10022 for options that cannot be
   */
  constructor(script: string, options: WorkersOptions = {}) {
    super();
    const {
      count = 'auto',
      args = [],
      execArgv,
      env = process.env,
      cwd,
      listenSeconds = 30,
      drainSeconds = 0,
      killSeconds = 30,
      signals = true,
      ...sockets
    } = options;
    this.count = count === 'auto' ? availableParallelism() : checked('count', count, 1, 1024, true);
    const ms = (name: string, seconds: number) => checked(name, seconds, 0, 1e6) * 1000;
    this.#processOptions = {
      script: resolve(cwd ?? '.', script),
      args,
      execArgv,
      env,
      cwd,
      listenMs: ms('listenSeconds', listenSeconds),
      drainMs: ms('drainSeconds', drainSeconds),
      killMs: ms('killSeconds', killSeconds),
    };
    this.#signals = signals;
    this.#sockets = sockets;
  }

  /** The port that they listen on; 0 before {@link start}, and where there is none. */
  get localPort(): number {
    return this.#port;
  }

  /**
   * Opens the sockets and starts the workers. Fulfilled when all of them listen; if one does not,
   * all are ended and the promise is rejected.
   * @throws {@link WSServerError} as {@link WSServer.startListening}, and 10060 when a worker ends or
   * takes too long before it listens; 10037 when they run, 10045 in a process that is a worker
   */
  async start(): Promise<void> {
    if (worker.id !== undefined) {
      throw errors.operationNotSupported(
        'This process is a worker itself: look at worker.id first.',
      );
    }
    if (this.#places.length > 0)
      throw errors.alreadyInProgress('These workers run: call shutdown first.');
    const { rows, port } = openSockets(this.#sockets, this.count);
    this.#port = port;
    this.#ending = undefined;
    this.#places = rows.map((descriptors, id) => ({
      id,
      descriptors,
      backOff: new BackOff(),
      process: undefined,
      waiting: undefined,
    }));
    if (this.#signals) this.#handleSignals(true);
    try {
      await Promise.all(this.#places.map((place) => this.#launch(place).listening));
    } catch (error) {
      await this.shutdown();
      throw error;
    }
  }

  /**
   * Exchanges the workers for new ones, one after the other: each old one goes on until the new one
   * listens, on the same socket, so that no client is refused. Fulfilled when the old ones have
   * ended. If a new one does not listen, the promise is rejected and the old one stays.
   */
  restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  /** Closes every client with 1001 and ends the workers. Fulfilled when they have ended. */
  shutdown(): Promise<void> {
    this.#ending ??= this.#shutdown();
    return this.#ending;
  }

  /** What the workers have counted. */
  async statistics(): Promise<WorkersStatistics> {
    const all = await Promise.all([...this.#processes].map((each) => each.count()));
    const said = all.filter((counts) => counts !== undefined);
    const sum = (name: keyof WorkerCounts): number =>
      said.reduce((total, counts) => total + counts[name], 0);
    return {
      workers: said.length,
      connections: sum('connections'),
      connectionsAccepted: sum('connectionsAccepted'),
      connectionsRefused: sum('connectionsRefused'),
      connectionsEvicted: sum('connectionsEvicted'),
      messagesSkipped: sum('messagesSkipped'),
      messagesIn: sum('messagesIn'),
      messagesOut: sum('messagesOut'),
      bytesIn: sum('bytesIn'),
      bytesOut: sum('bytesOut'),
      residentBytes: sum('residentBytes'),
      busLost: sum('busLost') + this.#hub.lost,
    };
  }

  /** Starts a process for `place`, which has it if it had none. */
  #launch(place: Place): WorkerProcess {
    const started = new WorkerProcess(
      place.id,
      place.descriptors,
      this.#processOptions,
      (from, order) => this.#hub.take(from, order),
    );
    this.#processes.add(started);
    this.#hub.add(started.channel);
    place.process ??= started;
    const { pid } = started;
    this.emit('Started', { worker: place.id, pid });
    void started.listening.then(
      () => this.emit('Listening', { worker: place.id, pid }),
      (error: unknown) => {
        if (!started.ending) this.emit('Error', { error });
      },
    );
    void started.exited.then((exit) => this.#onExit(place, started, exit));
    return started;
  }

  #onExit(place: Place, ended: WorkerProcess, exit: Exit): void {
    this.#processes.delete(ended);
    this.#hub.remove(ended.channel);
    const { pid, ending } = ended;
    this.emit('Exited', { worker: place.id, pid, ...exit, expected: ending });
    if (place.process !== ended) return;
    place.process = undefined;
    if (ending || this.#ending !== undefined) return;
    const delayMs = place.backOff.next(ended.livedMs);
    this.emit('Restarting', { worker: place.id, pid, delayMs });
    place.waiting = setTimeout(() => {
      if (place.process === undefined) this.#launch(place);
    }, delayMs);
  }

  async #restart(): Promise<void> {
    const endings: Promise<void>[] = [];
    for (const place of this.#places) {
      if (this.#ending !== undefined) break;
      const fresh = this.#launch(place);
      await fresh.listening;
      // The old one may have died meanwhile, and have been started again.
      clearTimeout(place.waiting);
      const old = place.process;
      place.process = fresh;
      if (old !== undefined && old !== fresh) {
        endings.push(old.stop(this.#processOptions.drainMs));
      }
    }
    await Promise.all(endings);
  }

  async #shutdown(): Promise<void> {
    for (const { waiting } of this.#places) clearTimeout(waiting);
    await Promise.all([...this.#processes].map((each) => each.stop(0)));
    // What a restart has begun meanwhile ends as well.
    await this.#restarting?.catch(() => {});
    for (const descriptor of new Set(this.#places.flatMap((place) => place.descriptors))) {
      closeSync(descriptor);
    }
    this.#places = [];
    this.#handleSignals(false);
  }

  readonly #onEnd = (): void => void this.shutdown();
  readonly #onHangUp = (): void => {
    this.restart().catch((error: unknown) => this.emit('Error', { error }));
  };

  #handleSignals(handle: boolean): void {
    const change = handle ? 'on' : 'off';
    process[change]('SIGTERM', this.#onEnd);
    process[change]('SIGINT', this.#onEnd);
    process[change]('SIGHUP', this.#onHangUp);
  }
}
