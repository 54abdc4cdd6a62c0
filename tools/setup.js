'use strict';
// Makes a fresh clone ready to start and to test, and a changed one ready again: `npm start` and
// `npm test` run this first. Nothing is done that is done already.

const fs = require('node:fs');
const path = require('node:path');
const { run } = require('./run.js');

process.chdir(path.join(__dirname, '..'));

const addon = 'build/Release/wsserver.node';

/** When `file` was last written, in ms; 0 if it is not there. */
function timeOf(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function show(command, ...args) {
  console.log(`> ${command} ${args.join(' ')}`);
  run(command, args);
}

if (timeOf('node_modules/.package-lock.json') < timeOf('package-lock.json')) show('npm', 'ci');

const sources = fs.readdirSync('native', { recursive: true }).map((file) => `native/${file}`);
const newest = Math.max(...['binding.gyp', ...sources].map(timeOf));
if (timeOf(addon) < newest) show(process.execPath, 'tools/install.js', '--build');

fs.rmSync('build/test', { recursive: true, force: true }); // What a deleted test left behind.
