// Other people's programs, which are not sanitized as ours are.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { defer } from './defer.js';

const { CI, LD_PRELOAD, ...env } = process.env;

/** The environment for them. */
export const UNSANITIZED = env;

/** How a program ended, and what it said. */
export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Whether to skip what needs a program: false, or why. Where everything is to be tested, a missing
 * one is a failure: `probe` must then fail in the test itself.
 */
export function skipWithout(program: string, ...probe: string[]): string | false {
  if (CI === 'true' || spawnSync(program, probe, { env }).status === 0) return false;
  return `${[program, ...probe].join(' ')} does not run here`;
}

/** Starts a program, which is gone after the test. */
function startProgram(
  t: TestContext,
  program: string,
  args: readonly string[],
  cwd?: string,
): ChildProcessWithoutNullStreams {
  // Node.js loads our addon, which may be sanitized: then it needs what the tests were started with.
  const own = program === process.execPath ? { ...env, LD_PRELOAD } : env;
  const child = spawn(program, args, { env: own, cwd });
  child.stdin.on('error', () => {}); // It may have ended.
  defer(t, () => child.kill('SIGKILL'));
  return child;
}

/** Runs a program to its end, with `input` or none. */
export async function runProgram(
  t: TestContext,
  program: string,
  args: readonly string[],
  { input = '', cwd }: { input?: string | Uint8Array; cwd?: string } = {},
): Promise<Result> {
  const child = startProgram(t, program, args, cwd);
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }),
  ]);
  return { code, stdout, stderr };
}
