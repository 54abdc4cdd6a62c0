// RFC 6455 sections 5 to 7, as a client sees them: bytes in, frames and a close code out. The
// server echoes. Every row goes in as one piece and byte by byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ByteClient,
  closeCode,
  closePayload,
  type Frame,
  type FrameFields,
  frame,
  Op,
} from './support/byte_client.js';
import { startEcho } from './support/server.js';

interface Row {
  name: string;
  in: FrameFields[];
  /** What comes back before the Close: opcode and payload. */
  out?: [opcode: number, payload: Uint8Array | string][];
  /** The code of the Close that ends it; without one, the client closes with 1000. */
  close?: number;
}

const { continuation, text, binary, close, ping, pong } = Op;
const bytes = (size: number, value = 0xab): Buffer => Buffer.alloc(size, value);
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
const hello: FrameFields = { opcode: text, payload: 'Hello' };

const lengths: Row[] = [0, 1, 125, 126, 127, 65535, 65536, 70000].flatMap((size) => [
  {
    name: `binary, ${size} bytes`,
    in: [{ opcode: binary, payload: bytes(size) }],
    out: [[binary, bytes(size)]],
  },
  {
    name: `text, ${size} bytes`,
    in: [{ opcode: text, payload: bytes(size, 0x61) }],
    out: [[text, bytes(size, 0x61)]],
  },
]);

const messages: Row[] = [
  { name: 'several in a row', in: [hello, hello, hello], out: Array(3).fill([text, 'Hello']) },
  {
    name: 'types alternate',
    in: [hello, { opcode: binary, payload: hex('00ff') }, hello],
    out: [
      [text, 'Hello'],
      [binary, hex('00ff')],
      [text, 'Hello'],
    ],
  },
  {
    name: 'key of zeroes',
    in: [{ ...hello, key: hex('00000000') }],
    out: [[text, 'Hello']],
  },
  {
    name: 'another key for each frame',
    in: [
      { ...hello, key: hex('ffffffff') },
      { ...hello, key: hex('01020304') },
    ],
    out: [
      [text, 'Hello'],
      [text, 'Hello'],
    ],
  },
  {
    name: 'two fragments',
    in: [
      { opcode: text, payload: 'Hel', fin: false },
      { opcode: continuation, payload: 'lo' },
    ],
    out: [[text, 'Hello']],
  },
  {
    name: 'fragments whose boundaries cut a character',
    in: [
      { opcode: text, payload: hex('e4bd'), fin: false },
      { opcode: continuation, payload: hex('a0e5'), fin: false },
      { opcode: continuation, payload: hex('a5bd') },
    ],
    out: [[text, '你好']],
  },
  {
    name: 'empty fragments',
    in: [
      { opcode: binary, fin: false },
      { opcode: continuation, fin: false },
      { opcode: continuation, payload: 'x', fin: false },
      { opcode: continuation },
    ],
    out: [[binary, 'x']],
  },
  {
    name: 'only empty fragments',
    in: [
      { opcode: text, fin: false },
      { opcode: continuation, fin: false },
      { opcode: continuation },
    ],
    out: [[text, '']],
  },
  {
    name: 'control frames between fragments',
    in: [
      { opcode: text, payload: 'Hel', fin: false },
      { opcode: ping, payload: '1' },
      { opcode: continuation, payload: 'l', fin: false },
      { opcode: pong, payload: 'unasked' },
      { opcode: ping, payload: '2' },
      { opcode: continuation, payload: 'o' },
    ],
    out: [
      [pong, '1'],
      [pong, '2'],
      [text, 'Hello'],
    ],
  },
  { name: 'ping without payload', in: [{ opcode: ping }], out: [[pong, '']] },
  {
    name: 'ping with 125 bytes',
    in: [{ opcode: ping, payload: bytes(125) }],
    out: [[pong, bytes(125)]],
  },
  {
    name: 'pong that nobody asked for',
    in: [{ opcode: pong, payload: 'x' }, hello],
    out: [[text, 'Hello']],
  },
];

const broken: Row[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => ({
    name: `reserved bits ${rsv}`,
    in: [{ ...hello, rsv }],
    close: 1002,
  })),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `reserved opcode ${opcode}`,
    in: [{ opcode }],
    close: 1002,
  })),
  { name: 'unmasked text', in: [{ ...hello, key: null }], close: 1002 },
  { name: 'unmasked ping', in: [{ opcode: ping, key: null }], close: 1002 },
  { name: 'ping with 126 bytes', in: [{ opcode: ping, payload: bytes(126) }], close: 1002 },
  { name: 'fragmented ping', in: [{ opcode: ping, fin: false }], close: 1002 },
  { name: 'fragmented close', in: [{ opcode: close, fin: false }], close: 1002 },
  { name: 'continuation of nothing', in: [{ opcode: continuation, payload: 'x' }], close: 1002 },
  {
    name: 'continuation after the end',
    in: [hello, { opcode: continuation, payload: 'x' }],
    out: [[text, 'Hello']],
    close: 1002,
  },
  {
    name: 'message inside another',
    in: [{ opcode: text, payload: 'Hel', fin: false }, hello],
    close: 1002,
  },
  { name: '125 in two bytes', in: [{ ...hello, lengthBytes: 2 }], close: 1002 },
  {
    name: '65535 in eight bytes',
    in: [{ opcode: binary, payload: bytes(65535), lengthBytes: 8 }],
    close: 1002,
  },
  {
    name: 'length of 2^63',
    in: [{ opcode: binary, length: 2n ** 63n, lengthBytes: 8 }],
    close: 1002,
  },
  {
    name: 'length of 2^62',
    in: [{ opcode: binary, length: 2n ** 62n, lengthBytes: 8 }],
    close: 1009,
  },
  {
    name: 'length of 2^62 after a fragment',
    in: [
      { opcode: binary, payload: 'x', fin: false },
      { opcode: continuation, length: 2n ** 62n, lengthBytes: 8 },
    ],
    close: 1009,
  },
  {
    name: 'messages before a broken frame are answered',
    in: [hello, { opcode: ping, payload: 'p' }, hello, { opcode: 3 }, hello],
    out: [
      [pong, 'p'],
      [text, 'Hello'],
      [text, 'Hello'],
    ],
    close: 1002,
  },
];

const closing: Row[] = [
  { name: 'without code', in: [{ opcode: close }], close: 1005 },
  { name: 'half a code', in: [{ opcode: close, payload: hex('03') }], close: 1002 },
  {
    name: 'reason of 123 bytes',
    in: [{ opcode: close, payload: closePayload(1000, bytes(123, 0x61)) }],
    close: 1000,
  },
  {
    name: 'reason that is not UTF-8',
    in: [{ opcode: close, payload: closePayload(1000, hex('c3')) }],
    close: 1007,
  },
  {
    name: 'messages before it are answered',
    in: [hello, hello, { opcode: close, payload: closePayload(1001) }],
    out: [
      [text, 'Hello'],
      [text, 'Hello'],
    ],
    close: 1001,
  },
  {
    name: 'data after it is ignored',
    in: [{ opcode: close, payload: closePayload(1000) }, hello, { opcode: 3 }],
    close: 1000,
  },
  {
    name: 'between fragments',
    in: [
      { opcode: text, payload: 'Hel', fin: false },
      { opcode: close, payload: closePayload(3000) },
    ],
    close: 3000,
  },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4999].map(
    (code) => ({
      name: `code ${code}`,
      in: [{ opcode: close, payload: closePayload(code) }],
      close: code,
    }),
  ),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code) => ({
    name: `code ${code}, which may not be sent`,
    in: [{ opcode: close, payload: closePayload(code) }],
    close: 1002,
  })),
];

/** How each row is sent. */
const ways: [string, (client: ByteClient, bytes: Buffer) => Promise<void>][] = [
  ['whole', async (client, all) => client.send(all)],
  ['byte by byte', (client, all) => client.sendSlowly(all)],
];

/** Pongs may overtake messages of the same packet: their order among each other is what counts. */
function answers(frames: Frame[]): string[][] {
  const shown = frames.map((each) => `${each.opcode} ${each.payload.toString('hex')}`);
  const isPong = (line: string): boolean => line.startsWith(`${pong} `);
  return [shown.filter(isPong), shown.filter((line) => !isPong(line))];
}

for (const [group, rows] of Object.entries({ lengths, messages, broken, closing })) {
  for (const [way, send] of ways) {
    test(`${group}, ${way}`, async (t) => {
      const server = await startEcho(t);
      for (const row of rows) {
        await t.test(row.name, async (t) => {
          const client = await ByteClient.open(t, server.localPort);
          await send(client, Buffer.concat(row.in.map(frame)));
          const out = row.out ?? [];
          if (row.close === undefined) client.sendFrame(close, closePayload(1000));

          const frames = await client.readFrames();
          const last = frames.pop() as Frame;
          assert.equal(last.opcode, close);
          assert.equal(closeCode(last), row.close ?? 1000, last.payload.toString());
          assert.deepEqual(
            answers(frames),
            answers(
              out.map(
                ([opcode, payload]) =>
                  ({ opcode, payload: Buffer.from(payload as Uint8Array) }) as Frame,
              ),
            ),
          );
          for (const each of [...frames, last]) {
            assert.deepEqual([each.fin, each.rsv, each.masked], [true, 0, false]);
          }
          assert.equal(await client.ended, 'end');
        });
      }
    });
  }
}

/** Text that is not UTF-8, and after how many of its bytes that shows. */
const invalidText: [name: string, text: Buffer, shownBy: number][] = [
  ['continuation byte first', hex('80'), 1],
  ['lead byte twice', hex('61c3c3'), 3],
  ['overlong solidus', hex('c0af'), 1],
  ['overlong, three bytes', hex('e080af'), 2],
  ['surrogate', hex('eda080'), 2],
  ['overlong, four bytes', hex('f0808080'), 2],
  ['above U+10FFFF', hex('f4908080'), 2],
  ['byte that never occurs', hex('6161ff'), 3],
  ['after characters of all sizes', hex('61c3a9e4bda0f09f988080'), 11],
];

test('invalid UTF-8 is refused at every split, as soon as it shows', async (t) => {
  const server = await startEcho(t);
  for (const [name, payload, shownBy] of invalidText) {
    await t.test(name, async (t) => {
      for (let split = 0; split <= payload.length; split++) {
        const client = await ByteClient.open(t, server.localPort);
        const whole = Buffer.concat([
          frame({ opcode: text, payload: payload.subarray(0, split), fin: false }),
          frame({ opcode: continuation, payload: payload.subarray(split) }),
        ]);
        client.send(whole);
        assert.equal(closeCode(await client.readFrame()), 1007, `split at ${split}`);
      }
      // The rest of the announced frame never comes, and need not.
      const client = await ByteClient.open(t, server.localPort);
      const first = frame({ opcode: text, payload: payload.subarray(0, shownBy), length: 1000 });
      await client.sendSlowly(first);
      assert.equal(closeCode(await client.readFrame()), 1007);
    });
  }
});

test('text that ends within a character is refused', async (t) => {
  const server = await startEcho(t);
  for (const payload of ['c3', 'e4bd', 'f09f98', '61f0'].map(hex)) {
    const client = await ByteClient.open(t, server.localPort);
    client.sendFrame(text, payload);
    assert.equal(closeCode(await client.readFrame()), 1007, payload.toString('hex'));
  }
});

test('bytes that are not UTF-8 are fine in binary messages', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.open(t, server.localPort);
  client.sendFrame(binary, hex('c0af80ff'));
  assert.deepEqual((await client.readFrame()).payload, hex('c0af80ff'));
});

test('two frames split anywhere are two messages', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.open(t, server.localPort);
  const both = Buffer.concat([
    frame({ opcode: binary, payload: bytes(130) }),
    frame({ opcode: text, payload: 'é' }),
  ]);
  for (let at = 0; at <= both.length; at++) {
    await client.sendSplit(both, at);
    assert.deepEqual((await client.readFrame()).payload, bytes(130), `split at ${at}`);
    assert.equal((await client.readFrame()).payload.toString(), 'é', `split at ${at}`);
  }
});
