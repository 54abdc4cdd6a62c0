// Who asks for `ws` gets ours, once native-wsserver/ws/register has been loaded: in both module systems,
// with clients of the `ws` that the asker has.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';
import { runProgram } from '../support/programs.js';
import { skipWithoutFace } from './engine.js';

/** A program that asks for ws by `importing`, and lets a client of it speak with a server of it. */
const program = (importing: string): string => `${importing}
const own = new WebSocketServer({ port: 0, host: '127.0.0.1' });
own.on('connection', (socket) => {
  const isOurs = socket instanceof WebSocket && WebSocketServer === WebSocket.Server;
  socket.on('message', (data) => socket.send(isOurs + ' ' + data));
});
own.on('listening', () => {
  const client = new WebSocket('ws://127.0.0.1:' + own.address().port);
  client.on('error', (error) => console.log(error.message));
  client.on('open', () => client.send('echo'));
  client.on('message', async (data) => {
    const fs = await import('node:fs');
    const addons = fs.readFileSync('/proc/self/maps', 'utf8').match(/wsserver[^/]*\\.node/);
    console.log(String(data), addons !== null, WebSocket.OPEN === client.readyState);
    process.exit();
  });
});
`;

/** A folder of a user, with both packages if so, and the program in it. */
function userFolder(t: TestContext, file: string, source: string, hasWs = true): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsserver-register-'));
  defer(t, () => fs.rmSync(folder, { recursive: true }));
  const modules = path.join(folder, 'node_modules');
  fs.mkdirSync(modules);
  fs.symlinkSync(packagePath(), path.join(modules, 'native-wsserver'));
  if (hasWs)
    fs.cpSync(packagePath('node_modules/ws'), path.join(modules, 'ws'), { recursive: true });
  fs.writeFileSync(path.join(folder, file), source);
  return folder;
}

const ways = {
  'a.cjs': "const WebSocket = require('ws'); const { WebSocketServer } = WebSocket;",
  'b.cjs': "const { WebSocket, WebSocketServer } = require('ws');",
  'c.mjs': "import WebSocket, { WebSocketServer } from 'ws';",
  'd.mjs': "import { WebSocket, WebSocketServer } from 'ws';",
  'e.mjs': "const { default: WebSocket, WebSocketServer } = await import('ws');",
  'f.mjs': "import ws from 'ws'; const { WebSocket, WebSocketServer } = ws.default;",
};
for (const [file, importing] of Object.entries(ways)) {
  for (const option of ['--require', '--import']) {
    test(`${option}: ${importing}`, skipWithoutFace, async (t) => {
      const cwd = userFolder(t, file, program(importing));
      const { stdout, stderr } = await runProgram(
        t,
        process.execPath,
        [option, 'native-wsserver/ws/register', file],
        { cwd },
      );
      assert.equal(stdout, 'true echo true true\n', stderr);
    });
  }
}

test(
  'where there is no ws, its server is ours, and a client says so',
  skipWithoutFace,
  async (t) => {
    const source = `
const { WebSocket, WebSocketServer } = require('ws');
class Mine extends WebSocket {}
console.log(typeof WebSocketServer, new Mine(null) instanceof WebSocket);
try { new WebSocket('ws://127.0.0.1'); } catch (error) { console.log(error.code); }
try { new Mine('ws://127.0.0.1'); } catch (error) { console.log(error.name); }`;
    const cwd = userFolder(t, 'none.cjs', source, false);
    const { stdout, stderr } = await runProgram(
      t,
      process.execPath,
      ['--require', 'native-wsserver/ws/register', 'none.cjs'],
      { cwd },
    );
    assert.match(stdout, /^function true\nMODULE_NOT_FOUND\n\w*Error\n$/, stderr);
  },
);
