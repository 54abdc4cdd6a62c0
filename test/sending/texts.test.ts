// Texts: what is sent arrives, what arrives is read, whatever they are made of and however many come
// or go together.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DataInEvent, WSServer } from 'native-wsserver';
import { WebSocket } from 'ws';
import { ByteClient, frame, Op } from '../support/byte_client.js';
import { defer } from '../support/defer.js';
import { open, startOpen } from '../support/open.js';
import { next, startEcho, startServer, until } from '../support/server.js';

const scripts = [
  'plain',
  'àéîõü ßøåç',
  'Привет, мир',
  'γειά σου',
  'שלום עולם',
  'مرحبا بالعالم',
  'नमस्ते दुनिया',
  'สวัสดีชาวโลก',
  '你好世界',
  'こんにちは',
  '안녕하세요',
  '😀👩‍👩‍👧‍👦🏳️‍🌈',
  '\0\u0001\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}',
];

test('text of every script, both ways', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.open(t, server.localPort);
  for (const script of scripts) {
    for (const text of [script, script.repeat(50), script.repeat(5000)]) {
      client.sendFrame(Op.text, text);
      const { opcode, payload } = await client.readFrame();
      assert.deepEqual([opcode, payload.toString() === text], [Op.text, true], script);
    }
  }
});

test('half a surrogate pair is sent as U+FFFD', async (t) => {
  const { server, client, id } = await startOpen(t);
  for (const half of ['\ud800', '\udc00']) {
    for (const text of [
      half,
      `a${half}b`,
      `${'x'.repeat(100)}${half}`,
      `${half}${'é'.repeat(40_000)}`,
    ]) {
      server.sendText(id, text);
      const { payload } = await client.readFrame();
      assert.equal(payload.toString(), text.replaceAll(half, '\ufffd'));
    }
  }
});

test('halves of a surrogate pair in two texts are not joined', async (t) => {
  const { server, client, id } = await startOpen(t);
  server.sendText(id, 'a\ud83d');
  server.sendText(id, '\ude00b');
  assert.equal((await client.readFrame()).payload.toString(), 'a\ufffd');
  assert.equal((await client.readFrame()).payload.toString(), '\ufffdb');
});

/** What a client of npm ws has received. */
interface Received {
  id: number;
  messages: [data: Buffer, isBinary: boolean][];
}

async function openClient(t: TestContext, server: WSServer): Promise<Received> {
  const connected = next(server, 'Connected');
  const client = new WebSocket(`ws://127.0.0.1:${server.localPort}`);
  defer(t, () => client.terminate());
  const messages: Received['messages'] = [];
  client.on('message', (data: Buffer, isBinary) => messages.push([data, isBinary]));
  return { id: (await connected).connectionId, messages };
}

const units = ['a', 'z', '\x7f', '\0', 'é', 'ÿ', '好', '😀', '\ud83d', '\ude00'];
const shares = [1, 0.999, 0.9, 0.3];

const ways: [name: string, settings: Record<string, number>][] = [
  ['as they are', { EnablePermessageDeflate: 0 }],
  ['in frames of 20 bytes', { EnablePermessageDeflate: 0, MaxFrameSize: 20 }],
  ['compressed', { CompressionThreshold: 16 }],
];

for (const [name, settings] of ways) {
  test(`texts and bytes of one turn arrive as they were sent, ${name}`, async (t) => {
    const server = await startServer(t, { settings });
    const clients = [await openClient(t, server), await openClient(t, server)];
    // Numbers that look random and are always the same.
    let state = 1;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const below = (count: number): number => Math.floor(random() * count);
    const sent: [data: Buffer, isBinary: boolean][][] = [[], []];
    for (let turn = 0; turn < 60; turn++) {
      const ascii = shares[turn % shares.length] as number;
      for (let index = 0; index < 300; index++) {
        const which = below(2);
        const { id } = clients[which] as Received;
        const length = random() < 0.9 ? below(50) : below(400);
        const unit = (): string => units[below(random() < ascii ? 4 : units.length)] as string;
        const text = Array.from({ length }, unit).join('');
        const bytes = Buffer.from(text);
        const isBinary = random() < 0.2;
        const options = random() < 0.1 ? { compress: false } : undefined;
        if (isBinary) server.sendBytes(id, bytes, options);
        else server.sendText(id, text, options);
        sent[which]?.push([bytes, isBinary]);
        // What asks the core something has it carry out what there is.
        if (random() < 0.01) assert.equal(server.connections.get(id)?.bytesSent, bytes.length);
      }
      const counts = sent.map(({ length }) => length);
      await until(() => clients.every(({ messages }, at) => messages.length === counts[at]));
    }
    for (const [which, { messages }] of clients.entries()) assert.deepEqual(messages, sent[which]);
  });
}

test('what handlers send, at once and later in the turn, before a Close', async (t) => {
  const { server, client } = await startOpen(t);
  server.on('DataIn', async ({ connectionId, text }) => {
    server.sendText(connectionId, `${text} at once`);
    await undefined;
    server.sendText(connectionId, `${text} later`);
    await undefined;
    server.sendText(connectionId, 'über alles');
    server.disconnect(connectionId);
  });
  client.sendFrame(Op.text, 'one');
  const said = [];
  for (let index = 0; index < 3; index++) {
    said.push((await client.readFrame()).payload.toString());
  }
  assert.deepEqual(said, ['one at once', 'one later', 'über alles']);
  assert.equal((await client.readFrame()).opcode, Op.close);
});

test('where the stack ends a text is sent whole or not at all, and no other suffers', async (t) => {
  const server = await startServer(t);
  const [a, b] = [await open(t, server), await open(t, server)];
  const read = async (client: ByteClient) => (await client.readFrame()).payload.toString();
  for (let round = 0; round < 60; round++) {
    const text = round % 2 === 0 ? 'for a' : 'für a';
    let sent = 0;
    let tries = 30;
    const dig = (...places: number[]): void => {
      try {
        dig(...places);
      } catch {}
      // On the way back: just where it ended at first.
      if (tries-- <= 0) return;
      try {
        server.sendText(a.id, text);
        sent++;
        assert.equal(a.connection.bytesSent, Buffer.byteLength(text));
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    };
    dig(...Array<number>(round).fill(0));
    for (const word of ['to', 'b']) server.sendText(b.id, word);
    server.sendText(a.id, 'end');
    for (const word of ['to', 'b']) assert.equal(await read(b.client), word);
    for (; sent > 0; sent--) assert.equal(await read(a.client), text);
    assert.equal(await read(a.client), 'end');
  }
});

test('texts can be read at once and late, in any order', async (t) => {
  const server = await startServer(t);
  const events: DataInEvent[] = [];
  const atOnce = new Map<DataInEvent, string>();
  server.on('DataIn', (event) => {
    if (events.push(event) % 3 === 0) atOnce.set(event, event.text);
  });
  const client = await ByteClient.open(t, server.localPort);
  const sent: string[] = [];
  for (let packet = 0; packet < 40; packet++) {
    const texts = Array.from({ length: 60 }, (_, index) => {
      const number = packet * 60 + index;
      return `${number}${(number % 7 === 0 ? 'ü' : '-').repeat((number * 7) % 300)}`;
    });
    sent.push(...texts);
    client.send(...texts.map((payload) => frame({ opcode: Op.text, payload })));
    await until(() => events.length === sent.length);
  }
  for (const [event, read] of atOnce) assert.equal(read, sent[events.indexOf(event)]);
  for (let index = events.length - 1; index >= 0; index--) {
    assert.equal(events[index]?.text, sent[index]);
  }
});
