// A server of Node's whose upgrades a WSServer takes.

import http from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { WSServer, type WSServerOptions } from 'native-wsserver';
import { defer } from '../support/defer.js';
import { commonSettings } from '../support/server.js';

type UpgradeArgs = [request: http.IncomingMessage, socket: Duplex, head: Buffer];

export interface Upgrading {
  /** It does not listen. */
  server: WSServer;
  nodeServer: http.Server;
  port: number;
}

/** A server that does not listen, with echoes of all it is sent. */
export function makeEcho(t: TestContext, options?: WSServerOptions): WSServer {
  const settings = { ...commonSettings, ...options?.settings };
  const server = new WSServer({ ...options, settings });
  defer(t, () => server.shutdown());
  server.on('DataIn', (event) => {
    if (event.dataFormat === 1) server.sendText(event.connectionId, event.text);
    else server.sendBytes(event.connectionId, event.textB);
  });
  return server;
}

async function listen(t: TestContext, server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  defer(t, () => {
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}

/** `take` is given each upgrade; without one it becomes a connection of the server. */
export async function startUpgrading(
  t: TestContext,
  options?: WSServerOptions,
  take?: (server: WSServer, ...upgrade: UpgradeArgs) => void,
): Promise<Upgrading> {
  const server = makeEcho(t, options);
  const nodeServer = http.createServer((_request, response) => response.end('page'));
  nodeServer.on('upgrade', (...upgrade: UpgradeArgs) => {
    if (take) take(server, ...upgrade);
    else server.handleUpgrade(...upgrade);
  });
  const port = await listen(t, nodeServer);
  return { server, nodeServer, port };
}

/** Descriptors that this process has open. */
export function openDescriptors(): number {
  return require('node:fs').readdirSync('/proc/self/fd').length;
}
