'use strict';
// Every gate in order, up to the first that fails, whose output is shown; of the others it is kept
// in build/check/. The last is the README's own test command, which is shown as it runs, so that the
// test runner's summary stands at the end.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const gates = [
  ['set-up', 'node tools/setup.js'],
  ['lint', 'npm run lint'],
  ['reference', 'npm run docs:check'],
  ['tidy', 'npm run tidy'],
  ['native tests, sanitized', 'npm run test:native'],
  ['coverage of the native tests', 'npm run coverage:native'],
  ['fuzzers', 'npm run fuzz'],
  ['tests, addon sanitized', 'npm run test:asan'],
  ['coverage', 'npm run coverage'],
  ['package', 'npm run pack:check'],
  ['tests', 'npm test'],
];

/** Whoever waits hears from a gate at least so often. */
const STILL_RUNNING_MS = 60_000;
/** Of the output of the gate that failed, the end, in bytes; all of it is in its file. */
const SHOWN_SIZE = 256 * 1024;

const folder = path.join(__dirname, '../build/check');
const secondsSince = (time) => `${((Date.now() - time) / 1000).toFixed(1)} s`;

/** Runs a command; whether it succeeds. Its output goes to `file`, or to ours if there is none. */
function run(command, file) {
  const began = Date.now();
  const output = file ? fs.openSync(file, 'w') : 'inherit';
  const child = spawn(command, { shell: true, stdio: ['ignore', output, output] });
  const timer = setInterval(
    () => file && console.log(`... ${secondsSince(began)}`),
    STILL_RUNNING_MS,
  );
  return new Promise((resolve) => {
    child.on('exit', (status) => {
      clearInterval(timer);
      if (file) fs.closeSync(output);
      resolve(status === 0);
    });
  });
}

function showEnd(file) {
  const bytes = fs.readFileSync(file);
  if (bytes.length > SHOWN_SIZE) console.log(`(the end of ${file})`);
  console.log(bytes.subarray(-SHOWN_SIZE).toString());
}

async function main() {
  const started = Date.now();
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const [index, [name, command]] of gates.entries()) {
    const began = Date.now();
    console.log(`=== ${name}: ${command}`);
    const isLast = index === gates.length - 1;
    const file = isLast ? undefined : path.join(folder, `${name.replaceAll(/\W+/g, '-')}.log`);
    if (isLast) console.log(`(the gates before took ${secondsSince(started)})`);
    if (await run(command, file)) {
      if (!isLast) console.log(`=== passed in ${secondsSince(began)}`);
      continue;
    }
    if (file) showEnd(file);
    console.log(`=== ${name}: FAILED after ${secondsSince(began)}`);
    process.exit(1);
  }
}

main();
