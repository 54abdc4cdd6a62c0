// What asks for `ws` itself: Fastify's plugin, express-ws, and the reload socket of a server for developers.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { startExample } from './engine.js';

for (const name of ['fastify', 'express_ws']) {
  test(`${name}: a page, a route of sockets, a route that is not there, and again`, async (t) => {
    const example = await startExample(t, name, { registered: true });
    assert.equal(await (await fetch(example.url())).text(), 'a page');
    const socket = new WebSocket(`${example.url('ws')}/echo/ada`);
    await once(socket, 'open');
    const heard = once(socket, 'message');
    socket.send('grüß Gott');
    assert.equal(`${(await heard)[0]}`, 'ada: grüß Gott');

    const stranger = new WebSocket(`${example.url('ws')}/nothing`);
    stranger.on('error', () => {}); // It is told by 404, or closed.
    await new Promise((resolve) => stranger.once('close', resolve));

    const lost = once(socket, 'close');
    await example.kill();
    assert.equal((await lost)[0], 1006);
    await example.restart();
    const again = new WebSocket(`${example.url('ws')}/echo/eve`);
    await once(again, 'open');
    again.send('x');
    assert.equal(`${(await once(again, 'message'))[0]}`, 'eve: x');
    again.close(1000, 'done');
    assert.equal((await once(again, 'close'))[0], 1000);
  });
}

test('livereload: a file that changes is told of', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsserver-reload-'));
  defer(t, () => fs.rmSync(folder, { recursive: true }));
  const page = path.join(folder, 'page.html');
  fs.writeFileSync(page, 'old');
  const example = await startExample(t, 'livereload', { args: [folder], registered: true });
  const script = await (await fetch(`${example.url()}/livereload.js`)).text();
  assert.match(script, /LiveReload/);
  const socket = new WebSocket(`${example.url('ws')}/livereload`);
  const commands: { command: string; path?: string }[] = [];
  socket.on('message', (data) => commands.push(JSON.parse(`${data}`)));
  await once(socket, 'open');
  socket.send(JSON.stringify({ command: 'hello', protocols: [] }));
  await once(socket, 'message');
  assert.equal(commands[0]?.command, 'hello');
  // The watcher does not say when it has begun.
  for (let count = 0; commands.length < 2; count++) {
    fs.writeFileSync(page, `new ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual([commands[1]?.command, commands[1]?.path], ['reload', page]);
});
