// Servers on one bus, and a bus that tests have in their hands.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { WSServer, WSServerOptions } from 'native-wsserver';
import type { Bus, BusHandler } from 'native-wsserver/workers';
import type * as SubscriptionsModule from '../../dist/bus/subscriptions.js';
import { defer } from './defer.js';
import { packagePath } from './package_path.js';
import { startServer } from './server.js';

const { Subscriptions }: typeof SubscriptionsModule = require(
  packagePath('dist/bus/subscriptions.js'),
);

/** What buses of a test are connected by: each message has a turn of its own. */
export class Wire {
  readonly buses = new Set<TestBus>();
}

/** A bus of this process. */
export class TestBus implements Bus {
  lost = 0;
  maxPayload: number | undefined;
  /** Neither says nor hears anything, as a process that is stopped or has died. */
  isDead = false;
  /** Takes no more. */
  isFull = false;
  /** What has been published here, by subjects. */
  readonly published: [subject: string, bytes: Uint8Array][] = [];
  readonly #wire: Wire;
  readonly #subscriptions = new Subscriptions(() => {});

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.buses.add(this);
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (this.isDead) return;
    if (this.isFull) {
      this.lost++;
      return;
    }
    this.published.push([subject, bytes]);
    for (const other of this.#wire.buses) {
      if (other !== this) setImmediate(() => other.deliver(subject, bytes));
    }
  }

  subscribe(subject: string, handler: BusHandler): () => void {
    return this.#subscriptions.add(subject, handler);
  }

  deliver(subject: string, bytes: Uint8Array): void {
    if (!this.isDead) this.#subscriptions.deliver(subject, bytes);
  }

  close(): void {
    this.#wire.buses.delete(this);
  }
}

/** A server, and its bus. */
export interface Node {
  readonly server: WSServer;
  readonly bus: TestBus;
}

/** A server that has joined. */
export async function startNode(
  t: TestContext,
  wire: Wire,
  options?: WSServerOptions,
): Promise<Node> {
  const server = await startServer(t, options);
  const bus = new TestBus(wire);
  await server.join(bus);
  defer(t, () => {
    server.bus = undefined;
    bus.close();
  });
  return { server, bus };
}

/** Several that know each other. */
export async function startNodes(t: TestContext, count: number): Promise<Node[]> {
  const wire = new Wire();
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(t, wire)));
  // Each waits until it has been there for a second: by then it has heard the others.
  await Promise.all(nodes.map(({ server }) => server.clusterCounts()));
  return nodes;
}

/** What comes within a few turns of the loop: nobody has been waited for. */
export async function soon<Value>(promise: Promise<Value>): Promise<Value> {
  let isThere = false;
  void promise.then(() => {
    isThere = true;
  });
  for (let turns = 0; turns < 50 && !isThere; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(isThere, 'it has been waited for');
  return promise;
}
