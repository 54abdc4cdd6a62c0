// Text is UTF-8 (RFC 6455 §5.6, §8.1; RFC 3629 §4), and what is not is refused with the first byte
// that cannot belong to a character, whatever is still to come.

import {
  binary,
  continuation,
  type FrameGroup,
  type FrameRow,
  fragments,
  hex,
  ping,
  section,
  sent,
  slices,
  text,
  unfinished,
} from './row.js';

/** A message that comes back, whole and with each byte in a fragment of its own. */
function echoed([name, payload]: [name: string, payload: Buffer | string]): Omit<FrameRow, 'rfc'> {
  const message = Buffer.from(payload as Buffer);
  const back = sent.text(message);
  const inFragments = message.length > 1 ? fragments(text, slices(message, 1)) : [];
  return {
    name,
    in: [text(message), ...inFragments],
    out: inFragments.length > 0 ? [back, back] : [back],
  };
}

const valid: FrameRow[] = [
  ...section<FrameRow>(
    'RFC 6455 §5.6',
    (
      [
        ['nothing', ''],
        ['ASCII', 'Hello'],
        ['every ASCII character', Buffer.from(Array.from({ length: 128 }, (_, code) => code))],
        ['Latin', 'Hello-µ@ßöäüàá-UTF-8!!'],
        ['Greek with accents', 'κόσμε'],
        ['Cyrillic', 'Привет, мир'],
        ['Hebrew and Arabic', 'שלום مرحبا'],
        ['Chinese and Japanese', '你好世界 こんにちは'],
        ['emoji that are joined', '👩‍👩‍👧‍👦'],
        ['combining marks', 'e\u0301 n\u0303'],
        ['a byte order mark', '\ufeffHello'],
      ] as [string, string | Buffer][]
    ).map(echoed),
  ),
  ...section<FrameRow>(
    'RFC 3629 §4',
    (
      [
        ['U+0000', '00'],
        ['U+007F', '7f'],
        ['U+0080, the first of two bytes', 'c280'],
        ['U+07FF, the last of two bytes', 'dfbf'],
        ['U+0800, the first of three bytes', 'e0a080'],
        ['U+0FFF', 'e0bfbf'],
        ['U+1000', 'e18080'],
        ['U+CFFF', 'ecbfbf'],
        ['U+D7FF, before the surrogates', 'ed9fbf'],
        ['U+E000, after the surrogates', 'ee8080'],
        ['U+FFFC', 'efbfbc'],
        ['U+FFFD, the replacement character', 'efbfbd'],
        ['U+FFFF, the last of three bytes', 'efbfbf'],
        ['U+10000, the first of four bytes', 'f0908080'],
        ['U+3FFFF', 'f0bfbfbf'],
        ['U+40000', 'f1808080'],
        ['U+FFFFF', 'f3bfbfbf'],
        ['U+100000', 'f4808080'],
        ['U+10FFFF, the last of all', 'f48fbfbf'],
        ['non-characters U+FDD0 to U+FDEF', 'efb790 efb7af'],
        ['interlinear annotation, object replacement', 'efbfb9 efbfba efbfbb efbfbc'],
        ...Array.from({ length: 17 }, (_, plane): [string, string] => {
          const last = String.fromCodePoint(plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff);
          return [`non-characters of plane ${plane}`, Buffer.from(last).toString('hex')];
        }),
      ] as [string, string][]
    ).map(([name, digits]) => echoed([name, hex(digits)])),
  ),
];

const fragmented: FrameRow[] = section<FrameRow>('RFC 6455 §5.6', [
  {
    name: 'cut between characters',
    in: fragments(text, ['Hello-µ@', 'ßöä', 'üàá-UTF-8!!']),
    out: [sent.text('Hello-µ@ßöäüàá-UTF-8!!')],
  },
  {
    name: 'cut within characters',
    in: fragments(text, [hex('e4bd'), hex('a0e5'), hex('a5'), hex('bd')]),
    out: [sent.text('你好')],
  },
  {
    name: 'empty fragments within a character',
    in: fragments(text, [hex('f0'), '', hex('9f98'), '', hex('80')]),
    out: [sent.text('😀')],
  },
  {
    name: 'a control frame within a character',
    in: [text(hex('f09f'), unfinished), ping(hex('ff')), continuation(hex('9880'))],
    out: [sent.pong(hex('ff')), sent.text('😀')],
  },
  {
    name: 'long text of three bytes a character, in fragments of 1000 bytes',
    in: fragments(text, slices('好'.repeat(10_000), 1000)),
    out: [sent.text('好'.repeat(10_000))],
  },
  {
    name: 'a character cut by the end of one message is not finished by the next',
    in: [text('a'), text(hex('c3'))],
    after: [text(hex('a9'))],
    out: [sent.text('a')],
    close: 1007,
  },
  {
    name: 'other bytes than UTF-8 in binary messages',
    in: [binary(hex('c0 af ed a0 80 ff')), ...fragments(binary, [hex('f0'), hex('80')])],
    out: [sent.binary(hex('c0 af ed a0 80 ff')), sent.binary(hex('f080'))],
  },
]);

/** A text that is refused with the last byte of `shown`; `rest` is what its message has besides. */
function refused([name, shown, rest = '']: string[]): Omit<FrameRow, 'rfc'> {
  const message = text(hex(`${shown}${rest}`));
  const at = message.length - hex(rest).length;
  return {
    name: name as string,
    in: [message.subarray(0, at)],
    after: [message.subarray(at)],
    close: 1007,
  };
}

const kosme = 'cebae1bdb9cf83cebcceb5';

const invalid: FrameRow[] = section<FrameRow>(
  'RFC 6455 §8.1',
  [
    ['continuation byte 80', '80'],
    ['continuation byte BF', 'bf'],
    ['two continuation bytes', '80', 'bf'],
    ['seven continuation bytes', '80', 'bf80bf80bf80'],
    ['a continuation byte too many', 'c3a9a9', '61'],
    ['C0, which never occurs', 'c0', '20'],
    ['C1, which never occurs', 'c1', '20'],
    ['F5, which never occurs', 'f5', '808080'],
    ['F7, which never occurs', 'f7', 'bfbfbf'],
    ['FE, which never occurs', 'fe'],
    ['FF, which never occurs', 'ff'],
    ['FE and FF, twice', 'fe', 'feffff'],
    ['five bytes from F8', 'f8', '88808080'],
    ['five bytes, the greatest', 'fb', 'bfbfbfbf'],
    ['six bytes from FC', 'fc', '8480808080'],
    ['six bytes, the greatest', 'fd', 'bfbfbfbfbf'],
    ['C2 and a space', 'c220', '61'],
    ['DF and a space', 'df20', '61'],
    ['E0 and a space', 'e020', '61'],
    ['EF and a space', 'ef20', '61'],
    ['F0 and a space', 'f020', '61'],
    ['F4 and a space', 'f420', '61'],
    ['C2 and a lead byte', 'c2c2', '80'],
    ['E1 and a lead byte', 'e1e1', '8080'],
    ['F1 and a lead byte', 'f1f1', '808080'],
    ['third byte of three is none', 'e18020', '61'],
    ['third byte of three is a lead byte', 'e180c2', '80'],
    ['third byte of four is none', 'f1807f', '61'],
    ['fourth byte of four is none', 'f18080c0', '61'],
    ['overlong solidus in two bytes', 'c0', 'af'],
    ['overlong solidus in three bytes', 'e080', 'af'],
    ['overlong solidus in four bytes', 'f080', '80af'],
    ['overlong solidus in five bytes', 'f8', '808080af'],
    ['overlong solidus in six bytes', 'fc', '80808080af'],
    ['overlong U+007F in two bytes', 'c1', 'bf'],
    ['overlong U+07FF in three bytes', 'e09f', 'bf'],
    ['overlong U+FFFF in four bytes', 'f08f', 'bfbf'],
    ['overlong U+1FFFFF in five bytes', 'f8', '87bfbfbf'],
    ['overlong U+3FFFFFF in six bytes', 'fc', '83bfbfbfbf'],
    ['overlong U+0000 in two bytes', 'c0', '80'],
    ['overlong U+0000 in three bytes', 'e080', '80'],
    ['overlong U+0000 in four bytes', 'f080', '8080'],
    ['surrogate U+D800', 'eda0', '80'],
    ['surrogate U+DB7F', 'edad', 'bf'],
    ['surrogate U+DB80', 'edae', '80'],
    ['surrogate U+DBFF', 'edaf', 'bf'],
    ['surrogate U+DC00', 'edb0', '80'],
    ['surrogate U+DF80', 'edbe', '80'],
    ['surrogate U+DFFF', 'edbf', 'bf'],
    ['surrogate pair U+D800 U+DC00', 'eda0', '80edb080'],
    ['surrogate pair U+D800 U+DFFF', 'eda0', '80edbfbf'],
    ['surrogate pair U+DB7F U+DC00', 'edad', 'bfedb080'],
    ['surrogate pair U+DBFF U+DFFF', 'edaf', 'bfedbfbf'],
    ['U+110000', 'f490', '8080'],
    ['U+13FFFF', 'f4bf', 'bfbf'],
    ['a surrogate after valid text', `${kosme}eda0`, '80656469746564'],
    ['U+110000 after valid text', `${kosme}f490`, '8080656469746564'],
    ['after characters of all sizes', '61 c3a9 e4bda0 f09f9880 80', '61'],
    ['after 200 bytes of ASCII', `${'61'.repeat(200)}ff`, '61'.repeat(200)],
    ['after 200 bytes of Greek', `${'cebb'.repeat(100)}cece`, 'bb'.repeat(200)],
  ].map(refused),
);

/** The text that lacks bytes at the end of its message. */
const cutOff: FrameRow[] = section<FrameRow>('RFC 6455 §8.1', [
  ...['c2', 'df', 'e0', 'e0a0', 'ed9f', 'efbf', 'f0', 'f090', 'f09080', 'f48fbf'].map((digits) => ({
    name: `${digits} alone`,
    in: [text(hex(digits))],
    close: 1007,
  })),
  ...[1, 3, 4, 6, 8, 10].map((size) => ({
    name: `${size} bytes of Greek`,
    in: [text(hex(kosme).subarray(0, size))],
    close: 1007,
  })),
  ...[2, 5, 7, 9].map((size) => ({
    name: `${size} bytes of Greek, which are whole`,
    in: [text(hex(kosme).subarray(0, size))],
    out: [sent.text(hex(kosme).subarray(0, size))],
  })),
  {
    name: 'at the end of the last fragment',
    in: fragments(text, ['Hello', hex('e4bd')]),
    close: 1007,
  },
  {
    name: 'before a last fragment that is empty',
    in: [text(hex('e4bd'), unfinished), hex('8080 00000000')],
    close: 1007,
  },
]);

const acrossFragments: FrameRow[] = section<FrameRow>('RFC 6455 §8.1', [
  {
    name: 'in the first of two fragments',
    in: [text(hex(`${kosme}80`), unfinished)],
    after: [continuation('edited')],
    close: 1007,
  },
  {
    name: 'in the second of three fragments',
    in: [text(hex(kosme), unfinished), continuation(hex('f490'), unfinished)],
    after: [continuation('edited')],
    close: 1007,
  },
  {
    name: 'with the first byte of a fragment',
    in: [text(hex(`${kosme}f4`), unfinished), continuation(hex('908080')).subarray(0, 7)],
    after: [hex('0000')],
    close: 1007,
  },
  {
    name: 'each byte in a fragment',
    in: fragments(text, slices(hex(`${kosme}eda0`), 1)),
    after: [],
    close: 1007,
  },
  {
    name: 'a ping before the byte that shows it',
    in: [text(hex('eda0').subarray(0, 1), unfinished), ping('p'), continuation(hex('a0'))],
    out: [sent.pong('p')],
    close: 1007,
  },
  {
    name: 'in a frame of which most is still to come',
    in: [text(hex(`${kosme}f490`), { length: 60_000 })],
    close: 1007,
  },
  {
    name: 'in the second block of a long frame',
    in: [text(Buffer.concat([Buffer.alloc(100_000, 'a'), hex('c0')]), { length: 200_000 })],
    close: 1007,
  },
]);

export const utf8: FrameGroup[] = [
  { name: 'UTF-8', rows: valid },
  { name: 'UTF-8 in fragments', rows: fragmented },
  { name: 'not UTF-8', rows: invalid },
  { name: 'characters that are cut off', rows: cutOff },
  { name: 'not UTF-8, in fragments', rows: acrossFragments },
];
