// What may take much to send takes little memory: large files, and clients that do not read.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type * as Package from 'native-wsserver';
import { messageOf, outcomeOf, startChild } from '../support/child.js';
import { DigestClient } from '../support/digest_client.js';
import { makeFolder } from '../support/files.js';
import { open } from '../support/open.js';
import { next, startServer, until } from '../support/server.js';

const MIB = 1024 * 1024;

/** A file of `size` MiB of which no two are the same, and its hash. */
function makeLargeFile(t: TestContext, size: number) {
  const file = path.join(makeFolder(t), 'large');
  const hash = createHash('sha256');
  const block = Buffer.alloc(MIB, 'abcdefghijk');
  const descriptor = fs.openSync(file, 'w');
  for (let at = 0; at < size; at++) {
    block.writeUInt32BE(at, at % 1000);
    hash.update(block);
    fs.writeSync(descriptor, block);
  }
  fs.closeSync(descriptor);
  return { file, sha256: hash.digest('hex') };
}

/** A server that sends `file` to whoever connects, and ends when it has done so `times`. */
async function sendFiles(
  { WSServer }: typeof Package,
  { file, times }: { file: string; times: number },
): Promise<void> {
  const server = new WSServer({ localHost: '127.0.0.1' });
  await server.startListening();
  const before = process.resourceUsage().maxRSS;
  let sent = 0;
  server.on('Connected', async ({ connectionId }) => {
    await server.sendFile(connectionId, file);
    if (++sent < times) return;
    process.stdout.write(`${(process.resourceUsage().maxRSS - before) * 1024}`);
    await server.shutdown();
    process.disconnect();
  });
  process.send?.(server.localPort);
}

test('two clients receive a file of 128 MiB: less than 64 MiB of memory', async (t) => {
  const { file, sha256 } = makeLargeFile(t, 128);
  const child = startChild(t, sendFiles, { file, times: 2 });
  const outcome = outcomeOf(child);
  const port = await messageOf<number>(child);
  const clients = [DigestClient.open(t, port), DigestClient.open(t, port)];
  for (const client of clients) {
    const digest = await client.next();
    assert.deepEqual([digest.opcode, digest.size, digest.sha256], [2, 128 * MIB, sha256]);
    client.socket.end();
  }
  const { code, stdout, stderr } = await outcome;
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(Number(stdout) < 64 * MIB, `${Number(stdout) / MIB} MiB`);
});

for (const timeout of [0, 30]) {
  test(`one client of many does not read, with a timeout of ${timeout}`, async (t) => {
    const others = 50;
    const size = 20_000;
    const server = await startServer(t, { settings: { MaxQueuedBytes: 200_000 } });
    const clients = Array.from({ length: others }, () => DigestClient.open(t, server.localPort));
    await until(() => server.wsConnectionCount === others);
    const { client, connection } = await open(t, server);
    client.socket.pause();
    connection.timeout = timeout;
    const ids = [...server.connections.keys()].filter((id) => id !== connection.connectionId);

    let [rounds, refused, mostQueued] = [0, 0, 0];
    const taken: number[] = [];
    for (; refused < 50; rounds++) {
      const message = Buffer.alloc(size);
      message.writeUInt32BE(rounds);
      // With a timeout only a refusal is known at once.
      const slow = connection.sendBytes(message).then(
        () => taken.push(rounds),
        ({ code }) => {
          assert.equal(code, 10035);
          refused++;
        },
      );
      await Promise.all([...ids.map((id) => server.sendBytes(id, message)), timeout ? 0 : slow]);
      const digests = await Promise.all(clients.map((each) => each.next()));
      assert.ok(digests.every((digest) => digest.size === size));
      mostQueued = Math.max(mostQueued, connection.bufferedBytes);
      assert.ok(rounds < 10_000, 'the queue has no bound');
    }
    assert.ok(mostQueued > 0 && mostQueued < 200_000 + 2 * size, `${mostQueued} bytes`);
    assert.equal(connection.readyToSend, false);

    const ready = next(server, 'ReadyToSend');
    client.socket.resume();
    for (let index = 0; index < rounds - refused; index++) {
      const { payload } = await client.readFrame();
      assert.deepEqual([payload.length, payload.readUInt32BE()], [size, index]);
    }
    await ready;
    await connection.sendText('again');
    assert.equal((await client.readFrame()).payload.toString(), 'again');
    assert.equal(taken.length, rounds - refused);
  });
}
