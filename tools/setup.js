'use strict';
// Makes a fresh clone ready to start and to test, and a changed one ready again: `npm start` and
// `npm test` run this first. Nothing is done that is done already.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

process.chdir(path.join(__dirname, '..'));

const addon = 'build/Release/wsserver.node';

/** When `file` was last written, in ms; 0 if it is not there. */
function timeOf(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(command, ...args) {
  console.log(`> ${command} ${args.join(' ')}`);
  const shell = process.platform === 'win32';
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell });
  if (status !== 0) process.exit(status ?? 1);
}

if (timeOf('node_modules/.package-lock.json') < timeOf('package-lock.json')) run('npm', 'ci');

const sources = fs.readdirSync('native', { recursive: true }).map((file) => `native/${file}`);
const newest = Math.max(...['binding.gyp', ...sources].map(timeOf));
if (timeOf(addon) < newest) run(process.execPath, 'tools/install.js', '--build');

fs.rmSync('build/test', { recursive: true, force: true }); // What a deleted test left behind.
