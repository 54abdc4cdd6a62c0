import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { ByteClient, Op, request } from '../support/byte_client.js';
import { defer } from '../support/defer.js';
import { until } from '../support/server.js';

test('the sample of docs/upgrade.md does what it says', async (t) => {
  const root = path.join(require.resolve('native-wsserver/package.json'), '..');
  const page = fs.readFileSync(path.join(root, 'docs/upgrade.md'), 'utf8');
  const [, sample = ''] = /^```js\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const body = sample.replace(/^import .*\n/gm, '').replace('8080', "0, '127.0.0.1'");
  const run = new Function('http', 'WSServer', `${body}\nreturn { server, web };`);
  const { server, web } = run(http, WSServer) as { server: WSServer; web: http.Server };
  defer(t, () => server.shutdown());
  defer(t, () => {
    web.close();
  });
  await until(() => web.listening);
  const { port } = web.address() as AddressInfo;
  const client = await ByteClient.connect(t, port);
  await client.upgrade([], '/chat');
  client.sendFrame(Op.text, 'echo');
  assert.equal((await client.readFrame()).payload.toString(), 'echo');
  const other = await ByteClient.connect(t, port);
  other.send(request([], '/other'));
  assert.notEqual(await other.ended, 'silence');
});
