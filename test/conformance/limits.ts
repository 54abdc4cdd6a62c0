// Limits: what is more than a server wants is refused as soon as it shows (RFC 6455 §7.4.1, §10.4).

import { request } from '../support/byte_client.js';
import {
  binary,
  bytes,
  characters,
  continuation,
  type FrameGroup,
  type FrameRow,
  fragments,
  type HandshakeGroup,
  type HandshakeRow,
  hex,
  ping,
  section,
  sent,
  slices,
  text,
  times,
  unfinished,
} from './row.js';

/** The header of a masked frame up to the length that it announces. */
const announced = (first: string, digits: string): Buffer => hex(`${first}${digits}`);

const messageSize: FrameRow[] = [
  ...section<FrameRow>('RFC 6455 §10.4', [
    { name: 'binary, just within', in: [binary(bytes(1000))], out: [sent.binary(bytes(1000))] },
    {
      name: 'text, just within',
      in: [text(characters(1000))],
      out: [sent.text(characters(1000))],
    },
    {
      name: 'fragments, just within',
      in: fragments(binary, slices(bytes(1000), 7)),
      out: [sent.binary(bytes(1000))],
    },
    {
      name: 'fragments, just within, and empty ones',
      in: [binary(bytes(1000), unfinished), continuation('', unfinished), continuation()],
      out: [sent.binary(bytes(1000))],
    },
    {
      name: 'each message by itself',
      in: [...times(3, binary(bytes(1000))), ...fragments(text, slices(characters(1000), 400))],
      out: [...times(3, sent.binary(bytes(1000))), sent.text(characters(1000))],
    },
    {
      name: 'control frames do not count',
      in: [binary(bytes(600), unfinished), ping(bytes(125)), continuation(bytes(400))],
      out: [sent.pong(bytes(125)), sent.binary(Buffer.concat([bytes(600), bytes(400)]))],
    },
  ]),
  ...section<FrameRow>('RFC 6455 §7.4.1', [
    {
      name: 'binary of 1001 bytes',
      in: [announced('82fe', '03e9')],
      after: [bytes(1005)],
      close: 1009,
    },
    {
      name: 'text of 1001 bytes',
      in: [announced('81fe', '03e9')],
      after: [bytes(1005)],
      close: 1009,
    },
    {
      name: 'a fragment of 1001 bytes',
      in: [announced('02fe', '03e9')],
      after: [bytes(1005)],
      close: 1009,
    },
    {
      name: '65536 bytes',
      in: [announced('82ff', '0000000000010000')],
      after: [bytes(500)],
      close: 1009,
    },
    { name: '2^32 bytes', in: [announced('82ff', '0000000100000000')], close: 1009 },
    { name: '2^63 - 1 bytes', in: [announced('82ff', '7fffffffffffffff')], close: 1009 },
    {
      name: 'the second fragment is a byte too many',
      in: [binary(bytes(1000), unfinished), hex('8081')],
      after: [bytes(5)],
      close: 1009,
    },
    {
      name: 'the second fragment is 600 bytes, too',
      in: [text(characters(600), unfinished), announced('00fe', '0258')],
      after: [bytes(604)],
      close: 1009,
    },
    {
      name: 'the second fragment is 2^63 - 1 bytes',
      in: [binary('x', unfinished), announced('80ff', '7fffffffffffffff')],
      close: 1009,
    },
    {
      name: 'a byte after a hundred fragments',
      in: [
        ...fragments(binary, [...slices(bytes(1000), 10), 'never sent']).slice(0, -1),
        ping('p'),
        hex('8081'),
      ],
      after: [bytes(5)],
      out: [sent.pong('p')],
      close: 1009,
    },
    {
      name: 'messages before are answered',
      in: [text('Hello'), announced('82fe', '03e9')],
      after: [bytes(1005), text('Hello')],
      out: [sent.text('Hello')],
      close: 1009,
    },
  ]),
];

const fragmentCount: FrameRow[] = section<FrameRow>('RFC 6455 §7.4.1', [
  {
    name: 'ten fragments',
    in: fragments(text, slices('ten pieces', 1)),
    out: [sent.text('ten pieces')],
  },
  {
    name: 'ten fragments, again and again, and control frames',
    in: times(3, [...fragments(binary, slices('ten pieces', 1)), ping()]).flat(),
    out: times(3, [sent.binary('ten pieces'), sent.pong()]).flat(),
  },
  {
    name: 'an eleventh fragment',
    in: [...fragments(text, slices('ten pieces+', 1)).slice(0, -1), hex('80 81 00000000 2b')],
    after: [text('Hello')],
    close: 1008,
  },
  {
    name: 'an eleventh fragment that is empty',
    in: [...fragments(text, slices('ten pieces+', 1)).slice(0, -1), hex('00 80 00000000')],
    after: [continuation('')],
    close: 1008,
  },
]);

const padded = (size: number): string =>
  request([`X-Long: ${'a'.repeat(size - request().length - 10)}`]);

const requestSize: HandshakeRow[] = section<HandshakeRow>('RFC 6585 §5', [
  { name: 'a head of 1024 bytes', in: padded(1024), status: 101 },
  { name: 'a head of 1025 bytes', in: padded(1025), status: 431 },
  { name: 'a head without end', in: `GET / HTTP/1.1\r\nX-Long: ${'a'.repeat(5000)}`, status: 431 },
  { name: '8 headers', in: request(['X-1: 1', 'X-2: 2', 'X-3: 3']), status: 101 },
  { name: '9 headers', in: request(['X-1: 1', 'X-2: 2', 'X-3: 3', 'X-4: 4']), status: 431 },
]);

const targetSize: HandshakeRow[] = section<HandshakeRow>('RFC 9110 §15.5.15', [
  {
    name: 'a request line that is the whole limit',
    in: request([], `/${'a'.repeat(1100)}`),
    status: 414,
  },
  { name: 'a request line without end', in: `GET /${'a'.repeat(5000)}`, status: 414 },
]);

export const limits: FrameGroup[] = [
  { name: 'MaxMessageSize', settings: { MaxMessageSize: 1000 }, rows: messageSize },
  { name: 'MaxFragments', settings: { MaxFragments: 10 }, rows: fragmentCount },
];

export const requestLimits: HandshakeGroup[] = [
  {
    name: 'MaxRequestHeaderSize and MaxRequestHeaders',
    settings: { MaxRequestHeaderSize: 1024, MaxRequestHeaders: 8 },
    rows: [...requestSize, ...targetSize],
  },
];
