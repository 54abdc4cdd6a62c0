// Nodes whose bus keeps what is published, and clients that come back.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { type WSServer, WSServerError, type WSServerOptions } from 'native-wsserver';
import { type HistoryLimits, type KeptData, type NatsBus, natsBus } from 'native-wsserver/nats';
import { WebSocket } from 'ws';
import { defer } from './defer.js';
import { next, startServer } from './server.js';

/** Tells clients the ids. */
export function frame({ topic, id, data }: KeptData): string {
  return `${id} ${topic} ${data}`;
}

/** A server whose bus has a history of `chat.>`. */
export async function joinKept(
  t: TestContext,
  servers: string,
  limits: HistoryLimits = { maxMessages: 100_000, frame },
  options?: WSServerOptions,
): Promise<{ server: WSServer; bus: NatsBus }> {
  const server = await startServer(t, options);
  const bus = natsBus({ servers, history: { 'chat.>': limits } });
  defer(t, () => bus.close());
  server.bus = bus;
  await bus.ready();
  return { server, bus };
}

/** A client that remembers what it is sent. */
export interface Listener {
  readonly id: number;
  readonly socket: WebSocket;
  readonly texts: string[];
}

export async function listen(t: TestContext, server: WSServer): Promise<Listener> {
  const connected = next(server, 'Connected');
  const socket = new WebSocket(`ws://127.0.0.1:${server.localPort}`, { perMessageDeflate: false });
  defer(t, () => socket.terminate());
  const texts: string[] = [];
  socket.on('message', (data) => texts.push(String(data)));
  const opened = once(socket, 'open');
  const { connectionId: id } = await connected;
  await opened;
  return { id, socket, texts };
}

/** The last part of each text. */
export function dataOf(texts: readonly string[]): string[] {
  return texts.map((text) => text.slice(text.lastIndexOf(' ') + 1));
}

/** The ids that texts begin with. */
export function idsOf(texts: readonly string[]): string[] {
  return texts.map((text) => text.slice(0, text.indexOf(' ')));
}

/** `0`, `1` and so on. */
export function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index));
}

/** The code of what a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<number> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof WSServerError, String(error));
  return error.code;
}
