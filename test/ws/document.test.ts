// What docs/ws.md shows runs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { runSample, sampleOf } from '../support/sample.js';

test('app.mjs welcomes clients, and tells all what one says', async (t) => {
  const show = "wss.on('listening', () => console.log(wss.address().port));";
  const port = await runSample(t, sampleOf('docs/ws.md', 'app.mjs'), show);
  const clients = ['/one', '/two'].map((path) => new WebSocket(`ws://127.0.0.1:${port}${path}`));
  const welcomes = await Promise.all(clients.map((client) => once(client, 'message')));
  assert.deepEqual(
    welcomes.map(([data]) => `${data}`),
    ['Welcome to /one', 'Welcome to /two'],
  );
  const heard = Promise.all(clients.map((client) => once(client, 'message')));
  clients[0]?.send(Buffer.from('hello'));
  for (const [data, isBinary] of await heard)
    assert.deepEqual([`${data}`, isBinary], ['hello', true]);
  for (const client of clients) client.terminate();
});
