// Where our face of ws means to differ from ws, by the name of the program that shows it.

export interface Difference {
  readonly why: string;
  /** What the program sees with our face. */
  readonly ours: unknown;
}

const UNMASKED =
  'RFC 6455 §5.1: a server does not mask, and a client that is sent a mask has to fail.';
const UNSET =
  'An option that is undefined has not been given: with ws the message would never end.';

export const differences: Readonly<Record<string, Difference>> = {
  'send with a mask': { why: UNMASKED, ours: ['ok', 1, true, false, 'masked'] },
  'ping with data to be masked, and a callback': { why: UNMASKED, ours: ['ok', 9, false, 'data'] },
  'pong with data to be masked, and a callback': { why: UNMASKED, ours: ['ok', 10, false, 'data'] },
  'send with options of undefined': { why: UNSET, ours: ['ok', 1, true, false, 'text'] },
  'binaryType fragments': {
    why: 'The core puts a message together where it reads it: it is one fragment, and no copy less.',
    ours: [
      [
        [[true, ['whole'], [true]], true],
        [[true, ['abc'], [true]], true],
        [[true, [''], [true]], true],
        [[true, 'text'], false],
        [[true, 'xy'], false],
        [[true, ''], false],
      ],
      'fragments',
    ],
  },
  'maxBufferedChunks 3: a message in ten pieces': {
    why: 'Pieces are put together as they come, and cost nothing that would need a bound.',
    ours: [[['message', '0123456789abcdef', false]], '03e8'],
  },
  'handleProtocols: one that was not offered': {
    why: 'RFC 6455 §4.2.2: a client that is told of a subprotocol that it has not offered has to fail.',
    ours: [undefined, ''],
  },
  'verifyClient: the client leaves before the answer': {
    why: 'That it has left is seen when it is read again: connection and close follow each other.',
    ours: [1, 0],
  },
};

/** Headers that our answers have beside those of ws, and why. */
export const ownHeaders: Readonly<Record<string, string>> = {
  date: 'RFC 9110 §6.6.1: a server that has a clock says what time it is.',
};
