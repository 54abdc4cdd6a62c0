'use strict';
// Which test notices when a setting is ignored: node tools/mutate_settings.js [setting...]. For each
// setting, runs the tests that mention it with a core that checks it, reads it back, and goes by its
// default, until one of them fails. Prints a line for each, and fails if some have none. By hand,
// after `npm test` and `npm run test:native` have built what it runs; all of them take an hour.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');

const root = path.join(__dirname, '..');
const { WSServer } = require(root);
const sources = path.join(root, 'test');
const compiled = path.join(root, 'build/test');
const nativeTests = path.join(root, 'build/asan/native_tests');

/** What runs longer waits for what does not come: it has noticed. */
const LIMIT_MS = 5 * 60_000;
/** What tests say about all settings alike, and so about none. */
const ABOUT_ALL =
  /^(project\/(contract|documented|reference|package)|settings\/all)\.|\/(config|options)_test\.cc$/;

/** Settings that no test can see ignored, and why. */
const unseen = new Map([]);

const files = fs
  .readdirSync(sources, { recursive: true })
  .filter((file) => /(\.test\.ts|_test\.cc|conformance\/\w+\.ts)$/.test(file))
  .filter((file) => !ABOUT_ALL.test(file))
  .map((file) => ({ file, source: fs.readFileSync(path.join(sources, file), 'utf8') }));

/** The test files that mention a setting, those first that do so most often. */
function mentioning(name) {
  const word = new RegExp(`\\b${name}\\b`, 'gi');
  const found = files
    .map(({ file, source }) => ({ file, count: source.match(word)?.length ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    // The rows of the conformance suite are run by one file.
    .map(({ file }) => (file.startsWith('conformance/') ? 'conformance/sockets.test.ts' : file));
  return [...new Set(found)];
}

/** The name of the first test of a file that fails, or undefined. */
function firstFailure(file, name, pattern) {
  const preload = path.join(compiled, 'support/ignored_setting.js');
  const env = { ...process.env };
  if (name !== undefined) {
    Object.assign(env, { IGNORED_SETTING: name, NODE_OPTIONS: `--require=${preload}` });
  }
  const child = spawn(
    process.execPath,
    [
      `--test-reporter=${require.resolve('./test_reporter.js')}`,
      '--test-reporter-destination=stdout',
      ...(pattern === undefined ? [] : [`--test-name-pattern=${pattern}`]),
      path.join(compiled, file.replace(/ts$/, 'js')),
    ],
    { cwd: root, env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'], detached: true },
  );
  return new Promise((resolve) => {
    let running = '';
    let failed;
    const end = (test) => {
      failed ??= test;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {} // It has ended by itself.
    };
    const limit = setTimeout(() => end(running), LIMIT_MS);
    createInterface({ input: child.stdio[3] }).on('line', (line) => {
      const { started, outcome, name: test } = JSON.parse(line);
      running = started ?? running;
      if (outcome === 'fail' || outcome === 'cancelled') end(test);
    });
    child.on('exit', (code) => {
      clearTimeout(limit);
      resolve(failed ?? (code === 0 ? undefined : running));
    });
  });
}

/** The same of a file of native tests. */
function firstNativeFailure(file, name) {
  const { status, stdout } = spawnSync(nativeTests, [`--source-file=*/test/${file}`, '-aa=1'], {
    env: { ...process.env, IGNORED_SETTING: name },
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (status === 0) return undefined;
  return /^TEST CASE: +(.*)$/m.exec(stdout)?.[1] ?? 'it did not end';
}

const literally = (text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** What notices that `name` is ignored: "file: test", or undefined. */
async function noticeOf(name) {
  for (const file of mentioning(name)) {
    if (file.endsWith('.cc')) {
      const test = fs.existsSync(nativeTests) ? firstNativeFailure(file, name) : undefined;
      if (test !== undefined) return `${file}: ${test}`;
      continue;
    }
    const test = await firstFailure(file, name);
    if (test === undefined) continue;
    // One that fails anyway notices nothing.
    const own = literally(test.split(' > ').at(-1) ?? '');
    if ((await firstFailure(file, undefined, own)) === undefined) return `${file}: ${test}`;
  }
  return undefined;
}

async function main() {
  const wanted = process.argv.slice(2).map((name) => name.toLowerCase());
  const rows = WSServer.describe().filter(
    ({ name }) => wanted.length === 0 || wanted.includes(name.toLowerCase()),
  );
  const unnoticed = [];
  for (const { name, readOnly, inert } of rows) {
    const reason = readOnly ? 'cannot be set' : inert ? 'is inert' : unseen.get(name);
    const notice = reason === undefined ? await noticeOf(name) : `(${reason})`;
    if (notice === undefined) unnoticed.push(name);
    console.log(`${name.padEnd(30)} ${notice ?? 'NOBODY NOTICES'}`);
  }
  console.log(`${rows.length} settings, ${unnoticed.length} of them unnoticed`);
  process.exitCode = unnoticed.length > 0 ? 1 : 0;
}

main();
