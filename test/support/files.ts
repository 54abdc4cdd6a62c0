import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { defer } from './defer.js';

/** The path of a new folder, which is removed after the test. */
export function makeFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsserver-'));
  defer(t, () => fs.rmSync(folder, { recursive: true }));
  return folder;
}

/** The path of a new file with this content, which is removed after the test. */
export function makeFile(t: TestContext, content: Uint8Array | string): string {
  const file = path.join(makeFolder(t), 'file');
  fs.writeFileSync(file, content);
  return file;
}

/** How often this process has `file` open (on Linux). */
export function timesOpen(file: string): number {
  const links = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // That of the listing itself.
    }
  });
  return links.filter((link) => link === file).length;
}
