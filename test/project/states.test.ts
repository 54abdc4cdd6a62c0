import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(require.resolve('native-wsserver/package.json'), '..');

/** The text of the one file below native/ of that name. */
function coreFile(name: string): string {
  const found = fs
    .readdirSync(path.join(root, 'native'), { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === name);
  assert.equal(found.length, 1, name);
  return fs.readFileSync(path.join(root, 'native', found[0] ?? ''), 'utf8');
}

const states = (text: string): string[] => text.match(/\bk[A-Z]\w+/g)?.sort() ?? [];

test("the document's table of a connection's states is the code's", () => {
  const code = coreFile('connection_state.h');
  const inCode = new Map(
    [...code.matchAll(/\/\* (k\w+) \*\/ setOf\(\{([^}]*)\}\)/g)].map(
      ([, state = '', next = '']) => [state, states(next)] as const,
    ),
  );
  const [, listed = ''] = /enum class ConnectionState[^{]*\{([^}]*)\}/.exec(code) ?? [];
  assert.deepEqual(
    [...inCode.keys()],
    listed.match(/^\s*k\w+/gm)?.map((state) => state.trim()),
  );

  const document = fs.readFileSync(path.join(root, 'docs', 'architecture.md'), 'utf8');
  const inDocument = new Map(
    [...document.matchAll(/^\| `(k\w+)` \| [^|]+ \| ([^|]+) \|$/gm)].map(
      ([, state = '', next = '']) => [state, [...new Set(states(next))]] as const,
    ),
  );
  assert.deepEqual(inDocument, inCode);
});
