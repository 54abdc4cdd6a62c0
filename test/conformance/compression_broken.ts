// permessage-deflate: what is not a compressed message, or too much of one (RFC 7692 §6, §7.2.2).

import {
  deflate,
  long,
  noise,
  offer,
  packed,
  packedFragments,
  packedHello,
  rsv1,
} from './deflated.js';
import {
  afterFirstByte,
  binary,
  bytes,
  type FrameGroup,
  type FrameRow,
  helloBack,
  hex,
  ping,
  section,
  sent,
  slices,
  text,
  times,
  unfinished,
} from './row.js';

const reservedBits: FrameRow[] = [
  ...section<FrameRow>('RFC 7692 §6.1', [
    {
      name: 'RSV1 in a second fragment',
      in: [text(packedHello.subarray(0, 2), { ...rsv1, ...unfinished }), hex('c0')],
      after: [afterFirstByte],
      close: 1002,
    },
    {
      name: 'RSV1 in a second fragment of a message that is not compressed',
      in: [text('Hel', unfinished), hex('c0')],
      after: [afterFirstByte],
      close: 1002,
    },
    { name: 'RSV1 in a ping', in: [hex('c9')], after: [afterFirstByte], close: 1002 },
    { name: 'RSV1 in a pong', in: [hex('ca')], after: [afterFirstByte], close: 1002 },
    { name: 'RSV1 in a close', in: [hex('c8')], after: [afterFirstByte], close: 1002 },
    {
      name: 'RSV1 in a ping between fragments',
      in: [text(packedHello.subarray(0, 2), { ...rsv1, ...unfinished }), hex('c9')],
      after: [afterFirstByte],
      close: 1002,
    },
    {
      name: 'RSV1 in a continuation of nothing',
      in: [hex('c0')],
      after: [afterFirstByte],
      close: 1002,
    },
    {
      name: 'a compressed message inside another',
      in: [text(packedHello.subarray(0, 2), { ...rsv1, ...unfinished }), hex('c1')],
      after: [afterFirstByte],
      close: 1002,
    },
  ]),
  ...section<FrameRow>('RFC 6455 §5.2', [
    { name: 'RSV2', in: [hex('a1')], after: [afterFirstByte], close: 1002 },
    { name: 'RSV3', in: [hex('91')], after: [afterFirstByte], close: 1002 },
    { name: 'RSV1 and RSV2', in: [hex('e1')], after: [afterFirstByte], close: 1002 },
    { name: 'RSV1 and RSV3', in: [hex('d2')], after: [afterFirstByte], close: 1002 },
    { name: 'RSV1 and opcode 3', in: [hex('c3')], after: [afterFirstByte], close: 1002 },
    { name: 'RSV1 and opcode 11', in: [hex('cb')], after: [afterFirstByte], close: 1002 },
  ]),
];

const corrupt: FrameRow[] = [
  ...section<FrameRow>(
    'RFC 7692 §7.2.2',
    [
      ['a block of the type that is reserved', '07'],
      ['lengths of a stored block that differ', '000500faf048656c6c6f00'],
      ['a stored block that is cut off', '001000efff48'],
      ['a stored block that would take the end for its own', '000600f9ff4865'],
      ['a fixed block that is cut off', 'f248cdc9'],
      ['a length code that is none', '1a0300'],
      ['a distance code that is none', '023e00'],
      ['a distance before the beginning', 'f200110000'],
      ['too many length codes', 'fcffff'],
      ['rubbish behind a final block', 'f348cdc9c90700ff'],
      ['a first block that is good, and a second that is not', 'f248cdc9c90700ff'],
      ['text', Buffer.from('Hello, world').toString('hex')],
    ].map(([name, digits]) => ({
      name: name as string,
      in: [binary(hex(digits as string), rsv1)],
      close: 1007,
    })),
  ),
  ...section<FrameRow>('RFC 7692 §7.2.2', [
    { name: 'no bytes at all', in: [text('', rsv1)], close: 1007 },
    {
      name: 'in fragments',
      in: packedFragments(text, slices(hex('000500faf048656c6c6f00'), 2)),
      close: 1007,
    },
    {
      name: 'what came before is answered, what follows is not',
      in: [text(packedHello, rsv1), binary(hex('07'), rsv1)],
      after: [text(packedHello, rsv1), ping()],
      out: [helloBack],
      close: 1007,
    },
  ]),
  ...section<FrameRow>('RFC 6455 §8.1', [
    { name: 'text that is not UTF-8', in: [packed(text, hex('48 c0 af'))], close: 1007 },
    { name: 'text that is cut off', in: [packed(text, hex('e4bd'))], close: 1007 },
    {
      name: 'long text that is not UTF-8',
      in: [packed(text, Buffer.concat([Buffer.from(long), hex('eda080')]))],
      close: 1007,
    },
    {
      name: 'text in fragments that is not UTF-8',
      in: packedFragments(text, slices(deflate(hex('48 c0 af')), 1)),
      close: 1007,
    },
    {
      name: 'other bytes than UTF-8 in binary messages',
      in: [packed(binary, hex('48 c0 af'))],
      out: [sent.binary(hex('48 c0 af'))],
    },
  ]),
];

const limits: FrameRow[] = section<FrameRow>('RFC 6455 §7.4.1', [
  {
    name: 'just within once inflated',
    in: [packed(binary, Buffer.alloc(10_000))],
    out: [sent.binary(Buffer.alloc(10_000), rsv1)],
  },
  { name: 'a byte too many', in: [packed(binary, Buffer.alloc(10_001))], close: 1009 },
  {
    name: 'a thousand times too many',
    in: [packed(binary, Buffer.alloc(10_000_000))],
    close: 1009,
  },
  {
    name: 'in fragments',
    in: packedFragments(binary, slices(deflate(Buffer.alloc(10_001)), 10)),
    close: 1009,
  },
  {
    name: 'just within once inflated, although it was larger before',
    in: [packed(binary, noise, { level: 0 })],
    out: [sent.binary(noise)],
  },
  {
    name: 'too large before it is inflated',
    in: [hex('c2ff 0000000000100000')],
    after: [bytes(1000)],
    close: 1009,
  },
  {
    name: 'each message by itself',
    in: times(3, packed(binary, Buffer.alloc(10_000))),
    out: times(3, sent.binary(Buffer.alloc(10_000), rsv1)),
  },
  {
    name: 'what came before is answered',
    in: [text(packedHello, rsv1), packed(binary, Buffer.alloc(10_001))],
    after: [text(packedHello, rsv1)],
    out: [helloBack],
    close: 1009,
  },
]);

const notAgreed: FrameRow[] = section<FrameRow>('RFC 7692 §6', [
  { name: 'a compressed message', in: [hex('c1')], after: [afterFirstByte], close: 1002 },
]);

export const brokenCompression: FrameGroup[] = [
  { name: 'compression: reserved bits', request: offer(), rows: reservedBits },
  { name: 'compression: corrupt messages', request: offer(), rows: corrupt },
  {
    name: 'compression: MaxMessageSize',
    settings: { MaxMessageSize: 10_000 },
    request: offer(),
    rows: limits,
  },
  {
    name: 'compression: EnablePermessageDeflate=False',
    settings: { EnablePermessageDeflate: false },
    request: offer(),
    rows: notAgreed,
  },
  { name: 'compression: declined', request: offer('; unknown'), rows: notAgreed },
];
