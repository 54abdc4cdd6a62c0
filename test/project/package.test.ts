// SPDX-License-Identifier: MIT
// The package as users load it, and the EventEmitter that they expect.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { packagePath } from '../support/package_path.js';

test('import and require give the same class', () => {
  const script = `
    import { createRequire } from 'node:module';
    import { WSServer } from 'native-wsserver';
    const required = createRequire(import.meta.url)('native-wsserver');
    console.log(required.WSServer === WSServer);`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(String(output).trim(), 'true');
});

test('what README.md links to is in the package', () => {
  const root = packagePath();
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
  });
  const [{ files }] = JSON.parse(String(packed));
  const names: string[] = files.map(({ path }: { path: string }) => path);
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\]\((?!http|#)([^)#]+)/g)].map(([, link]) => link as string);
  assert.ok(links.length > 5);
  for (const link of links) {
    assert.ok(
      names.some((name) => (link.endsWith('/') ? name.startsWith(link) : name === link)),
      link,
    );
  }
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
