// Clients that speak topics.v1 by hand, and a bus whose history lies in memory.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import {
  serveTopics,
  type TopicsOptions,
  type WSServer,
  WSServerError,
  type WSServerOptions,
} from 'native-wsserver';
import type { Bus, History, Publication, Receiver } from 'native-wsserver/workers';
import { WebSocket } from 'ws';
import { defer } from './defer.js';
import { startServer, until } from './server.js';

/** What a server has said. */
export interface Said {
  readonly op?: unknown;
  readonly ref?: unknown;
  readonly topic?: unknown;
  readonly data?: unknown;
  readonly id?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
}

export interface Speaker {
  readonly socket: WebSocket;
  /** What has come and has not been asked for. */
  readonly said: Said[];
  say(fields: unknown): void;
  /** The next that the server says. */
  hears(): Promise<Said>;
  /** The code and reason that it is closed with. */
  readonly closed: Promise<[number, string]>;
}

/** A client that has agreed on topics.v1. */
export async function speak(t: TestContext, server: WSServer): Promise<Speaker> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.localPort}`, 'topics.v1');
  defer(t, () => socket.terminate());
  const said: Said[] = [];
  socket.on('message', (data, isBinary) => {
    assert.ok(!isBinary);
    said.push(JSON.parse(String(data)));
  });
  const closed = once(socket, 'close').then(([code, reason]): [number, string] => [
    code,
    String(reason),
  ]);
  await once(socket, 'open');
  return {
    socket,
    said,
    closed,
    say: (fields) => socket.send(typeof fields === 'string' ? fields : JSON.stringify(fields)),
    hears: async () => {
      await until(() => said.length > 0);
      return said.shift() as Said;
    },
  };
}

/** A bus that nobody else is on, and that keeps what is published to `kept…` in memory. */
export class MemoryBus implements Bus {
  readonly lost = 0;
  readonly history = new MemoryHistory();

  publish(): void {}

  subscribe(): () => void {
    return () => {};
  }

  close(): void {}
}

class MemoryHistory implements History {
  /** By their ids, which are numbers from 1. */
  readonly kept: Publication[] = [];
  /** The least id that is still there. */
  oldest = 1;
  deliver: Receiver['deliver'] = async () => 0;
  /** Is waited for before something is done. */
  ready: Promise<void> = Promise.resolve();

  keeps(topic: string): boolean {
    return topic.startsWith('kept');
  }

  attach({ deliver }: Receiver): () => void {
    this.deliver = deliver;
    return () => {};
  }

  async publish(
    topic: string,
    kind: number,
    payload: Uint8Array,
  ): Promise<{ id: string; count: number }> {
    await this.ready;
    const id = `${this.kept.length + 1}`;
    const publication = { topic, kind, payload, id };
    this.kept.push(publication);
    return { id, count: await this.deliver(publication) };
  }

  async resume(
    pattern: string,
    since: string,
    take: (publication: Publication) => Promise<void> | void,
    joined: () => void,
    signal: AbortSignal,
    onGap?: (firstId: string) => void,
  ): Promise<{ gap: boolean }> {
    await this.ready;
    signal.throwIfAborted();
    if (since === 'fails') throw new Error('the history is away');
    if (since === 'unknown') throw new WSServerError(10022, 'there is no such message');
    const gap = Number(since) + 1 < this.oldest;
    if (gap) onGap?.(`${this.oldest}`);
    const prefix = pattern.replace(/[*>]$/, '');
    for (const publication of this.kept) {
      const number = Number(publication.id);
      const fits = publication.topic.startsWith(prefix);
      if (fits && number > Number(since) && number >= this.oldest) await take(publication);
    }
    joined();
    return { gap };
  }
}

/** A server whose clients speak topics.v1, with what `bus` keeps. */
export async function serveKept(
  t: TestContext,
  authorize: TopicsOptions['authorize'],
  bus: MemoryBus,
  options?: WSServerOptions,
): Promise<WSServer> {
  const server = await startServer(t, options);
  serveTopics(server, { authorize });
  // As the server does when it has a history to attach.
  bus.history.attach(Reflect.get(server, 'publisher'));
  server.bus = bus;
  return server;
}

/** The same with a history of its own. */
export async function startTopics(
  t: TestContext,
  authorize: TopicsOptions['authorize'] = () => true,
  options?: WSServerOptions,
): Promise<{ server: WSServer; history: MemoryBus['history'] }> {
  const bus = new MemoryBus();
  const server = await serveKept(t, authorize, bus, options);
  return { server, history: bus.history };
}
