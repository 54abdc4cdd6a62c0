#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The command `wsserver`: picks the subcommand.

import { packageJson } from '../base/package_root.js';
import { echoCommand } from './echo.js';
import { loadCommand } from './load.js';
import { UsageError } from './usage.js';

const USAGE = `Usage: wsserver <command> [options]

Commands:
  echo    a server that sends every message back
  load    loads an echo server and tells how it did
  help    this text; "wsserver <command> --help" has the options

Options:
  --version
`;

/** Each takes its arguments and returns the exit status. */
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  echo: echoCommand,
  load: loadCommand,
};

async function main([name = '', ...args]: string[]): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(args);
  if (name === '--version') {
    console.log(packageJson().version);
    return 0;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    console.log(USAGE);
    return 0;
  }
  throw new UsageError(name === '' ? 'a command is missing' : `there is no command "${name}"`);
}

// Who has read enough, or a disk that is full, ends neither a server nor a run.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const usage = error instanceof UsageError;
    console.error(`wsserver: ${error instanceof Error ? error.message : error}`);
    if (usage) console.error(`\n${error.usage ?? USAGE}`);
    process.exitCode = usage ? 2 : 1;
  },
);
