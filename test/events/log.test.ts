// The Log: what it says at which level, and what it does not say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogEvent, WSServer } from 'native-wsserver';
import { ByteClient, closePayload, Op, request } from '../support/byte_client.js';
import { collect, next, startServer, until } from '../support/server.js';

const shown = ({ logLevel, logType, message }: LogEvent) => `${logLevel} ${logType} ${message}`;

/** The ports of clients differ. */
const withoutPorts = (line: string) => line.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:*');

const LINES = [
  '3 Debug Connection from 127.0.0.1:*',
  '1 Info GET /chat HTTP/1.1 from 127.0.0.1:*',
  '2 Verbose Host: localhost',
  '2 Verbose Upgrade: websocket',
  '2 Verbose Connection: Upgrade',
  '2 Verbose Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '2 Verbose Sec-WebSocket-Version: 13',
  '1 Info WebSocket open',
  '1 Error Closed with 1002: RFC 6455 §5.2: a frame has a reserved opcode',
  '1 Info WebSocket closed with 1002',
];

for (const level of [0, 1, 2, 3]) {
  test(`LogLevel=${level}`, async (t) => {
    const server = await startServer(t, { settings: { LogLevel: level } });
    const events = collect(server, 'Log');
    const gone = next(server, 'Disconnected');
    const client = await ByteClient.connect(t, server.localPort);
    await client.upgrade([], '/chat');
    client.sendFrame(3);
    const { connectionId, statusCode } = await gone;
    assert.equal(statusCode, 1002);
    await client.ended;
    const lines = events.filter((event) => event.connectionId === connectionId).map(shown);
    const expected = LINES.filter((line) => Number(line[0]) <= level);
    assert.deepEqual(lines.map(withoutPorts), expected);
  });
}

test('LogLevel is 1 unless it is set', () => {
  assert.equal(new WSServer().config('LogLevel'), '1');
});

test('LogLevel may change at any time', async (t) => {
  const server = await startServer(t, { settings: { LogLevel: 0 } });
  const events = collect(server, 'Log');
  const client = await ByteClient.open(t, server.localPort);
  assert.deepEqual(events, []);
  server.config('LogLevel=1');
  const gone = next(server, 'Disconnected');
  client.reset();
  await gone;
  assert.match(events.map(shown).join('\n'), /^1 Error Connection lost: .*\n1 Info .*1006$/);
});

for (const masked of [true, false]) {
  test(`MaskSensitive=${masked}`, async (t) => {
    const settings = { LogLevel: 2, MaskSensitive: masked };
    const server = await startServer(t, { settings });
    const events = collect(server, 'Log');
    const client = await ByteClient.connect(t, server.localPort);
    await client.upgrade(
      ['Authorization: Bearer SECRET-1', 'Cookie: id=SECRET-2', 'X-Plain: seen'],
      '/a?token=SECRET-3&page=7',
    );
    const log = events.map(shown).join('\n');
    for (const secret of ['SECRET-1', 'SECRET-2', 'SECRET-3']) {
      assert.equal(log.includes(secret), !masked, secret);
    }
    for (const plain of ['X-Plain: seen', 'page=7']) assert.ok(log.includes(plain), log);
    if (masked) assert.match(log, /GET \/a\?token=\*\*\*&page=7/);
    // What is masked is the Log, not the request.
    const [connection] = server.connections.values();
    assert.match(connection?.requestHeaders ?? '', /SECRET-1/);
  });
}

test('what a peer sends cannot look like a line of the Log', async (t) => {
  const server = await startServer(t, { settings: { LogLevel: 3 } });
  const events = collect(server, 'Log');
  const client = await ByteClient.connect(t, server.localPort);
  // A tab and bytes above ASCII are the only odd ones that a header may have.
  await client.upgrade(['X-Odd: a\tb\u2028c\u009bd']);
  client.sendFrame(Op.close, closePayload(4000, 'bye\r\n1 Error forged \u001b[31m\u202e'));
  await client.ended;
  client.send('x');
  const control = /[\p{Cc}\u2028\u2029\u202a-\u202e]/u;
  for (const { message } of events) assert.doesNotMatch(message, control);
  const log = events.map(({ message }) => message).join('\n');
  assert.ok(log.includes('X-Odd: a\\tb\\u2028c\\u009Bd'), log);
});

test('a request that is refused is told with its status', async (t) => {
  const server = await startServer(t);
  const events = collect(server, 'Log');
  const client = await ByteClient.connect(t, server.localPort);
  client.send(request().replace('13', '8'));
  await client.ended;
  await until(() => events.some(({ logType }) => logType === 'Error'));
  assert.match(events.map(shown).join('\n'), /1 Error Request of .* refused with status 426: /);
});
