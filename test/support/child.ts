// Runs a function in a process of its own: what it prints, and how the process ends, is the result.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type * as Package from 'native-wsserver';
import { defer } from './defer.js';

/** What a child runs. It is sent as text: all that it uses, it must import or be given. */
export type Body<Argument> = (wss: typeof Package, argument: Argument) => unknown;

/** How a child ended, and what it said. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** `body` as source text that calls it. */
export function sourceOf<Argument>(body: Body<Argument>, argument: Argument): string {
  const wss = `require(${JSON.stringify(require.resolve('native-wsserver'))})`;
  return `(${body})(${wss}, ${JSON.stringify(argument)})`;
}

/**
 * A process that runs `body`, and is killed at the end of the test if it still runs. It may have
 * `openFiles` files open.
 */
export function startChild<Argument>(
  t: TestContext,
  body: Body<Argument>,
  argument: Argument,
  nodeArguments: readonly string[] = [],
  openFiles?: number,
): ChildProcess {
  const node = [process.execPath, ...nodeArguments, '-e', sourceOf(body, argument)];
  const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
  const child = spawn('/bin/sh', ['-c', `${limit}exec "$@"`, 'sh', ...node], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  defer(t, () => child.kill('SIGKILL'));
  return child;
}

/** The next message of a child. Fails when the child ends instead. */
export async function messageOf<Message>(child: ChildProcess | Worker): Promise<Message> {
  const over = new AbortController();
  const emitter = child as ChildProcess;
  const ended = once(emitter, 'exit', over).then(([code, signal]) => {
    throw new Error(`the child has ended: ${signal ?? code}`);
  });
  try {
    return (await Promise.race([once(emitter, 'message', over), ended]))[0];
  } finally {
    over.abort();
  }
}

/** How a child ends, with what it prints until then. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const exited = once(child, 'exit');
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream as never),
    text(child.stderr as NodeJS.ReadableStream as never),
    exited,
  ]);
  return { code, signal, stdout, stderr };
}

/** Runs `body` to its end. */
export function runChild<Argument>(
  t: TestContext,
  body: Body<Argument>,
  argument: Argument,
  nodeArguments?: readonly string[],
  openFiles?: number,
): Promise<Outcome> {
  return outcomeOf(startChild(t, body, argument, nodeArguments, openFiles));
}
