// What docs/cluster.md shows runs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import type * as MessageModule from '../../dist/cluster/message.js';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';

const { decode }: typeof MessageModule = require(packagePath('dist/cluster/message.js'));
const document = fs.readFileSync(packagePath('docs/cluster.md'), 'utf8');

test('node.mjs greets those who are there', async (t) => {
  const cwd = fs.mkdtempSync(packagePath('build', 'samples-'));
  defer(t, () => fs.rmSync(cwd, { recursive: true }));
  const [, code = ''] = /```js\n\/\/ node\.mjs\n([\s\S]*?)```/.exec(document) ?? [];
  const sample = code.replace('localPort: 8080', 'localPort: 0');
  fs.writeFileSync(path.join(cwd, 'node.mjs'), `${sample}console.log(server.localPort);\n`);
  const child = spawn(process.execPath, ['node.mjs'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill());
  const port = Number((await once(child.stdout, 'data'))[0]);
  const enter = async (name: string): Promise<[WebSocket, string[]]> => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/${name}`);
    defer(t, () => client.terminate());
    const heard: string[] = [];
    client.on('message', (message) => heard.push(String(message)));
    while (heard.length < 2) await once(client, 'message');
    return [client, heard];
  };
  const [ann, heard] = await enter('Ann');
  assert.match(heard[0] ?? '', /^You are one of 1, and [0-9a-f]+-[0-9a-f]+$/);
  assert.equal(heard[1], 'Ann greets Ann');
  const greeting = once(ann, 'message');
  assert.match((await enter('Bob'))[1][0] ?? '', /^You are one of 2/);
  assert.equal(String((await greeting)[0]), 'Bob greets Ann');
});

test('the message that it shows is one', () => {
  const [, text = ''] = /nats pub \S+ '([^']*)'/.exec(document) ?? [];
  const { heard, bytes } = decode(Buffer.from(text));
  assert.deepEqual([heard.kind, heard.from, String(bytes)], ['send', 'c0ffee', 'Hello']);
});
