import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(require.resolve('native-wsserver/package.json'), '..');
const middle = ['net', 'tls', 'http', 'ws'];

/** What each folder of native/ may include besides itself. */
const below: Record<string, string[]> = {
  base: [],
  ...Object.fromEntries(middle.map((folder) => [folder, ['base']])),
  server: [...middle, 'base'],
  client: [...middle, 'base'],
  addon: ['server', 'client', ...middle, 'base'],
};

/** Where the headers of others may be included. */
const foreign: [RegExp, RegExp][] = [
  [/^(napi|node_api|js_native_api|node)\b/, /^addon\//],
  [/^uv\b/, /^(net\/|addon\/node_loop\.)/],
  [/^openssl\//, /^tls\//],
  [/^zlib\b/, /^ws\/deflate\./],
];

/** What is wrong with `file` including `header`; `file` and `"header"` are seen from native/. */
function wrong(file: string, opening: string, header: string): boolean {
  const folder = path.posix.dirname(file);
  if (opening === '<')
    return foreign.some(([what, where]) => what.test(header) && !where.test(file));
  return ![folder, ...(below[folder] ?? [])].includes(path.posix.dirname(header));
}

function filesIn(folder: string): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(cc|h|m?[jt]s)$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}

const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');

test('the include rule knows right from wrong', () => {
  const rows: [string, string, string, boolean][] = [
    ['ws/reader.cc', '"', 'ws/frame.h', false],
    ['ws/reader.cc', '"', 'base/bytes.h', false],
    ['ws/reader.cc', '"', 'net/socket.h', true],
    ['ws/reader.cc', '"', 'frame.h', true],
    ['base/error.cc', '"', 'ws/frame.h', true],
    ['server/server.cc', '"', 'client/load_client.h', true],
    ['addon/batch.cc', '"', 'server/server.h', false],
    ['addon/batch.cc', '<', 'napi.h', false],
    ['addon/batch.cc', '<', 'uv.h', true],
    ['addon/node_loop.h', '<', 'uv.h', false],
    ['server/server.h', '<', 'uv.h', true],
    ['net/loop.h', '<', 'uv.h', false],
    ['ws/deflate.cc', '<', 'zlib.h', false],
    ['ws/frame.cc', '<', 'openssl/sha.h', true],
    ['other/file.cc', '"', 'base/bytes.h', true],
  ];
  for (const [file, opening, header, expected] of rows) {
    assert.equal(wrong(file, opening, header), expected, `${file} includes ${header}`);
  }
});

test('each folder of native/ includes only what lies below it', () => {
  const files = filesIn('native');
  assert.notEqual(files.length, 0);
  const found = files.flatMap((file) => {
    const seen = path.relative('native', file).replaceAll(path.sep, '/');
    return [...read(file).matchAll(/^\s*#\s*include\s*([<"])([^>"]+)/gm)]
      .filter(([, opening = '', header = '']) => wrong(seen, opening, header))
      .map(([, , header]) => `${file} includes ${header}`);
  });
  assert.deepEqual(found, []);
});

test('no file passes 400 lines', () => {
  const folders = ['native', 'lib', 'test', 'tools', 'bench', 'examples'];
  const files = folders.filter((folder) => fs.existsSync(path.join(root, folder))).flatMap(filesIn);
  const ours = files.filter((file) => !file.includes('node_modules'));
  assert.deepEqual(
    ours.filter((file) => read(file).split('\n').length > 401),
    [],
  );
});
