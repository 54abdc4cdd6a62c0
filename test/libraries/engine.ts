// The examples of libraries over our sockets, which the tests of this room run.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';

const FACE = 'native-wsserver/ws';

const { WS_ENGINE = FACE } = process.env;

/**
 * Which sockets the libraries stand on. `WS_ENGINE=ws node tools/test.js libraries` runs the same tests
 * over npm `ws`: what fails there is wrong in the test.
 */
const ENGINE = WS_ENGINE;

/** A running example. */
export interface Example {
  readonly port: number;
  /** Its URL with another scheme than http. */
  url(scheme?: string): string;
  /** Ends it, without a word to its clients. */
  kill(): Promise<void>;
  /** The same again, on the same port. */
  restart(): Promise<Example>;
}

/** The path of an example, or of a copy of it over the engine that is asked for. */
function programOf(name: string): string {
  const file = packagePath('examples/libraries', `${name}.mjs`);
  if (ENGINE === FACE) return file;
  const folder = packagePath('build/libraries');
  fs.mkdirSync(folder, { recursive: true });
  const copy = path.join(folder, `${name}.mjs`);
  fs.writeFileSync(copy, fs.readFileSync(file, 'utf8').replaceAll(`'${FACE}'`, `'${ENGINE}'`));
  return copy;
}

async function portOf(child: ChildProcess): Promise<number> {
  const lines = createInterface(child.stdout as NodeJS.ReadableStream as never);
  const ended = once(child, 'exit').then(() => undefined);
  const first = once(lines, 'line').then(([line]) => line as string);
  const line = await Promise.race([first, ended]);
  const [, port] = /^Listening on port (\d+)$/.exec(line ?? '') ?? [];
  assert.ok(port !== undefined, `the example has not said its port, but ${line}`);
  return Number(port);
}

/**
 * Starts examples/libraries/`name`.mjs on any port.
 * @param registered - it asks for `ws` itself, which is ours then
 */
export async function startExample(
  t: TestContext,
  name: string,
  {
    args = [],
    registered = false,
    port = 0,
  }: { args?: string[]; registered?: boolean; port?: number } = {},
): Promise<Example> {
  const hook = registered && ENGINE === FACE ? ['--require', `${FACE}/register`] : [];
  const child = spawn(process.execPath, [...hook, programOf(name), `${port}`, ...args], {
    cwd: packagePath(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill('SIGKILL'));
  const own = await portOf(child);
  if (ENGINE === FACE)
    assert.match(fs.readFileSync(`/proc/${child.pid}/maps`, 'utf8'), /wsserver.*\.node/);
  return {
    port: own,
    url: (scheme = 'http') => `${scheme}://127.0.0.1:${own}`,
    kill: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    restart: () => startExample(t, name, { args, registered, port: own }),
  };
}

/** Options of a test that is about our sockets alone. */
export const skipWithoutFace = { skip: ENGINE !== FACE };
