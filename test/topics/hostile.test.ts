// What clients of topics.v1 may say that makes no sense, or too much of it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { collect, next, until } from '../support/server.js';
import { speak, startTopics } from '../support/topics.js';

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** What is said, and what the sentence that answers it says. */
const rows: [said: string, sentence: RegExp][] = [
  ['{}', /"op" is/],
  ['[]', /"op" is/],
  ['null', /"op" is/],
  ['7', /"op" is/],
  ['"subscribe"', /"op" is/],
  ['{"op":"constructor"}', /"op" is/],
  ['{"op":["subscribe"],"topic":"t"}', /"op" is/],
  ['{"op":"subscribe"}', /"topic" is/],
  ['{"op":"subscribe","topic":7}', /"topic" is/],
  ['{"op":"subscribe","topic":{"toString":"x"}}', /"topic" is/],
  [`{"op":"subscribe","topic":"${'x'.repeat(256)}"}`, /"topic" is/],
  [`{"op":"subscribe","topic":"${'é'.repeat(200)}"}`, /has 1 to 255 bytes/],
  ['{"op":"subscribe","topic":""}', /has 1 to 255 bytes/],
  ['{"op":"subscribe","topic":"a..b"}', /no empty tokens/],
  ['{"op":"subscribe","topic":"a b"}', /no blanks/],
  ['{"op":"subscribe","topic":"t","since":7}', /"since" is/],
  ['{"op":"unsubscribe","topic":"a..b"}', /no empty tokens/],
  ['{"op":"unsubscribe"}', /"topic" is/],
  ['{"op":"publish","topic":"*","data":1}', /no wildcards/],
  ['{"op":"publish","topic":"t"}', /"data" is missing/],
  ['{"op":"publish","topic":"t","__proto__":{"data":1}}', /"data" is missing/],
  ['{"__proto__":{"op":"ping"}}', /"op" is/],
  ['{"op":"publish","topic":"t","data":1,"keep":"yes"}', /"keep" is/],
  ['{"op":"publish","topic":"t","data":1,"keep":true}', /no history/],
  ['{"op":"publish","topic":"t","data":1,"encoding":"base64"}', /"encoding" is/],
  ['{"op":"publish","topic":"t","data":"=x","encoding":"base64"}', /"encoding" is/],
  ['{"op":"publish","topic":"t","data":"","encoding":"hex"}', /"encoding" is/],
  [`{"op":"publish","topic":"t","data":${deep(100_000)}}`, /nested too deeply/],
  ['{"op":"ping","ref":{}}', /"ref" is/],
  ['{"op":"ping","ref":null}', /"ref" is/],
  [`{"op":"ping","ref":"${'x'.repeat(65)}"}`, /"ref" is/],
];

test('whatever makes no sense is answered by a sentence, and the client goes on', async (t) => {
  const { server } = await startTopics(t);
  const errors = collect(server, 'Error');
  const client = await speak(t, server);
  for (const [said, sentence] of rows) {
    client.say(said);
    const { op, code, message } = await client.hears();
    assert.equal(op, 'error', said.slice(0, 80));
    assert.ok(code === 10022 || code === 10045, `${code}`);
    assert.match(`${message}`, sentence);
  }
  client.say({ op: 'ping', ref: 1 });
  assert.deepEqual(await client.hears(), { op: 'ok', ref: 1 });
  assert.deepEqual(errors, []);
  assert.equal(Reflect.get(Object.prototype, 'data'), undefined);
});

test('the error names the request that it is about', async (t) => {
  const { server } = await startTopics(t);
  const client = await speak(t, server);
  client.say({ op: 'nonsense', ref: 'r' });
  assert.equal((await client.hears()).ref, 'r');
});

test('what is no JSON, and what is no text, ends the connection', async (t) => {
  const { server } = await startTopics(t);
  for (const text of [
    '',
    'hello',
    '{"op":"ping"',
    "{'op':1}",
    '\u{feff}{}',
    `${'['.repeat(1e6)}`,
  ]) {
    const client = await speak(t, server);
    client.say(text);
    assert.deepEqual(await client.closed, [1007, 'topics.v1 is spoken in JSON']);
  }
  const client = await speak(t, server);
  client.socket.send(Buffer.from('{"op":"ping"}'));
  assert.deepEqual(await client.closed, [1003, 'topics.v1 is spoken in whole messages of text']);
});

test('who may have no more subscriptions is told so', async (t) => {
  const { server } = await startTopics(t, () => true, { settings: { MaxSubscriptions: 2 } });
  const client = await speak(t, server);
  for (const topic of ['a', 'b', 'c']) client.say({ op: 'subscribe', topic, ref: topic });
  const said = [await client.hears(), await client.hears(), await client.hears()];
  assert.deepEqual(
    said.map(({ op, ref, code }) => [op, ref, code]),
    [
      ['ok', 'a', undefined],
      ['ok', 'b', undefined],
      ['error', 'c', 10055],
    ],
  );
});

test('who asks and does not read what it is told is closed', async (t) => {
  const { server } = await startTopics(t, () => true, {
    settings: { MaxQueuedBytes: 65_536, OutBufferSize: 8192 },
  });
  const client = await speak(t, server);
  client.socket.pause();
  const gone = next(server, 'Disconnected');
  const asking = setInterval(() => {
    for (let index = 0; index < 2000; index++) {
      client.say({ op: 'ping', ref: 'x'.repeat(64) });
    }
  }, 1);
  t.after(() => clearInterval(asking));
  await until(() => server.connections.values().next().value?.connected !== true);
  clearInterval(asking);
  client.socket.resume();
  assert.deepEqual(await client.closed, [1013, 'Too slow for what is published']);
  await gone;
});

test('pieces of messages are not taken for whole ones', async (t) => {
  const { server } = await startTopics(t, () => true, { settings: { BufferMessage: false } });
  const client = await speak(t, server);
  client.socket.send('{"op":"ping"', { fin: false });
  await once(client.socket, 'close');
  assert.equal((await client.closed)[0], 1003);
});
