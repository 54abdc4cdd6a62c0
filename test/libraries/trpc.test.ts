// tRPC's adapter of ws, by its own client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTRPCUntypedClient, createWSClient, wsLink } from '@trpc/client';
import { WebSocket } from 'ws';
import { defer } from '../support/defer.js';
import { startExample } from './engine.js';

test('tRPC: a query, a subscription, and both again when the server has been away', async (t) => {
  const example = await startExample(t, 'trpc');
  const socket = createWSClient({
    url: example.url('ws'),
    WebSocket: WebSocket as never,
    retryDelayMs: () => 50,
  });
  defer(t, () => socket.close());
  const client = createTRPCUntypedClient({ links: [wsLink({ client: socket })] });
  assert.equal(await client.query('shout', 'grüß'), 'GRÜSS');

  const heard: unknown[] = [];
  let starts = 0;
  const started = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setInterval(() => {
        if (starts < count) return;
        clearInterval(timer);
        resolve();
      }, 10);
    });
  const publishUntilHeard = async (text: string): Promise<void> => {
    while (heard.at(-1) !== text) {
      await client.mutation('publish', text);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const subscription = client.subscription('news', undefined, {
    onStarted: () => starts++,
    onData: (item) => heard.push((item as { data?: unknown }).data ?? item),
  });
  defer(t, () => subscription.unsubscribe());
  await started(1);
  await publishUntilHeard('news');

  await example.kill();
  await example.restart();
  await started(2);
  await publishUntilHeard('more');
});
