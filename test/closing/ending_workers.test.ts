// Workers that end while their servers are busy, again and again: with more than a thousand events
// in a turn, so that what carries them grows at the wrong moment.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { Worker } from 'node:worker_threads';
import { frame, Op, request } from '../support/byte_client.js';
import { issue } from '../support/certificates.js';
import { messageOf, sourceOf } from '../support/child.js';
import { defer } from '../support/defer.js';
import { startEcho, until } from '../support/server.js';

const { LD_PRELOAD = '', ENDING_WORKERS } = process.env;
/** Of each test; with a sanitizer, what is found is worth more time. All of it: ENDING_WORKERS=25. */
const ROUNDS = Number(ENDING_WORKERS ?? (LD_PRELOAD.includes('asan') ? 25 : 2));
/** No more are begun after so long: the file must not take a minute on a busy machine. */
const LIMIT_MS = ENDING_WORKERS === undefined ? 4000 : Number.POSITIVE_INFINITY;
const CLIENTS = 8;

const message = frame({ opcode: Op.text, payload: 'hello' });
const burst = Buffer.concat(Array.from({ length: 3000 }, () => message));

/** Keeps a server busy until it is gone. */
function flood(t: TestContext, port: number, isSecure: boolean): void {
  for (let index = 0; index < CLIENTS; index++) {
    const where = { host: '127.0.0.1', port };
    const socket = isSecure
      ? tls.connect({ ...where, rejectUnauthorized: false })
      : net.connect(where);
    const more = (): boolean => socket.write(burst, () => socket.destroyed || setImmediate(more));
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => socket.destroy());
    socket.once(isSecure ? 'secureConnect' : 'connect', () => socket.write(request(), more));
    defer(t, () => socket.destroy());
  }
}

interface Case {
  face: 'main' | 'compat';
  certificate: { key: string; cert: string } | undefined;
  exits: boolean;
}

function startServerIn({ face, certificate, exits }: Case): Worker {
  const source = sourceOf(
    async (main, { face, certificate, exits, compatPath }) => {
      const { parentPort } = await import('node:worker_threads');
      let turn = 0;
      let isOver = false;
      const seen = (): void => {
        if (turn === 0) {
          setImmediate(() => {
            turn = 0;
          });
        }
        if (++turn < 1500 || isOver) return;
        isOver = true;
        if (exits) process.exit(3);
        parentPort?.postMessage('busy');
      };
      if (face === 'compat') {
        const { WSServer } = require(compatPath) as typeof import('native-wsserver/compat');
        class Echo extends WSServer {
          override FireDataIn(event: { ConnectionId: number; Text: string }): number {
            this.SendText(event.ConnectionId, event.Text);
            seen();
            return 0;
          }
        }
        const server = new Echo();
        server.SetLocalHost('127.0.0.1');
        server.StartListening();
        parentPort?.postMessage(server.GetLocalPort());
        return;
      }
      const server = new main.WSServer({
        localHost: '127.0.0.1',
        ...(certificate && { certificate }),
      });
      server.on('DataIn', ({ connectionId, text }) => {
        server.sendText(connectionId, text);
        seen();
      });
      await server.startListening();
      parentPort?.postMessage(server.localPort);
    },
    { face, certificate, exits, compatPath: require.resolve('native-wsserver/compat') },
  );
  return new Worker(source, { eval: true });
}

const pair = issue('server');

for (const face of ['main', 'compat'] as const) {
  for (const isSecure of [false, true]) {
    for (const exits of [false, true]) {
      if (face === 'compat' && isSecure) continue;
      const name = `${face} face, ${isSecure ? 'TLS' : 'plain'}, ${exits ? 'process.exit()' : 'terminate()'}`;
      test(`workers end while their servers are busy: ${name}`, async (t) => {
        const certificate = isSecure ? { key: pair.key, cert: pair.cert } : undefined;
        const started = performance.now();
        for (let round = 0; round < ROUNDS; round++) {
          const worker = startServerIn({ face, certificate, exits });
          defer(t, () => worker.terminate());
          const exited = once(worker, 'exit');
          flood(t, await messageOf<number>(worker), isSecure);
          if (!exits) {
            assert.equal(await messageOf<string>(worker), 'busy');
            await worker.terminate();
          }
          const [code] = await exited;
          if (exits) assert.equal(code, 3);
          if (performance.now() - started > LIMIT_MS) break;
        }
      });
    }
  }
}

for (const exits of [false, true]) {
  const how = exits ? 'process.exit()' : 'terminate()';
  test(`workers end while their load generators are busy: ${how}`, async (t) => {
    const server = await startEcho(t);
    let messages = 0;
    server.on('DataIn', () => messages++);
    const source = sourceOf(
      async (_, { port, exits, nativePath }) => {
        const { addon } = require(nativePath);
        const plan = {
          mode: 'echo',
          addresses: ['127.0.0.1'],
          port,
          localAddresses: [],
          messages: [Buffer.from('hello')],
          deflate: false,
          target: '/',
          host: 'x',
          subProtocols: '',
          headers: '',
          connections: 8,
          firstId: 0,
          connectsPerSecond: 0,
          timeoutMs: 10_000,
          stamped: false,
          publications: false,
          text: true,
          inFlight: 500,
          messagesPerSecond: 0,
        };
        const load = new addon.Load(plan, Error);
        load.start();
        const go = (): void => {
          load.run(20);
          load.snapshot();
          load.latencies();
          if (exits && load.snapshot().received > 1500) process.exit(3);
          setImmediate(go);
        };
        go();
      },
      {
        port: server.localPort,
        exits,
        nativePath: join(require.resolve('native-wsserver'), '../boundary/native.js'),
      },
    );
    const started = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      const worker = new Worker(source, { eval: true });
      defer(t, () => worker.terminate());
      const exited = once(worker, 'exit');
      const before = messages;
      if (!exits) {
        await until(() => messages > before + 1500);
        await worker.terminate();
      }
      const [code] = await exited;
      if (exits) assert.equal(code, 3);
      if (performance.now() - started > LIMIT_MS) break;
    }
  });
}
