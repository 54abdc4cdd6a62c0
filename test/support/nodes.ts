// Nodes for the tests: servers in processes of their own, joined by NATS, that publish at random.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { messageOf, startChild } from './child.js';
import { defer } from './defer.js';

/** A publication of a node: its topic, and whether it was known at once to be lost. */
export type Published = [topic: string, lost: boolean];

interface Argument {
  servers: string;
  nats: string;
}

/** What a node runs: it is sent to it as text. */
function body(wss: typeof import('native-wsserver'), { servers, nats }: Argument): void {
  const { natsBus } = require(nats) as typeof import('native-wsserver/nats');
  const server = new wss.WSServer({ localHost: '127.0.0.1', settings: { MaxConnections: 10_000 } });
  const bus = natsBus({ servers });
  server.bus = bus;
  server.on('Error', () => {});
  server.on('Connected', ({ connectionId }) => {
    const { requestURI = '' } = server.connections.get(connectionId) ?? {};
    for (const topic of JSON.parse(decodeURIComponent(requestURI.slice(1)))) {
      server.subscribe(connectionId, topic);
    }
    server.sendText(connectionId, 'subscribed');
  });
  let state = 0;
  /** From 0 to `limit` - 1: a linear congruence, by its upper bits. */
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  let published: [string, boolean][] = [];
  let going = false;
  const publish = async (name: string, count: number): Promise<void> => {
    going = true;
    for (let index = 0; going && index < count; index++) {
      const topic = `${random(10)}.${random(10)}.${random(10)}`;
      const { lost } = bus;
      server.publish(topic, `${name} ${published.length}`);
      published.push([topic, bus.lost > lost]);
      if (random(2) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const orders: Record<string, (...args: never[]) => unknown> = {
    async publish(name: string, seed: number, count: number) {
      state = seed;
      published = [];
      await publish(name, count);
      return published;
    },
    stop: () => {
      going = false;
    },
    state: () => ({ connected: bus.connected, lost: bus.lost, pending: bus.pending }),
    /** What NATS confirms tells that it has had what came before: subscriptions, too. */
    async flush() {
      await server.publish('nobody', '');
      while (bus.pending > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
  process.on('message', async ([token, order, ...args]: [number, string, ...never[]]) => {
    process.send?.([token, await orders[order]?.(...args)]);
  });
  void (async () => {
    await Promise.all([bus.ready(), server.startListening()]);
    process.send?.(server.localPort);
  })();
}

/** One node. */
export class Node {
  readonly name: string;
  readonly #child: ChildProcess;
  /** What it has not answered yet. */
  readonly #asked = new Map<number, { resolve(answer: unknown): void; reject(why: Error): void }>();
  #lastToken = 0;

  constructor(
    name: string,
    child: ChildProcess,
    readonly port: number,
  ) {
    this.name = name;
    this.#child = child;
    child.on('message', ([token, answer]: [number, unknown]) => {
      this.#asked.get(token)?.resolve(answer);
      this.#asked.delete(token);
    });
    child.on('exit', () => {
      for (const { reject } of this.#asked.values()) reject(new Error(`${name} has ended`));
    });
  }

  ask<Answer>(...order: unknown[]): Promise<Answer> {
    const token = ++this.#lastToken;
    this.#child.send([token, ...order]);
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#asked.set(token, { resolve: resolve as () => void, reject });
    });
    // Who is killed in the midst of it is not asked for it.
    answer.catch(() => {});
    return answer;
  }

  state(): Promise<{ connected: boolean; lost: number; pending: number }> {
    return this.ask('state');
  }

  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

export async function startNode(t: TestContext, name: string, servers: string): Promise<Node> {
  const nats = require.resolve('native-wsserver/nats');
  const child = startChild(t, body, { servers, nats });
  child.stderr?.pipe(process.stderr);
  return new Node(name, child, await messageOf<number>(child));
}

/** A client of a node, with what it is subscribed to and what it has got. */
export class Subscriber {
  /** The numbers of what has come, in order, by the name of the node that has published it. */
  readonly #numbers = new Map<string, number[]>();

  private constructor(
    readonly node: Node,
    readonly patterns: readonly string[],
    readonly socket: WebSocket,
  ) {
    socket.on('message', (message) => {
      const [name = '', number] = `${message}`.split(' ');
      this.numbersOf(name).push(Number(number));
    });
    socket.on('error', () => {});
  }

  static async open(t: TestContext, node: Node, patterns: readonly string[]): Promise<Subscriber> {
    const path = encodeURIComponent(JSON.stringify(patterns));
    const socket = new WebSocket(`ws://127.0.0.1:${node.port}/${path}`);
    defer(t, () => socket.terminate());
    const subscriber = new Subscriber(node, patterns, socket);
    await once(socket, 'message');
    return subscriber;
  }

  /** Whether a topic of three tokens fits one of its patterns. */
  wants(topic: string): boolean {
    const tokens = topic.split('.');
    return this.patterns.some((pattern) => {
      const parts = pattern.split('.');
      const isRest = parts.at(-1) === '>';
      if (isRest) parts.pop();
      if (isRest ? tokens.length <= parts.length : tokens.length !== parts.length) return false;
      return parts.every((part, index) => part === '*' || part === tokens[index]);
    });
  }

  numbersOf(name: string): number[] {
    const numbers = this.#numbers.get(name) ?? [];
    this.#numbers.set(name, numbers);
    return numbers;
  }

  forget(): void {
    this.#numbers.clear();
  }
}
