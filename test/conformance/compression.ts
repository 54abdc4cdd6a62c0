// permessage-deflate: compressed messages (RFC 7692 §6, §7.2).

import { constants } from 'node:zlib';
import {
  deflate,
  flushed,
  long,
  longBack,
  noise,
  offer,
  packed,
  packedFragments,
  packedHello,
  rsv1,
} from './deflated.js';
import {
  binary,
  bytes,
  characters,
  close,
  continuation,
  type FrameGroup,
  type FrameRow,
  fragments,
  helloBack,
  hex,
  ping,
  pong,
  section,
  sent,
  slices,
  text,
  times,
  unfinished,
} from './row.js';

const examples: FrameRow[] = [
  ...section<FrameRow>('RFC 7692 §7.2.3.1', [
    { name: 'one block', in: [text(packedHello, rsv1)], out: [helloBack] },
    {
      name: 'one block in two fragments',
      in: packedFragments(text, [hex('f248cd'), hex('c9c90700')]),
      out: [helloBack],
    },
  ]),
  ...section<FrameRow>('RFC 7692 §7.2.3.2', [
    {
      name: 'two messages of which neither refers to the other',
      in: [text(packedHello, rsv1), text(packedHello, rsv1)],
      out: [helloBack, helloBack],
    },
    {
      name: 'a reference to another message, which was agreed not to be made',
      in: [text(packedHello, rsv1), text(hex('f200110000'), rsv1)],
      out: [helloBack],
      close: 1007,
    },
  ]),
  ...section<FrameRow>('RFC 7692 §7.2.3.3', [
    {
      name: 'a block without compression',
      in: [text(hex('000500faff48656c6c6f00'), rsv1)],
      out: [helloBack],
    },
  ]),
  ...section<FrameRow>('RFC 7692 §7.2.3.4', [
    {
      name: 'a final block, and the empty one behind it',
      in: [text(hex('f348cdc9c9070000'), rsv1)],
      out: [helloBack],
    },
    {
      name: 'a block behind a final one',
      in: [text(hex('f348cdc9c90700 f248cdc9c90700'), rsv1)],
      out: [sent.text('HelloHello')],
    },
  ]),
  ...section<FrameRow>('RFC 7692 §7.2.3.5', [
    {
      name: 'two blocks',
      in: [text(hex('f248050000 00ffffcac9c90700'), rsv1)],
      out: [helloBack],
    },
  ]),
  ...section<FrameRow>('RFC 7692 §7.2.3.6', [
    { name: 'an empty message', in: [text(hex('00'), rsv1)], out: [sent.text()] },
    { name: 'an empty binary message', in: [binary(hex('00'), rsv1)], out: [sent.binary()] },
  ]),
];

const messages: FrameRow[] = [
  ...section<FrameRow>('RFC 7692 §7.2.1', [
    ...[1, 125, 126, 127, 1023].map((size) => ({
      name: `binary of ${size} bytes, too small to be compressed in return`,
      in: [packed(binary, bytes(size))],
      out: [sent.binary(bytes(size))],
    })),
    ...[1024, 1025, 65_535, 65_536, 100_000].map((size) => ({
      name: `text of ${size} bytes, compressed in return`,
      in: [packed(text, characters(size))],
      out: [sent.text(characters(size), rsv1)],
    })),
    ...[0, 1, 6, 9].map((level) => ({
      name: `level ${level}`,
      in: [packed(text, long, { level })],
      out: [longBack],
    })),
    ...[9, 10, 12, 15].map((windowBits) => ({
      name: `a window of ${windowBits} bits`,
      in: [packed(text, long.repeat(30), { windowBits })],
      out: [sent.text(long.repeat(30), rsv1)],
    })),
    {
      name: 'Huffman codes alone',
      in: [packed(text, long, { strategy: constants.Z_HUFFMAN_ONLY })],
      out: [longBack],
    },
    {
      name: 'runs alone',
      in: [packed(text, long, { strategy: constants.Z_RLE })],
      out: [longBack],
    },
    {
      name: 'fixed codes alone',
      in: [packed(text, long, { strategy: constants.Z_FIXED })],
      out: [longBack],
    },
    {
      name: 'what does not become smaller',
      in: [packed(binary, noise)],
      out: [sent.binary(noise)],
    },
    {
      name: 'the same again and again',
      in: times(5, packed(text, long)),
      out: times(5, longBack),
    },
  ]),
  ...section<FrameRow>('RFC 7692 §6', [
    { name: 'a message that is not compressed', in: [text('Hello')], out: [helloBack] },
    { name: 'a long one that is not compressed', in: [text(long)], out: [longBack] },
    {
      name: 'fragments that are not compressed',
      in: fragments(text, slices('Hello', 1)),
      out: [helloBack],
    },
    {
      name: 'compressed and not, by turns',
      in: [text('Hello'), packed(text, 'Hello'), binary('Hello'), packed(binary, 'Hello')],
      out: [helloBack, helloBack, sent.binary('Hello'), sent.binary('Hello')],
    },
    {
      name: 'a payload that would inflate, but is not marked',
      in: [binary(packedHello), binary(hex('00'))],
      out: [sent.binary(packedHello), sent.binary(hex('00'))],
    },
  ]),
];

const inFragments: FrameRow[] = section<FrameRow>('RFC 7692 §6.1', [
  {
    name: 'each byte in a fragment',
    in: packedFragments(text, slices(packedHello, 1)),
    out: [helloBack],
  },
  {
    name: 'empty fragments',
    in: packedFragments(text, ['', packedHello.subarray(0, 3), '', packedHello.subarray(3), '']),
    out: [helloBack],
  },
  {
    name: 'long fragments',
    in: packedFragments(binary, slices(deflate(noise), 126)),
    out: [sent.binary(noise)],
  },
  {
    name: 'the first fragment has only the bit',
    in: [text('', { ...rsv1, ...unfinished }), continuation(packedHello)],
    out: [helloBack],
  },
  {
    name: 'control frames between fragments',
    in: [
      text(packedHello.subarray(0, 2), { ...rsv1, ...unfinished }),
      ping('1'),
      continuation(packedHello.subarray(2, 4), unfinished),
      pong('unasked'),
      ping('2'),
      continuation(packedHello.subarray(4)),
    ],
    out: [sent.pong('1'), sent.pong('2'), helloBack],
  },
  {
    name: 'close between fragments',
    in: [text(packedHello.subarray(0, 2), { ...rsv1, ...unfinished }), close(3000)],
    after: [continuation(packedHello.subarray(2))],
    close: 3000,
  },
  {
    name: 'a block and a block in two fragments, cut within a character',
    in: packedFragments(text, [flushed(hex('e5a5')), deflate(hex('bd'))]),
    out: [sent.text('好')],
  },
  {
    name: 'an uncompressed message in fragments after a compressed one',
    in: [
      ...packedFragments(text, slices(packedHello, 3)),
      ...fragments(binary, slices(packedHello, 3)),
    ],
    out: [helloBack, sent.binary(packedHello)],
  },
]);

/** Repeats itself, but farther back than a window of nine bits sees. */
const farRepetition = Buffer.concat(times(4, noise.subarray(0, 1000)));

const smallWindow: FrameRow[] = section<FrameRow>('RFC 7692 §7.1.2.1', [
  {
    name: 'no reference goes farther back than was agreed',
    in: [packed(binary, Buffer.concat([farRepetition, Buffer.alloc(2000)]))],
    out: [sent.binary(Buffer.concat([farRepetition, Buffer.alloc(2000)]), rsv1)],
  },
  { name: 'long text', in: [packed(text, long)], out: [longBack] },
]);

const takeover: FrameRow[] = [
  ...section<FrameRow>('RFC 7692 §7.2.3.2', [
    {
      name: 'the second message refers to the first',
      in: [text(packedHello, rsv1), text(hex('f200110000'), rsv1)],
      out: [helloBack, helloBack],
    },
    {
      name: 'a message that is not compressed between',
      in: [text(packedHello, rsv1), text('other'), text(hex('f200110000'), rsv1)],
      out: [helloBack, sent.text('other'), helloBack],
    },
    {
      name: 'a reference to before the first message',
      in: [text(hex('f200110000'), rsv1)],
      close: 1007,
    },
    {
      name: 'the server refers to what it has sent',
      in: times(4, packed(text, long)),
      out: times(4, longBack),
    },
    {
      name: 'a final block, and the next message',
      in: [text(hex('f348cdc9c9070000'), rsv1), text(packedHello, rsv1)],
      out: [helloBack, helloBack],
    },
  ]),
];

export const compression: FrameGroup[] = [
  { name: 'compression: examples', request: offer(), rows: examples },
  { name: 'compression: messages', request: offer(), rows: messages },
  { name: 'compression: fragments', request: offer(), rows: inFragments },
  {
    name: 'compression: a small window',
    request: offer('; server_max_window_bits=9'),
    rows: smallWindow,
    deflate: { windowBits: 9 },
  },
  {
    name: 'compression: context takeover',
    settings: { ServerContextTakeover: true, ClientContextTakeover: true },
    request: offer(),
    rows: takeover,
    deflate: { contextTakeover: true },
  },
];
