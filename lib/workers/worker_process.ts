// SPDX-License-Identifier: MIT

import { type ChildProcess, fork } from 'node:child_process';
import { ErrorCode, WSServerError } from '../base/errors.js';
import { type BusOrder, Channel, ourPart } from '../bus/channel.js';
import type { Assignment, ToParent, ToWorker, WorkerCounts } from './protocol.js';

/** Where an {@link Assignment} is handed over. */
export const ASSIGNMENT = 'NATIVE_WSSERVER_WORKER';

/** Standard input, output and error, and the channel: descriptors that are handed over follow. */
const FIRST_DESCRIPTOR = 4;
/** A worker that does not say in time what it has counted is left out. */
const COUNT_MS = 2000;

/** How a process of a worker is started and ended. */
export interface ProcessOptions {
  readonly script: string;
  readonly args: readonly string[];
  readonly execArgv: readonly string[] | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string | undefined;
  readonly listenMs: number;
  readonly drainMs: number;
  readonly killMs: number;
}

/** How a process has ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of one worker, from its start to its end. */
export class WorkerProcess {
  readonly channel: Channel;
  /** Fulfilled when it listens; rejected when it has ended before, or has not done so in time. */
  readonly listening: Promise<void>;
  readonly exited: Promise<Exit>;
  readonly #options: ProcessOptions;
  readonly #child: ChildProcess;
  readonly #startedMs = performance.now();
  readonly #asked = new Map<number, (counts: WorkerCounts | undefined) => void>();
  #lastToken = 0;
  #listens = false;
  #ending = false;

  /** `descriptors` listen, and are duplicated. `onBus` is told what the worker wants of the bus. */
  constructor(
    readonly id: number,
    descriptors: readonly number[],
    options: ProcessOptions,
    onBus: (from: Channel, order: BusOrder) => void,
  ) {
    this.#options = options;
    const assignment: Assignment = {
      id,
      descriptors: descriptors.map((_, index) => FIRST_DESCRIPTOR + index),
    };
    const child = fork(options.script, options.args, {
      cwd: options.cwd,
      env: { ...options.env, [ASSIGNMENT]: JSON.stringify(assignment) },
      // Node.js leaves -e out of its own.
      ...(options.execArgv && { execArgv: [...options.execArgv] }),
      serialization: 'advanced',
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...descriptors],
    });
    this.#child = child;
    this.channel = new Channel(child);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      // It could not be started.
      child.once('error', () => resolve({ code: null, signal: null }));
    });
    this.listening = this.#untilListening(onBus);
    // Who does not wait for it hears of it by an event.
    this.listening.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it is to end. */
  get ending(): boolean {
    return this.#ending;
  }

  /** For how long it has been there, in ms. */
  get livedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Has it accept no more and end; who does not is killed. Fulfilled when it has ended. */
  async stop(drainMs: number): Promise<void> {
    this.#ending = true;
    if (this.#listens) void this.#say({ kind: 'drain', drainMs });
    // Nobody reads there yet.
    else this.#child.kill('SIGTERM');
    const tooLate = setTimeout(() => this.kill(), drainMs + this.#options.killMs);
    await this.exited;
    clearTimeout(tooLate);
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** What it has counted; undefined when it does not say. */
  count(): Promise<WorkerCounts | undefined> {
    this.#lastToken++;
    const token = this.#lastToken;
    return new Promise((resolve) => {
      const tooLate = setTimeout(() => this.#answer(token, undefined), COUNT_MS);
      this.#asked.set(token, (counts) => {
        clearTimeout(tooLate);
        resolve(counts);
      });
      void this.exited.then(() => this.#answer(token, undefined));
      void this.#say({ kind: 'count', token });
    });
  }

  #untilListening(onBus: (from: Channel, order: BusOrder) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const { listenMs } = this.#options;
      const tooLate = setTimeout(() => {
        reject(
          this.#error(
            `does not listen after ${listenMs / 1000} s: its script calls worker.join(server)`,
          ),
        );
        this.kill();
      }, listenMs);
      void this.exited.then(({ code, signal }) => {
        clearTimeout(tooLate);
        reject(this.#error(`has ended before it listened (${signal ?? code}): see what it said`));
      });
      this.#child.on('message', (message) => {
        const said = ourPart(message) as ToParent | undefined;
        if (said?.kind === 'counted') {
          this.#answer(said.token, said.counts);
        } else if (said?.kind === 'listening') {
          clearTimeout(tooLate);
          this.#listens = true;
          resolve();
        } else if (said !== undefined && said.kind !== 'ended') {
          onBus(this.channel, said);
        }
      });
    });
  }

  #error(text: string): WSServerError {
    return new WSServerError(ErrorCode.timedOut, `Worker ${this.id} (${this.pid}) ${text}.`);
  }

  #answer(token: number, counts: WorkerCounts | undefined): void {
    this.#asked.get(token)?.(counts);
    this.#asked.delete(token);
  }

  #say(order: ToWorker): Promise<void> {
    return this.channel.send(order);
  }
}
