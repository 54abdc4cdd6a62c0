'use strict';

const { spawnSync } = require('node:child_process');

/** Runs a command whose output is ours; where it fails, we end with its status. */
function run(command, args, options = {}) {
  const shell = process.platform === 'win32';
  const { error, status } = spawnSync(command, args, { stdio: 'inherit', shell, ...options });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

module.exports = { run };
