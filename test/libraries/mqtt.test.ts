// aedes over WebSockets, by the client of MQTT.js.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { defer } from '../support/defer.js';
import { startExample } from './engine.js';

test('MQTT: subscribe, publish at each quality of service, and again', async (t) => {
  const example = await startExample(t, 'mqtt');
  const connect = async () => {
    const client = await mqtt.connectAsync(example.url('ws'), { reconnectPeriod: 50 });
    client.on('error', () => {});
    defer(t, () => client.endAsync(true));
    return client;
  };
  const [first, second] = await Promise.all([connect(), connect()]);
  await first.subscribeAsync('news/#', { qos: 2 });
  const large = Buffer.alloc(300_000, 'x');
  for (const qos of [0, 1, 2] as const) {
    for (const payload of [Buffer.from('grüß Gott'), large]) {
      const heard = once(first as never, 'message');
      await second.publishAsync('news/today', payload, { qos });
      const [topic, bytes] = await heard;
      assert.equal(topic, 'news/today');
      assert.ok(payload.equals(bytes));
    }
  }

  // Tries that fail are errors that it tells of.
  const found = [first, second].map(
    (client) => new Promise<void>((resolve) => client.once('connect', () => resolve())),
  );
  await example.kill();
  await example.restart();
  await Promise.all(found);
  await first.subscribeAsync('more');
  const heard = once(first as never, 'message');
  await second.publishAsync('more', 'again', { qos: 1 });
  assert.equal(`${(await heard)[1]}`, 'again');
});
