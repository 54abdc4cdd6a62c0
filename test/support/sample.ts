// Programs that documents show, run as their readers would.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { defer } from './defer.js';
import { packagePath } from './package_path.js';

/** The program that begins with a comment that has its name. */
export function sampleOf(document: string, name: string): string {
  const text = fs.readFileSync(packagePath(document), 'utf8');
  const [, code] = text.match(new RegExp(`\`\`\`js\n// ${name}\n([\\s\\S]*?)\`\`\``)) ?? [];
  if (code === undefined) throw new Error(`${document} has no ${name}`);
  return code;
}

/** Runs `code` on a free port instead of 8080, and returns it; `show` prints it in a line. */
export async function runSample(t: TestContext, code: string, show: string): Promise<number> {
  const cwd = fs.mkdtempSync(packagePath('build', 'samples-'));
  defer(t, () => fs.rmSync(cwd, { recursive: true }));
  const sample = code.replace(/(port): 8080/i, '$1: 0');
  if (sample === code) throw new Error('the sample has no port');
  fs.writeFileSync(path.join(cwd, 'app.mjs'), `${sample}\n${show}\n`);
  const child = spawn(process.execPath, ['app.mjs'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill());
  let said = '';
  for await (const text of child.stdout) {
    said += text;
    if (/^\d+\n/m.test(said)) break;
  }
  return Number(/^\d+$/m.exec(said)?.[0]);
}
