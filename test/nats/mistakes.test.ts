// What somebody who writes a first node may get wrong: each is an error that says what is right.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveTopics, WSServerError } from 'native-wsserver';
import { natsBus } from 'native-wsserver/nats';
import { open } from '../support/open.js';
import { next, startServer } from '../support/server.js';

/** That it is error 10022, whose sentence has `words`. */
function isMistake(words: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof WSServerError, String(error));
    assert.equal(error.code, 10022);
    assert.ok(error.message.includes(words), error.message);
    return true;
  };
}

test('options of a bus that are none, or of another type', () => {
  const rows: [options: unknown, words: string][] = [
    [{ server: 'nats://127.0.0.1' }, 'no “server”: there is servers, token'],
    [{ historie: {} }, 'no “historie”'],
    [{ user: 'a', password: 'b' }, 'no “password”'],
    ['nats://127.0.0.1', 'takes an object: { servers,'],
    [null, 'takes an object'],
    [{ pass: 'b' }, 'give user, too'],
    [{ servers: 4222 }, 'nats://host:port'],
    [{ servers: [null] }, 'nats://host:port'],
    [{ token: 42 }, 'token of natsBus is a string'],
    [{ creds: 42 }, 'creds of natsBus is a string'],
    [{ tls: 'ca.pem' }, 'tls of natsBus is an object'],
    [{ tls: null }, 'tls of natsBus is an object'],
    [{ onStatus: 42 }, 'onStatus of natsBus is a function'],
    [{ maxPending: '70000' }, 'maxPending is a number'],
    [{ history: 'chat' }, 'limits by pattern'],
    [{ history: ['chat'] }, 'limits by pattern'],
    [{ history: { chat: null } }, 'The history of chat takes an object'],
    [{ history: { chat: { maxAge: 1, maxMessage: 3 } } }, 'no “maxMessage”'],
  ];
  for (const [options, words] of rows) {
    assert.throws(() => natsBus(options as object), isMistake(words));
  }
});

test('what is joined and is no bus', async (t) => {
  const server = await startServer(t);
  for (const bus of [undefined, null, 42, {}, natsBus, Promise.resolve()]) {
    await assert.rejects(server.join(bus as never), isMistake('what natsBus() returns'));
  }
  assert.throws(() => {
    server.bus = 42 as never;
  }, isMistake('what natsBus() returns'));
  assert.equal(server.bus, undefined);
});

test('options of what is done with topics that are none', async (t) => {
  const server = await startServer(t);
  const connected = next(server, 'Connected');
  await open(t, server);
  const { connectionId } = await connected;
  const wrong = { keeep: true } as object;
  await assert.rejects(server.publish('a', 'b', wrong), isMistake('no “keeep”'));
  await assert.rejects(server.publish('a', 'b', true as never), isMistake('takes an object'));
  await assert.rejects(server.broadcast('b', wrong), isMistake('no “keeep”'));
  await assert.rejects(server.presence('a', wrong), isMistake('no “keeep”'));
  await assert.rejects(
    server.subscribe(connectionId, 'a', { sinse: '1' } as object),
    isMistake('no “sinse”: there is since, signal'),
  );
  assert.deepEqual(server.topics(), []);
  const authorize = (): boolean => true;
  const serve = serveTopics as (...values: unknown[]) => void;
  assert.throws(() => serve(server, { authorize, wrong }), isMistake('no “wrong”'));
  assert.throws(() => serve({}, { authorize }), isMistake('takes a WSServer'));
  serve(server, { authorize });
});
