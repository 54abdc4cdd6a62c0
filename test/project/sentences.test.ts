// sentences.md has every sentence of the documented reference that says how a server behaves. Each
// is held by a test, or a row of differences.json says what is so here, or there is nothing to test.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';
import contract from '../contract.json';
import { packagePath } from '../support/package_path.js';

const read = (...names: string[]): string => fs.readFileSync(packagePath(...names), 'utf8');

interface Row {
  readonly id: string;
  readonly about: readonly string[];
  readonly what: string;
  readonly documented: string;
  readonly here: string;
  readonly why?: string;
  readonly compat?: 'default' | 'waits' | 'whole';
  readonly own?: true;
}
const groups: Record<string, readonly Row[]> = JSON.parse(read('docs', 'differences.json'));
const rows = Object.values(groups).flat();
/** Those of compat alone are not in the reference. */
const compatRows = Object.values(groups).at(-1) ?? [];

const documentedNames = [
  ...[...contract.properties, ...contract.events, ...contract.settings].map(({ name }) => name),
  ...contract.methods.map(({ name }) => `${name}()`),
  ...contract.errors.map(({ code }) => `error ${code}`),
];

/** Name, what is said, and what holds it, with the number of its line. */
const sentences = read('test', 'sentences.md')
  .split('\n')
  .map((line, index) => ({ line, at: `sentences.md:${index + 1}` }))
  .filter(({ line }) => /^\|(?! name \|| ---)/.test(line))
  .map(({ line, at }) => {
    const cells = line.split('|').map((cell) => cell.trim());
    assert.equal(cells.length, 5, at);
    const [, name = '', said = '', holds = ''] = cells;
    return { at, name, said, holds };
  });

/** The source of a test: those in C++ are below test/native/. */
function sourceOf(file: string): string {
  const folder = file.endsWith('.cc') ? 'native' : '';
  return read('test', folder, file);
}

const TEST = /^`([\w/.]+)` (.+)$/;
const DIFFERS = /^differs: ([\w-]+)$/;
const NOTHING = /^nothing: (.+)$/;

/** What is wrong with what is said to hold a sentence about `name`. */
function complaint(name: string, holds: string): string | undefined {
  const [, file, title = ''] = TEST.exec(holds) ?? [];
  if (file !== undefined) {
    // A title that is put together may be cut before what comes in.
    const source = sourceOf(file);
    const ends = ["'", '"', '`'].map((quote) => [
      `${quote}${title}${quote}`,
      `${quote}${title} \${`,
    ]);
    return ends.flat().some((text) => source.includes(text)) ? undefined : `no test "${title}"`;
  }
  const [, id] = DIFFERS.exec(holds) ?? [];
  if (id !== undefined) {
    const row = rows.find((each) => each.id === id);
    if (row === undefined) return `no row ${id}`;
    const isAbout = name === '*' || row.about.includes(name) || compatRows.includes(row);
    return isAbout ? undefined : `the row ${id} is not about ${name}`;
  }
  return NOTHING.test(holds) ? undefined : 'neither a test nor a row nor a reason';
}

test('each sentence has a test, a row, or a reason', () => {
  const complaints = sentences.flatMap(({ at, name, said, holds }) => {
    const wrong = complaint(name, holds);
    if (wrong !== undefined) return [`${at}: ${wrong}`];
    const isKnown = name === '*' || documentedNames.includes(name);
    return isKnown && said !== '' ? [] : [`${at}: no such name, or nothing is said`];
  });
  assert.deepEqual(complaints, []);
});

test('no sentence is there twice', () => {
  const seen = sentences.map(({ name, said }) => `${name}: ${said}`);
  assert.deepEqual(
    seen.filter((each, index) => seen.indexOf(each) !== index),
    [],
  );
});

test('every documented name has a sentence', () => {
  const names = new Set(sentences.map(({ name }) => name));
  assert.deepEqual(
    documentedNames.filter((name) => !names.has(name)),
    [],
  );
});

test('a row is about names that there are, and some sentence differs by it', () => {
  const settings = WSServer.describe().map(({ name }) => name);
  const known = new Set([...documentedNames, ...settings]);
  const named = new Set(sentences.map(({ holds }) => DIFFERS.exec(holds)?.[1]));
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
  const complaints = rows.flatMap(({ id, about, what, documented, here, why, own }) => [
    ...about.filter((name) => !known.has(name)).map((name) => `${id}: no such name: ${name}`),
    ...(named.has(id) === (own === true) ? [`${id}: named by a sentence, or our own`] : []),
    ...([what, documented, here, why ?? '-'].every((cell) => /^[^|\n]+$/.test(cell)) ? [] : [id]),
  ]);
  assert.deepEqual(complaints, []);
});
