'use strict';
// Runs the test files of build/test, each in a process of its own and as many at once as there are
// processors: node tools/test.js [name...], where `wss`, `tls/wss`, `wss.test` and
// `test/tls/wss.test.ts` are the same file, and `tls` is all in that folder. Prints a line for each file, what failed in full, and in the end what that was.
// No test may depend on the machine being idle, so no file has a time to be done in: what ends one
// that hangs is that none of its tests begins or ends for `SILENCE_MS`.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');

const root = path.join(__dirname, '..');
/** Where the tests are, compiled. */
const folder = process.env.TEST_FOLDER ?? path.join(root, 'build/test');
const reporter = require.resolve('./test_reporter.js');
/** How many seconds each file took when it was run last. */
const timesFile = path.join(root, 'build/test_seconds.json');

/** No single test takes so long, on a machine with five times as much to do as it can. */
const SILENCE_MS = 10 * 60_000;
/** Whatever it tells, no file takes so long. */
const LIMIT_MS = 30 * 60_000;
/** Of what a file that failed has printed, so much is shown, in bytes. */
const OUTPUT_SIZE = 64 * 1024;

const known = fs.existsSync(folder)
  ? fs
      .readdirSync(folder, { recursive: true })
      .filter((file) => file.endsWith('.test.js'))
      .sort()
  : [];

/** Those of the name, in whichever folder, and those in the folder of the name. */
function filesOf(name) {
  const wanted = name.replace(/^(build\/)?test\//, '').replace(/(\.test)?(\.[jt]s)?$/, '');
  const found = known.filter(
    (file) => `/${file}`.endsWith(`/${wanted}.test.js`) || file.startsWith(`${wanted}/`),
  );
  if (found.length > 0) return found;
  console.error(`There is no test/${wanted}.test.ts, or it was not compiled.`);
  process.exit(1);
}

/** The end of what a file has printed. */
function outputOf(log) {
  const { size } = fs.fstatSync(log);
  const bytes = Buffer.alloc(Math.min(size, OUTPUT_SIZE));
  fs.readSync(log, bytes, 0, bytes.length, size - bytes.length);
  return bytes.toString().trimEnd();
}

/** Runs a file: {tests, notes, output, seconds}; that it ended badly is a failed test of its name. */
function run(file) {
  const began = Date.now();
  const logName = path.join(
    os.tmpdir(),
    `wsserver-${process.pid}-${file.replaceAll('/', '-')}.log`,
  );
  const log = fs.openSync(logName, 'w+');
  fs.unlinkSync(logName);
  const options = [`--test-reporter=${reporter}`, '--test-reporter-destination=stdout'];
  const child = spawn(process.execPath, [...options, path.join(folder, file)], {
    cwd: root,
    stdio: ['ignore', log, log, 'pipe'],
  });

  const tests = [];
  const notes = [];
  let running = '';
  let stopped = '';
  const place = () => (running ? `, in "${running}"` : '');
  const stop = (why) => {
    stopped = why + place();
    child.kill('SIGKILL');
  };
  const limit = setTimeout(stop, LIMIT_MS, `stopped after ${LIMIT_MS / 60_000} minutes`);
  const silence = setTimeout(
    stop,
    SILENCE_MS,
    `stopped: silent for ${SILENCE_MS / 60_000} minutes`,
  );
  const lines = createInterface({ input: child.stdio[3] });
  lines.on('line', (line) => {
    silence.refresh();
    const { started, note, ...test } = JSON.parse(line);
    if (started) running = started;
    else if (note) notes.push(note);
    else tests.push(test);
  });

  return new Promise((resolve) => {
    const heard = new Promise((done) => lines.on('close', done));
    child.on('error', (error) => resolve({ file, tests: [failure(error.message)], notes: [] }));
    child.on('exit', async (code, signal) => {
      clearTimeout(limit);
      clearTimeout(silence);
      await heard;
      const isTold = tests.some(({ outcome }) => outcome === 'fail' || outcome === 'cancelled');
      if (stopped) tests.push(failure(stopped));
      else if (signal) tests.push(failure(`ended by ${signal}${place()}`));
      else if (code !== 0 && !isTold) tests.push(failure(`ended with exit code ${code}`));
      else if (tests.length === 0) tests.push(failure('has no test'));
      const output = outputOf(log);
      fs.closeSync(log);
      resolve({ file, tests, notes, output, seconds: (Date.now() - began) / 1000 });
    });
  });

  function failure(error) {
    return { name: file, outcome: 'fail', error: `${file}: ${error}` };
  }
}

const isFailure = ({ outcome }) => outcome === 'fail' || outcome === 'cancelled';
const indented = (text) => text.replaceAll(/^/gm, '    ');
const count = (tests, outcome) => tests.filter((test) => test.outcome === outcome).length;

function show({ file, tests, notes, output, seconds }) {
  const failed = tests.filter(isFailure);
  const verdict = failed.length > 0 ? `${failed.length} FAILED` : 'ok';
  const skipped = count(tests, 'skipped');
  const name = file.replace('.test.js', '').padEnd(28);
  const counts = `${tests.length} tests${skipped ? `, ${skipped} skipped` : ''}`;
  console.log(`${name} ${verdict.padEnd(9)} ${counts}, ${seconds.toFixed(1)} s`);
  for (const note of notes) console.log(indented(note));
  if (failed.length === 0) return;
  for (const { name: test, error } of failed) console.log(`\n  ${test}\n${indented(error ?? '')}`);
  if (output) console.log(`\n  It printed:\n${indented(output)}`);
  console.log();
}

function readTimes() {
  try {
    return JSON.parse(fs.readFileSync(timesFile, 'utf8'));
  } catch {
    return {};
  }
}

async function main() {
  const names = process.argv.slice(2);
  const times = readTimes();
  const files = names.length > 0 ? [...new Set(names.flatMap(filesOf))] : [...known];
  // Those that take long begin first, so that none of them is left to run alone.
  files.sort((a, b) => (times[b] ?? 0) - (times[a] ?? 0));
  const began = Date.now();
  const results = [];
  const waiting = [...files];
  async function work() {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const result = await run(file);
      show(result);
      results.push(result);
    }
  }
  await Promise.all(Array.from({ length: os.availableParallelism() }, work));
  if (folder.startsWith(root)) {
    for (const { file, seconds } of results) times[file] = Math.round(seconds);
    fs.writeFileSync(timesFile, JSON.stringify(times));
  }

  const tests = results.flatMap((result) => result.tests);
  const failed = results.filter((result) => result.tests.some(isFailure));
  if (failed.length > 0) console.log('\nFailed:');
  for (const result of failed) {
    console.log(`  ${result.file.replace('.js', '.ts')}`);
    for (const { name } of result.tests.filter(isFailure)) console.log(`    ${name}`);
  }
  console.log(`\n# tests ${tests.length}`);
  for (const outcome of ['pass', 'fail', 'cancelled', 'skipped', 'todo']) {
    console.log(`# ${outcome} ${count(tests, outcome)}`);
  }
  console.log(`# duration_ms ${Date.now() - began}`);
  const passed = count(tests, 'pass') + count(tests, 'todo');
  const wrong = tests.filter(isFailure).length;
  console.log(`${passed} passed, ${wrong} failed, ${count(tests, 'skipped')} skipped`);
  process.exitCode = wrong > 0 || tests.length === 0 ? 1 : 0;
}

main();
