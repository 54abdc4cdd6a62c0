// SPDX-License-Identifier: MIT
// The version of a tool is written once: that of LLVM in tools/versions.js, that of Node.js in
// package.json. What cannot compute repeats it, and is compared here.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.dirname(require.resolve('native-wsserver/package.json'));
const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');
const { engines, scripts } = JSON.parse(read('package.json'));
const { llvm }: { llvm: number } = require(path.join(root, 'tools/versions.js'));

test('the presets of CMake name the clang of tools/versions.js', () => {
  const compilers = [...read('CMakePresets.json').matchAll(/"CMAKE_CXX_COMPILER": "(.+?)"/g)];
  assert.deepEqual(
    compilers.map(([, compiler]) => compiler),
    [`clang++-${llvm}`],
  );
});

test('no other file names a tool of LLVM with its version', () => {
  const files = execFileSync('git', ['grep', '-lE', '(clang|llvm)[a-z+-]*-[0-9]+'], { cwd: root });
  assert.deepEqual(String(files).trim().split('\n'), ['CMakePresets.json', 'tools/versions.js']);
});

test('the documents name the oldest Node.js, and the LLVM, that are asked for', () => {
  const [, node] = /^>=(\d+\.\d+)\.0$/.exec(engines.node) ?? [];
  for (const file of ['README.md', 'CONTRIBUTING.md']) {
    const text = read(file);
    for (const [, version] of text.matchAll(/Node\.js (\d+\.\d+)/g)) assert.equal(version, node);
    for (const [, version] of text.matchAll(/\b(?:clang|LLVM) (\d+)/g)) {
      assert.equal(version, `${llvm}`);
    }
  }
});

test('each script of package.json fits a line', () => {
  const lines = Object.entries(scripts).map(([name, command]) => `    "${name}": "${command}",`);
  assert.notEqual(lines.length, 0);
  assert.deepEqual(
    lines.filter((line) => line.length > 100),
    [],
  );
});
