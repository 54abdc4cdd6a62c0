// SPDX-License-Identifier: MIT
// The conditions of --fail-if.

import type { LoadResult } from './result.js';

/** What conditions can be about. Times are in milliseconds; undefined: not measured. */
const METRICS: Readonly<
  Record<string, { time: boolean; read(result: LoadResult): number | undefined }>
> = {
  p50: { time: true, read: (result) => result.latencyMs?.p50 },
  p90: { time: true, read: (result) => result.latencyMs?.p90 },
  p99: { time: true, read: (result) => result.latencyMs?.p99 },
  'p99.9': { time: true, read: (result) => result.latencyMs?.['p99.9'] },
  max: { time: true, read: (result) => result.latencyMs?.max },
  cpu: { time: true, read: (result) => perMessageMs(result) },
  errors: { time: false, read: (result) => result.errorCount },
  mismatches: { time: false, read: (result) => result.messages.mismatches },
  connects: { time: false, read: (result) => result.connections.ok },
  'connects/s': { time: false, read: (result) => result.connections.perSecond },
  'messages/s': { time: false, read: (result) => result.messages.perSecond },
};

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
};

const COMPARE: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
};

export interface Threshold {
  /** The condition as it was given. */
  readonly text: string;
  /** Whether it holds, or what it is about was not measured. */
  crossed(result: LoadResult): boolean;
}

function perMessageMs(result: LoadResult): number | undefined {
  const cpuUs = result.server?.cpuUsPerMessage;
  return cpuUs === undefined ? undefined : cpuUs / 1000;
}

/** Undefined when it is no condition. */
export function parseThreshold(text: string): Threshold | undefined {
  const [, name = '', operator = '', digits = '', unit = ''] =
    /^\s*([a-z0-9./]+)\s*([<>]=?)\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*$/.exec(text) ?? [];
  const metric = Object.hasOwn(METRICS, name) ? METRICS[name] : undefined;
  const compare = COMPARE[operator];
  const scale = unit === '' ? 1 : MS_PER_UNIT[unit];
  const wrong =
    metric === undefined ||
    compare === undefined ||
    scale === undefined ||
    metric.time !== (unit !== '');
  if (wrong) return undefined;
  const limit = Number(digits) * scale;
  return {
    text,
    crossed(result) {
      const value = metric.read(result);
      return value === undefined || compare(value, limit);
    },
  };
}
