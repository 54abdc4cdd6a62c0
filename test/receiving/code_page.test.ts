// CodePage: how strings become bytes and bytes become text, where it is not by UTF-8.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DataInEvent, WSServer } from 'native-wsserver';
import { frame, Op } from '../support/byte_client.js';
import { readMessage } from '../support/messages.js';
import { startOpen } from '../support/open.js';
import { collect, next, until } from '../support/server.js';

async function* chunksOf(...chunks: string[]): AsyncGenerator<string> {
  yield* chunks;
}

/** Code page, text, and its bytes there. */
const rows: [codePage: number, text: string, hex: string][] = [
  [437, 'é░', '82b0'],
  [708, 'م', 'e5'],
  [720, 'م', 'ea'],
  [850, 'ü€', '813f'],
  [858, 'ü€', '81d5'],
  [866, 'Я', '9f'],
  [874, 'ก', 'a1'],
  [932, '日本', '93fa967b'],
  [936, '中€', 'd6d080'],
  [949, '한', 'c7d1'],
  [950, '中', 'a4a4'],
  [1200, 'a€', '6100ac20'],
  [1201, 'a€', '006120ac'],
  [1250, 'ő', 'f5'],
  [1251, 'Я', 'df'],
  [1252, 'é€☃', 'e9803f'],
  [1257, 'ž', 'fe'],
  [10000, 'é', '8e'],
  [10007, 'Я', '9f'],
  [12000, 'a', '61000000'],
  [12001, 'a', '00000061'],
  [20127, 'aé', '613f'],
  [20866, 'я', 'd1'],
  [21866, 'ї', 'a7'],
  [28591, 'é', 'e9'],
  [28605, '€', 'a4'],
  [51932, '日', 'c6fc'],
  [51949, '한', 'c7d1'],
  [54936, '㐀', '8139ee39'],
  [65000, '£', '2b414b4d2d'],
  [65001, 'é☃', 'c3a9e29883'],
  [1, 'a', '61'],
  [5, 'é', 'e9'],
  [12, '€', '80'],
];

test('CodePage: strings that are sent as binary, and what binary messages read as', async (t) => {
  const { server, client, id } = await startOpen(t);
  const events = collect(server, 'DataIn');
  for (const [codePage, text, hex] of rows) {
    assert.equal(server.config(`CodePage=${codePage}`), `${codePage}`);
    await server.sendBytes(id, text);
    const { payload, opcode } = await client.readFrame();
    assert.deepEqual([opcode, payload.toString('hex')], [Op.binary, hex], `${codePage}`);
    client.sendFrame(Op.binary, payload);
    await until(() => events.length > 0);
    const event = events.pop() as DataInEvent;
    const expected = hex.endsWith('3f') ? `${text.slice(0, -1)}?` : text;
    assert.equal(event.text, expected, `${codePage}`);
    assert.equal(event.text, expected);
    assert.equal(Buffer.from(event.textB).toString('hex'), hex);
    assert.deepEqual([event.dataFormat, event.EOM, event.byteLength], [2, true, payload.length]);
  }
});

test('CodePage: the documented identifiers that have an encoding', async (t) => {
  const { server, client, id } = await startOpen(t);
  const windows = [
    ...[437, 708, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869],
    ...[874, 932, 936, 949, 950, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 10000],
    ...[10006, 10007, 10010, 10017, 10021, 10029, 10079, 10081, 10082, 20105, 20127, 20866, 20932],
    ...[20936, 21866, 28591, 28592, 28593, 28594, 28595, 28596, 28597, 28598, 28599, 28605, 38598],
    ...[51932, 51936, 51949, 54936, 65000, 65001],
  ];
  const mac = [1, 3, 4, 5, 8, 9, 11, 12, 13, 14, 15, 30];
  for (const codePage of [...windows, ...mac]) {
    server.config(`CodePage=${codePage}`);
    await server.sendBytes(id, 'abc 123');
    assert.equal((await client.readFrame()).payload.toString(), 'abc 123', `${codePage}`);
  }
});

test('CodePage: text messages are UTF-8, whatever it says', async (t) => {
  const { server, connection, client, id } = await startOpen(t);
  const events = collect(server, 'DataIn');
  server.config('CodePage=1252');
  const text = 'é☃';
  await server.sendText(id, text);
  await server.sendText(id, text, { compress: false });
  await server.sendText(id, Buffer.from(text));
  await connection.sendStream(chunksOf(text));
  for (let count = 0; count < 4; count++) {
    const message = await readMessage(client);
    assert.deepEqual([message.opcodes[0], message.text], [Op.text, text]);
  }
  client.sendFrame(Op.text, text);
  await until(() => events.length > 0);
  assert.equal(events[0]?.text, text);
});

test('CodePage: bytes are never translated', async (t) => {
  const { server, client, id } = await startOpen(t);
  server.config('CodePage=1252');
  await server.sendBytes(id, Buffer.from('é'));
  assert.equal((await client.readFrame()).payload.toString(), 'é');
});

test('CodePage: pieces, lines, streams, pings', async (t) => {
  const settings = { CodePage: 1251, BufferMessage: false };
  const { server, connection, client, id } = await startOpen(t, { settings });
  const events = collect(server, 'DataIn');
  const binary = { opcode: Op.binary, payload: Buffer.from([0xdf]), fin: false };
  client.send(frame(binary));
  client.send(frame({ ...binary, opcode: Op.continuation, fin: true }));
  await until(() => events.length === 2);
  assert.deepEqual(
    events.map(({ dataFormat, text }) => [dataFormat, text]),
    [
      [2, 'Я'],
      [0, 'Я'],
    ],
  );
  await server.changeLineMode(id, true);
  client.sendFrame(Op.binary, Buffer.from([0xdf, 10, 0xdf]));
  client.sendFrame(Op.text, 'Я');
  await until(() => events.length === 5);
  assert.deepEqual(
    events.slice(2).map(({ text }) => text),
    ['Я', 'Я', 'Я'],
  );

  await connection.sendStream(chunksOf('Я', 'Я'), { type: 'binary' });
  assert.deepEqual([...(await readMessage(client)).payload], [0xdf, 0xdf]);

  const pinged = next(server, 'Ping');
  client.sendFrame(Op.ping, Buffer.from([0xdf]));
  assert.equal((await pinged).payload, 'Я');
  await client.readFrame();
  connection.dataFormat = 10;
  await connection.send('Я');
  assert.deepEqual([...(await client.readFrame()).payload], [0xdf]);
});

test('CodePage: one without an encoding is an error that says so, and nothing changes', () => {
  const server = new WSServer({ settings: { CodePage: 1252 } });
  for (const value of [0, 37, 1047, 20273, 57002, 65536, 99999]) {
    assert.throws(() => server.config(`CodePage=${value}`), {
      code: 10022,
      message: new RegExp(`CodePage cannot be "${value}".*437.*65001`, 's'),
    });
    assert.equal(server.config('CodePage'), '1252');
  }
  for (const value of ['', '-1', 'utf8', '1.5', '2147483648']) {
    assert.throws(() => server.config(`codepage=${value}`), { code: 10022 });
    assert.equal(server.config('CodePage'), '1252');
  }
  assert.throws(() => new WSServer({ settings: { CodePage: 37 } }), { code: 10022 });
});
