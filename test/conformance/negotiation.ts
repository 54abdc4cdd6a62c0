// permessage-deflate: what is agreed on in the opening handshake (RFC 7692 §5, §7.1), and the
// syntax of extensions (RFC 6455 §9.1).

import { request } from '../support/byte_client.js';
import type { HandshakeGroup, HandshakeRow } from './row.js';

/** Lines that are offered, and what is agreed on; nothing if the server declines. */
type Requirement = [name: string, offer: string | string[], agreed?: string];

const asked = (offer: string | string[]): string =>
  request([offer].flat().map((line) => `Sec-WebSocket-Extensions: ${line}`));

function agreements(rfc: string, rows: Requirement[]): HandshakeRow[] {
  return rows.map(([name, offer, agreed]) => ({
    name,
    rfc,
    in: asked(offer),
    status: 101,
    headers: agreed === undefined ? {} : { 'sec-websocket-extensions': agreed },
  }));
}

const refusals = (rfc: string, rows: [name: string, offer: string | string[]][]): HandshakeRow[] =>
  rows.map(([name, offer]) => ({ name, rfc, in: asked(offer), status: 400 }));

const deflate = 'permessage-deflate';
/** What the server asks for in any case. */
const stateless = `${deflate}; server_no_context_takeover; client_no_context_takeover`;

const parameters: HandshakeRow[] = [
  ...agreements('RFC 7692 §7.1', [
    ['no offer but others', 'x-webkit-deflate-frame, permessage-bzip2'],
    ['no parameters', deflate, stateless],
    ['white space', `\t${deflate} ;\tclient_max_window_bits `, stateless],
    [
      'no white space',
      `${deflate};server_no_context_takeover;client_no_context_takeover`,
      stateless,
    ],
    [
      'all parameters',
      `${stateless}; server_max_window_bits=15; client_max_window_bits=15`,
      `${stateless}; server_max_window_bits=15`,
    ],
    ['a name that begins so', 'permessage-deflated'],
    ['a parameter that nobody knows', `${deflate}; unknown`],
    ['a parameter that nobody knows, with a value', `${deflate}; server_no_context_takeover; x=1`],
    ['a parameter in other case', `${deflate}; Server_No_Context_Takeover`],
  ]),
  ...agreements('RFC 7692 §7.1.1.1', [
    ['server_no_context_takeover', `${deflate}; server_no_context_takeover`, stateless],
    ['server_no_context_takeover with a value', `${deflate}; server_no_context_takeover=true`],
    [
      'server_no_context_takeover twice',
      `${deflate}; server_no_context_takeover; server_no_context_takeover`,
    ],
  ]),
  ...agreements('RFC 7692 §7.1.1.2', [
    ['client_no_context_takeover', `${deflate}; client_no_context_takeover`, stateless],
    ['client_no_context_takeover with a value', `${deflate}; client_no_context_takeover=1`],
    [
      'client_no_context_takeover twice',
      `${deflate}; client_no_context_takeover; client_no_context_takeover`,
    ],
  ]),
  ...agreements('RFC 7692 §7.1.2.1', [
    ...[9, 10, 11, 12, 13, 14, 15].map(
      (bits): Requirement => [
        `server_max_window_bits=${bits}`,
        `${deflate}; server_max_window_bits=${bits}`,
        `${stateless}; server_max_window_bits=${bits}`,
      ],
    ),
    ['server_max_window_bits=8, which zlib cannot do', `${deflate}; server_max_window_bits=8`],
    ['server_max_window_bits=7', `${deflate}; server_max_window_bits=7`],
    ['server_max_window_bits=16', `${deflate}; server_max_window_bits=16`],
    ['server_max_window_bits=010', `${deflate}; server_max_window_bits=010`],
    ['server_max_window_bits=10.0', `${deflate}; server_max_window_bits=10.0`],
    ['server_max_window_bits=+10', `${deflate}; server_max_window_bits=+10`],
    ['server_max_window_bits=ten', `${deflate}; server_max_window_bits=ten`],
    ['server_max_window_bits=4294967306', `${deflate}; server_max_window_bits=4294967306`],
    ['server_max_window_bits without a value', `${deflate}; server_max_window_bits`],
    [
      'server_max_window_bits twice',
      `${deflate}; server_max_window_bits=10; server_max_window_bits=10`,
    ],
    [
      'server_max_window_bits in quotes',
      `${deflate}; server_max_window_bits="1\\0"`,
      `${stateless}; server_max_window_bits=10`,
    ],
  ]),
  ...agreements('RFC 7692 §7.1.2.2', [
    ['client_max_window_bits', `${deflate}; client_max_window_bits`, stateless],
    ['client_max_window_bits=15', `${deflate}; client_max_window_bits=15`, stateless],
    ...[8, 9, 10, 14].map(
      (bits): Requirement => [
        `client_max_window_bits=${bits}`,
        `${deflate}; client_max_window_bits=${bits}`,
        `${stateless}; client_max_window_bits=${bits}`,
      ],
    ),
    ['client_max_window_bits=7', `${deflate}; client_max_window_bits=7`],
    ['client_max_window_bits=16', `${deflate}; client_max_window_bits=16`],
    ['client_max_window_bits=08', `${deflate}; client_max_window_bits=08`],
    ['client_max_window_bits=x', `${deflate}; client_max_window_bits=x`],
    ['client_max_window_bits twice', `${deflate}; client_max_window_bits; client_max_window_bits`],
    [
      'client_max_window_bits in quotes',
      `${deflate}; client_max_window_bits="12"`,
      `${stateless}; client_max_window_bits=12`,
    ],
  ]),
];

const alternatives: HandshakeRow[] = agreements('RFC 7692 §5.1', [
  [
    'two that will do',
    `${deflate}; server_max_window_bits=10, ${deflate}`,
    `${stateless}; server_max_window_bits=10`,
  ],
  ['only the second will do', `${deflate}; server_max_window_bits=8, ${deflate}`, stateless],
  ['only the third will do', `${deflate}; unknown, ${deflate}; x=1, ${deflate}`, stateless],
  ['none will do', `${deflate}; unknown, ${deflate}; server_max_window_bits=8`],
  ['another extension before', `x-other; a=b, ${deflate}`, stateless],
  ['another extension behind', `${deflate}, x-other`, stateless],
  ['in two lines', ['x-other', deflate], stateless],
  ['in two lines, of which the second will do', [`${deflate}; unknown`, deflate], stateless],
  ['a comma within quotes', `x-other; a="b", ${deflate}`, stateless],
]);

const syntax: HandshakeRow[] = [
  ...refusals('RFC 6455 §9.1', [
    ['a parameter that is missing', `${deflate};`],
    ['a parameter that is missing between two', `${deflate};; client_max_window_bits`],
    ['a name that is missing', '; client_max_window_bits'],
    ['a name that is no token', 'permessage/deflate'],
    ['two names', `${deflate} client_max_window_bits`],
    ['a parameter that is no token', `${deflate}; client max window bits`],
    ['a value that is missing', `${deflate}; client_max_window_bits=`],
    ['a value that is no token', `${deflate}; client_max_window_bits=[10]`],
    ['two values', `${deflate}; client_max_window_bits=10=10`],
    ['quotes that do not end', `${deflate}; client_max_window_bits="10`],
    ['quotes around nothing', `${deflate}; client_max_window_bits=""`],
    ['quotes around what is no token', `${deflate}; client_max_window_bits="1 0"`],
    ['something behind quotes', `${deflate}; client_max_window_bits="10"0`],
    ['bytes that are not ASCII', 'permessage-deflaté'],
    ['commas alone', ', ,'],
    ['a good line and one that is not', [deflate, `${deflate};`]],
  ]),
];

export const negotiation: HandshakeGroup[] = [
  { name: 'parameters of permessage-deflate', rows: parameters },
  { name: 'several extensions', rows: alternatives },
  { name: 'syntax of extensions', rows: syntax },
  {
    name: 'EnablePermessageDeflate=False',
    settings: { EnablePermessageDeflate: false },
    rows: [
      ...agreements('RFC 6455 §9.1', [['an offer', deflate]]),
      ...refusals('RFC 6455 §9.1', [['what is no offer', `${deflate};`]]),
    ],
  },
  {
    name: 'context takeover is allowed',
    settings: { ServerContextTakeover: true, ClientContextTakeover: true },
    rows: [
      ...agreements('RFC 7692 §7.1.1.1', [
        ['no parameters', deflate, deflate],
        [
          'server_no_context_takeover',
          `${deflate}; server_no_context_takeover`,
          `${deflate}; server_no_context_takeover`,
        ],
      ]),
      ...agreements('RFC 7692 §7.1.1.2', [
        [
          'client_no_context_takeover',
          `${deflate}; client_no_context_takeover`,
          `${deflate}; client_no_context_takeover`,
        ],
      ]),
    ],
  },
  {
    name: 'small windows',
    settings: { ServerMaxWindowBits: 10, ClientMaxWindowBits: 11 },
    rows: [
      ...agreements('RFC 7692 §7.1.2.1', [
        ['no parameters', deflate, `${stateless}; server_max_window_bits=10`],
        [
          'server_max_window_bits=9',
          `${deflate}; server_max_window_bits=9`,
          `${stateless}; server_max_window_bits=9`,
        ],
        [
          'server_max_window_bits=15',
          `${deflate}; server_max_window_bits=15`,
          `${stateless}; server_max_window_bits=10`,
        ],
      ]),
      ...agreements('RFC 7692 §7.1.2.2', [
        [
          'client_max_window_bits',
          `${deflate}; client_max_window_bits`,
          `${stateless}; server_max_window_bits=10; client_max_window_bits=11`,
        ],
        [
          'client_max_window_bits=10',
          `${deflate}; client_max_window_bits=10`,
          `${stateless}; server_max_window_bits=10; client_max_window_bits=10`,
        ],
      ]),
    ],
  },
];
