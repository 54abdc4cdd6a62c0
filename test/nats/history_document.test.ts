// What docs/history.md shows runs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { startNats, WITHOUT_NATS } from '../support/nats_server.js';
import { packagePath } from '../support/package_path.js';
import { until } from '../support/server.js';

test('kept.mjs keeps what clients say, and gives them what they have missed', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { port: natsPort } = await startNats(t);
  const cwd = fs.mkdtempSync(packagePath('build', 'samples-'));
  defer(t, () => fs.rmSync(cwd, { recursive: true }));
  const text = fs.readFileSync(packagePath('docs/history.md'), 'utf8');
  const [, code = ''] = /```js\n\/\/ kept.mjs\n([\s\S]*?)```/.exec(text) ?? [];
  const sample = code.replace('8080', '0').replace('4222', String(natsPort));
  fs.writeFileSync(path.join(cwd, 'kept.mjs'), `${sample}\nconsole.log(server.localPort);`);
  const child = spawn(process.execPath, ['kept.mjs'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill('SIGKILL'));
  const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  const talk = async (orders: readonly object[], count: number): Promise<unknown[]> => {
    const socket = new WebSocket(`ws://127.0.0.1:${Number(line)}`);
    const heard: unknown[] = [];
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    await once(socket, 'open');
    for (const order of orders) socket.send(JSON.stringify(order));
    await until(() => heard.length === count);
    socket.terminate();
    return heard;
  };
  const [a, b] = ['a', 'b'].map((data, index) => ({ topic: 'chat.all', id: `${index + 1}`, data }));
  assert.deepEqual(await talk([{ since: '0' }, { say: 'a' }, { say: 'b' }], 2), [a, b]);
  assert.deepEqual(await talk([{ since: '1' }], 1), [b]);
});
