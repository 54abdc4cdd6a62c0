// A nats-server of its own for a test: it can be killed, stopped and started again on the same port
// and store.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLAIN } from './certificates.js';
import { defer } from './defer.js';
import { makeFolder } from './files.js';

export class NatsServer {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  port = 0;

  /** `config`: what its file has beside the port and the store. */
  constructor(folder: string, config: string) {
    this.#folder = folder;
    fs.writeFileSync(path.join(folder, 'config'), config);
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
    const store = ['-js', '-sd', path.join(this.#folder, 'store')];
    const config = ['-c', path.join(this.#folder, 'config')];
    const log = ['-l', path.join(this.#folder, 'log')];
    const child = spawn('nats-server', [...args, ...store, ...config, ...log], {
      stdio: 'inherit',
      env: PLAIN,
    });
    this.#child = child;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`nats-server has ended: ${this.log()}`);
      const [name] = fs.readdirSync(ports);
      const text = name === undefined ? '' : fs.readFileSync(path.join(ports, name), 'utf8');
      const port = /nats:\/\/[^"]*:(\d+)"/.exec(text)?.[1];
      if (port !== undefined) this.port = Number(port);
      if (port !== undefined && (await this.#answers())) return;
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
export async function startNats(t: TestContext, config = ''): Promise<NatsServer> {
  const server = new NatsServer(makeFolder(t), config);
  defer(t, () => server.end('SIGKILL'));
  await server.start();
  return server;
}
