// A way between a client and a server that can be cut, mended, and led elsewhere.

import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { defer } from './defer.js';

class TcpProxy {
  /** Where it leads to. */
  target: number;
  port = 0;
  readonly #sockets = new Set<net.Socket>();
  #server: net.Server | undefined;

  constructor(target: number) {
    this.target = target;
  }

  async mend(): Promise<void> {
    this.#server = net.createServer((client) => {
      const server = net.connect(this.target, '127.0.0.1');
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.pipe(other);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
    });
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

export async function startProxy(t: TestContext, target: number): Promise<TcpProxy> {
  const proxy = new TcpProxy(target);
  await proxy.mend();
  defer(t, () => proxy.cut());
  return proxy;
}
