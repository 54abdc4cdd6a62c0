// SPDX-License-Identifier: MIT
// The commands on a terminal, which script(1) gives them: a line that is written anew.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { type TestContext, test } from 'node:test';
import { defer } from '../support/defer.js';
import { COMMAND } from '../support/package_path.js';
import { startEcho } from '../support/server.js';

const ANEW = '\r\x1b[K';

/** A command on a terminal. */
class Terminal {
  output = '';
  readonly #child;
  readonly #ended: Promise<unknown[]>;

  constructor(t: TestContext, ...args: string[]) {
    // exec: a shell in between would be interrupted too, and end with a status of its own.
    const command = ['exec', process.execPath, COMMAND, ...args].join(' ');
    this.#child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null']);
    this.#child.stdout.on('data', (text) => {
      this.output += text;
    });
    this.#ended = once(this.#child, 'close');
    defer(t, () => this.#child.kill('SIGKILL'));
  }

  async shows(text: RegExp): Promise<void> {
    while (!text.test(this.output)) await once(this.#child.stdout, 'data');
  }

  interrupt(): void {
    this.#child.stdin.write('\x03');
  }

  /** The exit status. */
  async end(): Promise<unknown> {
    return (await this.#ended)[0];
  }
}

test('echo tells every second how it is, until it is interrupted', async (t) => {
  const terminal = new Terminal(t, 'echo', '--port', '0');
  await terminal.shows(
    /0 connections \| 0 messages\/s in, 0 out \| 0\.0 MB\/s in, 0\.0 out \| \d+\.\d MB resident/,
  );
  terminal.interrupt();
  assert.equal(await terminal.end(), 0, terminal.output);
});

for (const [name, args, row] of [
  ['messages', [], /^\[[#-]{24}\] \d+\/1 s \| 4 open \| [\d,]+ messages\/s \| 0 errors/],
  ['connects', ['--churn'], /^\[[#-]{24}\] \d+\/1 s \| \d open \| [\d,]+ connects\/s \| 0 errors/],
] as const) {
  test(`load shows how far it is: ${name}`, async (t) => {
    const server = await startEcho(t);
    const url = `ws://127.0.0.1:${server.localPort}`;
    const short = ['--connections', '4', '--warmup', '0.5', '--duration', '1'];
    const terminal = new Terminal(t, 'load', url, ...short, ...args);
    assert.equal(await terminal.end(), 0, terminal.output);
    const lines = terminal.output.split(ANEW);
    assert.ok(lines.some((line) => /^\[[#-]{24}\] \d\/4 connections \| [\d,]+\/s/.test(line)));
    assert.ok(lines.some((line) => /^\[[#-]{24}\] warm-up \| /.test(line)));
    assert.ok(lines.some((line) => row.test(line)));
    // Nothing of it is left in front of the result.
    assert.match(lines.at(-1) ?? '', new RegExp(`^${url}/?: .*4 connections`));
  });
}
