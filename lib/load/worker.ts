// SPDX-License-Identifier: MIT
// A process of the load generator. It does what it is told in one message, blocks in the native
// loop nearly all the time, and looks for news from its parent in between.

import { WSServerError } from '../base/errors.js';
import { addon } from '../boundary/native.js';
import type { Moment, Order, Phase, Report } from './protocol.js';
import { readUsage } from './usage.js';

const SLICE_MS = 100;
/** Answers to our Close that have not come by then are not waited for. */
const CLOSING_MS = 2000;

type PlanOrder = Extract<Order, { kind: 'plan' }>;

let started = false;
let stopped = false;

/** Settled when the parent has it, or is gone: what has not been taken is lost by disconnect(). */
function say(report: Report): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(report, undefined, undefined, () => resolve());
  });
}

/** Lets messages of the parent in. */
function listen(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function work(order: PlanOrder): Promise<void> {
  const load = new addon.Load(order.plan, WSServerError);
  const now = (): Moment => {
    const { user, system } = process.cpuUsage();
    return {
      ms: performance.timeOrigin + performance.now(),
      counted: load.snapshot(),
      ownCpuUs: user + system,
      server: order.pid === undefined ? undefined : readUsage(order.pid),
    };
  };
  /** A moment is reported for each slice. */
  const connect = async (): Promise<void> => {
    for (;;) {
      const moment = now();
      void say({ kind: 'progress', phase: 'connecting', moment });
      if (stopped || !moment.counted.connecting) return;
      load.run(SLICE_MS);
      await listen();
    }
  };
  const runFor = async (phase: Phase, durationMs: number) => {
    const endMs = performance.now() + durationMs;
    const left = (): number => Math.round(endMs - performance.now());
    const alive = ({ counted }: Moment): boolean => counted.open > 0 || order.plan.mode === 'churn';
    let moment = now();
    while (!stopped && left() > 0 && alive(moment)) {
      load.run(Math.min(SLICE_MS, left()));
      await listen();
      moment = now();
      void say({ kind: 'progress', phase, moment });
    }
    return moment;
  };

  const began = now();
  let connected: Moment | undefined;
  let begin: Moment | undefined;
  await connect();
  let end = now();
  if (!stopped) {
    connected = end;
    void say({ kind: 'progress', phase: 'connected', moment: end });
    while (!started && !stopped) {
      load.run(10);
      await listen();
    }
  }
  if (!stopped) {
    load.start();
    await runFor('warmup', order.warmupMs);
  }
  if (!stopped) {
    load.restartMeasuring();
    begin = now();
    end = await runFor('measuring', order.durationMs);
  }
  // Stopped before: what there is by now.
  if (begin === undefined) end = now();
  const latencies = load.latencies();
  const residentBytes = process.memoryUsage.rss();
  load.stop();
  load.run(CLOSING_MS);
  const connectTimes = load.connectTimes();
  await say({
    kind: 'result',
    began,
    connected,
    begin,
    end,
    latencies,
    connectTimes,
    residentBytes,
  });
}

process.on('message', (order: Order) => {
  if (order.kind === 'start') started = true;
  if (order.kind === 'stop') stopped = true;
  if (order.kind !== 'plan') return;
  work(order)
    .catch((error: unknown) => say({ kind: 'error', message: String(error) }))
    .finally(() => process.disconnect());
});
// A signal to the whole group of processes is the parent's to handle; a worker ends with its parent.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
