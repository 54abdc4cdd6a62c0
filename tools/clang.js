'use strict';
// What LLVM's tools do to the C++ files of the repository, those not yet added to git included:
// node tools/clang.js format (rewrites them), check (fails where format would change something),
// or tidy (clang-tidy over native/, which goes by the compilation that cmake-js has configured).

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { run } = require('./run.js');
const { llvm } = require('./versions.js');

process.chdir(path.join(__dirname, '..'));

function sources() {
  const options = ['-co', '--exclude-standard', '-z', '*.cc', '*.h'];
  const files = execFileSync('git', ['ls-files', ...options], { encoding: 'utf8' });
  return files.split('\0').filter(Boolean);
}

const tasks = {
  format: () => run(`clang-format-${llvm}`, ['-i', ...sources()]),
  check: () => run(`clang-format-${llvm}`, ['--dry-run', '-Werror', ...sources()]),
  tidy: () => run(`run-clang-tidy-${llvm}`, ['-quiet', '-p', 'build/addon/build', 'native/']),
};

const task = tasks[process.argv[2]];
if (!task) {
  console.error(`node tools/clang.js ${Object.keys(tasks).join('|')}`);
  process.exit(1);
}
task();
