import type { TestContext } from 'node:test';
import { type EventMap, type EventName, WSServer, type WSServerOptions } from 'native-wsserver';
import { defer } from './defer.js';

/** A server that listens on a free port of 127.0.0.1, and is shut down after the test. */
export async function startServer(t: TestContext, options?: WSServerOptions): Promise<WSServer> {
  const server = new WSServer({ localHost: '127.0.0.1', ...options });
  await server.startListening();
  defer(t, () => server.shutdown());
  return server;
}

/** A server that sends every message back. */
export async function startEcho(t: TestContext, options?: WSServerOptions): Promise<WSServer> {
  const server = await startServer(t, options);
  server.on('DataIn', (event) => {
    if (event.dataFormat === 1) server.sendText(event.connectionId, event.text);
    else server.sendBytes(event.connectionId, event.textB);
  });
  return server;
}

/** The next event of this name. */
export function next<Name extends EventName>(
  server: WSServer,
  name: Name,
): Promise<EventMap[Name]> {
  return new Promise((resolve) => server.once(name, resolve));
}

/** Every event of this name from now on, in a list that grows. */
export function collect<Name extends EventName>(server: WSServer, name: Name): EventMap[Name][] {
  const events: EventMap[Name][] = [];
  server.on(name, (event) => events.push(event));
  return events;
}
