'use strict';
// Runs the native tests of the preset `coverage` and prints how many lines of each folder of native/,
// its rooms included, they reach, and which they do not. Fails when a folder is below its floor.

const { execFileSync, spawnSync } = require('node:child_process');
const path = require('node:path');
const { llvm } = require('./versions.js');

const root = path.join(__dirname, '..');
const build = path.join(root, 'build/coverage');
const programs = ['native_tests', 'native_tests_uv'].map((name) => path.join(build, name));
/** The least percentage of lines of each folder that is held to one. */
const floors = new Map(Object.entries({ http: 95, ws: 95, tls: 95, server: 95 }));

/** Runs the tests, and returns llvm-cov's report in lcov's form. */
function measure() {
  const profiles = programs.map((program) => `${program}.profraw`);
  programs.forEach((program, index) => {
    const env = { ...process.env, LLVM_PROFILE_FILE: profiles[index] };
    const { status } = spawnSync(program, { stdio: 'inherit', env });
    if (status !== 0) process.exit(1);
  });
  const merged = path.join(build, 'tests.profdata');
  execFileSync(`llvm-profdata-${llvm}`, ['merge', '--sparse', '-o', merged, ...profiles]);
  const [first, ...others] = programs;
  const objects = others.flatMap((program) => ['--object', program]);
  const options = ['export', '--format=lcov', `--instr-profile=${merged}`];
  return execFileSync(`llvm-cov-${llvm}`, [...options, first, ...objects], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
}

/** Each file below native/ with how many lines it has and which were not reached. */
function parse(lcov) {
  return lcov
    .split('end_of_record\n')
    .map((record) => ({
      file: path.relative(path.join(root, 'native'), /^SF:(.*)$/m.exec(record)?.[1] ?? root),
      lines: [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(([, line, count]) => [+line, +count]),
    }))
    .filter(({ file }) => !file.startsWith('..'))
    .map(({ file, lines }) => ({
      file,
      folder: file.split(path.sep)[0],
      lines: lines.length,
      missed: lines.filter(([, count]) => count === 0).map(([line]) => line),
    }));
}

/** 3, 4, 5, 9 as 3-5, 9. */
function ranges(lines) {
  const found = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last?.[1] === line - 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

const percentOf = (lines, missed) => (100 * (lines - missed)) / lines;

const files = parse(measure());
let failed = false;
for (const folder of [...new Set(files.map((file) => file.folder))].sort()) {
  const own = files.filter((file) => file.folder === folder);
  const lines = own.reduce((sum, file) => sum + file.lines, 0);
  const missed = own.reduce((sum, file) => sum + file.missed.length, 0);
  const floor = floors.get(folder);
  const percent = percentOf(lines, missed);
  const isLow = floor !== undefined && percent < floor;
  failed ||= isLow;
  const verdict = isLow ? `below ${floor} %` : floor === undefined ? '' : `at least ${floor} %`;
  console.log(`${`native/${folder}`.padEnd(36)}${percent.toFixed(2).padStart(7)} %  ${verdict}`);
  for (const file of own.filter((each) => each.missed.length > 0)) {
    const ofFile = percentOf(file.lines, file.missed.length).toFixed(2).padStart(7);
    console.log(`  ${file.file.padEnd(34)}${ofFile} %  ${ranges(file.missed)}`);
  }
}
for (const folder of floors.keys()) {
  if (files.some((file) => file.folder === folder)) continue;
  console.error(`nothing was measured of native/${folder}`);
  failed = true;
}
process.exitCode = failed ? 1 : 0;
