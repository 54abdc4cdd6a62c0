// The memory that both sides share: what C++ writes is read here, what is written here C++ reads
// (boundary_test.cc), and docs/boundary.md says what it is.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type LogType, WSServer } from 'native-wsserver';
import type * as Fields from '../../dist/boundary/fields.js';
import type * as LayoutModule from '../../dist/boundary/layout.js';
import type * as Native from '../../dist/boundary/native.js';
import type * as OutboxModule from '../../dist/boundary/outbox.js';
import type * as Batch from '../../dist/events/batch.js';

const root = path.dirname(require.resolve('native-wsserver/package.json'));
const inDist = <Module>(file: string): Module => require(path.join(root, 'dist', file));
const { addon } = inDist<typeof Native>('boundary/native.js');
const { layout, eventKind } = inDist<typeof LayoutModule>('boundary/layout.js');
const { fieldReader } = inDist<typeof Fields>('boundary/fields.js');
const { Opcode, Outbox, UNCOMPRESSED } = inDist<typeof OutboxModule>('boundary/outbox.js');
const { BatchReader } = inDist<typeof Batch>('events/batch.js');

/** The lines of a file of test/data that is a C++ string literal. */
function linesOf(file: string): string[] {
  const text = fs.readFileSync(path.join(root, 'test', 'data', file), 'utf8');
  const [first, ...lines] = text.trimEnd().split('\n');
  assert.equal(first, 'R"(');
  assert.equal(lines.pop(), ')"');
  return lines;
}

/** A batch of the records of test/data/records.inc, as the addon hands it over. */
function readBatch(): [Int32Array, number, Buffer[], Buffer[]] {
  const { record } = layout;
  const chunk = Buffer.alloc(8192);
  const adopted: Buffer[] = [];
  const lines = linesOf('records.inc');
  const integers = lines.flatMap((line) => {
    const numbers = line.split(' ');
    const [byte = '', times = '1'] = (numbers.pop() ?? '').split('*');
    const payload = Buffer.from(byte === '-' ? '' : byte.repeat(Number(times)), 'hex');
    const at = numbers.map(Number);
    assert.equal(at.length, record.size, line);
    assert.equal(payload.length, at[record.length], line);
    if ((at[record.chunk] ?? 0) < 0) adopted.push(payload);
    else chunk.set(payload, at[record.offset]);
    return at;
  });
  const tail = [chunk.length, -1, ...adopted.map(() => -1)];
  return [new Int32Array([...integers, ...tail]), lines.length, [chunk], adopted];
}

/** What each of its events is, in the order of boundary_test.cc. */
const expected: readonly [string, number, Record<string, unknown>][] = [
  ['ConnectionRequest', 131077, { address: '127.0.0.1', port: 8080, accept: true }],
  ['ConnectionRequest', 5, { address: '::1', port: 65535, accept: false }],
  [
    'WebSocketOpenRequest',
    6,
    {
      requestURI: '/uri?\xe9',
      hostHeader: 'host',
      originHeader: 'origin',
      subProtocols: 'a, b',
      extensions: 'ext',
      requestHeaders: 'A: b\r\n',
    },
  ],
  [
    'SSLConnectionRequest',
    7,
    {
      serverName: 'name',
      supportedCipherSuites: 'suites',
      supportedSignatureAlgs: 'algorithms',
    },
  ],
  [
    'SSLClientAuthentication',
    8,
    {
      certEncoded: 'PEM',
      certSubject: 'CN=é',
      certIssuer: 'CN=i',
      status: 'expired',
      accept: true,
    },
  ],
  [
    'SSLClientAuthentication',
    9,
    {
      certEncoded: '',
      certSubject: '',
      certIssuer: '',
      status: 'There is no certificate',
      accept: false,
    },
  ],
  ['SSLStatus', 10, { message: 'A step' }],
  ['Connected', 11, {}],
  ['ReadyToSend', 12, {}],
  ['DataIn', 13, { dataFormat: 0, text: 'a line', EOM: true, EOL: true, byteLength: 6 }],
  ['DataIn', 14, { dataFormat: 1, text: '€', EOM: true, EOL: false, byteLength: 3 }],
  ['DataIn', 15, { dataFormat: 2, text: 'x'.repeat(16384), EOM: false, EOL: false }],
  ['Ping', 16, { payload: 'ping', response: false }],
  ['Ping', 17, { payload: 'pong', response: true }],
  ['Disconnected', 18, { statusCode: 4999, description: 'bye' }],
  ['Error', 0, { errorCode: 10022, description: 'wrong' }],
  ['Log', 19, { logLevel: 2, message: 'a line', logType: 'Verbose' }],
  ['Log', 0, { logLevel: 1, message: 'an error', logType: 'Error' }],
  ['Skipped', 23, { skippedMessages: 9 }],
  ['Forgotten', 20, {}],
  ['Settled', 70_000, { errorCode: 0 }],
  ['Settled', 3, { errorCode: 10060 }],
  ['Published', 4, { count: 1000 }],
  ['Interest', 0, { pattern: 'news.>', wanted: true }],
  ['Interest', 0, { pattern: 'a', wanted: false }],
  [
    'HandedOver',
    0,
    {
      descriptor: 77,
      bytes: 'GET /\xe9',
      remoteAddress: '::1',
      remotePort: '1',
      localAddress: '::2',
      localPort: '2',
      protocol: 'TLSv1.3',
      cipherSuite: 'suite',
      certEncoded: 'PEM',
      status: 'OK',
    },
  ],
];

/** Walks them, and returns what each has become: its name, its id or token, and the event. */
function walk(): [string, number, object][] {
  const events: [string, number, object][] = [];
  const add =
    (name: string) =>
    (event: { connectionId: number }): void =>
      void events.push([name, event.connectionId, event]);
  const reader = new BatchReader({
    onConnectionRequest: (id, event) => void events.push(['ConnectionRequest', id, event]),
    onOpenRequest: add('WebSocketOpenRequest'),
    onCertificateRequest: add('SSLConnectionRequest'),
    onClientAuthentication: add('SSLClientAuthentication'),
    onDataIn: add('DataIn'),
    onTooLong: () => assert.fail(),
    onDisconnected: add('Disconnected'),
    onForgotten: (id) => void events.push(['Forgotten', id, {}]),
    onPublished: (token, count) => void events.push(['Published', token, { count }]),
    onInterest: (pattern, wanted) => void events.push(['Interest', 0, { pattern, wanted }]),
    onHandedOver: (descriptor, given) =>
      void events.push(['HandedOver', 0, { descriptor, ...given }]),
    onSettled: (token, errorCode) => void events.push(['Settled', token, { errorCode }]),
    onEvent: (name, event) => add(name)(event),
  });
  reader.read(...readBatch());
  return events;
}

test('each record that C++ writes becomes its event, with all that it has', () => {
  const events = walk();
  assert.deepEqual(
    events.map(([name, id]) => [name, id]),
    expected.map(([name, id]) => [name, id]),
  );
  for (const [index, [name, , event]] of events.entries()) {
    for (const [key, value] of Object.entries(expected[index]?.[2] ?? {})) {
      assert.deepEqual(Reflect.get(event, key), value, `${name}.${key}`);
    }
  }
  assert.deepEqual(
    [...new Set(events.map(([name]) => name))],
    layout.events.map(({ name }) => name),
    'each kind is among them',
  );
});

test('what the core says that a record carries, its event has', () => {
  for (const [name, , event] of walk()) {
    const row = layout.events[eventKind(name)];
    assert.ok(row !== undefined);
    for (const field of [row.value, row.payload, ...row.fields]) {
      assert.ok(field === '' || field in event, `${name} has no ${field}`);
    }
  }
});

test('a field that only one side knows is noticed', () => {
  const names = ['serverName', 'supportedCipherSuites', 'supportedSignatureAlgs'];
  fieldReader('SSLConnectionRequest', names.toReversed(), 'text');
  for (const wrong of [names.slice(1), [...names, 'more'], ['other', ...names.slice(1)], []]) {
    assert.throws(() => fieldReader('SSLConnectionRequest', wrong, 'text'), /the fields/);
  }
  assert.throws(() => eventKind('Other'), /no event Other/);
});

test('C++ reads each command that is written', () => {
  const { Server } = addon;
  type Memory = ReturnType<Native.NativeServer['shared']>;
  const shared: Memory[] = [];
  const Watched = class extends Server {
    override shared(): Memory {
      const memory = super.shared();
      shared.push(memory);
      return memory;
    }
  };
  const lines: string[] = [];
  /** Adds what `write` writes: how many commands and the arena, then each command. */
  const dump = (write: (outbox: InstanceType<typeof Outbox>) => void): void => {
    const outbox = new Outbox(() => {}, false);
    write(outbox);
    outbox.encode();
    const { commands, arena } = shared.pop() ?? assert.fail();
    const { count, start } = layout.commandMemory;
    const { size } = layout.command;
    const many = commands[count] ?? 0;
    const end = arena.findLastIndex((byte) => byte !== 0) + 1;
    lines.push(`${many} ${arena.toString('hex', 0, end)}`);
    for (let at = start; at < start + many * size; at += size) {
      lines.push(commands.subarray(at, at + size).join(' '));
    }
    // Nobody is there to carry them out for.
    commands[count] = 0;
  };
  Object.assign(addon, { Server: Watched });
  try {
    dump((outbox) => {
      outbox.sendText(131077, 'Hello', Opcode.text);
      outbox.sendText(6, 'you', Opcode.text | UNCOMPRESSED);
      outbox.sendBytes(7, Buffer.from([1, 2, 3]), Opcode.binary);
      outbox.sendBytes(7, Buffer.alloc(300, 'b'), Opcode.binary | UNCOMPRESSED);
      outbox.sendText(8, '', Opcode.text);
      outbox.sendText(9, 'x'.repeat(200), Opcode.text | UNCOMPRESSED);
      outbox.answerConnection(10, true);
      outbox.answerConnection(11, false);
      outbox.answerOpen(12, 101, [Buffer.from('chat'), Buffer.from('A: b')]);
      outbox.answerOpen(13, 404, [Buffer.alloc(0), Buffer.alloc(0), Buffer.from('gone')]);
    });
    dump((outbox) => {
      outbox.sendText(14, '\xe9', Opcode.text);
      outbox.sendText(15, '€', Opcode.text | UNCOMPRESSED);
      outbox.sendText(16, 'b', Opcode.text);
    });
    dump((outbox) => {
      outbox.publish('news.sports', 'Tor', Opcode.text, 0, 17, 100);
      outbox.publish('news.sports', Buffer.from([1, 2]), Opcode.binary, UNCOMPRESSED, 0, 101);
      outbox.publish('', '⚽'.repeat(60), Opcode.text, 0, 0, 102);
      outbox.publish('ä', '', Opcode.text, 0, 0, 103);
      outbox.publish('ä', '!', Opcode.text, 0, 0, 104);
    });
  } finally {
    Object.assign(addon, { Server });
  }
  const { WRITE_COMMANDS } = process.env;
  if (WRITE_COMMANDS !== undefined) {
    const file = path.join(root, 'test', 'data', 'commands.inc');
    fs.writeFileSync(file, ['R"(', ...lines, ')"', ''].join('\n'));
  }
  assert.deepEqual(lines, linesOf('commands.inc'));
});

test('opcodes are those of the core', () => {
  const { text, binary, ping, pong } = layout.kinds;
  assert.deepEqual({ ...Opcode }, { text, binary, ping, pong });
});

test('each level of the Log has the documented type', () => {
  const documented: LogType[] = ['Info', 'Verbose', 'Debug'];
  assert.deepEqual(layout.logTypes, ['', ...documented]);
  const levels = WSServer.describe().find(({ name }) => name === 'LogLevel');
  assert.equal(levels?.max, layout.logTypes.length - 1);
});

test('the layout is the same for everybody', () => {
  const check = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    assert.ok(Object.isFrozen(value));
    Object.values(value).forEach(check);
  };
  check(layout);
});

/** The rows of the table below `heading` of docs/boundary.md, without its two first. */
function tableBelow(heading: string): string[][] {
  const text = fs.readFileSync(path.join(root, 'docs', 'boundary.md'), 'utf8');
  const [, after = ''] = text.split(`\n## ${heading}\n`);
  const lines = after.split(/\n#/)[0]?.split('\n') ?? [];
  const rows = lines.filter((line) => line.startsWith('|')).slice(2);
  return rows.map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
}

test('docs/boundary.md has every number', () => {
  const tables = {
    'A record': layout.record,
    Flags: layout.flags,
    'The head of the command memory': layout.commandMemory,
    'A command': layout.command,
    Kinds: layout.kinds,
    Headers: layout.headers,
  };
  for (const [heading, numbers] of Object.entries(tables)) {
    const rows = tableBelow(heading).map(([, name = '', number]) => [name, Number(number)]);
    assert.deepEqual(Object.fromEntries(rows), { ...numbers }, heading);
    assert.equal(rows.length, Object.keys(numbers).length, heading);
  }
  assert.deepEqual(
    tableBelow('Events').map(([, kind, name, value, payload]) => [kind, name, value, payload]),
    layout.events.map(({ name, value, payload, fields }, kind) => [
      `${kind}`,
      name,
      value,
      payload === '' ? fields.join(', ') : payload,
    ]),
  );
});
