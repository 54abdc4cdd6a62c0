// Control frames, and messages in fragments.

import {
  binary,
  bytes,
  characters,
  close,
  continuation,
  type FrameGroup,
  type FrameRow,
  fragments,
  hello,
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

const pings: FrameRow[] = [
  ...section<FrameRow>('RFC 6455 §5.5.2', [
    { name: 'ping', in: [ping()], out: [sent.pong()] },
    { name: 'ping with a payload', in: [ping('Hello')], out: [sent.pong('Hello')] },
    {
      name: 'ping with bytes that are no text',
      in: [ping(hex('00fffefdfcfb00ff'))],
      out: [sent.pong(hex('00fffefdfcfb00ff'))],
    },
    { name: 'ping with 124 bytes', in: [ping(bytes(124))], out: [sent.pong(bytes(124))] },
    { name: 'ping with 125 bytes', in: [ping(bytes(125))], out: [sent.pong(bytes(125))] },
    {
      name: 'ten pings, each with its payload',
      in: Array.from({ length: 10 }, (_, index) => ping(`${index}`)),
      out: Array.from({ length: 10 }, (_, index) => sent.pong(`${index}`)),
    },
    {
      name: 'pings between messages',
      in: [ping('1'), hello, ping('2'), hello, ping()],
      out: [sent.pong('1'), helloBack, sent.pong('2'), helloBack, sent.pong()],
    },
  ]),
  ...section<FrameRow>('RFC 6455 §5.5.3', [
    { name: 'pong that nobody asked for', in: [pong()] },
    { name: 'pong with a payload that nobody asked for', in: [pong('Hello')] },
    { name: 'pong with 125 bytes', in: [pong(bytes(125))] },
    { name: 'pong, then ping', in: [pong('pong'), ping('ping')], out: [sent.pong('ping')] },
    { name: 'pongs between messages', in: [pong(), hello, pong()], out: [helloBack] },
  ]),
  ...section<FrameRow>('RFC 6455 §5.5', [
    { name: 'ping with 126 bytes', in: [hex('89fe')], after: [bytes(132)], close: 1002 },
    { name: 'ping with 65536 bytes', in: [hex('89ff')], after: [bytes(200)], close: 1002 },
    { name: 'pong with 126 bytes', in: [hex('8afe')], after: [bytes(132)], close: 1002 },
    { name: 'pong with 65536 bytes', in: [hex('8aff')], after: [bytes(200)], close: 1002 },
    { name: 'close with 126 bytes', in: [hex('88fe')], after: [bytes(132)], close: 1002 },
    { name: 'fragmented ping', in: [hex('09')], after: [hex('8000000000')], close: 1002 },
    { name: 'fragmented pong', in: [hex('0a')], after: [hex('8000000000')], close: 1002 },
    { name: 'fragmented close', in: [hex('08')], after: [hex('8000000000')], close: 1002 },
    {
      name: 'fragmented ping between fragments',
      in: [text('Hel', unfinished), hex('09')],
      after: [hex('8000000000'), continuation('lo')],
      close: 1002,
    },
  ]),
];

const word = (first: typeof text, ...payloads: string[]): Buffer[] => fragments(first, payloads);

const messages: FrameRow[] = section<FrameRow>('RFC 6455 §5.4', [
  { name: 'text in two', in: word(text, 'Hel', 'lo'), out: [helloBack] },
  { name: 'binary in two', in: word(binary, 'Hel', 'lo'), out: [sent.binary('Hello')] },
  { name: 'text byte for byte', in: word(text, ...'Hello'), out: [helloBack] },
  { name: 'first fragment empty', in: word(text, '', 'Hello'), out: [helloBack] },
  { name: 'last fragment empty', in: word(text, 'Hello', ''), out: [helloBack] },
  { name: 'empty between', in: word(binary, 'Hel', '', '', 'lo'), out: [sent.binary('Hello')] },
  { name: 'only empty text', in: word(text, '', '', ''), out: [sent.text()] },
  { name: 'only empty binary', in: word(binary, '', ''), out: [sent.binary()] },
  {
    name: 'two messages in fragments',
    in: [...word(text, 'a', 'b'), ...word(binary, 'c', 'd')],
    out: [sent.text('ab'), sent.binary('cd')],
  },
  {
    name: 'a message after one in fragments',
    in: [...word(text, 'a', 'b'), hello, ...word(text, 'c', 'd')],
    out: [sent.text('ab'), helloBack, sent.text('cd')],
  },
  ...[125, 126, 65_535, 65_536].map((size) => ({
    name: `fragments of ${size} bytes`,
    in: fragments(binary, slices(bytes(3 * size), size)),
    out: [sent.binary(bytes(3 * size))],
  })),
  {
    name: 'a thousand fragments of one byte',
    in: fragments(binary, slices(bytes(1000), 1)),
    out: [sent.binary(bytes(1000))],
  },
  {
    name: 'text of 64 KiB in fragments of 1300 bytes',
    in: fragments(text, slices(characters(65_536), 1300)),
    out: [sent.text(characters(65_536))],
  },
  {
    name: 'a thousand empty fragments',
    in: [text('Hel', unfinished), ...times(1000, continuation('', unfinished)), continuation('lo')],
    out: [helloBack],
  },
]);

const orders: FrameRow[] = section<FrameRow>('RFC 6455 §5.4', [
  { name: 'continuation of nothing', in: [hex('80')], after: [hex('8000000000')], close: 1002 },
  {
    name: 'unfinished continuation of nothing',
    in: [hex('00')],
    after: [hex('8000000000'), hello],
    close: 1002,
  },
  {
    name: 'continuation of a whole message',
    in: [hello, hex('80')],
    after: [hex('8000000000')],
    out: [helloBack],
    close: 1002,
  },
  {
    name: 'unfinished continuation of a whole message',
    in: [hello, hex('00')],
    after: [hex('8000000000'), hello],
    out: [helloBack],
    close: 1002,
  },
  {
    name: 'continuation behind the last fragment',
    in: [...word(text, 'Hel', 'lo'), hex('80')],
    after: [hex('8000000000')],
    out: [helloBack],
    close: 1002,
  },
  {
    name: 'continuation of a ping',
    in: [ping('p'), hex('80')],
    after: [hex('8000000000')],
    out: [sent.pong('p')],
    close: 1002,
  },
  ...[
    ['text inside text', text, '81'],
    ['binary inside text', text, '82'],
    ['text inside binary', binary, '81'],
    ['binary inside binary', binary, '82'],
    ['the start of text inside text', text, '01'],
    ['the start of binary inside binary', binary, '02'],
  ].map(([name, maker, first]) => ({
    name: name as string,
    in: [(maker as typeof text)('Hel', unfinished), hex(first as string)],
    after: [hex('8000000000'), continuation('lo')],
    close: 1002,
  })),
]);

const controlBetween: FrameRow[] = [
  ...section<FrameRow>('RFC 6455 §5.4', [
    {
      name: 'ping',
      in: [text('Hel', unfinished), ping(), continuation('lo')],
      out: [sent.pong(), helloBack],
    },
    {
      name: 'ping with a payload',
      in: [binary('Hel', unfinished), ping('p'), continuation('lo')],
      out: [sent.pong('p'), sent.binary('Hello')],
    },
    {
      name: 'pong',
      in: [text('Hel', unfinished), pong('p'), continuation('lo')],
      out: [helloBack],
    },
    {
      name: 'pings and pongs between all fragments',
      in: [
        text('He', unfinished),
        ping('1'),
        continuation('', unfinished),
        pong('unasked'),
        continuation('ll', unfinished),
        ping('2'),
        ping('3'),
        continuation('o'),
        ping('4'),
      ],
      out: [sent.pong('1'), sent.pong('2'), sent.pong('3'), helloBack, sent.pong('4')],
    },
    {
      name: 'ping within a character',
      in: [text(hex('e5a5'), unfinished), ping(hex('bd')), continuation(hex('bd'))],
      out: [sent.pong(hex('bd')), sent.text('好')],
    },
    {
      name: 'pings within two messages, the second left unfinished',
      in: [
        ...[text('a', unfinished), ping('1'), continuation('b')],
        ...[binary('c', unfinished), ping('2'), continuation('d', unfinished)],
      ],
      out: [sent.pong('1'), sent.text('ab'), sent.pong('2')],
    },
  ]),
  ...section<FrameRow>('RFC 6455 §7.1.2', [
    {
      name: 'close',
      in: [text('Hel', unfinished), close(3000)],
      after: [continuation('lo')],
      close: 3000,
    },
  ]),
];

export const fragmentation: FrameGroup[] = [
  { name: 'pings and pongs', rows: pings },
  { name: 'messages in fragments', rows: messages },
  { name: 'the order of fragments', rows: orders },
  { name: 'control frames between fragments', rows: controlBetween },
];
