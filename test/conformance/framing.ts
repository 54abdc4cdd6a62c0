// The frame: lengths, masks, reserved bits and opcodes.

import { Op } from '../support/byte_client.js';
import {
  afterFirstByte,
  binary,
  bytes,
  characters,
  continuation,
  type FrameGroup,
  type FrameRow,
  hello,
  helloBack,
  hex,
  ping,
  pong,
  section,
  sent,
  text,
  times,
  unfinished,
} from './row.js';

/** 1002 with the last byte of `in`, whatever follows. */
function broken(name: string, digits: string, after: Buffer[] = []): Omit<FrameRow, 'rfc'> {
  return { name, in: [hex(digits)], after, close: 1002 };
}

const sizes = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 65_537, 131_072];

const lengths: FrameRow[] = [
  ...section<FrameRow>('RFC 6455 §5.2', [
    ...sizes.flatMap((size) => [
      {
        name: `binary, ${size} bytes`,
        in: [binary(bytes(size))],
        out: [sent.binary(bytes(size))],
      },
      {
        name: `text, ${size} bytes`,
        in: [text(characters(size))],
        out: [sent.text(characters(size))],
      },
    ]),
    { name: 'binary, 1 MiB', in: [binary(bytes(2 ** 20))], out: [sent.binary(bytes(2 ** 20))] },
    broken('0 in two bytes', '82fe0000', [bytes(4)]),
    broken('125 in two bytes', '82fe007d', [bytes(129)]),
    broken('0 in eight bytes', '82ff0000000000000000', [bytes(4)]),
    broken('125 in eight bytes', '82ff000000000000007d', [bytes(129)]),
    broken('126 in eight bytes', '82ff000000000000007e', [bytes(130)]),
    broken('65535 in eight bytes', '82ff000000000000ffff', [bytes(500)]),
    broken('the most significant bit of eight bytes', '82ff80', [bytes(20)]),
    broken('all bits of eight bytes', '82ffff', [bytes(20)]),
    broken('125 in two bytes, of a fragment', '02fe007d', [bytes(129)]),
  ]),
  ...section<FrameRow>('RFC 6455 §5.7', [
    {
      name: 'the example: text',
      in: [hex('818537fa213d7f9f4d5158')],
      out: [hex('810548656c6c6f')],
    },
    {
      name: 'the example: ping',
      in: [hex('898537fa213d7f9f4d5158')],
      out: [hex('8a0548656c6c6f')],
    },
    { name: 'the example: pong', in: [hex('8a8537fa213d7f9f4d5158')] },
    {
      name: 'the example: 256 bytes',
      in: [hex('82fe010000000000'), Buffer.alloc(256)],
      out: [Buffer.concat([hex('827e0100'), Buffer.alloc(256)])],
    },
    {
      name: 'the example: 64 KiB',
      in: [hex('82ff000000000001000000000000'), Buffer.alloc(65_536)],
      out: [Buffer.concat([hex('827f0000000000010000'), Buffer.alloc(65_536)])],
    },
  ]),
];

const keys = ['00000000', 'ffffffff', '80000000', '00000001', '01020304'];

const masks: FrameRow[] = [
  ...section<FrameRow>('RFC 6455 §5.3', [
    ...keys.map((key) => ({
      name: `key ${key}`,
      in: [binary(bytes(50), { key: hex(key) })],
      out: [sent.binary(bytes(50))],
    })),
    {
      name: 'a new key for each frame',
      in: keys.map((key) => text('Hello', { key: hex(key) })),
      out: times(keys.length, helloBack),
    },
    {
      name: 'a new key for each fragment',
      in: [
        text('He', { ...unfinished, key: hex('01020304') }),
        continuation('ll', { ...unfinished, key: hex('00ff00ff') }),
        continuation('o', { key: hex('fefdfcfb') }),
      ],
      out: [helloBack],
    },
    {
      name: 'payloads of every size up to 40',
      in: Array.from({ length: 40 }, (_, size) => binary(bytes(size))),
      out: Array.from({ length: 40 }, (_, size) => sent.binary(bytes(size))),
    },
    {
      name: 'the key of a control frame is its own',
      in: [
        text('Hel', { ...unfinished, key: hex('01020304') }),
        ping('ping', { key: hex('a1b2c3d4') }),
        continuation('lo', { key: hex('05060708') }),
      ],
      out: [sent.pong('ping'), helloBack],
    },
  ]),
  ...section<FrameRow>('RFC 6455 §5.1', [
    broken('unmasked text', '8105', [Buffer.from('Hello')]),
    broken('unmasked text without payload', '8100'),
    broken('unmasked binary', '8205', [Buffer.from('Hello')]),
    broken('unmasked fragment', '0103', [Buffer.from('Hel')]),
    broken('unmasked length in two bytes', '827e', [hex('0100'), bytes(256)]),
    broken('unmasked ping', '8900'),
    broken('unmasked pong', '8a00'),
    broken('unmasked close', '8802', [hex('03e8')]),
    {
      name: 'an unmasked frame after a good one',
      in: [hello, hex('8105')],
      after: [Buffer.from('Hello')],
      out: [helloBack],
      close: 1002,
    },
    {
      name: 'an unmasked continuation',
      in: [text('Hel', unfinished), hex('8002')],
      after: [Buffer.from('lo')],
      close: 1002,
    },
  ]),
];

/** The first byte of a frame. */
const firstByte = (opcode: number, rsv: number, fin = true): Buffer =>
  Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode]);

const bitsOf = (rsv: number): string => `bits ${rsv.toString(2).padStart(3, '0')}`;

const otherFrames: [name: string, opcode: number][] = [
  ['binary', Op.binary],
  ['close', Op.close],
  ['ping', Op.ping],
  ['pong', Op.pong],
];

const reservedBits: FrameRow[] = section<FrameRow>('RFC 6455 §5.2', [
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => ({
    name: `${bitsOf(rsv)} of text`,
    in: [firstByte(Op.text, rsv)],
    after: [afterFirstByte],
    close: 1002,
  })),
  ...otherFrames.flatMap(([frame, opcode]) =>
    [1, 2, 4].map((rsv) => ({
      name: `${bitsOf(rsv)} of ${frame}`,
      in: [firstByte(opcode, rsv)],
      after: [afterFirstByte],
      close: 1002,
    })),
  ),
  ...[1, 2, 4].map((rsv) => ({
    name: `${bitsOf(rsv)} of a continuation`,
    in: [text('Hel', unfinished), firstByte(Op.continuation, rsv)],
    after: [afterFirstByte],
    close: 1002,
  })),
  {
    name: 'messages before are answered, those behind are not',
    in: [hello, ping('p'), hello, firstByte(Op.text, 2)],
    after: [afterFirstByte, hello, ping()],
    out: [helloBack, sent.pong('p'), helloBack],
    close: 1002,
  },
]);

const opcodes: FrameRow[] = [
  ...section<FrameRow>('RFC 6455 §5.2', [
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
      name: `opcode ${opcode}`,
      in: [firstByte(opcode, 0)],
      after: [afterFirstByte],
      close: 1002,
    })),
    ...[3, 7, 11, 15].map((opcode) => ({
      name: `opcode ${opcode}, unfinished`,
      in: [firstByte(opcode, 0, false)],
      after: [afterFirstByte],
      close: 1002,
    })),
    ...[5, 12].flatMap((opcode) => [
      {
        name: `opcode ${opcode} between messages`,
        in: [hello, firstByte(opcode, 0)],
        after: [afterFirstByte, hello, ping()],
        out: [helloBack],
        close: 1002,
      },
      {
        name: `opcode ${opcode} between fragments`,
        in: [text('Hel', unfinished), firstByte(opcode, 0)],
        after: [afterFirstByte, continuation('lo')],
        close: 1002,
      },
    ]),
  ]),
  ...section<FrameRow>('RFC 6455 §5.6', [
    {
      name: 'a message comes back as what it was',
      in: [hello, binary('Hello'), hello, binary(hex('c0 af 80 ff')), pong(), binary(), text()],
      out: [
        helloBack,
        sent.binary('Hello'),
        helloBack,
        sent.binary(hex('c0 af 80 ff')),
        sent.binary(),
        sent.text(),
      ],
    },
  ]),
];

export const framing: FrameGroup[] = [
  { name: 'lengths', rows: lengths },
  { name: 'masks', rows: masks },
  { name: 'reserved bits', rows: reservedBits },
  { name: 'opcodes', rows: opcodes },
];
