// The opening handshake (RFC 6455 §4.2, §4.4), and the HTTP that it is made of (RFC 9110, 9112).

import assert from 'node:assert/strict';
import { request } from '../support/byte_client.js';
import { type HandshakeGroup, type HandshakeRow, section } from './row.js';

const good = request();
/** The good request with one line changed; an empty replacement takes the line out. */
function changed(line: string, replacement: string): string {
  assert.ok(good.includes(`${line}\r\n`));
  return good.replace(`${line}\r\n`, replacement === '' ? '' : `${replacement}\r\n`);
}

const requestLine = 'GET / HTTP/1.1';
const host = 'Host: localhost';
const upgrade = 'Upgrade: websocket';
const connection = 'Connection: Upgrade';
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const version = 'Sec-WebSocket-Version: 13';

type Requirement = [name: string, request: Buffer | string, status?: number];

/** Requests that open a connection, unless they have another status. */
function requirements(rfc: string, rows: Requirement[]): HandshakeRow[] {
  return rows.map(([name, bytes, status = 101]) => ({ name, rfc, in: bytes, status }));
}

const requestLines = requirements('RFC 6455 §4.2.1', [
  ['as it should be', good],
  ['POST', changed(requestLine, 'POST / HTTP/1.1'), 405],
  ['HEAD', changed(requestLine, 'HEAD / HTTP/1.1'), 405],
  ['CONNECT', changed(requestLine, 'CONNECT localhost:80 HTTP/1.1'), 405],
  ['get', changed(requestLine, 'get / HTTP/1.1'), 405],
  ['HTTP/1.0', changed(requestLine, 'GET / HTTP/1.0'), 505],
  ['HTTP/0.9', 'GET /\r\n\r\n', 400],
  ['HTTP/1.2, which is higher', changed(requestLine, 'GET / HTTP/1.2')],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['a resource with a query', request([], '/a/b?c=d%20e&f')],
  ['an absolute http URI', request([], 'http://localhost/a')],
  ['an absolute https URI', request([], 'https://localhost/a?b')],
  ['an absolute ftp URI', request([], 'ftp://localhost/a'), 400],
  ['a resource without a slash', request([], 'a'), 400],
  ['a resource with a fragment', request([], '/#a'), 400],
  ['a resource with bytes that are not ASCII', request([], '/é'), 400],
  ['the authority alone', request([], 'localhost:80'), 400],
  ['an asterisk', request([], '*'), 400],
]);

const headers = [
  ...requirements('RFC 6455 §4.2.1', [
    ['no Host', changed(host, ''), 400],
    ['an empty Host', changed(host, 'Host:'), 400],
    ['two Hosts', request([host]), 400],
    ['a Host with a space', changed(host, 'Host: local host'), 400],
    ['a Host with a path', changed(host, 'Host: localhost/a'), 400],
    ['a Host with a port', changed(host, 'Host: localhost:8080')],
    ['a Host that is an IPv6 address', changed(host, 'Host: [::1]:8080')],
    ['no Upgrade', changed(upgrade, ''), 426],
    ['Upgrade to something else', changed(upgrade, 'Upgrade: h2c'), 426],
    ['Upgrade to something that begins so', changed(upgrade, 'Upgrade: websocket2'), 426],
    ['Upgrade in other case', changed(upgrade, 'UPGRADE: WebSocket')],
    ['Upgrade is a list', changed(upgrade, 'Upgrade: h2c, websocket')],
    ['Upgrade in two lines', request(['Upgrade: h2c'])],
    ['no Connection', changed(connection, ''), 400],
    ['Connection without Upgrade', changed(connection, 'Connection: keep-alive'), 400],
    ['Connection that begins so', changed(connection, 'Connection: Upgraded'), 400],
    ['Connection in other case', changed(connection, 'connection: UPGRADE')],
    ['Connection is a list', changed(connection, 'Connection: keep-alive, upgrade')],
    ['Connection is a list without spaces', changed(connection, 'Connection: keep-alive,Upgrade')],
    ['Connection in two lines', request(['Connection: keep-alive'])],
    ['no key', changed(key, ''), 400],
    ['an empty key', changed(key, 'Sec-WebSocket-Key:'), 400],
    ['two keys', request([key]), 400],
    ['a key of 15 bytes', changed(key, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA'), 400],
    ['a key of 17 bytes', changed(key, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA='), 400],
    ['a key without padding', changed(key, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ'), 400],
    ['a key that is no Base64', changed(key, 'Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=='), 400],
    ['an Origin', request(['Origin: http://example.com'])],
    ['the Origin null', request(['Origin: null'])],
    ['headers that nobody knows', request(['X-One: 1', 'X-One: 2', 'Cookie: a=b; c=d'])],
  ]),
  ...requirements('RFC 6455 §4.4', [
    ['no version', changed(version, ''), 426],
    ['an empty version', changed(version, 'Sec-WebSocket-Version:'), 426],
    ...[0, 7, 8, 12, 14, 130, 255].map(
      (number): Requirement => [
        `version ${number}`,
        changed(version, `Sec-WebSocket-Version: ${number}`),
        426,
      ],
    ),
    ['version 013', changed(version, 'Sec-WebSocket-Version: 013'), 426],
    ['a list of versions', changed(version, 'Sec-WebSocket-Version: 13, 8'), 426],
    ['two versions', request([version]), 400],
  ]),
];

const accepted = (rfc: string, [name, value, accept]: string[]): HandshakeRow => ({
  name: name as string,
  rfc,
  in: changed(key, `Sec-WebSocket-Key: ${value}`),
  status: 101,
  headers: { 'sec-websocket-accept': accept as string },
});

const accepts = [
  ['the key of the RFC', 'dGhlIHNhbXBsZSBub25jZQ==', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
  ['a key of zeroes', 'AAAAAAAAAAAAAAAAAAAAAA==', 'ICX+Yqv66kxgM0FcWaLWlFLwTAI='],
  ['a key of ones', '/////////////////////w==', 'XXpj4jYzLM2yUE0C7TIgMwTQh2g='],
  [
    'a key with white space around',
    ' \t AQIDBAUGBwgJCgsMDQ4PEA== \t',
    'C/0nmHhBztSRGR1CwL6Tf4ZjwpY=',
  ],
].map((row) => accepted('RFC 6455 §4.2.2', row));

const offered = (...lists: string[]): string =>
  request(lists.map((list) => `Sec-WebSocket-Protocol: ${list}`));

const subProtocols = [
  ...section<HandshakeRow>('RFC 6455 §4.2.2', [
    {
      name: 'one subprotocol',
      in: offered('chat'),
      status: 101,
      headers: { 'sec-websocket-protocol': 'chat' },
    },
    { name: 'a choice of subprotocols that nobody makes', in: offered('a, b'), status: 101 },
    { name: 'the same in two lines', in: offered('a', 'b'), status: 101 },
  ]),
  ...requirements('RFC 6455 §4.1', [
    ['a subprotocol that is no token', offered('a b'), 400],
    ['a subprotocol with a separator', offered('a/b'), 400],
    ['a subprotocol that is not ASCII', offered('é'), 400],
    ['a subprotocol twice', offered('a, a'), 400],
    ['a subprotocol twice, in two lines', offered('a', 'a'), 400],
  ]),
  ...section<HandshakeRow>('RFC 9110 §5.6.1.2', [
    { name: 'an empty list of subprotocols', in: offered(''), status: 101 },
    { name: 'subprotocols with empty elements', in: offered('a, ,b'), status: 101 },
    {
      name: 'one subprotocol with empty elements',
      in: offered(',chat, '),
      status: 101,
      headers: { 'sec-websocket-protocol': 'chat' },
    },
  ]),
];

const http = [
  ...requirements('RFC 9112 §2', [
    ['white space around values', changed(host, 'Host: \t localhost \t')],
    ['no white space before a value', changed(host, 'Host:localhost')],
    ['an empty value', request(['X-Empty:'])],
    ['a value with bytes that are not ASCII', request(['X-Latin: é'])],
    ['an empty line before the request line', `\r\n${good}`],
    ['two empty lines before the request line', `\r\n\r\n${good}`, 400],
    ['a line that ends with LF alone', good.replace('\r\nUpgrade', '\nUpgrade'), 400],
    ['all lines end with LF alone', good.replaceAll('\r\n', '\n'), 400],
    ['CR alone', good.replace('\r\nHost', '\rHost'), 400],
    ['a folded line', request(['X-One: 1', ' folded']), 400],
    ['a space before the colon', request(['X-One : 1']), 400],
    ['a line without a colon', request(['X-One']), 400],
    ['a line without a name', request([': 1']), 400],
    ['a name that is no token', request(['X(One): 1']), 400],
    ['NUL in a value', request(['X-One: a\0b']), 400],
    ['an escape character in a value', request(['X-One: a\x1bb']), 400],
    ['two spaces in the request line', changed(requestLine, 'GET  / HTTP/1.1'), 400],
    ['a space at the end of the request line', changed(requestLine, 'GET / HTTP/1.1 '), 400],
    ['a version that is none', changed(requestLine, 'GET / HTTP/1.10'), 400],
    ['a method that is no token', changed(requestLine, 'G(T / HTTP/1.1'), 400],
  ]),
  ...requirements('RFC 9112 §3.2', [
    ['a Host other than that of the absolute URI', request([], 'http://other.example/')],
    ['an absolute URI with a user', request([], 'http://user@localhost/'), 400],
    ['an absolute URI without a host', request([], 'http:///a'), 400],
  ]),
  ...requirements('RFC 9112 §6', [
    ['a body of no bytes', request(['Content-Length: 0'])],
    ['a body', request(['Content-Length: 5']), 400],
    ['a chunked body', request(['Transfer-Encoding: chunked']), 400],
  ]),
  ...requirements('RFC 9110 §15.5.22', [
    ['an ordinary GET', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 426],
  ]),
  ...requirements('RFC 9110 §15.5.1', [
    ['a greeting of TLS', Buffer.from('16030100c8010000c40303', 'hex'), 400],
    ['a greeting of SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 400],
    ['zeroes', Buffer.alloc(64), 400],
    ['prose', 'hello\r\n\r\n', 400],
  ]),
];

export const handshakes: HandshakeGroup[] = [
  { name: 'request', rows: requestLines },
  { name: 'headers', rows: headers },
  { name: 'accepted keys', rows: accepts },
  { name: 'subprotocols', rows: subProtocols },
  { name: 'HTTP', rows: http },
];
