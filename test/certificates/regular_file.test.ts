// Files of the system that say they are empty, and are not: the bound holds for what is read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as RegularFile from '../../dist/base/regular_file.js';
import { packagePath } from '../support/package_path.js';

const { readWhole, TooLarge } = require(
  packagePath('dist/base/regular_file.js'),
) as typeof RegularFile;

test('a file that has more than it says, and more than there may be, is refused', () => {
  assert.notEqual(readWhole('/proc/self/status', 65536).length, 0);
  assert.throws(() => readWhole('/proc/self/status', 10), TooLarge);
});
