// One message to many: who gets it, in which order, and what becomes of those who are slow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WSServerError } from 'native-wsserver';
import {
  type ByteClient,
  closeCode,
  closePayload,
  type FrameFields,
  frame,
  Op,
} from '../support/byte_client.js';
import { open, startOpen } from '../support/open.js';
import { collect, next, startServer, until } from '../support/server.js';

type Test = Parameters<typeof startServer>[0];

/** A server with so many connections. */
async function startMany(t: Test, count: number, settings = {}) {
  const server = await startServer(t, { settings });
  const peers: Awaited<ReturnType<typeof open>>[] = [];
  for (let index = 0; index < count; index++) peers.push(await open(t, server));
  return { server, peers };
}

/** A frame as a server sends it. */
function sent(
  opcode: number,
  payload: Uint8Array | string,
  more: Partial<FrameFields> = {},
): Buffer {
  return frame({ opcode, payload, key: null, ...more });
}

/** What comes next is just that. */
async function expectFrames(client: ByteClient, frames: readonly Buffer[]): Promise<void> {
  for (const bytes of frames) assert.deepEqual((await client.readFrame()).bytes, bytes);
}

async function codeOf(promise: Promise<unknown>): Promise<number> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof WSServerError);
  return error.code;
}

test('a message goes to those who are subscribed, once each, as it is', async (t) => {
  const { server, peers } = await startMany(t, 3);
  const [a, b, c] = peers as [(typeof peers)[0], (typeof peers)[0], (typeof peers)[0]];
  assert.equal(await server.subscribe(a.id, 'news.sports'), true);
  assert.equal(await a.connection.subscribe('news.*'), true);
  assert.equal(await b.connection.subscribe('news.>'), true);
  assert.equal(await a.connection.subscribe('news.sports'), false);
  assert.deepEqual(a.connection.topics, ['news.*', 'news.sports']);
  assert.deepEqual(server.topics(), ['news.*', 'news.>', 'news.sports']);
  assert.equal(server.subscriberCount('news.sports'), 2);

  assert.equal(await server.publish('news.sports', 'Tor! ⚽'), 2);
  assert.equal(await server.publish('news.sports', Uint8Array.of(1, 2, 255)), 2);
  assert.equal(await server.publish('news.sports.live', 'deeper'), 1);
  assert.equal(await server.publish('weather', 'nobody'), 0);
  assert.equal(await server.broadcast('all'), 3);
  const news = [sent(Op.text, 'Tor! ⚽'), sent(Op.binary, Buffer.of(1, 2, 255))];
  const all = sent(Op.text, 'all');
  await expectFrames(a.client, [...news, all]);
  await expectFrames(b.client, [...news, sent(Op.text, 'deeper'), all]);
  await expectFrames(c.client, [all]);
});

test('what is sent and what is published keep the order of the calls', async (t) => {
  const { server, client, connection, id } = await startOpen(t);
  await connection.subscribe('t');
  const frames: Buffer[] = [];
  const text = (what: string): string => {
    frames.push(sent(Op.text, what));
    return what;
  };
  void server.publish('t', text('1'));
  void server.sendText(id, text('2'));
  void server.publish('t', text('3'));
  void server.publish('t', text('4'));
  void server.broadcast(text('5'));
  void server.sendText(id, text('x'.repeat(200)));
  void server.publish('t', text('y'.repeat(40_000)));
  void server.publish('t', text('6'));
  assert.equal(await server.publish('t', text('7')), 1);
  await expectFrames(client, frames);
});

test('not to whom it comes from, and not to who is not subscribed any more', async (t) => {
  const { server, peers } = await startMany(t, 3);
  const [a, b, c] = peers as [(typeof peers)[0], (typeof peers)[0], (typeof peers)[0]];
  for (const { connection } of peers) await connection.subscribe('chat');
  assert.equal(await server.publish('chat', 'of a', { except: a.id }), 2);
  assert.equal(await server.broadcast('but b', { except: `${b.id}` }), 2);
  assert.equal(await c.connection.unsubscribe('chat'), true);
  assert.equal(await c.connection.unsubscribe('chat'), false);
  assert.equal(await server.publish('chat', 'last'), 2);
  const last = sent(Op.text, 'last');
  const expected = [
    [a, [sent(Op.text, 'but b'), last]],
    [b, [sent(Op.text, 'of a'), last]],
    [c, [sent(Op.text, 'of a'), sent(Op.text, 'but b')]],
  ] as const;
  for (const [peer, frames] of expected) {
    await expectFrames(peer.client, frames);
  }
});

test('who ends leaves all topics', async (t) => {
  const { server, peers } = await startMany(t, 2);
  const [a, b] = peers as [(typeof peers)[0], (typeof peers)[0]];
  await a.connection.subscribe('one');
  await a.connection.subscribe('two.*');
  await b.connection.subscribe('one');
  const gone = next(server, 'Disconnected');
  a.client.socket.destroy();
  await gone;
  assert.deepEqual(server.topics(), ['one']);
  assert.deepEqual(a.connection.topics, []);
  assert.equal(server.subscriberCount('one'), 1);
  assert.equal(await codeOf(a.connection.subscribe('one')), 126);
  assert.equal(await codeOf(server.unsubscribe(a.id, 'one')), 126);
});

test('what is no topic, and what no message', async (t) => {
  const { server, connection, id } = await startOpen(t, { settings: { MaxSubscriptions: 2 } });
  const patterns = ['', 'a..b', '.a', 'a.', 'a b', 'a\n', 'x'.repeat(256), 'a.>.b', 7, undefined];
  for (const pattern of patterns) {
    assert.equal(await codeOf(connection.subscribe(pattern as string)), 10022, `${pattern}`);
    assert.equal(await codeOf(server.unsubscribe(id, pattern as string)), 10022, `${pattern}`);
    assert.equal(await codeOf(server.publish(pattern as string, 'x')), 10022, `${pattern}`);
  }
  for (const pattern of ['*', 'a.*', '>', 'a.>']) {
    assert.equal(await codeOf(server.publish(pattern, 'x')), 10022, pattern);
    assert.throws(() => server.subscriberCount(pattern), { code: 10022 });
  }
  assert.equal(await codeOf(server.publish('a', 7 as unknown as string)), 10022);
  assert.equal(await codeOf(server.broadcast(undefined as unknown as string)), 10022);
  await connection.subscribe('a');
  await connection.subscribe('ä.*');
  assert.equal(await connection.subscribe('a'), false);
  assert.equal(await codeOf(connection.subscribe('c')), 10055);
});

test('a slow client is skipped, told of once, and served again when it reads', async (t) => {
  const settings = { MaxQueuedBytes: 65_536, OutBufferSize: 65_536 };
  const { server, peers } = await startMany(t, 2, settings);
  const [slow, quick] = peers as [(typeof peers)[0], (typeof peers)[0]];
  for (const { connection } of peers) await connection.subscribe('t');
  slow.client.socket.pause();
  const skipped = collect(server, 'Skipped');
  const message = Buffer.alloc(20_000, 7);
  const expected = sent(Op.binary, message);
  let published = 0;
  for (; (await server.publish('t', message)) === 2; published++) {
    await expectFrames(quick.client, [expected]);
    assert.ok(published < 10_000, 'the queue has no bound');
  }
  assert.ok(slow.connection.bufferedBytes <= 65_536);
  assert.equal(await server.publish('t', message), 1);
  assert.deepEqual([slow.connection.skippedMessages, quick.connection.skippedMessages], [2, 0]);
  assert.deepEqual(
    skipped.map((event) => [event.connectionId, event.skippedMessages]),
    [[slow.id, 1]],
  );
  assert.equal(server.statistics.messagesSkipped, 2);

  const ready = next(server, 'ReadyToSend');
  slow.client.socket.resume();
  // Whole messages, and no part of those that were skipped.
  for (let index = 0; index < published; index++) {
    await expectFrames(slow.client, [expected]);
  }
  await ready;
  assert.equal(await server.publish('t', 'again'), 2);
  await expectFrames(slow.client, [sent(Op.text, 'again')]);
  assert.equal(skipped.length, 1);
});

test('SlowSubscribers=Disconnect closes a slow client with 1013', async (t) => {
  const settings = { MaxQueuedBytes: 65_536, OutBufferSize: 65_536, SlowSubscribers: 'Disconnect' };
  const { server, client, connection } = await startOpen(t, { settings });
  await connection.subscribe('t');
  client.socket.pause();
  const ended = next(server, 'Disconnected');
  while ((await server.publish('t', Buffer.alloc(20_000))) === 1);
  client.socket.resume();
  // Whole messages, and then the reason.
  const frames = await client.readFrames();
  const last = frames.pop();
  assert.ok(last !== undefined && last.opcode === Op.close);
  assert.equal(closeCode(last), 1013);
  for (const { opcode, payload } of frames) assert.deepEqual([opcode, payload.length], [2, 20_000]);
  client.sendFrame(Op.close, closePayload(1013));
  assert.equal((await ended).statusCode, 1013);
  assert.throws(() => server.config('SlowSubscribers=Wait'), { code: 10022 });
});

test('a message in parts is not interrupted: what is published follows it', async (t) => {
  const { server, client, connection } = await startOpen(t);
  await connection.subscribe('t');
  server.config(`MessageLength[${connection.connectionId}]=6`);
  void connection.sendText('abc');
  assert.equal(await server.publish('t', 'behind'), 1);
  void connection.sendText('def');
  await until(() => connection.bufferedBytes === 0);
  await expectFrames(client, [
    sent(Op.text, 'abc', { fin: false }),
    sent(Op.continuation, 'def'),
    sent(Op.text, 'behind'),
  ]);
});
