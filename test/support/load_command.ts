// Runs `wsserver load`, and servers for it to fail with.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { WSServer } from 'native-wsserver';
import { COMMAND } from './package_path.js';

/** What these tests look at of the result. */
interface Result {
  interrupted: boolean;
  connections: { ok: number; refused: number; timedOut: number; perSecond: number };
  messages: {
    sent: number;
    received: number;
    compressed: number;
    perSecond: number;
    mismatches: number;
  };
  publications?: { received: number; least: number; most: number };
  tls?: { negotiated: string; handshakes: number; resumed: number };
  errorCount: number;
  errors: { kind: string; detail: number; count: number; text: string }[];
  latencyMs?: { p50: number; max: number };
  server?: { cpuUsPerMessage?: number; residentBytes: number };
  series: unknown[];
}

export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
  /** Of --json; undefined if there is none. */
  result: Result;
  html: string;
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wsserver-load-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Is given a function that interrupts the command, and its process. */
export type OnStart = (interrupt: () => void, pid: number) => void;

/** Runs the command. */
export function run(args: string[], onStart: OnStart = () => {}): Promise<Run> {
  const child = spawn(process.execPath, [COMMAND, 'load', ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  onStart(() => child.kill('SIGINT'), child.pid as number);
  return new Promise((resolve) => {
    child.on('close', (status) => {
      resolve({ status, stdout, stderr, result: undefined as unknown as Result, html: '' });
    });
  });
}

/** Runs it for a short time against `url`. */
export async function load(
  t: TestContext,
  url: string,
  args: string[] = [],
  onStart?: OnStart,
): Promise<Run> {
  const folder = temporaryFolder(t);
  const json = path.join(folder, 'result.json');
  const html = path.join(folder, 'report.html');
  const short = ['--connections', '4', '--duration', '1', '--warmup', '0'];
  const done = await run([url, ...short, '--json', json, '--html', html, ...args], onStart);
  assert.ok(done.stdout !== '', done.stderr);
  return {
    ...done,
    result: JSON.parse(readFileSync(json, 'utf8')) as Result,
    html: readFileSync(html, 'utf8'),
  };
}

/** Runs it until `server` has had so many of an event, however long that takes. */
export function loadUntil(
  t: TestContext,
  [server, event, count]: [WSServer, 'Connected' | 'DataIn', number],
  url: string,
  args: string[] = [],
): Promise<Run> {
  let interrupt = (): void => {};
  let seen = 0;
  server.on(event, () => {
    if (++seen === count) interrupt();
  });
  return load(t, url, [...args, '--duration', '1000'], (signal) => {
    interrupt = signal;
  });
}

/** A TCP server that does with each connection what `serve` does. */
export async function rawServer(
  t: TestContext,
  serve: (socket: net.Socket) => void,
): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as net.AddressInfo).port;
}
