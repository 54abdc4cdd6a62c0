'use strict';
// Runs each fuzzer for a few seconds: node tools/fuzz.js [seconds each]
// New inputs go to build/; test/fuzz/corpus/ is only read: commit there what is worth keeping.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const seconds = Number(process.argv[2] ?? 10);
const folder = path.join(__dirname, '../build/fuzz');
const corpus = path.join(__dirname, '../test/fuzz/corpus');

// Those that have a source, so that one which was not built is missed.
const sources = fs.readdirSync(path.join(__dirname, '../test/fuzz'));
const fuzzers = sources.flatMap((file) => /^(fuzz_\w+)\.cc$/.exec(file)?.[1] ?? []);
if (fuzzers.length === 0) throw new Error('no fuzzer in test/fuzz');

for (const fuzzer of fuzzers) {
  const found = path.join(folder, 'corpus', fuzzer);
  const known = path.join(corpus, fuzzer.replace('fuzz_', ''));
  fs.mkdirSync(found, { recursive: true });
  console.log(`${fuzzer}: ${seconds} s`);
  const options = [`-max_total_time=${seconds}`, `-artifact_prefix=${folder}/`, '-verbosity=0'];
  const { status } = spawnSync(path.join(folder, fuzzer), [...options, found, known], {
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error(`${fuzzer} failed, or was not built`);
    process.exit(1);
  }
}
