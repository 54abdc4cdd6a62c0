// AllowedClients and BlockedClients with host names: every address of a name counts. The server runs
// where /etc/hosts is the test's own.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type * as Package from 'native-wsserver';
import { outcomeOf, sourceOf } from '../support/child.js';
import { defer } from '../support/defer.js';
import { makeFolder } from '../support/files.js';

const hosts = `
127.0.0.1 localhost
10.9.9.9 many.test
127.0.0.1 many.test
::1 many.test
10.9.9.9 other.test
`;

/** The setting and its value, a client's address, whether it is let in, and the errors. */
type Row = [name: string, value: string, client: string, accept: boolean, errors: number];

const rows: Row[] = [
  ['BlockedClients', 'many.test', '127.0.0.1', false, 0],
  ['BlockedClients', 'many.test', '::1', false, 0],
  ['BlockedClients', 'other.test', '127.0.0.1', true, 0],
  ['BlockedClients', 'nobody.invalid', '127.0.0.1', true, 1],
  ['AllowedClients', 'many.test', '127.0.0.1', true, 0],
  ['AllowedClients', 'many.test', '::1', true, 0],
  ['AllowedClients', 'other.test', '127.0.0.1', false, 0],
  ['AllowedClients', 'nobody.invalid', '127.0.0.1', false, 1],
  ['AllowedClients', 'nobody.invalid, many.test', '::1', true, 1],
];

/** What becomes of the rows: set before listening starts, and while it listens. */
async function judge({ WSServer }: typeof Package, rows: Row[]): Promise<void> {
  const net = await import('node:net');
  const outcomes: unknown[] = [];
  for (const [name, value, client] of rows) {
    for (const isLate of [false, true]) {
      // Of both families: clients of IPv4 come with addresses of IPv6 that are mapped.
      const server = new WSServer({ localHost: '', settings: { UseIPv6: 2 } });
      let errors = 0;
      server.on('Error', ({ errorCode }) => {
        if (errorCode === 11001 || errorCode === 11002) errors++;
      });
      if (!isLate) server.config(`${name}=${value}`);
      await server.startListening();
      if (isLate) server.config(`${name}=${value}`);
      const judged = new Promise<boolean>((resolve) => {
        server.on('ConnectionRequest', ({ accept }) => resolve(accept));
      });
      const socket = net.connect({ host: client, port: server.localPort });
      socket.on('error', () => {});
      outcomes.push([name, value, client, await judged, errors]);
      socket.destroy();
      await server.shutdown();
    }
  }
  console.log(JSON.stringify(outcomes));
}

const isAllowed = spawnSync('unshare', ['--mount', 'true']).status === 0;

test('every address of a name counts, of both families and mapped', {
  skip: !isAllowed && 'this process may not mount',
}, async (t) => {
  const file = path.join(makeFolder(t), 'hosts');
  writeFileSync(file, hosts);
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
  const node = [process.execPath, '-e', sourceOf(judge, rows)];
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, file, ...node]);
  defer(t, () => child.kill('SIGKILL'));
  const { code, stdout, stderr } = await outcomeOf(child);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    JSON.parse(stdout),
    rows.flatMap((row) => [row, row]),
  );
});
