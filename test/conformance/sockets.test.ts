// The rows of conformance/ over real sockets, against a real server: each of them in one piece, in
// the smallest pieces, and with each frame's header apart from its payload.

import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { constants, inflateRawSync } from 'node:zlib';
import {
  ByteClient,
  byteByByte,
  closeCode,
  type Frame,
  frame,
  headerSize,
  Op,
} from '../support/byte_client.js';
import { startEcho, until } from '../support/server.js';
import { closing } from './closing.js';
import { compression } from './compression.js';
import { brokenCompression } from './compression_broken.js';
import { fragmentation } from './fragmentation.js';
import { framing } from './framing.js';
import { handshakes } from './handshake.js';
import { limits, requestLimits } from './limits.js';
import { negotiation } from './negotiation.js';
import {
  binary,
  bytes,
  close,
  continuation,
  type FrameGroup,
  type FrameRow,
  type HandshakeRow,
  hex,
  ping,
  sent,
  text,
  unfinished,
} from './row.js';
import { utf8 } from './utf8.js';

const RSV1 = 4;

type Way<Row> = (client: ByteClient, row: Row) => Promise<void>;

/** What the client has to say in the end when nothing was wrong. */
const farewell = (row: FrameRow): Buffer[] => (row.close === undefined ? [close(1000)] : []);

const frameWays: Record<string, Way<FrameRow>> = {
  whole: async (client, row) => {
    client.send(...row.in, ...(row.after ?? []), ...farewell(row));
  },

  'byte by byte': async (client, row) => {
    const all = Buffer.concat(row.in);
    await client.sendPieces(byteByByte(all.subarray(0, -1)));
    assert.equal(client.over, false, 'it ended before the last byte');
    await client.sendPieces([all.subarray(-1), ...farewell(row)]);
  },

  'headers apart': async (client, row) => {
    const pieces = [...row.in, ...(row.after ?? []), ...farewell(row)].flatMap((bytes) => {
      const size = headerSize(bytes[1] ?? 0);
      return [bytes.subarray(0, size), bytes.subarray(size)];
    });
    await client.sendPieces(pieces.filter((piece) => piece.length > 0));
  },
};

/** The ways in which a frame is answered before the next one comes. */
const oneByOne = ['byte by byte', 'headers apart'];

const handshakeWays: Record<string, Way<HandshakeRow>> = {
  whole: async (client, row) => {
    client.send(row.in, row.status === 101 ? text('Hello') : '');
  },

  'byte by byte': async (client, row) => {
    const frames = row.status === 101 ? text('Hello') : '';
    await client.sendPieces(byteByByte(Buffer.concat([Buffer.from(row.in), Buffer.from(frames)])));
  },
};

/** A frame as a report can show it. */
function shown(bytes: Buffer): string {
  if (bytes.length <= 150) return bytes.toString('hex');
  const hash = createHash('sha1').update(bytes).digest('hex');
  return `${bytes.toString('hex', 0, 20)}… ${bytes.length} bytes, SHA-1 ${hash}`;
}

/**
 * Frames to be compared. Pongs may overtake other answers to the same packet: then it is their
 * order among each other that counts.
 */
function comparable(frames: Buffer[], way: string): string[] {
  const isPong = (bytes: Buffer): boolean => ((bytes[0] as number) & 0x0f) === Op.pong;
  const overtaken = oneByOne.includes(way) ? [] : frames.filter(isPong);
  return [...overtaken, ...frames.filter((bytes) => !overtaken.includes(bytes))].map(shown);
}

/** The same frames, compressed ones with the payload that they had before. */
function inflated(frames: Frame[], { windowBits = 15, contextTakeover = false } = {}): Buffer[] {
  const tail = hex('0000ffff');
  let context = Buffer.alloc(0);
  let known = 0;
  return frames.map(({ bytes, opcode, rsv, fin, payload }) => {
    if (rsv !== RSV1) return bytes;
    const stream = Buffer.concat([context, payload, tail]);
    // In small chunks: zlib does not miss the window while it still has the output at hand.
    const options = { windowBits, chunkSize: 64, finishFlush: constants.Z_SYNC_FLUSH };
    const messages = inflateRawSync(stream, options);
    const message = messages.subarray(known);
    if (contextTakeover) {
      context = stream;
      known = messages.length;
    }
    return frame({ opcode, rsv, fin, payload: message, key: null });
  });
}

async function checkFrames(
  client: ByteClient,
  row: FrameRow,
  way: string,
  { deflate }: Pick<FrameGroup, 'deflate'> = {},
): Promise<void> {
  const frames = await client.readFrames();
  const last = frames.pop();
  assert.equal(last?.opcode, Op.close, 'no Close came');
  assert.equal(closeCode(last), row.close ?? 1000, last.payload.toString());
  assert.deepEqual([last.fin, last.rsv, last.masked], [true, 0, false]);
  assert.ok(last.payload.length <= 125 && isUtf8(last.payload.subarray(2)));
  assert.deepEqual(comparable(inflated(frames, deflate), way), comparable(row.out ?? [], way));
  assert.equal(await client.ended, 'end');
  assert.equal((await client.rest()).length, 0, 'something came after the Close');
}

/** What every answer with this status has. */
const headersByStatus: Record<number, Record<string, string>> = {
  101: {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  },
  405: { connection: 'close', allow: 'GET' },
  426: { connection: 'close, Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
};

async function checkAnswer(client: ByteClient, row: HandshakeRow): Promise<void> {
  const { status, headers, body } = await client.readAnswer();
  assert.equal(status, row.status, body);
  const content = {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': `${body.length}`,
  };
  if (status !== 101) {
    assert.ok(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) < 60_000);
    headers.delete('date');
  }
  assert.deepEqual(Object.fromEntries(headers), {
    ...(status === 101 ? {} : content),
    ...(headersByStatus[status] ?? { connection: 'close' }),
    ...row.headers,
  });
  if (status === 101) {
    assert.equal((await client.readFrame()).payload.toString(), 'Hello');
    client.send(close(1000));
    await client.readFrame();
  }
  assert.equal(await client.ended, 'end');
  assert.equal((await client.rest()).length, 0, 'something came after the end');
}

/** Runs rows in every way against one server, all at once. */
async function runRows<Row extends { name: string; rfc: string }>(
  t: TestContext,
  settings: Record<string, boolean | number> | undefined,
  rows: readonly Row[],
  ways: Record<string, Way<Row>>,
  connect: (t: TestContext, port: number) => Promise<ByteClient>,
  check: (client: ByteClient, row: Row, way: string) => Promise<void>,
): Promise<void> {
  const server = await startEcho(t, settings && { settings });
  const runs = rows.flatMap((row) =>
    Object.entries(ways).map(([way, send]) =>
      t.test(`${row.rfc}: ${row.name}, ${way}`, async (t) => {
        const client = await connect(t, server.localPort);
        await send(client, row);
        await check(client, row, way);
      }),
    ),
  );
  await Promise.all(runs);
  await until(() => server.wsConnectionCount === 0);
}

for (const { name, settings, rows } of [...handshakes, ...requestLimits, ...negotiation]) {
  test(`opening handshake: ${name}`, { concurrency: true }, (t) =>
    runRows(t, settings, rows, handshakeWays, ByteClient.connect, checkAnswer),
  );
}

for (const group of [
  ...framing,
  ...fragmentation,
  ...utf8,
  ...closing,
  ...limits,
  ...compression,
  ...brokenCompression,
]) {
  test(group.name, { concurrency: true }, (t) =>
    runRows(
      t,
      group.settings,
      group.rows,
      frameWays,
      (t, port) => ByteClient.open(t, port, group.request),
      (client, row, way) => checkFrames(client, row, way, group),
    ),
  );
}

test('frames split anywhere', { concurrency: true }, async (t) => {
  const row: FrameRow = {
    name: 'a bit of everything',
    rfc: 'RFC 6455 §5.4',
    in: [
      binary(bytes(130)),
      text('é'),
      text(hex('f09f'), unfinished),
      ping('p'),
      continuation(hex('9880')),
      close(1001, 'é'),
    ],
    out: [sent.binary(bytes(130)), sent.text('é'), sent.pong('p'), sent.text('😀')],
    close: 1001,
  };
  const all = Buffer.concat(row.in);
  const splits = Object.fromEntries(
    Array.from({ length: all.length - 1 }, (_, index) => [
      `split at ${index + 1}`,
      (client: ByteClient) =>
        client.sendPieces([all.subarray(0, index + 1), all.subarray(index + 1)]),
    ]),
  );
  await runRows(t, undefined, [row], splits, ByteClient.open, checkFrames);
});
