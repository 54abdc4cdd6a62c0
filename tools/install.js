'use strict';
// Leaves an addon that loads: a prebuilt one, one already built here, or else one built now.
// `--build` builds in any case. What stands in the way is told in a sentence that says what to do.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { engines } = require('../package.json');

const root = path.join(__dirname, '..');
/** Major and minor. */
const oldestNode = engines.node.match(/\d+/g).slice(0, 2).map(Number);
const buildFailed =
  'native-wsserver could not be built: the reason is above. The compiler must know C++20 (g++ 11, clang 14 or newer).';

const majorOf = (version) => Number.parseInt(version.slice(1), 10);
const minorOf = (version) => Number.parseInt(version.split('.')[1], 10);

/** Why this Node.js will not do and what to do about it, in a sentence; or undefined. */
function nodeObstacle(version) {
  const [major, minor] = oldestNode;
  const isOld =
    majorOf(version) < major || (majorOf(version) === major && minorOf(version) < minor);
  if (!isOld) return undefined;
  return `native-wsserver needs Node.js ${oldestNode.join('.')} or newer and this is ${version}: install a newer Node.js, then try again.`;
}

/** What a build lacks and how to get it, in a sentence; or undefined. `has` looks for a command. */
function buildObstacle({ platform, env, has }) {
  if (platform === 'win32') return undefined; // node-gyp finds Visual Studio or says what it lacks.
  const missing = Object.entries({
    'Python 3': [env.PYTHON, 'python3', 'python'],
    make: [env.MAKE, 'make', 'gmake'],
    'a C++ compiler': [env.CXX, 'c++', 'g++', 'clang++'],
  })
    .filter(([, commands]) => !commands.some((command) => command && has(command)))
    .map(([name]) => name);
  if (missing.length === 0) return undefined;
  const cure =
    platform === 'darwin'
      ? 'xcode-select --install'
      : 'apt-get install python3 make g++ (Alpine: apk add python3 make g++, Fedora: dnf install python3 make gcc-c++)';
  return `native-wsserver has no prebuilt binary for this system, and to build one ${missing.join(' and ')} must be installed first: ${cure}, then try again.`;
}

function isOnPath(command) {
  const folders = (process.env.PATH || '').split(path.delimiter);
  return folders.some((folder) => fs.existsSync(path.resolve(folder, command)));
}

function loads() {
  try {
    require('node-gyp-build')(root);
    return true;
  } catch {
    return false;
  }
}

/** The prefix of this Node.js if its own headers lie beside it: then none need be downloaded. */
function nodePrefix() {
  const prefix = path.join(process.execPath, '..', '..');
  const header = path.join(prefix, 'include', 'node', 'node_version.h');
  if (!fs.existsSync(header)) return undefined;
  const [, major] = /^#define NODE_MAJOR_VERSION (\d+)$/m.exec(fs.readFileSync(header, 'utf8'));
  return Number(major) === majorOf(process.version) ? prefix : undefined;
}

/** Runs npm's own node-gyp, or the one on the PATH, and returns its exit status. */
function build() {
  const nodeGyp = process.env.npm_config_node_gyp;
  const [command, ...args] = nodeGyp ? [process.execPath, nodeGyp] : ['node-gyp'];
  const { error, status } = spawnSync(command, [...args, 'rebuild', '--jobs=max'], {
    cwd: root,
    env: { npm_config_nodedir: nodePrefix(), ...process.env },
    shell: !nodeGyp && process.platform === 'win32',
    stdio: 'inherit',
  });
  if (error) console.error(`native-wsserver: node-gyp could not be run: ${error.message}`);
  return status ?? 1;
}

function main() {
  const wanted = process.argv.includes('--build');
  let obstacle = nodeObstacle(process.version);
  if (!obstacle && !wanted && loads()) return 0;
  obstacle =
    obstacle || buildObstacle({ platform: process.platform, env: process.env, has: isOnPath });
  if (!obstacle && build() === 0) return 0;
  console.error(`\n${obstacle || buildFailed}\n`);
  return 1;
}

if (require.main === module) process.exitCode = main();

module.exports = { buildObstacle, nodeObstacle };
