// The server utilities of y-websocket, by its provider.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { defer } from '../support/defer.js';
import { type Example, startExample } from './engine.js';

function join(t: TestContext, example: Example): WebsocketProvider {
  const provider = new WebsocketProvider(example.url('ws'), 'document', new Y.Doc(), {
    WebSocketPolyfill: WebSocket as never,
    disableBc: true,
    maxBackoffTime: 100,
  });
  defer(t, () => {
    provider.destroy();
    provider.doc.destroy();
  });
  return provider;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const textOf = ({ doc }: WebsocketProvider): Y.Text => doc.getText('text');

test('y-websocket: two edit one document, know of each other, and go on after a break', async (t) => {
  const example = await startExample(t, 'y_websocket');
  const [first, second] = [join(t, example), join(t, example)];
  await until(() => first.synced && second.synced);
  textOf(first).insert(0, 'grüß Gott');
  await until(() => `${textOf(second)}` === 'grüß Gott');
  second.awareness.setLocalStateField('name', 'ada');
  const names = () => [...first.awareness.getStates().values()].map(({ name }) => name);
  await until(() => names().includes('ada'));

  await example.kill();
  await until(() => !first.wsconnected && !second.wsconnected);
  textOf(first).insert(0, 'first: ');
  textOf(second).insert(textOf(second).length, ', second');
  await example.restart();
  await until(() => `${textOf(first)}` === `${textOf(second)}` && first.synced);
  assert.equal(`${textOf(first)}`, 'first: grüß Gott, second');
});
