// One client that sends what grows most when it is read, and what that may cost the others: a
// bounded part of each turn, and bounded memory.

import assert from 'node:assert/strict';
import { constants as bufferConstants } from 'node:buffer';
import { test } from 'node:test';
import { constants, deflateRawSync } from 'node:zlib';
import type { WSServer } from 'native-wsserver';
import { ByteClient, closeCode, frame, Op, request } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { collect, next, startServer, until } from '../support/server.js';

const OFFER = ['Sec-WebSocket-Extensions: permessage-deflate'];
const MIB = 1024 * 1024;
const { MAX_STRING_LENGTH } = bufferConstants;

/** A message of `size` bytes that is a thousandth of that on the wire. */
function bomb(size: number, byte: number): Buffer {
  const flush = { finishFlush: constants.Z_SYNC_FLUSH };
  const payload = deflateRawSync(Buffer.alloc(size, byte), flush).subarray(0, -4);
  return frame({ opcode: Op.text, payload, rsv: 4 });
}

/** Counts the events, and what the process gets to do beside them. */
function watch(server: WSServer): { events: number; mostAtOnce: number } {
  const seen = { events: 0, mostAtOnce: 0 };
  let since = 0;
  const look = (): void => {
    seen.mostAtOnce = Math.max(seen.mostAtOnce, since);
    since = 0;
    if (server.connections.size > 0) setImmediate(look);
  };
  server.on('Connected', look);
  server.on('DataIn', () => {
    seen.events++;
    since++;
  });
  return seen;
}

const rows: [name: string, settings: object, frames: Buffer, events: number, most: number][] = [
  // Of 16 MiB there is one in a turn, and Node may take two turns before it does anything else.
  ['whole messages', {}, Buffer.concat(Array(16).fill(bomb(16 * MIB, 0x30))), 16, 2],
  ['pieces', { BufferMessage: false }, Buffer.concat(Array(4).fill(bomb(16 * MIB, 0x30))), 4, 2],
  ['lines', { lines: true }, bomb(MIB, 0x0a), MIB, 32 * 1024],
  ['frames', {}, Buffer.concat(Array(64 * 1024).fill(frame({ opcode: Op.text }))), 65_536, 32_768],
];

for (const [name, { lines, ...settings }, frames, events, most] of rows as [
  string,
  { lines?: boolean },
  Buffer,
  number,
  number,
][]) {
  test(`${name} come in portions, with the rest of the process between them`, async (t) => {
    const server = await startServer(t, { settings });
    const seen = watch(server);
    if (lines) server.on('Connected', (e) => server.changeLineMode(e.connectionId, true));
    const client = await ByteClient.open(t, server.localPort, OFFER);
    client.send(frames);
    await until(() => seen.events === events);
    await until(() => seen.mostAtOnce > 0);
    assert.ok(seen.mostAtOnce <= most, `${seen.mostAtOnce} at once`);
  });
}

test('what is inflated is not kept: memory stays bounded while bombs come', async (t) => {
  const { stdout } = await runChild(
    t,
    ({ WSServer }, { frames, upgrade }) => {
      const net = require('node:net') as typeof import('node:net');
      const server = new WSServer({ localHost: '127.0.0.1' });
      let events = 0;
      server.on('DataIn', (event) => {
        if (event.text.length !== 16 * 1024 * 1024) throw new Error('not all of it');
        if (++events === 1) before = process.resourceUsage().maxRSS;
        if (events < 64) return;
        console.log((process.resourceUsage().maxRSS - before) / 1024);
        process.exit();
      });
      let before = 0;
      server.startListening();
      const client = net.connect(server.localPort, '127.0.0.1');
      client.write(upgrade);
      for (let count = 0; count < 64; count++) client.write(Buffer.from(frames, 'latin1'));
    },
    { frames: bomb(16 * MIB, 0x30).toString('latin1'), upgrade: request(OFFER) },
  );
  // It was 1,100 MiB when 16 came at once.
  assert.ok(Number(stdout) < 256, `${stdout} MiB more`);
});

test('a text that is longer than a string can be: 1009', async (t) => {
  const settings = { MaxMessageSize: 2 ** 30, MaxUnfinishedBytes: 2 ** 31 - 1 };
  const server = await startServer(t, { settings });
  const events = collect(server, 'DataIn');
  const errors = collect(server, 'Error');
  const disconnected = next(server, 'Disconnected');
  const client = await ByteClient.open(t, server.localPort, OFFER);
  client.send(bomb(MAX_STRING_LENGTH + 1, 0x61));
  assert.equal(closeCode(await client.readFrame()), 1009);
  await client.finish(1009);
  assert.equal((await disconnected).statusCode, 1009);
  assert.deepEqual([events.length, errors.length], [0, 0]);
});
