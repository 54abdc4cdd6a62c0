// What the file that is shipped is hardened with, read from the file itself: the one that is built
// on this machine, and the prebuilt ones for Linux.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { packagePath } from '../support/package_path.js';
import { UNSANITIZED as env } from '../support/programs.js';

const root = packagePath();

function filesToShip(): string[] {
  const files = ['build/Release/wsserver.node'];
  const prebuilds = path.join(root, 'prebuilds');
  const folders = existsSync(prebuilds) ? readdirSync(prebuilds) : [];
  for (const folder of folders.filter((name) => name.startsWith('linux-'))) {
    for (const name of readdirSync(path.join(prebuilds, folder))) {
      if (name.endsWith('.node')) files.push(`prebuilds/${folder}/${name}`);
    }
  }
  return files;
}

/** What readelf(1), which every compiler brings along, says of a file. */
function readelf(option: string, file: string): string {
  return execFileSync('readelf', [option, '--wide', path.join(root, file)], {
    env: { ...env, LC_ALL: 'C' },
    encoding: 'utf8',
  });
}

/** What must be in the output of readelf, or must not. */
const demands: [name: string, option: string, pattern: RegExp, isThere: boolean][] = [
  ['relocated memory becomes read-only', '--program-headers', /^ +GNU_RELRO /m, true],
  ['all of it, as every symbol is bound at the start', '--dynamic', /\bNOW\b/, true],
  ['the stack is not executable', '--program-headers', /^ +GNU_STACK .* RW +0x/m, true],
  ['no segment is writable and executable', '--program-headers', /^ +LOAD .* RWE /m, false],
  ['code is not relocated', '--dynamic', /TEXTREL/, false],
  ['no library is looked for where a path says', '--dynamic', /R(UN)?PATH/, false],
  ['stacks are guarded', '--dyn-syms', / UND __stack_chk_fail\b/, true],
  ['assertions are on', '--dyn-syms', / UND __assert_fail\b/, true],
  ['it does not need what musl lacks', '--dyn-syms', / UND __\w+_chk\b/, false],
];

for (const file of filesToShip()) {
  for (const [name, option, pattern, isThere] of demands) {
    test(`${file}: ${name}`, { skip: process.platform !== 'linux' && 'no ELF file' }, () => {
      const said = readelf(option, file);
      assert.ok(said.length > 100, said);
      assert.equal(pattern.test(said), isThere, said);
    });
  }
}
