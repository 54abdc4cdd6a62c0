// SPDX-License-Identifier: MIT

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of this package. */
export const packageRoot = join(__dirname, '../..');

/** The facts about it. */
export function packageJson(): { name: string; version: string; license: string } {
  return JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
}
