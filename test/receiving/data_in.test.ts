// What DataIn is told of messages: whole, in pieces, or in lines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataInEvent, WSServer } from 'native-wsserver';
import { ByteClient, byteByByte, closeCode, frame, Op, turn } from '../support/byte_client.js';
import { collect, next, startEcho, startServer, until } from '../support/server.js';

type Seen = [format: number, text: string, EOM: boolean, EOL: boolean];

function seen({ dataFormat, text, EOM, EOL }: DataInEvent): Seen {
  return [dataFormat, text, EOM, EOL];
}

const text = (payload: string, fin = true) => frame({ opcode: Op.text, payload, fin });
const more = (payload: string | Buffer, fin = true) =>
  frame({ opcode: Op.continuation, payload, fin });

/** What has been delivered when everything before a Ping has been read. */
async function pingThrough(client: ByteClient): Promise<void> {
  client.sendFrame(Op.ping, Buffer.alloc(0));
  assert.equal((await client.readFrame()).opcode, Op.pong);
}

const LINES: { name: string; frames: Buffer[]; lines: Seen[]; limit?: number }[] = [
  {
    name: 'LF',
    frames: [text('a\nb\n')],
    lines: [
      [0, 'a', false, true],
      [0, 'b', true, true],
    ],
  },
  {
    name: 'CR LF, and what remains at the end of the message',
    frames: [text('one\r\ntwo\r\nrest')],
    lines: [
      [0, 'one', false, true],
      [0, 'two', false, true],
      [0, 'rest', true, false],
    ],
  },
  {
    name: 'a CR alone is no line end',
    frames: [text('a\rb\nc\r')],
    lines: [
      [0, 'a\rb', false, true],
      [0, 'c\r', true, false],
    ],
  },
  {
    name: 'empty lines',
    frames: [text('\n\r\n')],
    lines: [
      [0, '', false, true],
      [0, '', true, true],
    ],
  },
  {
    name: 'an empty message has no line',
    frames: [text(''), text('x')],
    lines: [[0, 'x', true, false]],
  },
  {
    name: 'lines span fragments, not messages',
    frames: [text('a', false), more('b\r', false), more('\nc'), text('d\n')],
    lines: [
      [0, 'ab', false, true],
      [0, 'c', true, false],
      [0, 'd', true, true],
    ],
  },
  {
    name: 'binary messages have lines too',
    frames: [frame({ opcode: Op.binary, payload: Buffer.from('x\ny') })],
    lines: [
      [0, 'x', false, true],
      [0, 'y', true, false],
    ],
  },
  {
    name: 'MaxLineLength is reached',
    limit: 4,
    frames: [text('abcdefghij\nklm\nnopq\n')],
    lines: [
      [0, 'abcd', false, false],
      [0, 'efgh', false, false],
      [0, 'ij', false, true],
      [0, 'klm', false, true],
      [0, 'nopq', false, false],
      [0, '', true, true],
    ],
  },
  {
    name: 'MaxLineLength never cuts a character',
    limit: 4,
    frames: [text('äöü€€\n')],
    lines: [
      [0, 'äö', false, false],
      [0, 'ü', false, false],
      [0, '€', false, false],
      [0, '€', true, true],
    ],
  },
];

for (const { name, frames, lines, limit } of LINES) {
  test(`line mode: ${name}`, async (t) => {
    const server = await startServer(t);
    server.on('Connected', ({ connectionId }) => {
      server.changeLineMode(connectionId, true);
      if (limit) server.config(`MaxLineLength[${connectionId}]=${limit}`);
    });
    const whole = await ByteClient.open(t, server.localPort);
    const events = collect(server, 'DataIn');
    whole.send(...frames);
    await pingThrough(whole);
    assert.deepEqual(events.map(seen), lines);
    assert.equal(server.connections.get(events[0]?.connectionId ?? 0)?.lineMode, true);

    const slow = await ByteClient.open(t, server.localPort);
    events.length = 0;
    await slow.sendPieces(byteByByte(Buffer.concat(frames)));
    await pingThrough(slow);
    assert.deepEqual(events.map(seen), lines);
  });
}

test('line mode is switched between messages and within one', async (t) => {
  const server = await startServer(t);
  const client = await ByteClient.open(t, server.localPort);
  const events = collect(server, 'DataIn');
  const [id = 0] = server.connections.keys();
  client.send(text('a\nb'), text('c\n', false));
  await pingThrough(client);
  await server.changeLineMode(id, true);
  client.send(more('d\ne'), text('f\ng', false));
  await pingThrough(client);
  await server.changeLineMode(id, false);
  client.send(more('h\ni'), text('j\nk'));
  await pingThrough(client);
  assert.deepEqual(events.map(seen), [
    [1, 'a\nb', true, false],
    [0, 'c', false, true],
    [0, 'd', false, true],
    [0, 'e', true, false],
    [0, 'f', false, true],
    [1, 'gh\ni', true, false],
    [1, 'j\nk', true, false],
  ]);
  await assert.rejects(server.changeLineMode(4711, true), { code: 126 });
});

for (const [how, size] of [
  ['in a buffer', 1000],
  ['in place', 100_000],
] as const) {
  test(`what nobody has wanted of a message, received ${how}, is not in another`, async (t) => {
    const server = await startServer(t);
    const client = await ByteClient.open(t, server.localPort);
    const message = (letter: string) => text(letter.repeat(size));
    const cut = size - 200;
    let events = collect(server, 'DataIn');
    client.send(message('a').subarray(0, cut));
    await turn();
    await turn();
    server.removeAllListeners('DataIn');
    client.send(message('a').subarray(cut), message('b').subarray(0, cut));
    await turn();
    await turn();
    events = collect(server, 'DataIn');
    client.send(message('b').subarray(cut), message('c').subarray(0, cut));
    await turn();
    await turn();
    client.send(message('c').subarray(cut));
    await pingThrough(client);
    assert.deepEqual(events.map(seen), [[1, 'c'.repeat(size), true, false]]);
  });
}

test('MaxLineLength: 112 while a part of a line waits', async (t) => {
  const server = await startServer(t);
  const client = await ByteClient.open(t, server.localPort);
  collect(server, 'DataIn');
  const [id = 0] = server.connections.keys();
  assert.equal(server.config(`MaxLineLength[${id}]`), '2048');
  await server.changeLineMode(id, true);
  server.config(`MaxLineLength[${id}]=300`);
  client.send(text('the start of a line', false));
  await pingThrough(client);
  assert.throws(() => server.config(`MaxLineLength[${id}]=400`), { code: 112 });
  client.send(more('\n'));
  await pingThrough(client);
  assert.equal(server.config(`MaxLineLength[${id}]=400`), '400');
  assert.throws(() => server.config(`MaxLineLength[${id}]=0`), { code: 10022 });
});

/** A server that passes on pieces, and the events of its only client. */
async function pieces(
  t: Parameters<typeof startServer>[0],
): Promise<{ server: WSServer; client: ByteClient; events: DataInEvent[] }> {
  const server = await startServer(t, { settings: { BufferMessage: false } });
  const events = collect(server, 'DataIn');
  return { server, client: await ByteClient.open(t, server.localPort), events };
}

test('BufferMessage=False: pieces as they come, EOM at the last', async (t) => {
  const { client, events } = await pieces(t);
  client.send(text('whole'));
  const begun = text('in pieces');
  client.send(begun.subarray(0, 9));
  await pingless(client, events, 2);
  client.send(begun.subarray(9), text('frag', false));
  await pingless(client, events, 4);
  client.send(frame({ opcode: Op.ping, payload: '' }), more('ment', false), more(''));
  await pingless(client, events, 6);
  assert.deepEqual(events.map(seen), [
    [1, 'whole', true, false],
    [1, 'in ', false, false],
    [0, 'pieces', true, false],
    [1, 'frag', false, false],
    [0, 'ment', false, false],
    [0, '', true, false],
  ]);
});

/** Waits until so many events have come, and no more. */
async function pingless(_client: ByteClient, events: unknown[], count: number): Promise<void> {
  await until(() => events.length >= count);
  assert.equal(events.length, count);
}

test('BufferMessage=False: a piece of text never ends inside a character', async (t) => {
  const { client, events } = await pieces(t);
  const payload = 'zß水🍐'.repeat(3);
  await client.sendPieces(byteByByte(text(payload)));
  await client.sendPieces(
    byteByByte(
      Buffer.concat(
        [...Buffer.from(payload)].map((byte, at, { length }) => {
          const part = { payload: Buffer.of(byte), fin: at === length - 1 };
          return frame({ opcode: at === 0 ? Op.text : Op.continuation, ...part });
        }),
      ),
    ),
  );
  await until(() => events.filter(({ EOM }) => EOM).length === 2);
  assert.ok(events.length > 20, 'many pieces');
  assert.equal(events.map((event) => event.text).join(''), payload + payload);
  assert.ok(events.every((event) => !event.text.includes('\ufffd')));
  assert.deepEqual(events.map(({ dataFormat }) => dataFormat).filter(Boolean), [1, 1]);
});

test('BufferMessage=False: large binary messages', async (t) => {
  const { client, events } = await pieces(t);
  const payload = Buffer.alloc(3_000_000, 'native');
  client.sendFrame(Op.binary, payload);
  await until(() => events.some(({ EOM }) => EOM));
  assert.ok(Buffer.concat(events.map((event) => event.textB)).equals(payload));
  assert.deepEqual([events[0]?.dataFormat, events[1]?.dataFormat], [2, 0]);
});

test('MaxFragments: 1008', async (t) => {
  const server = await startEcho(t, { settings: { MaxFragments: 3 } });
  const client = await ByteClient.open(t, server.localPort);
  const gone = next(server, 'Disconnected');
  client.send(text('a', false), more('b', false), more('c'));
  assert.equal((await client.readFrame()).payload.toString(), 'abc');
  client.send(text('a', false), more('b', false), more('c', false), more('d'));
  assert.equal(closeCode(await client.readFrame()), 1008);
  assert.equal((await gone).statusCode, 1008);
});

test('fragments cost nothing while they come', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.open(t, server.localPort);
  const count = 65_537;
  const parts = Array.from({ length: count }, (_, at) =>
    frame({ opcode: at === 0 ? Op.binary : Op.continuation, payload: 'x', fin: at === count - 1 }),
  );
  client.send(...parts);
  assert.equal((await client.readFrame()).payload.length, count);
});

test('MaxUnfinishedBytes bounds all connections together: 1013 for the one that holds most', async (t) => {
  const server = await startEcho(t, { settings: { MaxUnfinishedBytes: 250_000 } });
  const open = () => ByteClient.open(t, server.localPort);
  const [first, second, third] = [await open(), await open(), await open()];
  const part = frame({ opcode: Op.binary, payload: Buffer.alloc(100_000), fin: false });
  for (const client of [first, second, third]) {
    client.send(part);
    if (client !== third) await pingThrough(client);
  }
  assert.equal(closeCode(await first.readFrame()), 1013);
  // Who is not too many goes on, and there is room again.
  for (const client of [second, third, second]) {
    client.send(more('!'));
    assert.equal((await client.readFrame()).payload.length, 100_001);
    client.send(part);
    await pingThrough(client);
  }
});

test('MaxReadTime: a flood of one client does not keep another from its answer', async (t) => {
  for (const MaxReadTime of [0, 50]) {
    const server = await startServer(t, { settings: { MaxReadTime } });
    const flood = await ByteClient.open(t, server.localPort);
    const other = await ByteClient.open(t, server.localPort);
    flood.send(
      ...Array.from({ length: 200 }, () =>
        frame({ opcode: Op.binary, payload: Buffer.alloc(64 * 1024) }),
      ),
    );
    await pingThrough(other);
    await pingThrough(flood);
    assert.equal(server.statistics.messagesIn, 200);
  }
});

test('IdleTimeout: a silent client is closed with 1001', async (t) => {
  const server = await startServer(t, { settings: { IdleTimeout: 1, CloseTimeout: 1 } });
  const client = await ByteClient.open(t, server.localPort);
  const gone = next(server, 'Disconnected');
  assert.equal(closeCode(await client.readFrame()), 1001);
  assert.equal((await gone).statusCode, 1006, 'it did not answer');
});

test('PingInterval: who answers stays, who does not is lost', async (t) => {
  const server = await startServer(t, { settings: { PingInterval: 1 } });
  const answers = await ByteClient.open(t, server.localPort);
  const [answersId] = server.connections.keys();
  const silent = await ByteClient.open(t, server.localPort);
  const gone = next(server, 'Disconnected');
  for (const client of [answers, silent]) {
    const { opcode, payload } = await client.readFrame();
    assert.equal(opcode, Op.ping);
    if (client === answers) client.sendFrame(Op.pong, payload);
  }
  const { connectionId, statusCode } = await gone;
  assert.notEqual(connectionId, answersId);
  assert.equal(statusCode, 1006);
  assert.equal((await answers.readFrame()).opcode, Op.ping);
  assert.deepEqual([...server.connections.keys()], [answersId]);
});

test('before broken UTF-8: what was whole is delivered, however it came', async (t) => {
  const broken = Buffer.concat([
    Buffer.from('one\ntwo é'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('x\n'),
  ]);
  const bytes = frame({ opcode: Op.text, payload: broken });
  const rows: [lines: boolean, chunks: Buffer[]][] = [false, true].flatMap((lines) => [
    [lines, [bytes]],
    [lines, [...byteByByte(bytes)]],
  ]);
  for (const [lines, chunks] of rows) {
    const { server, client, events } = await pieces(t);
    const [id = 0] = server.connections.keys();
    if (lines) await server.changeLineMode(id, true);
    const gone = next(server, 'Disconnected');
    for (const chunk of chunks) client.send(chunk);
    assert.equal(closeCode(await client.readFrame()), 1007);
    assert.equal((await gone).statusCode, 1007);
    assert.equal(
      events
        .map((event) => event.text)
        .join('|')
        .replaceAll(lines ? '' : '|', ''),
      lines ? 'one' : 'one\ntwo é',
    );
    assert.ok(events.every(({ EOM }) => !EOM));
  }
});

test('textB begins where numbers of any type may lie', async (t) => {
  const server = await startServer(t);
  const client = await ByteClient.open(t, server.localPort);
  const events = collect(server, 'DataIn');
  for (const size of [1, 8, 3, 300, 16]) client.sendFrame(Op.binary, Buffer.alloc(size, size));
  await until(() => events.length === 5);
  const numbers = [1, 4].map((index) => {
    const { buffer, byteOffset, byteLength } = (events[index] as DataInEvent).textB;
    return [...new BigInt64Array(buffer, byteOffset, byteLength / 8)];
  });
  assert.deepEqual(numbers, [[0x0808080808080808n], [0x1010101010101010n, 0x1010101010101010n]]);
});
