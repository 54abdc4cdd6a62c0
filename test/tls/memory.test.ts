// Twenty thousand TLS handshakes that fail, each in one of several ways, leave nothing behind.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { ByteClient } from '../support/byte_client.js';
import { issue } from '../support/certificates.js';
import { messageOf, outcomeOf, startChild } from '../support/child.js';
import { Content, captureHello, record, TLS12, TLS13 } from '../support/tls_client.js';

const { key, cert } = issue('server');

/** So many for each of the clients. */
const ROUNDS = 4000;
/** Clients at a time. */
const CROWD = 50;
/** Bytes; 400 for each would be as much. */
const MOST = 8_000_000;

test('20,000 failed handshakes', async (t) => {
  const child = startChild(
    t,
    async ({ WSServer }, certificate) => {
      const { readFileSync } = require('node:fs') as typeof import('node:fs');
      const server = new WSServer({ localHost: '127.0.0.1', certificate });
      await server.startListening();
      // What is allocated, in memory or swapped out, but for the heap of JavaScript: pages of files
      // come and go as the system likes.
      const allocated = (): number => {
        const { rss, heapTotal } = process.memoryUsage();
        if (process.platform !== 'linux') return rss - heapTotal;
        const status = readFileSync('/proc/self/status', 'utf8');
        const rows = status.matchAll(/^(?:RssAnon|VmSwap):\s*(\d+) kB$/gm);
        return [...rows].reduce((sum, [, kB]) => sum + Number(kB) * 1024, -heapTotal);
      };
      process.on('message', () => process.send?.(allocated()));
      process.on('disconnect', () => server.shutdown());
      process.send?.(server.localPort);
    },
    { key, cert },
  );
  const outcome = outcomeOf(child);
  const port = await messageOf<number>(child);
  const memory = async (): Promise<number> => {
    child.send('how much?');
    return messageOf(child);
  };

  const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  const [hello12, hello13, helloOld] = await Promise.all([
    captureHello(t, TLS12),
    captureHello(t, TLS13),
    captureHello(t, old as never),
  ]);
  /** What each client sends before it goes. */
  const openings: [name: string, bytes: Buffer][] = [
    ['nonsense', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
    ['an old version', helloOld],
    ['half a ClientHello', hello13.subarray(0, 150)],
    ['a ClientHello of TLS 1.2, and then a reset', hello12],
    [
      'a ClientHello of TLS 1.3, and then a record that is broken',
      Buffer.concat([hello13, record(Content.data, Buffer.alloc(100))]),
    ],
  ];
  const fail = (bytes: Buffer): Promise<unknown> => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    socket.write(bytes, () => {
      // Who gets no answer goes; the others go when they have got one.
      if (bytes.length === 150) socket.resetAndDestroy();
    });
    socket.once('data', () => socket.resetAndDestroy());
    socket.once('end', () => socket.end());
    return new Promise((resolve) => socket.once('close', resolve));
  };
  const run = async (rounds: number): Promise<void> => {
    for (const [, bytes] of openings) {
      for (let count = 0; count < rounds; count += CROWD) {
        await Promise.all(Array.from({ length: CROWD }, () => fail(bytes)));
      }
    }
  };

  await run(ROUNDS / 10); // What is made once, is made now.
  // What is lost is lost every time; what the allocator keeps for later, only once.
  let grown = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3 && grown >= MOST; attempt++) {
    const before = await memory();
    await run(ROUNDS);
    grown = (await memory()) - before;
  }
  const client = await ByteClient.connect(t, port);
  client.close();
  child.disconnect();
  const { code, stderr } = await outcome;
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(grown < MOST, `${grown} bytes`);
});
