import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { packagePath } from '../support/package_path.js';

interface Facts {
  platform: string;
  env: Record<string, string>;
  has(command: string): boolean;
}
interface Install {
  nodeObstacle(version: string): string | undefined;
  buildObstacle(facts: Facts): string | undefined;
}

const script = packagePath('tools/install.js');
const { nodeObstacle, buildObstacle }: Install = require(script);

const linux = ['python3', 'make', 'g++'];

test('a Node.js below 20.9 is told to be replaced', () => {
  for (const version of ['v20.9.0', 'v20.20.2', 'v22.0.0', 'v100.0.0']) {
    assert.equal(nodeObstacle(version), undefined, version);
  }
  for (const version of ['v0.12.18', 'v18.20.4', 'v19.9.0', 'v20.8.1']) {
    const sentence = nodeObstacle(version) ?? '';
    assert.ok(sentence.includes(`this is ${version}: install a newer Node.js`), sentence);
  }
});

const builds = [
  { name: 'all there', platform: 'linux', commands: linux, says: [] },
  {
    name: 'clang++ will do',
    platform: 'linux',
    commands: ['python', 'gmake', 'clang++'],
    says: [],
  },
  { name: 'CXX will do', platform: 'linux', commands: ['python3', 'make', '/opt/cc'], says: [] },
  { name: 'Windows: node-gyp tells', platform: 'win32', commands: [], says: [] },
  {
    name: 'no compiler',
    platform: 'linux',
    commands: ['python3', 'make'],
    says: ['to build one a C++ compiler must be', 'apt-get install python3 make g++'],
  },
  {
    name: 'no python',
    platform: 'linux',
    commands: ['make', 'g++'],
    says: ['to build one Python 3 must be'],
  },
  {
    name: 'nothing, on a Mac',
    platform: 'darwin',
    commands: [],
    says: ['Python 3 and make and a C++ compiler', 'xcode-select --install'],
  },
];

for (const { name, platform, commands, says } of builds) {
  test(`what a build lacks: ${name}`, () => {
    const has = (command: string): boolean => commands.includes(command);
    const sentence = buildObstacle({ platform, env: { CXX: '/opt/cc' }, has });
    assert.equal(sentence === undefined, says.length === 0, sentence);
    for (const words of says) assert.ok(sentence?.includes(words), sentence);
  });
}

/** Runs the script with a PATH that holds nothing but `commands`. */
function install(commands: string[], ...args: string[]) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsserver-'));
  for (const command of commands) fs.writeFileSync(path.join(folder, command), '');
  const env = { PATH: folder };
  const result = spawnSync(process.execPath, [script, ...args], { env, encoding: 'utf8' });
  fs.rmSync(folder, { recursive: true });
  return result;
}

test('an addon that loads needs no tools and no word', () => {
  const { status, stdout, stderr } = install([]);
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});

test('a build without a compiler ends in one sentence', { skip: os.platform() === 'win32' }, () => {
  const { status, stdout, stderr } = install(['python3', 'make'], '--build');
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(
    stderr.trim(),
    /^native-wsserver has no prebuilt binary .*a C\+\+ compiler must.*\.$/,
  );
});
