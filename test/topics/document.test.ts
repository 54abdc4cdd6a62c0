// What docs/browser_topics.md shows runs, and is as small as it says.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildSync } from 'esbuild';
import { defer } from '../support/defer.js';
import { packagePath } from '../support/package_path.js';

const text = fs.readFileSync(packagePath('docs/browser_topics.md'), 'utf8');

/** Runs the sample of that name, with what is added, and returns the process. */
function run(t: TestContext, name: string, change: (code: string) => string) {
  const folder = fs.mkdtempSync(packagePath('build', 'samples-'));
  defer(t, () => fs.rmSync(folder, { recursive: true }));
  const [, code = ''] = new RegExp(`\`\`\`js\n// ${name}\n([^]*?)\`\`\``).exec(text) ?? [];
  fs.writeFileSync(path.join(folder, name), change(code));
  const child = spawn(process.execPath, [name], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => child.kill('SIGKILL'));
  return child;
}

test('server.mjs and client.mjs run', async (t) => {
  const server = run(
    t,
    'server.mjs',
    (code) => `${code.replace('8080', '0')}\nconsole.log(server.localPort);\n`,
  );
  const [port] = await once(server.stdout, 'data');
  // Node.js below 22 has no WebSocket of its own.
  const socket = `import { WebSocket } from 'undici';\nglobalThis.WebSocket ??= WebSocket;\n`;
  const client = run(t, 'client.mjs', (code) => socket + code.replace('8080', `${port}`.trim()));
  const [line] = await once(client.stdout, 'data');
  assert.equal(`${line}`, "chat.hall { from: 'ada', text: 'hello' }\n");
});

test('the client is less than 4 KB minified', () => {
  const { outputFiles } = buildSync({
    entryPoints: [packagePath('dist/client.mjs')],
    minify: true,
    write: false,
  });
  const size = outputFiles[0]?.contents.length ?? 0;
  assert.ok(size > 1000 && size < 4096, `${size} bytes`);
});
