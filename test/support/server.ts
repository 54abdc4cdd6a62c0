import type { TestContext } from 'node:test';
import { type EventMap, type EventName, WSServer, type WSServerOptions } from 'native-wsserver';
import { defer } from './defer.js';
import { PATIENCE_MS } from './patience.js';

/** Settings of every server that does not say otherwise. */
export const commonSettings: Record<string, string | number | boolean> = {};

/** A server that listens on a free port of 127.0.0.1, and is shut down after the test. */
export async function startServer(t: TestContext, options?: WSServerOptions): Promise<WSServer> {
  const settings = { ...commonSettings, ...options?.settings };
  const server = new WSServer({ localHost: '127.0.0.1', ...options, settings });
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
  const event = new Promise<EventMap[Name]>((resolve, reject) => {
    server.once(name, resolve);
    setTimeout(() => reject(new Error(`${name} did not come`)), PATIENCE_MS).unref();
  });
  event.catch(() => {}); // Not every test waits for it.
  return event;
}

/** Has each client wait for the answer to its request, and returns what gives it to the last one. */
export function holdQuestion(server: WSServer): () => void {
  let answer = (): void => {};
  server.on(
    'WebSocketOpenRequest',
    () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      }),
  );
  return () => answer();
}

/** Every event of this name from now on, in a list that grows. */
export function collect<Name extends EventName>(server: WSServer, name: Name): EventMap[Name][] {
  const events: EventMap[Name][] = [];
  server.on(name, (event) => events.push(event));
  return events;
}

/** Lets the process do its other work until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  const started = performance.now();
  while (!isSo()) {
    if (performance.now() - started > PATIENCE_MS) throw new Error(`never so: ${isSo}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
