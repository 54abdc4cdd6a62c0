// The examples in the style of the C++ and JavaScript editions, the chats of examples/ and of
// README.md, with real clients.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { authority, issue, pfxOf } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';

type Test = Parameters<typeof defer>[0];

const folder = packagePath('examples');

/** A running example, and the lines that it prints. */
function start(t: Test, name: string, ...args: string[]): AsyncIterator<string> {
  return startNode(t, path.join(folder, name), ...args);
}

function startNode(t: Test, ...args: string[]): AsyncIterator<string> {
  const child = spawn(process.execPath, args, {
    cwd: packagePath(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill('SIGKILL'));
  return createInterface(child.stdout)[Symbol.asyncIterator]();
}

/** The next line that matches. */
async function lineOf(lines: AsyncIterator<string>, wanted: RegExp): Promise<string> {
  for (;;) {
    const { done, value } = await lines.next();
    assert.ok(!done, `${wanted} was not printed`);
    if (wanted.test(value)) return value;
  }
}

async function portOf(lines: AsyncIterator<string>): Promise<string> {
  return (await lineOf(lines, /^Listening on port/)).replace(/\D+/, '');
}

const hears = async (client: WebSocket): Promise<string> => `${(await once(client, 'message'))[0]}`;

for (const name of ['compat_cpp_style.mjs', 'compat_js_style.mjs']) {
  test(`${name}: what one says, all hear`, async (t) => {
    const lines = start(t, name, '0');
    const port = await portOf(lines);
    const clients = [0, 1].map(() => new WebSocket(`ws://127.0.0.1:${port}`));
    const [first, second] = clients as [WebSocket, WebSocket];
    await Promise.all(clients.map((client) => once(client, 'open')));
    const text = 'grüß Gott '.repeat(20_000);
    const heard = clients.map(hears);
    first.send(text);
    for (const each of await Promise.all(heard)) assert.ok(each === text);
    const again = hears(first);
    second.send('again');
    assert.equal(await again, 'again');
    second.close(1001);
    await lineOf(lines, /^127\.0\.0\.1 has connected$/);
    await lineOf(lines, /^2: 5 bytes$/);
    await lineOf(lines, /^127\.0\.0\.1 has gone: 1001$/);
    first.terminate();
    await lineOf(lines, /^127\.0\.0\.1 has gone: 1006$/);
  });

  test(`${name}: with a certificate`, async (t) => {
    const file = pfxOf(name, issue(name, { key: 'rsa' }), 'secret');
    const lines = start(t, name, '0', file, 'secret');
    const port = await portOf(lines);
    const client = new WebSocket(`wss://127.0.0.1:${port}`, { ca: authority.cert });
    await once(client, 'open');
    const heard = hears(client);
    client.send('over TLS');
    assert.equal(await heard, 'over TLS');
    client.terminate();
    await lineOf(lines, /^1: 8 bytes$/);
  });
}

type Hear = (count: number) => Promise<string[]>;

/** The next texts that a client hears. */
function hearing(client: WebSocket): Hear {
  const texts: string[] = [];
  client.on('message', (data) => texts.push(`${data}`));
  return async (count) => {
    while (texts.length < count) await once(client, 'message');
    return texts.splice(0, count);
  };
}

test('the first example of README.md is a chat', async (t) => {
  const readme = fs.readFileSync(packagePath('README.md'), 'utf8');
  const [, code = ''] = /^```js\n(.*?)^```$/ms.exec(readme) ?? [];
  assert.ok(code.trim().split('\n').length <= 11, 'ten lines, and an empty one');
  const onAnyPort = code.replace('localPort: 8080', "localHost: '127.0.0.1'");
  const tells = "console.log('Listening on port', server.localPort);";
  const port = await portOf(startNode(t, '-e', onAnyPort + tells));
  const join = async (): Promise<[WebSocket, Hear]> => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    const heard = hearing(client);
    await once(client, 'open');
    return [client, heard];
  };
  const [first, heard] = await join();
  assert.deepEqual(await heard(1), ['1 has come']);
  const [second, heardToo] = await join();
  assert.deepEqual(await heardToo(1), ['2 has come']);
  first.send('grüß Gott');
  assert.deepEqual(await heardToo(1), ['grüß Gott']);
  second.terminate();
  // Not what it has said itself.
  assert.deepEqual(await heard(2), ['2 has come', '2 has gone']);
  first.terminate();
});

test('chat.mjs: what is said in a room, all in it hear', async (t) => {
  const lines = start(t, 'chat.mjs', '0');
  const port = (await lineOf(lines, /^Chat on/)).replace(/.*:/, '');
  const join = async (name: string, room: string): Promise<[WebSocket, Hear]> => {
    const query = new URLSearchParams({ name, room });
    const client = new WebSocket(`ws://127.0.0.1:${port}/?${query}`, 'topics.v1');
    const heard = hearing(client);
    await once(client, 'open');
    client.send(JSON.stringify({ op: 'subscribe', topic: `room.${room}.*`, ref: 1 }));
    const hear: Hear = async (count) =>
      (await heard(count)).map((text) => {
        const { op, topic, data, code } = JSON.parse(text);
        return `${op} ${topic ?? ''} ${data ?? code ?? ''}`.trim();
      });
    assert.deepEqual(await hear(1), ['ok']);
    return [client, hear];
  };
  const say = (client: WebSocket, topic: string, data: string): void =>
    client.send(JSON.stringify({ op: 'publish', topic, data }));
  const [ada, ofAda] = await join('ada', 'hall');
  const [bob, ofBob] = await join('bob', 'kitchen');
  const [cid, ofCid] = await join('cid', 'kitchen');
  assert.deepEqual(await ofBob(1), ['message room.kitchen.door cid has come']);
  say(cid, 'room.kitchen.cid', 'tea?');
  assert.deepEqual(await ofBob(1), ['message room.kitchen.cid tea?']);
  assert.deepEqual(await ofCid(1), ['message room.kitchen.cid tea?']);
  cid.close();
  assert.deepEqual(await ofBob(1), ['message room.kitchen.door cid has gone']);
  // Neither with another's name, nor in another room.
  for (const topic of ['room.hall.bob', 'room.kitchen.bob', 'room.hall.door']) {
    say(ada, topic, 'x');
    assert.deepEqual(await ofAda(1), ['error  10013']);
  }
  ada.send(JSON.stringify({ op: 'subscribe', topic: 'room.kitchen.*' }));
  assert.deepEqual(await ofAda(1), ['error  10013']);
  for (const query of ['', 'name=eve&room=*', 'name=eve&room=a.b', 'name=*']) {
    const refused = new WebSocket(`ws://127.0.0.1:${port}/?${query}`, 'topics.v1');
    const [error] = await once(refused, 'error');
    assert.match(error.message, /403/);
  }
  for (const client of [ada, bob]) client.terminate();
});

test('chat.mjs: the page and its client are served', async (t) => {
  const lines = start(t, 'chat.mjs', '0');
  const port = (await lineOf(lines, /^Chat on/)).replace(/.*:/, '');
  const page = (await lineOf(lines, /^Page on/)).replace('Page on ', '');
  assert.match(await (await fetch(page)).text(), new RegExp(`ws://127.0.0.1:${port}/`));
  const client = await fetch(new URL('client.mjs', page));
  assert.equal(client.headers.get('Content-Type'), 'text/javascript');
  assert.match(await client.text(), /export class TopicsClient/);
  assert.equal((await fetch(new URL('other', page))).status, 404);
});
