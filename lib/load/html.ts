// SPDX-License-Identifier: MIT
// The report of --html: one file with everything in it, plots as SVG.

import { count, duration, resultRows } from './report.js';
import type { LoadResult } from './result.js';

interface Plot {
  readonly title: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Where lines and labels go on the x axis. */
  readonly ticks: readonly (readonly [x: number, label: string])[];
  readonly label: (y: number) => string;
}

const WIDTH = 860;
const HEIGHT = 260;
const LEFT = 90;
const BOTTOM = 30;
const TOP = 10;
const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: ${WIDTH}px; margin: 2rem auto; padding: 0 1rem; color: #1a1f27; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; } td { padding: .15rem 1.2rem .15rem 0; vertical-align: top; }
td:first-child { color: #5b6675; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #5b6675; }
svg .grid { stroke: #d9dee5; } svg .line { fill: none; stroke: #1565c0; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  body { color: #e3e8ee; background: #14181d; } svg .grid { stroke: #333b45; } svg .line { stroke: #64b5f6; }
  td:first-child, svg text { color: #9aa6b4; fill: #9aa6b4; }
}`;

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A round number not below `value`, and the steps up to it. */
function axis(value: number): number[] {
  if (!(value > 0)) return [0, 1];
  const step = 10 ** Math.floor(Math.log10(value / 4));
  const nice = [1, 2, 5, 10].map((factor) => factor * step).find((size) => size * 5 >= value);
  const size = nice ?? step * 10;
  return Array.from({ length: Math.ceil(value / size) + 1 }, (_, index) => index * size);
}

function renderPlot({ title, points, ticks, label }: Plot): string {
  if (points.length < 2) return '';
  const xs = [...points.map(([x]) => x), ...ticks.map(([x]) => x)];
  const [minX, maxX] = [Math.min(...xs), Math.max(...xs)];
  const levels = axis(Math.max(...points.map(([, y]) => y)));
  const maxY = levels.at(-1) ?? 1;
  const atX = (x: number): string =>
    (LEFT + ((x - minX) / (maxX - minX || 1)) * (WIDTH - LEFT - 20)).toFixed(1);
  const atY = (y: number): string => (TOP + (1 - y / maxY) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const path = points.map(([x, y]) => `${atX(x)},${atY(y)}`).join(' ');
  return [
    `<h2>${escaped(title)}</h2>`,
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    ...levels.map(
      (y) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - 20}" y1="${atY(y)}" y2="${atY(y)}"/>` +
        `<text x="${LEFT - 8}" y="${atY(y)}" dy="4" text-anchor="end">${escaped(label(y))}</text>`,
    ),
    ...ticks.map(
      ([x, text]) =>
        `<text x="${atX(x)}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(text)}</text>`,
    ),
    `<polyline class="line" points="${path}"/>`,
    '</svg>',
  ].join('\n');
}

/** Percentiles so that 90, 99, 99.9 … lie at equal distances. */
function nines(percentile: number): number {
  return -Math.log10(1 - Math.min(percentile, 99.9999) / 100);
}

function latencyPlot({ latencyCurve }: LoadResult): Plot {
  return {
    title: 'Latency by percentile',
    points: latencyCurve.map(({ percentile, ms }) => [nines(percentile), ms]),
    ticks: [0, 50, 90, 99, 99.9, 99.99].map((value) => [nines(value), `${value} %`]),
    label: duration,
  };
}

type Key = 'connects' | 'received';

function secondsTicks(last: number): [number, string][] {
  return axis(last)
    .filter((value) => value <= last)
    .map((value) => [value, `${value} s`]);
}

/** The growth per second of what a series counts. */
function ratePlot({ series }: LoadResult, title: string, key: Key): Plot {
  const points = series.slice(1).flatMap((point, index): [number, number][] => {
    const before = series[index];
    const elapsed = before === undefined ? 0 : point.seconds - before.seconds;
    if (before === undefined || elapsed < 0.001) return [];
    return [[point.seconds, (point[key] - before[key]) / elapsed]];
  });
  return { title, points, ticks: secondsTicks(series.at(-1)?.seconds ?? 0), label: count };
}

function openPlot({ series }: LoadResult): Plot {
  return {
    title: 'Open connections',
    points: series.map(({ seconds, open }) => [seconds, open]),
    ticks: secondsTicks(series.at(-1)?.seconds ?? 0),
    label: count,
  };
}

export function renderHtml(result: LoadResult): string {
  const plots = [
    latencyPlot(result),
    ratePlot(result, 'Messages per second', 'received'),
    ratePlot(result, 'Connects per second', 'connects'),
    openPlot(result),
  ];
  const rows = resultRows(result).map(
    ([name, value]) => `<tr><td>${escaped(name)}</td><td>${escaped(value)}</td></tr>`,
  );
  const title = `Load on ${escaped(result.url)}`;
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${title}</title>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<style>${STYLE}</style></head><body>`,
    `<h1>${title}</h1>`,
    `<table>${rows.join('\n')}</table>`,
    ...plots.map(renderPlot),
    '</body></html>\n',
  ].join('\n');
}
