// docs/reference.md has every documented name in its place, with its facts. Whether it is what
// tools/docs.js writes now, `npm run docs:check` says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorTable, WSServer } from 'native-wsserver';
import contract from '../contract.json';
import { camel } from '../support/names.js';

/** Every section by its headings: `Settings/MaxFrameSize`. */
const sections = new Map<string, string>();
const [, ...chapters] = readFileSync(join(process.cwd(), 'docs/reference.md'), 'utf8').split(
  '\n## ',
);
for (const chapter of chapters) {
  const [start = '', ...parts] = chapter.split('\n### ');
  const title = start.split('\n', 1)[0];
  sections.set(`${title}`, start);
  for (const part of parts) sections.set(`${title}/${part.split('\n', 1)[0]}`, part);
}

const settings = new Map(WSServer.describe().map((row) => [row.name, row]));

function section(title: string): string {
  const found = sections.get(title);
  assert.ok(found !== undefined, `docs/reference.md lacks ${title}: npm run docs`);
  return found;
}

/** The line of facts behind a heading. */
const factsOf = (text: string): string[] => (text.split('\n')[2] ?? '').split(' · ');

for (const { name, access, perConnection } of contract.properties) {
  test(`property ${name}`, () => {
    const [chapter, object] = perConnection
      ? ['a connection', 'connection']
      : ['the server', 'server'];
    const member = camel(name.replace(perConnection ? 'WSConnection' : '', ''));
    const [documentedName, type, how, ...facts] = factsOf(
      section(`Properties of ${chapter}/${object}.${member}`),
    );
    assert.equal(documentedName, `\`${name}\``);
    assert.match(type ?? '', /^`.+`$/);
    assert.equal(how, { rw: 'read and write', r: 'read only', w: 'write only' }[access]);
    const row = settings.get(name);
    if (!row) return;
    assert.ok(facts.some((fact) => fact.startsWith('default ')));
    if (row.documentedDefault)
      assert.ok(facts.includes(`documented default \`${row.documentedDefault}\``));
    if (row.lockedError)
      assert.ok(facts.includes(`not while listening (error ${row.lockedError})`));
    if (typeof row.default === 'number') assert.ok(facts.includes(`${row.min} to ${row.max}`));
  });
}

for (const { name, parameters } of contract.methods) {
  test(`method ${name}`, () => {
    const text = section(`Methods of the server/server.${camel(name)}()`);
    const names = parameters.map((parameter) => parameter.name).join(', ');
    assert.deepEqual(factsOf(text), [`\`${name}(${names})\``]);
    assert.ok(text.includes(`\`\`\`ts\n${camel(name)}(`));
  });
}

for (const { name, parameters } of contract.events) {
  test(`event ${name}`, () => {
    const rows = section(`Events/Event: ${name}`)
      .split('\n')
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
    for (const parameter of parameters) {
      const fields = rows.filter(([, , documented]) => documented === `\`${parameter.name}\``);
      assert.ok(fields.length > 0, parameter.name);
      for (const [, field, , type, access] of fields) {
        assert.match(field ?? '', new RegExp(`^\`${parameter.name}B?\`$`, 'i'));
        assert.match(type ?? '', /^`.+`$/);
        assert.equal(access, parameter.direction === 'inout' ? 'may be set' : '', parameter.name);
      }
    }
  });
}

for (const { name, perConnection } of contract.settings) {
  test(`setting ${name}`, () => {
    const row = settings.get(name);
    assert.ok(row);
    const text = section(`Settings/${name}`);
    const facts = factsOf(text);
    assert.ok(facts.includes(`\`${typeof row.default}\``), 'type');
    const initial = row.default === '' ? 'empty' : `\`${row.default}\``;
    assert.ok(
      facts.some((fact) => fact.toLowerCase() === `default ${initial}`.toLowerCase()),
      'default',
    );
    assert.equal(facts.includes(`of a connection: \`${name}[connectionId]\``), perConnection);
    assert.equal(facts.includes('read only'), row.readOnly);
    assert.ok(text.split('\n')[4], 'a sentence');
    if (row.documentedDefault === '') return;
    assert.ok(facts.includes(`documented default \`${row.documentedDefault}\``));
    assert.match(text, /\[Differs\]\(differences\.md\)/);
  });
}

test('errors', () => {
  const rows = section('Errors')
    .split('\n')
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  for (const { code } of contract.errors) {
    const [, , name, meaning] = rows.find(([, first]) => first === String(code)) ?? [];
    assert.equal(name, errorTable.find((row) => row.code === code)?.name);
    assert.ok(meaning, `error ${code}`);
  }
});

test('every link within the page leads somewhere', () => {
  const headings = [...sections.keys()].map((title) => title.split('/').pop() ?? '');
  const anchors = headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  assert.equal(new Set(anchors).size, anchors.length, 'an anchor twice');
  for (const text of sections.values()) {
    for (const [, target = ''] of text.matchAll(/\]\(#([^)]+)\)/g)) {
      assert.ok(anchors.includes(target), target);
    }
  }
});
