// SPDX-License-Identifier: MIT

import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The command line is wrong: the message says how, and the usage what is right. */
export class UsageError extends Error {
  readonly usage: string | undefined;

  constructor(message: string, usage?: string) {
    super(message);
    this.usage = usage;
  }
}

/** Parses options as node:util does, but tells mistakes as a UsageError. */
export function parseOptions<Config extends ParseArgsConfig>(
  config: Config,
  usage: string,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message, usage);
  }
}

/** A whole number given as an option. */
export function wholeNumber(
  name: string,
  text: string,
  min: number,
  max: number,
  usage: string,
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`${name} takes a whole number from ${min} to ${max}, not "${text}"`, usage);
}

/** The contents of a file given as an option. */
export function readOptionFile(name: string, file: string, usage: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`, usage);
  }
}
