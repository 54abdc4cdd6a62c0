// SPDX-License-Identifier: MIT
// What came of a load run: the reports of the workers added up.

import { addon } from '../boundary/native.js';
import type { LoadFailure, LoadSnapshot } from '../boundary/native_load.js';
import type { LoadOptions } from './options.js';
import type { Moment, Report } from './protocol.js';

/** Milliseconds by percentile. */
export interface Durations {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly 'p99.9': number;
  readonly max: number;
}

/** A place on a percentile curve. */
interface CurvePoint {
  readonly percentile: number;
  readonly ms: number;
}

/** All workers at one time. */
export interface SeriesPoint {
  /** Since the beginning of the run. */
  readonly seconds: number;
  readonly open: number;
  readonly connects: number;
  readonly received: number;
  readonly errors: number;
}

/** What --json writes. */
export interface LoadResult {
  readonly url: string;
  readonly mode: string;
  readonly interrupted: boolean;
  readonly connections: {
    readonly wanted: number;
    readonly attempts: number;
    readonly ok: number;
    readonly refused: number;
    readonly timedOut: number;
    /** What `perSecond` is measured over: connecting all, or with churn the measured time. */
    readonly seconds: number;
    readonly perSecond: number;
    readonly timeMs: Durations | undefined;
  };
  /** Undefined without TLS, and when no handshake was done. */
  readonly tls:
    | {
        /** Version, cipher suite and group of the first connection. */
        readonly negotiated: string;
        readonly handshakes: number;
        /** Of them, those that resumed a session. */
        readonly resumed: number;
      }
    | undefined;
  /** Those of the measured time, but for `inFlight`, `mismatches` and the errors. */
  readonly messages: {
    readonly seconds: number;
    readonly sent: number;
    readonly received: number;
    /** Of them, those that came compressed. */
    readonly compressed: number;
    readonly perSecond: number;
    readonly bytesPerSecond: number;
    /** When the time was over. */
    readonly inFlight: number;
    readonly mismatches: number;
  };
  /** Messages that the server sends of its own accord, since the beginning. Undefined unless wanted. */
  readonly publications:
    | {
        readonly received: number;
        /** What the connection that has had the fewest has had, of those that are open; and the most. */
        readonly least: number;
        readonly most: number;
      }
    | undefined;
  readonly errorCount: number;
  readonly errors: readonly (LoadFailure & { readonly text: string })[];
  readonly latencyMs: Durations | undefined;
  readonly server:
    | {
        readonly cpuUs: number;
        /** Undefined when no message came back. */
        readonly cpuUsPerMessage: number | undefined;
        readonly cpuShare: number;
        readonly residentBytes: number;
      }
    | undefined;
  /** Of the load generator itself, in the measured time. */
  readonly generator: { readonly cpuShare: number; readonly residentBytes: number };
  readonly latencyCurve: readonly CurvePoint[];
  readonly series: readonly SeriesPoint[];
}

export type WorkerResult = Extract<Report, { kind: 'result' }>;

const TEXTS: Readonly<Record<LoadFailure['kind'], string>> = {
  refused: 'connection refused',
  reset: 'connection reset',
  timedOut: 'timed out',
  system: 'system error',
  badStatus: 'refused with HTTP status',
  badAnswer: 'answer that breaks RFC 6455 §4.1',
  protocol: 'broken frame, answered with close code',
  closedEarly: 'closed by the server with code',
  mismatch: 'message that is not the echo',
  tlsCertificate: "the server's certificate is not accepted",
  tlsAlert: 'the server ended TLS with an alert',
  notTls: 'the server does not speak TLS',
  tlsOther: 'TLS failed',
};

function textOf({ kind, detail, reason }: LoadFailure): string {
  if (reason !== '') return `${TEXTS[kind]}: ${reason} (${detail})`;
  if (kind === 'system') {
    const row = addon.errorTable.find(({ code }) => code === detail);
    return row === undefined ? `${TEXTS.system} ${detail}` : row.text;
  }
  return detail === 0 ? TEXTS[kind] : `${TEXTS[kind]} ${detail}`;
}

type Counted = Exclude<
  keyof LoadSnapshot,
  'negotiated' | 'failures' | 'connecting' | 'done' | 'publicationsLeast' | 'publicationsMost'
>;

export function sum(snapshots: readonly LoadSnapshot[], key: Counted): number {
  return snapshots.reduce((total, snapshot) => total + snapshot[key], 0);
}

export function sumFailures(
  snapshots: readonly LoadSnapshot[],
  kinds?: readonly LoadFailure['kind'][],
): number {
  return snapshots
    .flatMap(({ failures }) => failures)
    .filter(({ kind }) => kinds === undefined || kinds.includes(kind))
    .reduce((total, { count }) => total + count, 0);
}

function mergeFailures(snapshots: readonly LoadSnapshot[]): LoadResult['errors'] {
  const merged = new Map<string, LoadFailure & { text: string }>();
  for (const failure of snapshots.flatMap(({ failures }) => failures)) {
    const text = textOf(failure);
    const count = failure.count + (merged.get(text)?.count ?? 0);
    merged.set(text, { ...failure, count, text });
  }
  return [...merged.values()].sort((a, b) => b.count - a.count);
}

/** Pairs of a duration and a count, from several workers, as one ascending list. */
function mergePairs(histograms: readonly Float64Array[]): [number, number][] {
  const counts = new Map<number, number>();
  for (const pairs of histograms) {
    for (let at = 0; at < pairs.length; at += 2) {
      const ns = pairs[at] as number;
      counts.set(ns, (counts.get(ns) ?? 0) + (pairs[at + 1] as number));
    }
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** The curve of a histogram: where each of its steps ends. */
function curveOf(histograms: readonly Float64Array[]): CurvePoint[] {
  const pairs = mergePairs(histograms);
  const total = pairs.reduce((before, [, count]) => before + count, 0);
  let seen = 0;
  return pairs.map(([ns, count]) => {
    seen += count;
    return { percentile: (seen / total) * 100, ms: ns / 1e6 };
  });
}

function durationsOf(curve: readonly CurvePoint[]): Durations | undefined {
  const last = curve.at(-1);
  if (last === undefined) return undefined;
  const at = (wanted: number): number =>
    (curve.find(({ percentile }) => percentile >= wanted) ?? last).ms;
  return { p50: at(50), p90: at(90), p99: at(99), 'p99.9': at(99.9), max: last.ms };
}

/** At most `count` of the points, the first and the last among them. */
function thin<T>(points: readonly T[], count: number): T[] {
  const step = Math.max(1, (points.length - 1) / (count - 1));
  const thinned: T[] = [];
  for (let at = 0; Math.round(at) < points.length; at += step) {
    thinned.push(points[Math.round(at)] as T);
  }
  return thinned;
}

/** By how much `read` has grown from `begin` to `end`, in all workers. */
function growth(
  workers: readonly (readonly [Moment, Moment])[],
  read: (moment: Moment) => number,
): number {
  return workers.reduce((total, [begin, end]) => total + read(end) - read(begin), 0);
}

function serverUsage(
  begin: Moment | undefined,
  end: Moment | undefined,
  messages: number,
): LoadResult['server'] {
  if (end?.server === undefined) return undefined;
  const { residentBytes } = end.server;
  if (begin?.server === undefined) {
    return { cpuUs: 0, cpuUsPerMessage: undefined, cpuShare: 0, residentBytes };
  }
  const cpuUs = end.server.cpuUs - begin.server.cpuUs;
  return {
    cpuUs,
    cpuUsPerMessage: messages > 0 ? cpuUs / messages : undefined,
    cpuShare: cpuUs / 1000 / (end.ms - begin.ms),
    residentBytes,
  };
}

function tlsResult(ends: readonly LoadSnapshot[]): LoadResult['tls'] {
  const negotiated = ends.find((end) => end.negotiated !== '')?.negotiated;
  if (negotiated === undefined) return undefined;
  return { negotiated, handshakes: sum(ends, 'handshakes'), resumed: sum(ends, 'resumed') };
}

export function makeResult(
  options: LoadOptions,
  workers: readonly WorkerResult[],
  series: readonly SeriesPoint[],
  interrupted: boolean,
): LoadResult {
  const ends = workers.map(({ end }) => end.counted);
  const spans = workers.flatMap(({ begin, end }) =>
    begin === undefined ? [] : [[begin, end] as const],
  );
  const seconds =
    spans.reduce((total, [begin, end]) => total + (end.ms - begin.ms) / 1000, 0) /
    Math.max(1, spans.length);
  const perSecond = (count: number, time: number): number => (time > 0 ? count / time : 0);
  const received = growth(spans, ({ counted }) => counted.received);
  const bytes = growth(spans, ({ counted }) => counted.bytesReceived);

  const churns = options.mode === 'churn';
  const connectedMs = Math.max(...workers.map(({ connected, end }) => (connected ?? end).ms));
  const beganMs = Math.min(...workers.map(({ began }) => began.ms));
  const connectSeconds = churns ? seconds : (connectedMs - beganMs) / 1000;
  const connects = churns
    ? growth(spans, ({ counted }) => counted.connects)
    : sum(
        workers.map(({ connected, end }) => (connected ?? end).counted),
        'connects',
      );

  const latencyCurve = curveOf(workers.map(({ latencies }) => latencies));
  const first = workers[0];
  return {
    url: options.url.href,
    mode: options.mode,
    interrupted,
    connections: {
      wanted: options.connections,
      attempts: sum(ends, 'attempts'),
      ok: sum(ends, 'connects'),
      refused: sumFailures(ends, ['refused']),
      timedOut: sumFailures(ends, ['timedOut']),
      seconds: connectSeconds,
      perSecond: perSecond(connects, connectSeconds),
      timeMs: durationsOf(curveOf(workers.map(({ connectTimes }) => connectTimes))),
    },
    tls: tlsResult(ends),
    messages: {
      seconds,
      sent: growth(spans, ({ counted }) => counted.sent),
      received,
      compressed: growth(spans, ({ counted }) => counted.compressed),
      perSecond: perSecond(received, seconds),
      bytesPerSecond: perSecond(bytes, seconds),
      inFlight: Math.max(0, sum(ends, 'sent') - sum(ends, 'received')),
      mismatches: sumFailures(ends, ['mismatch']),
    },
    publications: options.publications
      ? {
          received: sum(ends, 'publications'),
          least: Math.min(...ends.map(({ publicationsLeast }) => publicationsLeast)),
          most: Math.max(...ends.map(({ publicationsMost }) => publicationsMost)),
        }
      : undefined,
    errorCount: sumFailures(ends),
    errors: mergeFailures(ends),
    latencyMs: durationsOf(latencyCurve),
    server: serverUsage(first?.begin, first?.end, received),
    generator: {
      cpuShare: growth(spans, ({ ownCpuUs }) => ownCpuUs) / 1e6 / (seconds || 1),
      residentBytes: workers.reduce((total, worker) => total + worker.residentBytes, 0),
    },
    latencyCurve: thin(latencyCurve, 400),
    series: thin(series, 300),
  };
}
