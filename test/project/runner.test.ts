// What the checks themselves rest on: the runner of the tests, and the inputs of the fuzzers.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../support/files.js';
import { packagePath } from '../support/package_path.js';

const tools = packagePath('tools');

/** Test files, whether they fail, and what must be said of them. */
const files: [name: string, source: string, fails: boolean, said: RegExp][] = [
  ['good', `test('one', () => {}); test('two', { skip: true }, () => {});`, false, /2 tests/],
  ['bad', `test('one', () => { console.log('told'); assert.equal(1, 2); });`, true, /told/],
  ['nested', `test('outer', (t) => t.test('inner', () => assert.fail('x')));`, true, /> inner/],
  ['empty', '', true, /has no test/],
  ['killed', `test('one', () => process.kill(process.pid, 'SIGKILL'));`, true, /by SIGKILL/],
  ['exits', `test('one', () => {}); process.on('exit', () => process.exit(7));`, true, /code 7/],
  ['throws', `test('one', () => {}); throw new Error('outside');`, true, /outside/],
];

for (const [name, source, fails, said] of files) {
  test(`the runner: a file that is ${name}`, (t) => {
    const folder = makeFolder(t);
    const head = `const { test } = require('node:test'); const assert = require('node:assert');`;
    writeFileSync(path.join(folder, `${name}.test.js`), head + source);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [path.join(tools, 'test.js'), name],
      { env: { ...process.env, TEST_FOLDER: folder }, encoding: 'utf8' },
    );
    assert.equal(status, fails ? 1 : 0, stdout + stderr);
    assert.match(stdout, said);
    assert.match(stdout.split('\n').at(-2) ?? '', /^\d+ passed, \d+ failed, \d+ skipped$/);
    assert.equal(stdout.includes('\n# fail 0\n'), !fails, stdout);
  });
}

test('the runner: a name that is none', () => {
  const { status, stderr } = spawnSync(process.execPath, [path.join(tools, 'test.js'), 'none'], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /no test\/none\.test\.ts/);
});

test('the inputs of fuzzers are the same every time', (t) => {
  const { makeInputs } = require(path.join(tools, 'fuzz_inputs.js'));
  const folder = makeFolder(t);
  const [known, made] = ['known', 'made'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ];
  mkdirSync(known);
  writeFileSync(path.join(known, 'a'), 'GET / HTTP/1.1\r\n\r\n');
  writeFileSync(path.join(known, 'b'), Buffer.from('8180000000007f', 'hex'));
  makeInputs(known, made, 500);
  const hash = createHash('sha256');
  const names = readdirSync(made).sort((a, b) => Number(a) - Number(b));
  for (const name of names) hash.update(readFileSync(path.join(made, name)));
  assert.equal(names.length, 500);
  const made500 = 'dbb0fcebba3a9737ee922b677757305106af29bfee333e31bbbaa17257224950';
  assert.equal(hash.digest('hex'), made500);
});

test('without nats-server, what needs one is left out', () => {
  const folder = packagePath('test');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const parts = files
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => readFileSync(path.join(folder, file), 'utf8').split(/^(?=test\()/m));
  const needing = parts.filter((part) => /^test\(.*= await startNats\(/s.test(part));
  assert.ok(needing.length > 20);
  const wrong = needing.filter((part) => !/\{\s*skip/.test(part));
  assert.deepEqual(
    wrong.map((part) => part.split('\n')[0]),
    [],
  );
});
