// SPDX-License-Identifier: MIT
// The package as users load it, and the EventEmitter that they expect.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';

test('import and require give the same class', () => {
  const script = `
    import { createRequire } from 'node:module';
    import { WSServer } from 'native-wsserver';
    const required = createRequire(import.meta.url)('native-wsserver');
    console.log(required.WSServer === WSServer);`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(String(output).trim(), 'true');
});

test('listeners come and go as with any EventEmitter', () => {
  const server = new WSServer();
  const order: string[] = [];
  const last = (): void => void order.push('last');
  server.addListener('ReadyToSend', last);
  server.prependListener('ReadyToSend', () => order.push('second'));
  server.prependOnceListener('ReadyToSend', () => order.push('first'));
  server.emit('ReadyToSend', { connectionId: 1 });
  server.off('ReadyToSend', last);
  server.emit('ReadyToSend', { connectionId: 1 });
  assert.deepEqual(order, ['first', 'second', 'last', 'second']);
  server.removeAllListeners('ReadyToSend');
  assert.equal(server.emit('ReadyToSend', { connectionId: 1 }), false);
});
