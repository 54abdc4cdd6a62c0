// The settings that every documented component has.

import assert from 'node:assert/strict';
import { getFips } from 'node:crypto';
import fs, { readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { runChild } from '../support/child.js';
import { packagePath } from '../support/package_path.js';

const { version } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8'));

test('BuildInfo has the versions of what it runs on', () => {
  const info = new WSServer().config('BuildInfo');
  for (const part of [version, process.version.slice(1), process.versions.openssl]) {
    assert.ok(info.includes(part), info);
  }
  assert.match(info, /; libuv \d+\.\d+\.\d+; zlib \d/);
});

/** Has `.git` hold these files, and no others. */
function mockGit(t: TestContext, files: Readonly<Record<string, string>>): void {
  const git = packagePath('.git');
  const read = fs.readFileSync;
  t.mock.method(fs, 'readFileSync', (file: string, encoding: BufferEncoding) => {
    const name = path.relative(git, file);
    if (name.startsWith('..')) return read(file, encoding);
    const content = files[name];
    if (content === undefined) throw new Error(`ENOENT: ${name}`);
    return content;
  });
}

const hash = '0123456789abcdef0123456789abcdef01234567';
const clones: [name: string, files: Record<string, string>, build: string][] = [
  ['on a branch', { HEAD: 'ref: refs/heads/x\n', 'refs/heads/x': `${hash}\n` }, ' (0123456789ab)'],
  ['on no branch', { HEAD: `${hash}\n` }, ' (0123456789ab)'],
  ['of packed refs', { HEAD: 'ref: refs/heads/x\n' }, ''],
  ['of nothing: an installed package', {}, ''],
];
for (const [name, files, build] of clones) {
  test(`BuildInfo has the commit of a clone ${name}: "${build}"`, (t) => {
    mockGit(t, files);
    const info = new WSServer().config('BuildInfo');
    assert.equal(info.split('; ')[0], `native-wsserver ${version}${build}`);
  });
}

test('LicenseInfo has the licence', () => {
  assert.equal(
    new WSServer().config('LicenseInfo'),
    'Product: native-wsserver\r\nLicense Type: MIT',
  );
});

test('UseFIPSCompliantAPI: what OpenSSL can do, else error 270, and nothing has changed', () => {
  const server = new WSServer();
  assert.equal(server.config('UseFIPSCompliantAPI'), getFips() === 1 ? 'True' : 'False');
  assert.equal(server.config('UseFIPSCompliantAPI=False'), 'False');
  assert.throws(() => server.config('UseFIPSCompliantAPI=maybe'), { code: 10022 });
  assert.throws(() => server.config('UseFIPSCompliantAPI=True'), {
    code: 270,
    message: /no FIPS provider/,
  });
  assert.equal(getFips(), 0);
  assert.equal(server.config('UseFIPSCompliantAPI'), 'False');
  assert.throws(() => new WSServer({ settings: { UseFIPSCompliantAPI: true } }), { code: 270 });
});

test('UseFIPSCompliantAPI is for the main thread', async (t) => {
  const { stdout } = await runChild(
    t,
    async (_, path) => {
      const { Worker } = await import('node:worker_threads');
      const code = `
        const { WSServer } = require(${JSON.stringify(path)});
        try { new WSServer().config('UseFIPSCompliantAPI=True'); }
        catch ({ code }) { console.log(code); }`;
      new Worker(code, { eval: true });
    },
    require.resolve('native-wsserver'),
  );
  assert.equal(stdout, '10045\n');
});
