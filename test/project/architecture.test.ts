// SPDX-License-Identifier: MIT
// What the documents name is there: files, classes and their members,
// scripts, tests, settings with their defaults.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { eventNames, WSServer } from 'native-wsserver';

const root = path.dirname(require.resolve('native-wsserver/package.json'));
const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');
const { name: packageName, scripts, exports: entries } = JSON.parse(read('package.json'));
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...[
    'architecture',
    'boundary',
    'browser_topics',
    'cluster',
    'load',
    'nats',
    'performance',
    'scaling',
    'security',
    'tls',
    'topics',
    'turn',
    'workers',
    'ws',
  ].map((name) => `docs/${name}.md`),
];

/** All files below these folders with these endings, as one text each. */
function sourcesOf(folders: readonly string[], endings: RegExp): string[] {
  return folders.flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => endings.test(file) && !file.includes('node_modules'))
      .map((file) => read(path.join(folder, file))),
  );
}

const code = sourcesOf(['native', 'lib', 'test/native'], /\.(cc|h|m?ts)$/);
const tests = sourcesOf(['test'], /\.(cc|ts)$/);
const settings = new Map(WSServer.describe().map((row) => [row.name, row]));

/** The names of test files, wherever below test/ they are, and with their folders there. */
const testFiles = new Set(
  fs
    .readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .flatMap((file) => [path.basename(file), file]),
);

/** Whether there is a file or folder of this name, whose ending may be left out, or a header. */
function isFile(name: string): boolean {
  if (name.startsWith(`${packageName}/`)) return name.replace(packageName, '.') in entries;
  const endings = ['', '.cc', '.h', '.ts', '.js'];
  const isHere = endings.some((ending) => fs.existsSync(path.join(root, name + ending)));
  return isHere || testFiles.has(name) || code.some((text) => text.includes(`#include <${name}>`));
}

/** Whether a class, or the like, of this name has such a member, or is there at all. */
function isDeclared(name: string, member = ''): boolean {
  if (Object.hasOwn(Object(Reflect.get(globalThis, name)), member)) return true;
  const declared = new RegExp(`\\b(class|struct|interface|type|enum class) ${name}\\b`);
  const named = new RegExp(`\\b${member}\\b`);
  return code.some((text) => declared.test(text) && (member === '' || named.test(text)));
}

const isNamed = (word: string): boolean =>
  code.some((text) => new RegExp(`\\b${word}\\b`).test(text));

const isCalled = (word: string): boolean =>
  code.some((text) => new RegExp(`\\b${word}\\(`).test(text));
const isOfNode = (word: string): boolean =>
  word in globalThis || code.some((text) => new RegExp(`\\b${word}\\b.* from 'node:`).test(text));
/** Whether it is an event of Workers. */
const isOfWorkers = (word: string): boolean =>
  code.some((text) => new RegExp(`^  ${word}: \\[event: `, 'm').test(text));
const isNoun = (word: string): boolean =>
  isOfWorkers(word) ||
  settings.has(word) ||
  eventNames.some((event) => event === word) ||
  isNamed(`k${word}`) ||
  isDeclared(word) ||
  isOfNode(word);

type Kind = [string, RegExp, (...parts: string[]) => boolean];
const kinds: readonly Kind[] = [
  ['file', /^((?:\w[\w.-]*\/)+[\w.-]*|\.ci\/run|[\w-]+\.(?:ts|js|json|cc|h|md|txt|gyp))$/, isFile],
  ['member', /^([A-Z]\w+)(?:::|\.)(\w+)(?:\(\))?$/, isDeclared],
  ['class, setting or event', /^([A-Z]\w+[a-z]\w*)$/, isNoun],
  ['constant', /^(k[A-Z]\w+)$/, isNamed],
  ['function', /^([a-z]\w+)\(\)$/, isCalled],
  ['script', /^npm (?:run )?([\w:]+)(?: .*)?$/, (name) => name in scripts || name === 'ci'],
];

/** What is written between backticks, outside of blocks of code. */
function codeIn(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word);
}

function complaint(word: string): string[] {
  for (const [kind, form, isThere] of kinds) {
    const [, ...parts] = form.exec(word) ?? [];
    if (parts.length > 0) return isThere(...parts) ? [] : [`${kind}: ${word}`];
  }
  return [];
}

for (const document of documents) {
  test(`what ${document} names is there`, () => {
    const words = codeIn(read(document));
    assert.notEqual(words.length, 0);
    assert.deepEqual(words.flatMap(complaint), []);
  });

  test(`what ${document} links to is there`, () => {
    const links = [...read(document).matchAll(/\]\((?!http|#)([^)#]+)/g)].map(([, link]) => link);
    const missing = links.filter((link) => !isFile(path.join(path.dirname(document), `${link}`)));
    assert.deepEqual(missing, []);
  });

  test(`the tests that ${document} quotes are there`, () => {
    const text = read(document).replaceAll(/\s+/g, ' ');
    const titles = [...text.matchAll(/\btest "([^"]+)"/g)].map(([, title = '']) => title);
    assert.deepEqual(
      titles.filter((title) => !tests.some((source) => source.includes(`('${title}'`))),
      [],
    );
  });
}

test('words that name something are looked for', () => {
  assert.deepEqual(
    ['native/base/error.cc', 'Server::perform', 'npm run check', 'Outbox', 'wss://'].flatMap(
      complaint,
    ),
    [],
  );
  const wrong = [
    'native/base/mistake.cc',
    'Server::guess',
    'npm run guess',
    'Guesser',
    'kGuess',
    'guess()',
  ];
  assert.equal(wrong.flatMap(complaint).length, wrong.length);
});

test('the bounds are those of the settings', () => {
  const rows = read('docs/architecture.md').matchAll(/^\| [^|]+ \| `(\w+)` \| (\d+)/gm);
  const found = [...rows].map(([, name = '', value]) => [name, `${value}`]);
  assert.ok(found.length > 10);
  assert.deepEqual(
    found,
    found.map(([name = '']) => [name, `${settings.get(name)?.default}`]),
  );
});

test('CONTRIBUTING.md has the gates that tools/check.js runs, in their order', () => {
  const gates = [...read('tools/check.js').matchAll(/^ {2}\['[^']+', '(npm [^']+)'\],$/gm)];
  const rows = [...read('CONTRIBUTING.md').matchAll(/^\| [^|]+ \| `(npm [^`]+)` \| /gm)];
  assert.ok(gates.length > 5);
  assert.deepEqual(
    rows.map(([, command]) => command),
    gates.map(([, command]) => command),
  );
});
