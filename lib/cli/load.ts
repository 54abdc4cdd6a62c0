// SPDX-License-Identifier: MIT
// `wsserver load`: loads a server and tells how it did.

import { writeFileSync } from 'node:fs';
import { renderHtml } from '../load/html.js';
import { makeProgressLine, renderTable } from '../load/report.js';
import { LoadRun } from '../load/run.js';
import { parseLoadOptions } from './load_options.js';
import { USAGE } from './load_usage.js';

/** The exit status: 1 when a condition of --fail-if holds, or nothing could be measured. */
export async function loadCommand(args: string[]): Promise<number> {
  const options = parseLoadOptions(args);
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  const terminal = process.stderr.isTTY === true;
  const progressLine = makeProgressLine(options);
  const run = new LoadRun(options, (progress) => {
    if (terminal) process.stderr.write(`\r\x1b[K${progressLine(progress)}`);
  });
  const interrupt = (): void => run.interrupt();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const result = await run.run().finally(() => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    if (terminal) process.stderr.write('\r\x1b[K');
  });

  console.log(renderTable(result));
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  }
  if (options.html !== undefined) writeFileSync(options.html, renderHtml(result));
  const crossed = options.thresholds.filter((threshold) => threshold.crossed(result));
  const failures = crossed.map(({ text }) => text);
  const wantsEchoes = options.mode !== 'idle' && !result.interrupted && result.connections.ok > 0;
  if (wantsEchoes && result.messages.received === 0) failures.push('no message came back');
  for (const text of failures) console.error(`wsserver: failed: ${text}`);
  return failures.length > 0 || result.connections.ok === 0 ? 1 : 0;
}
