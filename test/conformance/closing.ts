// The closing handshake (RFC 6455 §5.5.1, §7).

import {
  binary,
  bytes,
  characters,
  close,
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
  unfinished,
} from './row.js';

const handshake: FrameRow[] = [
  ...section<FrameRow>('RFC 6455 §5.5.1', [
    { name: 'without a code', in: [close()], close: 1005 },
    { name: 'half a code', in: [hex('8881')], after: [hex('0000000003')], close: 1002 },
    { name: 'a code', in: [close(1000)], close: 1000 },
    { name: 'a code and a reason', in: [close(1000, 'Hello')], close: 1000 },
    { name: 'a reason of 123 bytes', in: [close(1000, characters(123))], close: 1000 },
    { name: 'a second Close', in: [close(1000)], after: [close(1001)], close: 1000 },
    { name: 'a ping behind it', in: [close(1000)], after: [ping('p')], close: 1000 },
    { name: 'a pong behind it', in: [close(1000)], after: [pong('p')], close: 1000 },
    { name: 'text behind it', in: [close(1000)], after: [hello], close: 1000 },
    { name: '256 KiB behind it', in: [close(1000)], after: [binary(bytes(2 ** 18))], close: 1000 },
    { name: 'a broken frame behind it', in: [close(1000)], after: [hex('83')], close: 1000 },
    { name: 'what is no frame behind it', in: [close(1000)], after: [bytes(1000)], close: 1000 },
    {
      name: 'an unfinished message before it, and its end behind it',
      in: [text('Hel', unfinished), close(1001)],
      after: [continuation('lo')],
      close: 1001,
    },
  ]),
  ...section<FrameRow>('RFC 6455 §7.1.2', [
    {
      name: 'messages before it are answered',
      in: [hello, hello, close(1001)],
      out: [helloBack, helloBack],
      close: 1001,
    },
    {
      name: 'a ping before it is answered',
      in: [ping('p'), close()],
      out: [sent.pong('p')],
      close: 1005,
    },
    {
      name: '256 KiB before it, a ping behind it',
      in: [binary(bytes(2 ** 18)), close(1000)],
      after: [ping('p')],
      out: [sent.binary(bytes(2 ** 18))],
      close: 1000,
    },
  ]),
  ...section<FrameRow>('RFC 6455 §7.1.7', [
    {
      name: 'a message before a broken frame is answered, what follows is not',
      in: [hello, ping('p'), hello, hex('83')],
      after: [hello, ping('q'), close(1000)],
      out: [helloBack, sent.pong('p'), helloBack],
      close: 1002,
    },
    {
      name: 'an unfinished message before a broken frame',
      in: [text('Hel', unfinished), hex('c1')],
      after: [hello],
      close: 1002,
    },
  ]),
];

const validCodes = [
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014],
  ...[3000, 3001, 3999, 4000, 4999],
];
const invalidCodes = [
  ...[0, 1, 125, 255, 256, 998, 999, 1004, 1005, 1006, 1015, 1016, 1099, 1100, 1999],
  ...[2000, 2999, 5000, 9999, 32_768, 65_535],
];

const codes: FrameRow[] = [
  ...section<FrameRow>(
    'RFC 6455 §7.4.1',
    validCodes.map((code) => ({ name: `code ${code}`, in: [close(code)], close: code })),
  ),
  ...section<FrameRow>(
    'RFC 6455 §7.4.2',
    invalidCodes.map((code) => ({
      name: `code ${code}, which may not be sent`,
      in: [close(code)],
      close: 1002,
    })),
  ),
  ...section<FrameRow>('RFC 6455 §7.4.1', [
    { name: 'code 1005 and a reason', in: [close(1005, 'Hello')], close: 1002 },
    { name: 'code 4999 and a reason', in: [close(4999, 'Hello')], close: 4999 },
  ]),
];

const reasons: FrameRow[] = section<FrameRow>('RFC 6455 §5.5.1', [
  ...[
    ['of characters of all sizes', '61 c3a9 e4bda0 f09f9880'],
    ['of a NUL', '00'],
    ['of U+10FFFF', 'f48fbfbf'],
  ].map(([name, digits]) => ({
    name: `a reason ${name}`,
    in: [close(1000, hex(digits as string))],
    close: 1000,
  })),
  ...[
    ['that ends within a character', '61c3'],
    ['that begins within a character', 'a961'],
    ['with an overlong solidus', 'c0af'],
    ['with a surrogate', 'eda080'],
    ['above U+10FFFF', 'f4908080'],
    ['with a byte that never occurs', '61ff61'],
  ].map(([name, digits]) => ({
    name: `a reason ${name}`,
    in: [close(1000, hex(digits as string))],
    close: 1007,
  })),
]);

export const closing: FrameGroup[] = [
  { name: 'closing handshake', rows: handshake },
  { name: 'close codes', rows: codes },
  { name: 'close reasons', rows: reasons },
];
