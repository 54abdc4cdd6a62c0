'use strict';
// Every gate in order, up to the first that fails. The last is the README's own test command, so
// that the test runner's summary stands at the end.

const { spawnSync } = require('node:child_process');

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

const started = Date.now();
const secondsSince = (time) => `${((Date.now() - time) / 1000).toFixed(1)} s`;

for (const [name, command] of gates) {
  const gateStarted = Date.now();
  console.log(`\n=== ${name}: ${command}`);
  const { status } = spawnSync(command, { shell: true, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    console.log(`\n=== ${name}: FAILED after ${secondsSince(gateStarted)}`);
    process.exit(1);
  }
  console.log(`=== ${name}: passed in ${secondsSince(gateStarted)}`);
}
console.log(`\n=== all ${gates.length} gates passed in ${secondsSince(started)}`);
