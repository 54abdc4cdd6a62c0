'use strict';
// Gives each fuzzer what is known and what is made from it, always the same, so that a change can
// be judged by it: node tools/fuzz.js
// Or has each look for something new: node tools/fuzz.js --seconds 60 (for each fuzzer). What it
// finds is in build/fuzz/corpus/; test/fuzz/corpus/ is only read: commit there what is worth keeping.
// An input that fails is left in build/fuzz/, and is run again by `build/fuzz/NAME FILE`.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { makeInputs } = require('./fuzz_inputs.js');

const sources = path.join(__dirname, '../test/fuzz');
const folder = path.join(__dirname, '../build/fuzz');

/** How many inputs are made: what a few seconds are enough for under the sanitizers. */
const counts = {
  fuzz_certificates: 500,
  fuzz_commands: 1_000,
  fuzz_deflate: 1_500,
  fuzz_deflate_offer: 5_000,
  fuzz_reader: 5_000,
  fuzz_records: 800,
  fuzz_server: 1_000,
  fuzz_tls_session: 800,
  fuzz_topics: 2_000,
  fuzz_upgrade: 5_000,
};

/** What a single input may take, with several times what a busy machine makes of it. */
const limits = ['-timeout=120', '-rss_limit_mb=2048'];

/** Whether `fuzzer` is content with what is in `folders`, and with what `options` add. */
function run(fuzzer, options, folders) {
  const all = [...options, ...limits, `-artifact_prefix=${folder}/`, '-verbosity=0', ...folders];
  const { status, error, stdout, stderr } = spawnSync(path.join(folder, fuzzer), all, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === 0) return true;
  console.log(error ? `${fuzzer}: ${error.message}` : stdout + stderr);
  return false;
}

function replay(fuzzer, known) {
  const count = counts[fuzzer];
  if (count === undefined) throw new Error(`tools/fuzz.js does not say how often to run ${fuzzer}`);
  const made = path.join(folder, 'made', fuzzer);
  fs.rmSync(made, { recursive: true, force: true });
  makeInputs(known, made, count);
  return run(fuzzer, ['-runs=0'], [known, made]);
}

function explore(fuzzer, known, seconds) {
  const found = path.join(folder, 'corpus', fuzzer);
  fs.mkdirSync(found, { recursive: true });
  return run(fuzzer, [`-max_total_time=${seconds}`], [found, known]);
}

const [option, value] = process.argv.slice(2);
const seconds = Number(value);
if (option !== undefined && (option !== '--seconds' || !(seconds > 0))) {
  console.error('node tools/fuzz.js [--seconds N]');
  process.exit(1);
}

// Those that have a source, so that one which was not built is missed.
const fuzzers = fs.readdirSync(sources).flatMap((file) => /^(fuzz_\w+)\.cc$/.exec(file)?.[1] ?? []);
if (fuzzers.length === 0) throw new Error('no fuzzer in test/fuzz');
for (const fuzzer of fuzzers) {
  const known = path.join(sources, 'corpus', fuzzer.replace('fuzz_', ''));
  const began = Date.now();
  const isContent = option ? explore(fuzzer, known, seconds) : replay(fuzzer, known);
  const took = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`${fuzzer}: ${isContent ? 'ok' : 'FAILED, or was not built'}, ${took} s`);
  if (!isContent) process.exit(1);
}
