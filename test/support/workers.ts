// Scripts of workers for the tests, and the parents that run them.

import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Workers, type WorkersOptions } from 'native-wsserver/workers';
import { WebSocket } from 'ws';
import { defer } from './defer.js';
import { makeFolder } from './files.js';

const WSSERVER = JSON.stringify(require.resolve('native-wsserver'));
const WORKERS = JSON.stringify(require.resolve('native-wsserver/workers'));

/** An echo server that joins, and subscribes its clients to the topic that their request's path is. */
const ECHO = `
server.on('Connected', (e) => {
  const { requestURI } = server.connections.get(e.connectionId);
  if (requestURI.length > 1) server.subscribe(e.connectionId, decodeURIComponent(requestURI.slice(1)));
});
server.on('DataIn', (e) => {
  const [verb, topic, text] = e.text.split(' ');
  if (verb === 'publish') server.publish(topic, text);
  else if (verb === 'bytes') server.publish(topic, Buffer.from(text), { compress: false });
  else if (verb === 'broadcast') server.broadcast(topic);
  else if (verb === 'who') server.sendText(e.connectionId, String(worker.id) + ' ' + process.pid);
  else if (verb === 'lost') server.sendText(e.connectionId, String(worker.bus.lost));
  else if (verb === 'hear') server.bus.subscribe(topic, (subject) => server.sendText(e.connectionId, subject));
  else if (verb === 'say') server.bus.publish(topic, Buffer.from('x'));
  else if (verb === 'close') server.bus.close();
  else if (verb === 'die') process.kill(process.pid, 'SIGKILL');
  else server.sendText(e.connectionId, e.text);
});
worker.join(server);
`;

/** The path of a script that has \`server\` and \`worker\`, and goes on with \`body\`. */
export function writeScript(t: TestContext, body = ECHO): string {
  const file = path.join(makeFolder(t), 'script.js');
  fs.writeFileSync(
    file,
    `const { WSServer } = require(${WSSERVER});
const { worker } = require(${WORKERS});
const server = new WSServer({ localHost: '127.0.0.1' });
${body}`,
  );
  return file;
}

/** Workers that are ended with the test. They have not been started. */
export function makeWorkers(
  t: TestContext,
  options: WorkersOptions = {},
  script = writeScript(t),
): Workers {
  const workers = new Workers(script, { localHost: '127.0.0.1', signals: false, ...options });
  defer(t, () => workers.shutdown());
  return workers;
}

/** The same, started. */
export async function startWorkers(
  t: TestContext,
  options?: WorkersOptions,
  script?: string,
): Promise<Workers> {
  const workers = makeWorkers(t, options, script);
  await workers.start();
  return workers;
}

/** A client, and the worker that it is connected to. */
export interface Client {
  readonly socket: WebSocket;
  readonly worker: number;
  readonly pid: number;
  /** What has come after the answer of which worker it is. */
  readonly messages: string[];
}

/** A client that is subscribed to `topic`. */
export async function connect(t: TestContext, port: number, topic = ''): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${encodeURIComponent(topic)}`);
  defer(t, () => socket.terminate());
  await once(socket, 'open');
  const messages: string[] = [];
  socket.send('who');
  const [said] = await once(socket, 'message');
  socket.on('message', (message) => messages.push(String(message)));
  const [worker, pid] = String(said).split(' ').map(Number) as [number, number];
  return { socket, worker, pid, messages };
}

/** A client of each of the first `count` workers, each subscribed to `topic`. */
export async function connectToEach(
  t: TestContext,
  port: number,
  count: number,
  topic?: string,
): Promise<Client[]> {
  const found = new Map<number, Client>();
  while (found.size < count) {
    const client = await connect(t, port, topic);
    if (found.has(client.worker)) client.socket.terminate();
    else found.set(client.worker, client);
  }
  return [...found.keys()].sort().map((id) => found.get(id) as Client);
}
