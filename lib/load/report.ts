// SPDX-License-Identifier: MIT
// What `wsserver load` shows on a terminal: a line while it runs, a table at the end.

import type { LoadOptions } from './options.js';
import type { Durations, LoadResult } from './result.js';
import type { Progress } from './run.js';

const BAR_WIDTH = 24;

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A duration with three digits and its unit. */
export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  return ms >= 1 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms * 1000).toPrecision(3))} µs`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function bar(part: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}]`;
}

/** Makes the live line; remembers the point before, to tell rates. */
export function makeProgressLine(options: LoadOptions): (progress: Progress) => string {
  let before: Progress | undefined;
  let measuringSince: number | undefined;
  return (progress) => {
    const elapsed = before === undefined ? 0 : progress.seconds - before.seconds;
    const rate = (key: 'connects' | 'received'): string =>
      elapsed > 0 && before !== undefined ? count((progress[key] - before[key]) / elapsed) : '0';
    const errors = `${count(progress.errors)} errors`;
    const { phase } = progress;
    let line = '';
    if (phase === 'connecting' || phase === 'connected') {
      const done = `${count(progress.connects)}/${count(options.connections)} connections`;
      const part = progress.attempts / options.connections;
      line = `${bar(part)} ${done} | ${rate('connects')}/s | ${errors}`;
    } else {
      if (phase === 'measuring') measuringSince ??= progress.seconds;
      const seconds = measuringSince === undefined ? 0 : progress.seconds - measuringSince;
      const time =
        phase === 'warmup' ? 'warm-up' : `${seconds.toFixed(0)}/${options.durationSeconds} s`;
      line = [
        `${bar(seconds / options.durationSeconds)} ${time}`,
        `${count(progress.open)} open`,
        options.mode === 'churn'
          ? `${rate('connects')} connects/s`
          : `${rate('received')} messages/s`,
        errors,
      ].join(' | ');
    }
    before = progress;
    return line;
  };
}

function durations(values: Durations | undefined): string {
  if (values === undefined) return '-';
  return Object.entries(values)
    .map(([name, ms]) => `${name} ${duration(ms)}`)
    .join('   ');
}

/** The rows of the table: what, and its value. */
export function resultRows(result: LoadResult): [string, string][] {
  const { connections, messages, server, generator } = result;
  const rows: [string, string][] = [
    [
      'connections',
      [
        `${count(connections.ok)} ok`,
        `${count(connections.refused)} refused`,
        `${count(connections.timedOut)} timed out`,
        `${count(connections.perSecond)}/s`,
      ].join(', '),
    ],
    ['connect time', durations(connections.timeMs)],
  ];
  if (result.tls !== undefined) {
    const { negotiated, handshakes, resumed } = result.tls;
    rows.push(['TLS', `${negotiated}; ${count(handshakes)} handshakes, ${count(resumed)} resumed`]);
  }
  if (result.mode !== 'idle') {
    const volume = `${megabytes(messages.bytesPerSecond)}/s`;
    rows.push(
      ['messages', `${count(messages.sent)} sent, ${count(messages.received)} received`],
      ['throughput', `${count(messages.perSecond)} messages/s, ${volume} each way`],
      ['latency', durations(result.latencyMs)],
      ['in flight', `${count(messages.inFlight)} at the end`],
      ['mismatches', count(messages.mismatches)],
    );
    if (messages.compressed > 0)
      rows.push(['compressed', `${count(messages.compressed)} received`]);
  }
  if (result.publications !== undefined) {
    const { received, least, most } = result.publications;
    const each = least === most ? count(least) : `${count(least)} to ${count(most)}`;
    rows.push(['publications', `${count(received)} received, ${each} by each connection`]);
  }
  rows.push(['errors', count(result.errorCount)]);
  for (const { text, count: times } of result.errors) rows.push(['', `${count(times)} × ${text}`]);
  if (server !== undefined) {
    const each =
      server.cpuUsPerMessage === undefined
        ? ''
        : `${server.cpuUsPerMessage.toFixed(3)} µs/message, `;
    const share = `${(server.cpuShare * 100).toFixed(0)} % of a core`;
    rows.push(['server', `${each}${share}, ${megabytes(server.residentBytes)} resident`]);
  }
  rows.push([
    'load generator',
    `${(generator.cpuShare * 100).toFixed(0)} % of a core, ${megabytes(generator.residentBytes)} resident`,
  ]);
  return rows;
}

export function renderTable(result: LoadResult): string {
  const rows = resultRows(result);
  const width = Math.max(...rows.map(([name]) => name.length));
  const seconds = result.messages.seconds.toFixed(1);
  const ended = result.interrupted ? ' (interrupted)' : '';
  return [
    `${result.url}: ${result.mode}, ${count(result.connections.wanted)} connections, ${seconds} s${ended}`,
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
  ].join('\n');
}
