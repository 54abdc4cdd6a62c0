// SPDX-License-Identifier: MIT
// What the command line of `wsserver load` says, checked.

import { isUtf8 } from 'node:buffer';
import { closeSync, openSync } from 'node:fs';
import { isIP } from 'node:net';
import { linesOf, makeJson, makeMessage } from '../load/messages.js';
import type { LoadOptions } from '../load/options.js';
import { parseThreshold, type Threshold } from '../load/threshold.js';
import { readUsage } from '../load/usage.js';
import { parseTls } from './load_tls.js';
import { LOAD_OPTIONS, USAGE } from './load_usage.js';
import { parseOptions, readOptionFile, UsageError, wholeNumber } from './usage.js';

/** What the command line says: also what becomes of the result. */
export interface LoadCommand extends LoadOptions {
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly thresholds: readonly Threshold[];
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const HEADER = new RegExp(`^${TOKEN}:[\\t\\x20-\\x7e\\x80-\\xff]*$`);
const MODES = ['idle', 'churn', 'broadcast'] as const;
const MAX_SIZE = 1 << 30;
const CONNECTIONS_PER_PROCESS = 15000;

function fail(message: string): never {
  throw new UsageError(message, USAGE);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  return fail(`${name} takes a number above 0, not "${text}"`);
}

function seconds(name: string, text: string, min: number): number {
  const value = Number(text);
  // What is waited for in the end is a timer of 31 bits.
  if (text.trim() !== '' && value >= min && value <= 1e6) return value;
  return fail(`${name} takes seconds, at least ${min}, not "${text}"`);
}

function parseUrl(positionals: string[]): URL {
  const [text, ...others] = positionals;
  if (text === undefined) return fail('the URL of the server is missing');
  if (others.length > 0) return fail(`one URL is enough, "${others[0]}" is too many`);
  if (!URL.canParse(text)) return fail(`"${text}" is not a URL`);
  const url = new URL(text);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    return fail(`the URL must begin with ws:// or wss://, not ${url.protocol}//`);
  }
  if (url.username !== '' || url.password !== '') {
    return fail("a URL with a password is not sent: give --header 'Authorization: …'");
  }
  return url;
}

function parseHeaders(lines: readonly string[]): string {
  for (const line of lines) {
    if (!HEADER.test(line)) fail(`--header takes 'NAME: VALUE', not "${line}"`);
  }
  return lines.join('\r\n');
}

function readMessages(file: string, text: boolean): Uint8Array[] {
  const content = readOptionFile('--file', file, USAGE);
  if (text && !isUtf8(content)) fail(`--file: ${file} is not UTF-8, which --text must be`);
  const messages = linesOf(content);
  if (messages.length === 0) fail(`--file: ${file} has no messages, which are its lines`);
  return messages;
}

function parsePid(text: string): number {
  const pid = wholeNumber('--pid', text, 1, 2 ** 31 - 1, USAGE);
  if (readUsage(pid) === undefined) fail(`--pid: there is no process ${pid} to measure`);
  return pid;
}

/** A file that can be written: it would be a pity to find out at the end. */
function parseOutput(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    fail(`${name}: ${(error as Error).message}`);
  }
  return file;
}

/** Null stands for --help. */
export function parseLoadOptions(args: string[]): LoadCommand | null {
  const { values, positionals } = parseOptions(
    { args, allowPositionals: true, options: LOAD_OPTIONS },
    USAGE,
  );
  if (values.help) return null;

  const exclusive = [
    ['text', 'binary'],
    ['size', 'file'],
    ['in-flight', 'messages-per-second', 'idle', 'churn'],
    MODES,
    ['broadcast', 'processes'],
    ['broadcast', 'publications'],
    ['churn', 'publications'],
  ] as const;
  for (const names of exclusive) {
    const given = names.filter((name) => values[name] !== undefined && values[name] !== false);
    if (given.length > 1) fail(`--${given[0]} and --${given[1]} exclude each other`);
  }
  for (const address of values['local-address']) {
    if (isIP(address) === 0) fail(`--local-address takes an IP address, not "${address}"`);
  }
  for (const name of values.subprotocol) {
    if (!new RegExp(`^${TOKEN}$`).test(name)) fail(`--subprotocol takes a token, not "${name}"`);
  }
  const whole = (name: string, text: string, min: number, max: number): number =>
    wholeNumber(name, text, min, max, USAGE);

  const connections = whole('--connections', values.connections, 1, 1000000);
  const processes =
    values.processes === undefined
      ? values.broadcast
        ? 1
        : Math.ceil(connections / CONNECTIONS_PER_PROCESS)
      : whole('--processes', values.processes, 1, Math.min(connections, 256));
  const size = whole('--size', values.size ?? '20', 0, MAX_SIZE);
  const url = parseUrl(positionals);
  return {
    url,
    tls: parseTls(url, values, USAGE),
    mode: MODES.find((mode) => values[mode]) ?? 'echo',
    connections,
    processes,
    connectsPerSecond: values.rate === undefined ? 0 : positive('--rate', values.rate),
    timeoutSeconds: seconds('--timeout', values.timeout, 0.001),
    subProtocols: values.subprotocol.join(', '),
    headers: parseHeaders(values.header),
    localAddresses: values['local-address'],
    messages:
      values.file === undefined
        ? [values.deflate ? makeJson(size) : makeMessage(size, values.text)]
        : readMessages(values.file, values.text),
    stamped: values.file === undefined && !values.deflate,
    deflate: values.deflate,
    text: values.text,
    publications: values.publications,
    inFlight: whole('--in-flight', values['in-flight'] ?? '1', 1, 65536),
    messagesPerSecond:
      values['messages-per-second'] === undefined
        ? 0
        : positive('--messages-per-second', values['messages-per-second']),
    warmupSeconds: seconds('--warmup', values.warmup, 0),
    durationSeconds: seconds('--duration', values.duration, 0.001),
    pid: values.pid === undefined ? undefined : parsePid(values.pid),
    json: parseOutput('--json', values.json),
    html: parseOutput('--html', values.html),
    thresholds: values['fail-if'].map(
      (text) =>
        parseThreshold(text) ??
        fail(`--fail-if takes a condition such as 'p99>5ms', not "${text}"`),
    ),
  };
}
