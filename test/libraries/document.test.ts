// What docs/ws_libraries.md says: each example is named, and a package of the name `ws` works.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';
import { runProgram } from '../support/programs.js';
import { skipWithoutFace } from './engine.js';

const document = fs.readFileSync(packagePath('docs/ws_libraries.md'), 'utf8');

test('each example is in the document', () => {
  for (const name of fs.readdirSync(packagePath('examples/libraries'))) {
    assert.ok(document.includes(`(../examples/libraries/${name})`), name);
  }
});

const program = (importing: string): string => `${importing}
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) => socket.send(String(socket instanceof WebSocket)));
server.on('listening', () => {
  const client = new (require('undici').WebSocket)('ws://127.0.0.1:' + server.address().port);
  client.onmessage = ({ data }) => {
    let code;
    try { new WebSocket('ws://127.0.0.1'); } catch (error) { code = error.message; }
    console.log(data, code);
    process.exit();
  };
});
`;

const ways = {
  'a.cjs': "const WebSocket = require('ws'); const { WebSocketServer } = WebSocket;",
  'b.mjs': `import WebSocket, { WebSocketServer } from 'ws';
import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
};
for (const [file, importing] of Object.entries(ways)) {
  test(`a folder that is the package ws: ${file}`, skipWithoutFace, async (t) => {
    const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'wsserver-alias-'));
    defer(t, () => fs.rmSync(cwd, { recursive: true }));
    // As npm installs a dependency of `file:`.
    fs.mkdirSync(path.join(cwd, 'node_modules'));
    fs.mkdirSync(path.join(cwd, 'ws'));
    fs.symlinkSync('../ws', path.join(cwd, 'node_modules/ws'));
    fs.symlinkSync(packagePath(), path.join(cwd, 'node_modules/native-wsserver'));
    fs.symlinkSync(packagePath('node_modules/undici'), path.join(cwd, 'node_modules/undici'));
    const manifest = /```json\n(\{\n {2}"name": "ws"[^`]*)```/.exec(document)?.[1] ?? '';
    fs.writeFileSync(path.join(cwd, 'ws/package.json'), manifest);
    for (const [, name = '', code = ''] of document.matchAll(
      /```js\n\/\/ (ws\/\S+)\n([^`]*)```/g,
    )) {
      fs.writeFileSync(path.join(cwd, name), code);
    }
    fs.writeFileSync(path.join(cwd, file), program(importing));
    const { stdout, stderr } = await runProgram(t, process.execPath, [file], { cwd });
    assert.match(stdout, /^true native-wsserver\/ws has no client/, stderr);
  });
}
