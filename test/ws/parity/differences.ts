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

const DECLINED =
  'RFC 7692 §5.1: an offer that cannot be accepted is declined; the connection goes on without it.';
const GRANTED =
  'Whoever can take part in permessage-deflate does: what the option asks for is no condition.';
const BITS_FALSE =
  'An answer may name what the client has offered itself; it is bound by that anyway.';
const SHORT =
  'What compression would not make shorter, or is below the threshold, is sent as it is.';

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
  'negotiation: the option is serverNoContextTakeover: false': {
    why: GRANTED,
    ours: [
      {
        plain: 'permessage-deflate',
        'with client_max_window_bits': 'permessage-deflate',
        'with client_max_window_bits=12': 'client_max_window_bits=12; permessage-deflate',
        'with server_max_window_bits=10': 'permessage-deflate; server_max_window_bits=10',
        'with all':
          'client_max_window_bits=13; client_no_context_takeover; permessage-deflate; server_max_window_bits=11; server_no_context_takeover',
        'on two lines': 'client_max_window_bits=9; permessage-deflate',
        'with quotes': 'permessage-deflate; server_max_window_bits=10',
        'of another extension too': 'permessage-deflate',
        'of another extension alone': 'none',
      },
      [
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        '',
      ],
    ],
  },
  'negotiation: the option is serverMaxWindowBits false': {
    why: BITS_FALSE,
    ours: [
      {
        plain: 'permessage-deflate',
        'with client_max_window_bits': 'permessage-deflate',
        'with client_max_window_bits=12': 'client_max_window_bits=12; permessage-deflate',
        'with server_max_window_bits=10': 'permessage-deflate; server_max_window_bits=10',
        'with all':
          'client_max_window_bits=13; client_no_context_takeover; permessage-deflate; server_max_window_bits=11; server_no_context_takeover',
        'on two lines': 'client_max_window_bits=9; permessage-deflate',
        'with quotes': 'permessage-deflate; server_max_window_bits=10',
        'of another extension too': 'permessage-deflate',
        'of another extension alone': 'none',
      },
      [
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        '',
      ],
    ],
  },
  'negotiation: the option is clientMaxWindowBits 11': {
    why: GRANTED,
    ours: [
      {
        plain: 'permessage-deflate',
        'with client_max_window_bits': 'client_max_window_bits=11; permessage-deflate',
        'with client_max_window_bits=12': 'client_max_window_bits=11; permessage-deflate',
        'with server_max_window_bits=10': 'permessage-deflate; server_max_window_bits=10',
        'with all':
          'client_max_window_bits=11; client_no_context_takeover; permessage-deflate; server_max_window_bits=11; server_no_context_takeover',
        'on two lines': 'client_max_window_bits=9; permessage-deflate',
        'with quotes': 'permessage-deflate; server_max_window_bits=10',
        'of another extension too': 'permessage-deflate',
        'of another extension alone': 'none',
      },
      [
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        '',
      ],
    ],
  },
  'negotiation: the option is clientMaxWindowBits false': {
    why: BITS_FALSE,
    ours: [
      {
        plain: 'permessage-deflate',
        'with client_max_window_bits': 'permessage-deflate',
        'with client_max_window_bits=12': 'client_max_window_bits=12; permessage-deflate',
        'with server_max_window_bits=10': 'permessage-deflate; server_max_window_bits=10',
        'with all':
          'client_max_window_bits=13; client_no_context_takeover; permessage-deflate; server_max_window_bits=11; server_no_context_takeover',
        'on two lines': 'client_max_window_bits=9; permessage-deflate',
        'with quotes': 'permessage-deflate; server_max_window_bits=10',
        'of another extension too': 'permessage-deflate',
        'of another extension alone': 'none',
      },
      [
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        '',
      ],
    ],
  },
  'negotiation: the option is all': {
    why: GRANTED,
    ours: [
      {
        plain:
          'client_no_context_takeover; permessage-deflate; server_max_window_bits=12; server_no_context_takeover',
        'with client_max_window_bits':
          'client_max_window_bits=12; client_no_context_takeover; permessage-deflate; server_max_window_bits=12; server_no_context_takeover',
        'with client_max_window_bits=12':
          'client_max_window_bits=12; client_no_context_takeover; permessage-deflate; server_max_window_bits=12; server_no_context_takeover',
        'with server_max_window_bits=10':
          'client_no_context_takeover; permessage-deflate; server_max_window_bits=10; server_no_context_takeover',
        'with all':
          'client_max_window_bits=12; client_no_context_takeover; permessage-deflate; server_max_window_bits=11; server_no_context_takeover',
        'on two lines':
          'client_max_window_bits=9; client_no_context_takeover; permessage-deflate; server_max_window_bits=12; server_no_context_takeover',
        'with quotes':
          'client_no_context_takeover; permessage-deflate; server_max_window_bits=10; server_no_context_takeover',
        'of another extension too':
          'client_no_context_takeover; permessage-deflate; server_max_window_bits=12; server_no_context_takeover',
        'of another extension alone': 'none',
      },
      [
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        'permessage-deflate',
        '',
      ],
    ],
  },
  'an offer with an unknown parameter': { why: DECLINED, ours: [{ it: 'none' }, ['']] },
  'an offer with too many bits': { why: DECLINED, ours: [{ it: 'none' }, ['']] },
  'an offer with too few bits': { why: DECLINED, ours: [{ it: 'none' }, ['']] },
  'an offer with a parameter twice': { why: DECLINED, ours: [{ it: 'none' }, ['']] },
  'an offer with a value that must not be': { why: DECLINED, ours: [{ it: 'none' }, ['']] },
  'an offer that is no header': {
    why: 'The sentence is that of the core, which refuses what is malformed.',
    ours: [{ it: [400, 'The Sec-WebSocket-Extensions is malformed.'] }, []],
  },
  'with context takeover everything is compressed': {
    why: SHORT,
    ours: [
      [1, 0, true, 'hi'],
      [1, 4, true, 'compressed'],
      [1, 0, true, ''],
    ],
  },
  'what does not get shorter': { why: SHORT, ours: [[1, 0, true, '1']] },
  'data that is no deflate': {
    why: 'zlib’s own words are not kept.',
    ours: [
      [['error', { name: 'Error', message: 'invalid compressed data', code: 'Z_DATA_ERROR' }]],
      8,
      '03ef',
      [1006, ''],
    ],
  },
  'a request with extensions that are none, not wanted': {
    why: 'RFC 6455 §9.1: an Extensions header that is malformed is refused, whoever would use it.',
    ours: [
      'HTTP/1.1 400 Bad Request',
      { connection: 'close', 'content-type': 'text/plain; charset=utf-8', 'content-length': '42' },
      'The Sec-WebSocket-Extensions is malformed.',
      'end',
    ],
  },

  'a length of 2^63': {
    why: 'RFC 6455 §5.2: the most significant bit of a length is 0, so this breaks the protocol (1002).',
    ours: [
      [
        [
          'error',
          {
            name: 'RangeError',
            message: 'Unsupported WebSocket frame: payload length > 2^53 - 1',
            code: 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
          },
        ],
      ],
      2,
      [[8, '03ea']],
      [1006, ''],
    ],
  },
  'skipUTF8Validation true: a reason that is none': {
    why: 'The reason of a Close comes from the core as text: what is no UTF-8 is U+FFFD in it.',
    ours: [[], '03e861c328', 1000, '61efbfbd28'],
  },
};

/** Headers that our answers have beside those of ws, and why. */
export const ownHeaders: Readonly<Record<string, string>> = {
  date: 'RFC 9110 §6.6.1: a server that has a clock says what time it is.',
};
