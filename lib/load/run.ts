// SPDX-License-Identifier: MIT
// Runs the workers of a load: shares the plan among them, leads them through the phases together,
// and collects what they have to say.

import { type ChildProcess, fork } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import type { LoadPlan } from '../boundary/native_load.js';
import type { LoadOptions } from './options.js';
import type { Moment, Order, Phase, Report } from './protocol.js';
import {
  type LoadResult,
  makeResult,
  type SeriesPoint,
  sum,
  sumFailures,
  type WorkerResult,
} from './result.js';

/** How it stands, for those who watch. */
export interface Progress extends SeriesPoint {
  readonly phase: Phase;
  readonly attempts: number;
}

/** What a worker may take longer than all its phases together before it is given up. */
const GRACE_MS = 10000;

interface Worker {
  readonly process: ChildProcess;
  phase: Phase;
  latest: Moment | undefined;
  result: WorkerResult | undefined;
}

async function makePlan(options: LoadOptions): Promise<LoadPlan> {
  const { url } = options;
  // The brackets of an IPv6 address are the URL's.
  const name = url.hostname.replace(/^\[|\]$/g, '');
  // An IPv4 address is the better guess when a name has both: most servers listen on it.
  const found = await lookup(name, { all: true, verbatim: false });
  return {
    mode: options.mode,
    addresses: found.map(({ address }) => address),
    port: Number(url.port || (options.tls === undefined ? 80 : 443)),
    tls: options.tls,
    localAddresses: options.localAddresses,
    target: url.pathname + url.search,
    host: url.host,
    subProtocols: options.subProtocols,
    headers: options.headers,
    connections: options.connections,
    firstId: 0,
    connectsPerSecond: options.connectsPerSecond,
    timeoutMs: Math.ceil(options.timeoutSeconds * 1000),
    messages: options.messages,
    stamped: options.stamped,
    deflate: options.deflate,
    text: options.text,
    publications: options.publications,
    inFlight: options.inFlight,
    messagesPerSecond: options.messagesPerSecond,
  };
}

/** The part of `plan` that falls to worker `index` of `count`. */
function share(plan: LoadPlan, index: number, count: number): LoadPlan {
  const first = Math.floor((plan.connections * index) / count);
  const end = Math.floor((plan.connections * (index + 1)) / count);
  const part = (end - first) / plan.connections;
  return {
    ...plan,
    firstId: first,
    connections: end - first,
    connectsPerSecond: plan.connectsPerSecond * part,
    messagesPerSecond: plan.messagesPerSecond * part,
  };
}

/** Milliseconds after which all has come to its end, whatever the server does. */
function longestMs(options: LoadOptions): number {
  // 100 at a time wait for their timeout; a machine may be too slow for the rate that is asked for.
  const connecting = Math.max(
    Math.ceil(options.connections / 100) * options.timeoutSeconds,
    options.connectsPerSecond > 0
      ? options.connections / options.connectsPerSecond + options.timeoutSeconds
      : 0,
  );
  const seconds = connecting + options.warmupSeconds + options.durationSeconds;
  return Math.min(seconds * 1000 + GRACE_MS, 2 ** 31 - 1);
}

function howEnded(status: number | null, signal: string | null): string {
  return signal === null ? `with exit status ${status}` : `by ${signal}`;
}

/** One load run. */
export class LoadRun {
  readonly #options: LoadOptions;
  readonly #onProgress: (progress: Progress) => void;
  readonly #workers: Worker[] = [];
  readonly #series: SeriesPoint[] = [];
  #startedMs = 0;
  #interrupted = false;

  constructor(options: LoadOptions, onProgress: (progress: Progress) => void) {
    this.#options = options;
    this.#onProgress = onProgress;
  }

  /** Ends it early, with what there is by then. */
  interrupt(): void {
    this.#interrupted = true;
    this.#order({ kind: 'stop' });
  }

  /** Rejects when the host is unknown or a worker has failed. */
  async run(): Promise<LoadResult> {
    const plan = await makePlan(this.#options);
    this.#startedMs = performance.timeOrigin + performance.now();
    const ends: Promise<void>[] = [];
    const count = this.#options.processes;
    for (let index = 0; index < count; index++) {
      ends.push(this.#startWorker(share(plan, index, count), index === 0));
    }
    const tooLate = setTimeout(() => this.#kill(), longestMs(this.#options));
    try {
      if (this.#interrupted) this.interrupt();
      await Promise.all(ends);
    } finally {
      clearTimeout(tooLate);
      this.#kill();
    }
    const results = this.#workers.flatMap(({ result }) => (result === undefined ? [] : [result]));
    return makeResult(this.#options, results, this.#series, this.#interrupted);
  }

  #startWorker(plan: LoadPlan, first: boolean): Promise<void> {
    const child = fork(join(__dirname, 'worker.js'), [], { serialization: 'advanced' });
    const worker: Worker = {
      process: child,
      phase: 'connecting',
      latest: undefined,
      result: undefined,
    };
    this.#workers.push(worker);
    const order: Order = {
      kind: 'plan',
      plan,
      warmupMs: this.#options.warmupSeconds * 1000,
      durationMs: this.#options.durationSeconds * 1000,
      pid: first ? this.#options.pid : undefined,
    };
    child.send(order);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('message', (report: Report) => {
        if (report.kind === 'error') reject(new Error(report.message));
        else this.#onReport(worker, report);
      });
      // Unlike 'exit', this comes after everything that it had to say.
      child.on('disconnect', () => {
        const onExit = (status: number | null, signal: string | null): void => {
          if (worker.result !== undefined) resolve();
          else reject(new Error(`a load process has ended early, ${howEnded(status, signal)}`));
        };
        const { exitCode, signalCode } = child;
        if (exitCode !== null || signalCode !== null) onExit(exitCode, signalCode);
        else child.once('exit', onExit);
      });
    });
  }

  #onReport(worker: Worker, report: Exclude<Report, { kind: 'error' }>): void {
    if (report.kind === 'result') {
      worker.result = report;
      return;
    }
    worker.latest = report.moment;
    const enters = worker.phase !== report.phase;
    worker.phase = report.phase;
    if (enters && this.#workers.every(({ phase }) => phase === 'connected')) {
      this.#order({ kind: 'start' });
    }
    // The first one beats the time for all.
    if (worker === this.#workers[0]) this.#measure(report);
  }

  #measure({ phase, moment }: Extract<Report, { kind: 'progress' }>): void {
    const counted = this.#workers.flatMap(({ latest }) => latest?.counted ?? []);
    const point: SeriesPoint = {
      seconds: (moment.ms - this.#startedMs) / 1000,
      open: sum(counted, 'open'),
      connects: sum(counted, 'connects'),
      received: sum(counted, 'received'),
      errors: sumFailures(counted),
    };
    this.#series.push(point);
    this.#onProgress({ ...point, phase, attempts: sum(counted, 'attempts') });
  }

  #order(order: Order): void {
    for (const { process: child } of this.#workers) {
      if (child.connected) child.send(order);
    }
  }

  #kill(): void {
    for (const { process: child } of this.#workers) child.kill('SIGKILL');
  }
}
