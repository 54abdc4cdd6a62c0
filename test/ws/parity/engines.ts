// Runs a program against npm ws and against our face of it, and compares what it sees.

import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import * as npm from 'ws';
import { type Answer, ByteClient } from '../../support/byte_client.js';
import { PATIENCE_MS } from '../../support/patience.js';
import { differences, ownHeaders } from './differences.js';

/** What a program may use of either package. */
export type Engine = typeof npm;

const FACE = process.env['WS_FACE'] ?? 'native-wsserver/ws';
const ours = require(FACE) as Engine;

/** What has not come by then does not come: a program that waits for it fails, in ms. */
const LIMIT_MS = PATIENCE_MS;

/** Both ends of a connection. */
export interface Pair {
  readonly wss: npm.WebSocketServer;
  /** The end that is judged. */
  readonly socket: npm.WebSocket;
  readonly request: IncomingMessage;
  readonly client: npm.WebSocket;
}

/** A server's end, and a raw one. */
export interface RawPair {
  readonly wss: npm.WebSocketServer;
  readonly socket: npm.WebSocket;
  readonly client: ByteClient;
}

/** What is compared of the headers of an answer. */
export const headersOf = ({ headers }: Answer): object =>
  Object.fromEntries([...headers].filter(([name]) => !(name in ownHeaders)));

export const portOf = (server: { address(): unknown }): number =>
  (server.address() as AddressInfo).port;

/** What a program has at hand: an engine, and short ways to what most programs need. */
export class Scene {
  readonly #t: TestContext;
  readonly #undo: (() => unknown)[] = [];
  readonly engine: Engine;
  /** The path that `require` takes, for programs in processes of their own. */
  readonly path: string;

  constructor(t: TestContext, engine: Engine) {
    this.#t = t;
    this.engine = engine;
    this.path = require.resolve(engine === npm ? 'ws' : FACE);
  }

  /** Has `action` carried out when the program is over. */
  after(action: () => unknown): void {
    this.#undo.push(action);
  }

  async end(): Promise<void> {
    for (const action of this.#undo.reverse()) await action();
  }

  /** A server that is not yet listening. */
  server(options: npm.ServerOptions, listener?: () => void): npm.WebSocketServer {
    const wss = new this.engine.WebSocketServer(options, listener);
    this.after(() => {
      for (const socket of wss.clients ?? []) socket.terminate();
      wss.close();
    });
    return wss;
  }

  /** A server that listens on a free port of 127.0.0.1. */
  async listen(options: npm.ServerOptions = {}): Promise<npm.WebSocketServer> {
    const wss = this.server({ port: 0, host: '127.0.0.1', ...options });
    await once(wss, 'listening');
    return wss;
  }

  /** A client of npm ws, which has not yet connected. */
  client(
    server: { address(): unknown },
    options: npm.ClientOptions = {},
    protocols: string[] = [],
    path = '/',
  ): npm.WebSocket {
    const url = `ws://127.0.0.1:${portOf(server)}${path}`;
    const client = new npm.WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    client.on('error', () => {});
    this.after(() => client.terminate());
    return client;
  }

  /** A client that is open, and its server's end. */
  async pair(options: npm.ServerOptions = {}, clientOptions?: npm.ClientOptions): Promise<Pair> {
    const wss = await this.listen(options);
    const client = this.client(wss, clientOptions);
    const [[socket, request]] = await Promise.all([
      once(wss, 'connection') as Promise<[npm.WebSocket, IncomingMessage]>,
      once(client, 'open'),
    ]);
    return { wss, socket, request, client };
  }

  raw(server: { address(): unknown }): Promise<ByteClient> {
    return ByteClient.connect(this.#t, portOf(server));
  }

  /** A raw client whose request has been answered, and its server's end. */
  async rawPair(options: npm.ServerOptions = {}, lines?: readonly string[]): Promise<RawPair> {
    const wss = await this.listen(options);
    const client = await this.raw(wss);
    const [[socket]] = await Promise.all([
      once(wss, 'connection') as Promise<[npm.WebSocket]>,
      client.upgrade(lines),
    ]);
    return { wss, socket, client };
  }
}

/** What is worth comparing of an error. */
export function told(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  return { name: error.constructor.name, message: error.message, code };
}

/** The error that `action` throws, or `nothing`. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return 'nothing';
  } catch (error) {
    return told(error);
  }
}

/** All events of these names from now on, with what they bring. */
export function record(emitter: EventEmitter, ...names: string[]): unknown[][] {
  const events: unknown[][] = [];
  for (const name of names) {
    emitter.on(name, (...args) => events.push([name, ...args.map(plain)]));
  }
  return events;
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString();
  return told(value);
}

/** The end of a socket: the code, and the reason as text. */
export function closed(socket: npm.WebSocket): Promise<[number, string]> {
  return new Promise((resolve) => {
    socket.once('close', (code, reason) => resolve([code, reason.toString()]));
  });
}

/** A program that waits for ever in a loop of these does not keep the process. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

/** A callback as a promise of what it is called with. */
export function called(
  start: (callback: (error?: Error | null) => void) => void,
): Promise<unknown> {
  return new Promise((resolve) => start((error) => resolve(error ? told(error) : 'ok')));
}

/** A copy, so that nothing that comes later changes what has been seen. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([key, each]) => [key, copied(each)]),
  );
}

async function seenBy(
  t: TestContext,
  engine: Engine,
  run: (scene: Scene) => unknown,
): Promise<unknown> {
  const scene = new Scene(t, engine);
  const late = new AbortController();
  const limit = new Promise((resolve) => {
    const timer = setTimeout(resolve, LIMIT_MS, 'it does not end');
    late.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    return copied(await Promise.race([run(scene), limit]));
  } finally {
    late.abort();
    await scene.end();
  }
}

/** Programs wait a little for what comes by itself: on a busy machine that may be too short. */
const ATTEMPTS = 3;

/**
 * A test: what `run` returns must be the same with both engines, but for the difference that has the
 * test's name.
 */
export function forBoth(name: string, run: (scene: Scene) => unknown): void {
  test(name, async (t) => {
    const difference = differences[name];
    const compare = async (): Promise<void> => {
      const theirs = await seenBy(t, npm, run);
      assert.ok(theirs !== undefined && theirs !== 'it does not end', 'the program is of no use');
      const seen = await seenBy(t, ours, run);
      assert.deepStrictEqual(seen, difference ? difference.ours : theirs);
      if (difference) assert.notDeepStrictEqual(theirs, difference.ours, 'there is no difference');
    };
    for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
      const isSame = await compare().then(
        () => true,
        () => false,
      );
      if (isSame) return;
    }
    await compare();
  });
}
