// A nats-server of its own for a test: it can be killed, stopped and started again on the same port
// and store.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WSConnection, WSServer } from 'native-wsserver';
import { type NatsBus, type NatsOptions, natsBus } from 'native-wsserver/nats';
import type { ByteClient } from './byte_client.js';
import { defer } from './defer.js';
import { makeFolder } from './files.js';
import { open } from './open.js';
import { PATIENCE_MS } from './patience.js';
import { skipWithout, UNSANITIZED } from './programs.js';
import { startServer } from './server.js';

/** Why tests that need one are skipped; false: they are not. */
export const WITHOUT_NATS = skipWithout('nats-server', '--version');

export class NatsServer {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  port = 0;
  /** Where it tells of its connections. */
  #monitor = '';

  readonly #jetStream: boolean;

  /** `config`: what its file has beside the port and the store. */
  constructor(folder: string, config: string, jetStream: boolean) {
    this.#folder = folder;
    this.#jetStream = jetStream;
    this.configure(config);
  }

  /** Holds from the next start on. */
  configure(config: string): void {
    fs.writeFileSync(path.join(this.#folder, 'config'), `http: "127.0.0.1:-1"\n${config}`);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again. Fulfilled when it takes clients. */
  async start(): Promise<void> {
    const ports = path.join(this.#folder, 'ports');
    fs.rmSync(ports, { recursive: true, force: true });
    fs.mkdirSync(ports);
    const args = ['-a', '127.0.0.1', '-p', String(this.port || -1), '--ports_file_dir', ports];
    const store = this.#jetStream ? ['-js', '-sd', path.join(this.#folder, 'store')] : [];
    const config = ['-c', path.join(this.#folder, 'config')];
    const log = ['-l', path.join(this.#folder, 'log')];
    const child = spawn('nats-server', [...args, ...store, ...config, ...log], {
      stdio: 'inherit',
      env: UNSANITIZED,
    });
    this.#child = child;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`nats-server has ended: ${this.log()}`);
      const [name] = fs.readdirSync(ports);
      const text = name === undefined ? '' : fs.readFileSync(path.join(ports, name), 'utf8');
      const port = /(?:nats|tls):\/\/[^"]*:(\d+)"/.exec(text)?.[1];
      if (port !== undefined) this.port = Number(port);
      this.#monitor = /http:\/\/[^"]*/.exec(text)?.[0] ?? '';
      if (port !== undefined && (await this.#answers())) return;
      await sleep(10);
    }
  }

  /** What its clients are subscribed to, sorted. */
  async subjects(): Promise<string[]> {
    const answer = await fetch(`${this.#monitor}/connz?subs=1`);
    const { connections } = (await answer.json()) as {
      connections: { subscriptions_list?: string[] }[];
    };
    return connections.flatMap(({ subscriptions_list }) => subscriptions_list ?? []).sort();
  }

  /** Waits until exactly these are subscribed to, beside what everybody always is. */
  async untilSubjects(...wanted: string[]): Promise<void> {
    const started = performance.now();
    for (;;) {
      const all = await this.subjects();
      const found = all.filter((subject) => !/\.(everybody|nodes|node\.[^.]+)$/.test(subject));
      if (found.join() === wanted.sort().join()) return;
      if (performance.now() - started > PATIENCE_MS) throw new Error(`still ${found}`);
      await sleep(10);
    }
  }

  /** What it has written. */
  log(): string {
    return fs.readFileSync(path.join(this.#folder, 'log'), 'utf8');
  }

  /** Ends it: SIGTERM closes its clients, SIGKILL is a crash. Fulfilled when it is gone. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await exited;
  }

  /** What it has kept is lost, while it does not run. */
  loseStore(): void {
    fs.rmSync(path.join(this.#folder, 'store'), { recursive: true });
  }

  /** Has it stand still: it takes nothing, but its connections stay. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async #answers(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1');
    const [isThere] = await Promise.race([
      once(socket, 'data').then(() => [true]),
      once(socket, 'error').then(() => [false]),
    ]).catch(() => [false]);
    socket.destroy();
    return isThere as boolean;
  }
}

/** One that runs, and is ended with the test. */
export async function startNats(
  t: TestContext,
  config = '',
  { jetStream = true } = {},
): Promise<NatsServer> {
  const server = new NatsServer(makeFolder(t), config, jetStream);
  defer(t, () => server.end('SIGKILL'));
  await server.start();
  return server;
}

/** A server with a bus that is connected. */
export async function joinNats(
  t: TestContext,
  options: NatsOptions,
): Promise<{ server: WSServer; bus: NatsBus }> {
  const server = await startServer(t);
  const bus = natsBus(options);
  defer(t, () => bus.close());
  server.bus = bus;
  await bus.ready();
  return { server, bus };
}

/** A client that is subscribed to `patterns`, and what it gets. */
export async function subscriber(
  t: TestContext,
  server: WSServer,
  ...patterns: string[]
): Promise<{ client: ByteClient; connection: WSConnection; messages: string[] }> {
  const { client, connection } = await open(t, server);
  for (const pattern of patterns) await connection.subscribe(pattern);
  const messages: string[] = [];
  void (async () => {
    for (;;) {
      const { opcode, rsv, payload } = await client.readFrame();
      messages.push(opcode === 1 ? `${payload}` : `${opcode} ${rsv} ${payload.toString('hex')}`);
    }
  })().catch(() => {});
  return { client, connection, messages };
}
