'use strict';
// Writes docs/reference.md: what the public declarations, the settings table and the error table
// say about every documented name and every one of ours. `--check` only compares.

const fs = require('node:fs');
const path = require('node:path');
const contract = require('../test/contract.json');
const documented = require('../dist/compat/documented.js');
const { errorTable, WSServer } = require('../dist/index.js');
const { readDeclarations } = require('./declarations.js');
const { differencesOf } = require('./differences.js');

const root = path.join(__dirname, '..');
const reference = path.join(root, 'docs/reference.md');
const connectionProperties = Object.fromEntries(
  Object.entries(documented.connectionProperties).map(([name, row]) => [
    `WSConnection${name}`,
    row,
  ]),
);
const settings = new Map(WSServer.describe().map((row) => [row.name, row]));
const anchors = new Map();
const text = [];

function need(thing, complaint) {
  if (!thing) throw new Error(complaint);
  return thing;
}

const intro = [
  'Every name of the documentation, and those that are ours alone. Written by `npm run docs` from the',
  'comments in lib/, the settings table and the error table; [differences.md](differences.md) says where',
  'and why we differ from the documentation.',
].join('\n');

const code = (value) => (value === '' ? 'empty' : `\`${value}\``);
/** A value as Config() writes it. */
const configText = (value) =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
const escaped = (sentence) => sentence.replace(/[*<]/g, '\\$&');
const joined = (...facts) => facts.filter((fact) => fact).join(' · ');

function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

/** A comment with links, for `{@link X}` and for whatever can only be one of our names. */
function linked(owner, comment) {
  const linkOf = (name) => {
    const anchor = anchors.get(`${owner}.${name}`) ?? anchors.get(name);
    return anchor && `[${name}](#${anchor})`;
  };
  return comment
    .replace(/([^\n])\n(?!\n)/g, '$1 ')
    .replace(/`[^`]*`|\{@link ([\w.]+)\}|\b\w*[a-z0-9][A-Z]\w*/g, (all, target) => {
      if (all.startsWith('`')) return all;
      return linkOf(target ?? all) ?? (target ? code(target) : all);
    });
}

function write(heading, ...paragraphs) {
  for (const paragraph of [heading, ...paragraphs.flat()]) if (paragraph) text.push(paragraph, '');
}

/** What the settings table says beside its sentence; `ownDefault` is the comment's word for it. */
function settingFacts(row, ownDefault) {
  if (row.documentedDefault !== '') {
    need(differencesOf(row.name).length > 0, `docs/differences.json lacks ${row.name}`);
  }
  const range = {
    boolean: '',
    number: row.form || `${row.min} to ${row.max}`,
    string: joined(row.form, row.max > 0 && `up to ${row.max} bytes`),
  };
  return joined(
    `default ${ownDefault ?? code(configText(row.default))}`,
    row.documentedDefault && `documented default ${code(row.documentedDefault)}`,
    row.readOnly ? 'read only' : range[typeof row.default],
    row.lockedError > 0 && `not while listening (error ${row.lockedError})`,
  );
}

const ours = 'not in the documentation';
const isMethod = ({ texts }) => /^(static )?[\w[\].]+\(/.test(texts[0]);
const byName = (left, right) => (left.name.toLowerCase() < right.name.toLowerCase() ? -1 : 1);

/** The members of a class that are `wanted`, each with its documented name and row if it has one. */
function* membersWithRows(type, rows, wanted) {
  const named = new Map(Object.entries(rows).map(([name, row]) => [row.member, [name, row]]));
  for (const member of type.members.filter(wanted).sort(byName)) {
    need(member.doc, `${type.name}.${member.name} has no comment`);
    yield [member, ...(named.get(member.name) ?? [])];
    named.delete(member.name);
  }
  need(named.size === 0, `${type.name} lacks ${[...named.keys()]}`);
}

function writeProperty(type, object, member, documentedName) {
  const { name, texts, doc, throws, defaultValue } = member;
  const valueType = texts[0].replace(/^set \w+\(\w+: (.*)\)$|^[^:]*: /, '$1');
  const reads = texts.some((each) => !each.startsWith('set '));
  const writes = texts.some((each) => each.startsWith('set '));
  const own = defaultValue === "''" ? 'empty' : defaultValue && linked(type.name, defaultValue);
  const setting = settings.get(documentedName);
  write(
    `### ${object}.${name}`,
    joined(
      documentedName ? code(documentedName) : ours,
      code(valueType),
      reads && writes ? 'read and write' : reads ? 'read only' : 'write only',
      setting ? settingFacts(setting, own) : own && `default ${own}`,
    ),
    linked(type.name, doc),
    throws && `Throws ${linked(type.name, throws)}.`,
    documentedName ? differencesOf(documentedName) : [],
  );
}

function writeMethod(type, object, member, documentedName, row) {
  const { name, texts, doc, returns, throws } = member;
  const isStatic = texts[0].startsWith('static ');
  const call = texts[0].replace('static ', '').replace(/\{[^}]*\}\?/, 'options?');
  const parameters = Object.keys(row?.parameters ?? {}).join(', ');
  write(
    `### ${isStatic ? type.name : object}.${name}()`,
    row ? code(`${documentedName}(${parameters})`) : ours,
    `\`\`\`ts\n${call}\n\`\`\``,
    linked(type.name, doc),
    returns && `Returns ${linked(type.name, returns)}.`,
    throws && `Fails with ${linked(type.name, throws)}.`,
    row ? differencesOf(`${documentedName}()`) : [],
  );
}

function writeEvent(type, name, parameters) {
  const documentedNames = new Map();
  for (const [parameter, { field }] of Object.entries(parameters)) {
    const fields = type.members.filter((member) =>
      [field, `${field}B`, parameter].includes(member.name),
    );
    need(fields.length > 0, `${type.name} lacks ${parameter}`);
    for (const found of fields) documentedNames.set(found.name, parameter);
  }
  const rows = type.members.map(({ name: field, texts, doc }) => {
    need(doc || field === 'connectionId', `${type.name}.${field} has no comment`);
    const access = /^(readonly|get) /.test(texts[0]) ? '' : 'may be set';
    const valueType = texts[0].replace(/^[^:]*: /, '').replaceAll('|', '\\|');
    const cells = [
      code(field),
      documentedNames.has(field) ? code(documentedNames.get(field)) : ours,
    ];
    return [...cells, code(valueType), access, linked(type.name, doc)];
  });
  write(
    `### Event: ${name}`,
    linked(type.name, type.doc),
    table(['field', 'documented', 'type', '', 'what it is'], rows),
    differencesOf(name),
  );
}

function writeSetting(row) {
  write(
    `### ${row.name}`,
    joined(
      contract.settings.some(({ name }) => name === row.name) ? '' : ours,
      row.perConnection && `of a connection: ${code(`${row.name}[connectionId]`)}`,
      code(typeof row.default),
      settingFacts(row),
    ),
    linked('', escaped(row.doc)),
    differencesOf(row.name),
  );
}

/** The error table, with those whose comments or rows say that they fail with an error. */
function errorRows(classes) {
  const members = Object.entries(classes).flatMap(([object, type]) =>
    type.members
      .filter(({ name }) => anchors.has(`${type.name}.${name}`))
      .map(({ name, throws = '' }) => [`${object}.${name}`, `${type.name}.${name}`, throws]),
  );
  const locked = [...settings.values()]
    .filter(({ property }) => !property)
    .map((row) => [row.name, row.name, `${row.lockedError}`]);
  const rows = errorTable.map((row) => {
    const told = new RegExp(`\\b${row.code}\\b`);
    const tellers = [...members, ...locked]
      .filter(([, , throws]) => told.test(throws))
      .map(([title, name]) => `[${title}](#${anchors.get(name)})`);
    const sentence = escaped(row.text.replace(/^\[\d+\] /, ''));
    return [row.code, row.name, sentence, tellers.join(', ')];
  });
  return table(['code', 'name', 'documented text', 'among those who tell it'], rows);
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Exports that have no section of their own. */
const elsewhere = {
  WSServer: 'properties-of-the-server',
  WSConnection: 'properties-of-a-connection',
  EventMap: 'events',
  eventNames: 'events',
  errorTable: 'errors',
};

/** Where each name is to be found. */
function collectAnchors(types) {
  const classes = { WSServer: 'server', WSConnection: 'connection' };
  for (const { name } of types.values()) anchors.set(name, elsewhere[name] ?? anchorOf(name));
  for (const name of settings.keys()) anchors.set(name, anchorOf(name));
  for (const name of Object.keys(documented.documentedEvents)) {
    const anchor = anchorOf(`Event: ${name}`);
    anchors.set(name, anchor).set(`${name}Event`, anchor);
    for (const field of types.get(`${name}Event`).members) {
      anchors.set(`${name}Event.${field.name}`, anchor);
    }
  }
  for (const [name, object] of Object.entries(classes)) {
    for (const member of types.get(name).members) {
      anchors.set(`${name}.${member.name}`, anchorOf(`${object}.${member.name}`));
    }
  }
  for (const [name, { member }] of Object.entries(documented.serverProperties)) {
    anchors.set(name, anchors.get(`WSServer.${member}`));
  }
  for (const [name, { member }] of Object.entries(connectionProperties)) {
    anchors.set(name, anchors.get(`WSConnection.${member}`));
  }
}

async function main() {
  const types = await readDeclarations();
  collectAnchors(types);
  const server = types.get('WSServer');
  const connection = types.get('WSConnection');
  const isProperty = (member) => !isMethod(member);

  write('# Reference', intro);
  write('## Properties of the server', linked('', server.doc));
  for (const found of membersWithRows(server, documented.serverProperties, isProperty)) {
    writeProperty(server, 'server', ...found);
  }
  write('## Properties of a connection', linked('', connection.doc));
  for (const found of membersWithRows(connection, connectionProperties, isProperty)) {
    writeProperty(connection, 'connection', ...found);
  }
  write('## Methods of the server');
  for (const found of membersWithRows(server, documented.documentedMethods, isMethod)) {
    writeMethod(server, 'server', ...found);
  }
  write('## Methods of a connection');
  for (const found of membersWithRows(connection, {}, isMethod)) {
    writeMethod(connection, 'connection', ...found);
  }
  write('## Events', linked('', types.get('Listener').doc));
  for (const [name, parameters] of Object.entries(documented.documentedEvents).sort()) {
    writeEvent(types.get(`${name}Event`), name, parameters);
  }
  write(
    '## Settings',
    linked('WSServer', server.members.find(({ name }) => name === 'config').doc),
  );
  for (const row of [...settings.values()].filter((each) => !each.property).sort(byName)) {
    writeSetting(row);
  }
  write(
    '## Errors',
    linked('', types.get('WSServerError').doc),
    errorRows({ server, connection }),
    differencesOf(...errorTable.map(({ code }) => `error ${code}`)),
  );
  write('## Types');
  for (const type of [...types.values()]
    .filter(({ name }) => !(name in elsewhere) && !name.endsWith('Event'))
    .sort(byName)) {
    need(type.doc, `${type.name} has no comment`);
    write(`### ${type.name}`, linked(type.name, type.doc), `\`\`\`ts\n${type.text}\n\`\`\``);
  }
  finish(`${text.join('\n').trim()}\n`);
}

function finish(wanted) {
  if (!process.argv.includes('--check')) return fs.writeFileSync(reference, wanted);
  if (fs.readFileSync(reference, 'utf8') === wanted) return;
  console.error('docs/reference.md is out of date: npm run docs');
  process.exitCode = 1;
}

main();
