import type { TestContext } from 'node:test';
import type { WSConnection, WSServer, WSServerOptions } from 'native-wsserver';
import { ByteClient } from './byte_client.js';
import { next, startServer } from './server.js';

/** A client, and its connection as the server has it. */
export interface Open {
  client: ByteClient;
  connection: WSConnection;
  id: number;
}

/** Opens a connection, with a request of these further lines. */
export async function open(
  t: TestContext,
  server: WSServer,
  lines?: readonly string[],
): Promise<Open> {
  const connected = next(server, 'Connected');
  const client = await ByteClient.open(t, server.localPort, lines);
  const { connectionId: id } = await connected;
  return { client, id, connection: server.connections.get(id) as WSConnection };
}

/** A server with one connection. */
export async function startOpen(
  t: TestContext,
  options?: WSServerOptions,
  lines?: readonly string[],
): Promise<Open & { server: WSServer }> {
  const server = await startServer(t, options);
  return { server, ...(await open(t, server, lines)) };
}

/** A server with one connection, to a client that does not read. */
export async function startStopped(t: TestContext): Promise<Open & { server: WSServer }> {
  const opened = await startOpen(t);
  opened.client.socket.pause();
  return opened;
}
