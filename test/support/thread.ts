// Runs a function in a thread of its own, so that it goes on while this one blocks.

import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { WebSocket as Client } from 'ws';
import { defer } from './defer.js';

/** Clients for what runs in a thread. */
export interface Tools {
  require: NodeJS.Require;
  /** An open client of the server at this port of 127.0.0.1. */
  open(port: number): Promise<Client>;
  /** The next message of a client. */
  next(client: Client): Promise<Buffer>;
}

const tools = `{
  require,
  open: async (port) => {
    const client = new (require('ws'))('ws://127.0.0.1:' + port, { perMessageDeflate: false });
    client.on('error', () => {});
    client.setMaxListeners(0);
    client.received = [];
    client.on('message', (message) => {
      client.received.push(message);
      client.emit('received');
    });
    await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject));
    return client;
  },
  next: async (client) => {
    while (client.received.length === 0) {
      await new Promise((resolve, reject) => {
        client.once('received', resolve);
        client.once('close', (code) => reject(new Error('closed with ' + code)));
      });
    }
    return client.received.shift();
  },
}`;

/** What `body` comes to. It is sent as text: all that it uses, it must require or be given. */
export async function inThread<Argument, Result>(
  t: TestContext,
  body: (tools: Tools, argument: Argument) => Promise<Result>,
  argument: Argument,
): Promise<Result> {
  const source = `(${body})(${tools}, ${JSON.stringify(argument)}).then(
    (result) => require('node:worker_threads').parentPort.postMessage(result));`;
  const worker = new Worker(source, { eval: true });
  defer(t, () => worker.terminate());
  const [result] = await once(worker, 'message');
  return result;
}
