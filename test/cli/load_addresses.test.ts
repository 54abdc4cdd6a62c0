// The load generator and a server that has several addresses.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startEcho, until } from '../support/server.js';

const { addon } = require(join(require.resolve('native-wsserver'), '../boundary/native.js'));

/** A load of four connections to these addresses, which has come to its end. */
async function load(t: TestContext, addresses: readonly string[], localAddresses: string[] = []) {
  const { localPort: port } = await startEcho(t);
  const generator = new addon.Load({
    ...{ mode: 'echo', addresses, port, localAddresses, messages: [Buffer.from('hello')] },
    ...{ deflate: false, target: '/', host: 'x', subProtocols: '', headers: '', connections: 4 },
    ...{
      firstId: 0,
      connectsPerSecond: 0,
      timeoutMs: 60_000,
      stamped: false,
      publications: false,
      text: true,
    },
    ...{ inFlight: 1, messagesPerSecond: 0 },
  });
  generator.start();
  await until(() => {
    generator.run(5);
    const { connecting, received } = generator.snapshot();
    return !connecting && (received > 20 || generator.snapshot().open === 0);
  });
  generator.stop();
  await until(() => {
    generator.run(5);
    return generator.snapshot().done;
  });
  return generator.snapshot();
}

/** Where nobody listens. */
const nobody = ['127.0.0.8', '127.0.0.9'];

test('where one address of a server cannot be connected to, the next one is', async (t) => {
  for (const addresses of [
    [...nobody, '127.0.0.1'],
    ['127.0.0.1', ...nobody],
    ['::1', '127.0.0.1'],
  ]) {
    const { connects, closed, failures } = await load(t, addresses);
    assert.deepEqual([connects, closed, failures], [4, 4, []], `${addresses}`);
  }
});

test('an address that does not go with the local one is passed over', async (t) => {
  const { connects, failures } = await load(t, ['::1', '127.0.0.1'], ['127.0.0.1']);
  assert.deepEqual([connects, failures], [4, []]);
});

test('where none can be connected to, each connection fails once', async (t) => {
  const { attempts, connects, failures } = await load(t, nobody);
  assert.deepEqual([attempts, connects], [4, 0]);
  assert.deepEqual(failures, [{ kind: 'refused', detail: 0, reason: '', count: 4 }]);
  const foreign = await load(t, ['127.0.0.9', '::1'], ['127.0.0.1']);
  assert.equal(foreign.failures[0].count, 4);
});
