// The tables of docs/migration.md against contract.json, in both directions, and against what there
// is. Whether they are what tools/migration.js writes now, `npm run docs:check` says.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { WSServer as MainServer, WSConnection } from 'native-wsserver';
import { WSServer, wsserver } from 'native-wsserver/compat';
import contract from '../contract.json';
import { packagePath } from '../support/package_path.js';

const root = packagePath();
const guide = fs.readFileSync(path.join(root, 'docs/migration.md'), 'utf8');

/** The cells of the rows of the table below a heading, without their backquotes. */
function rowsOf(heading: string): string[][] {
  const [, section = ''] = guide.split(`### ${heading}\n`);
  const [text = ''] = section.split('\n### ');
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, cell = '']) => cell));
}

/** `Get/SetName()` stands for GetName and SetName. */
function namesIn(cell: string): string[] {
  const [name = ''] = cell.split('(');
  const [, get, set, rest] = /^(get)\/(set)(.*)/i.exec(name) ?? [];
  return get === undefined ? [name] : [`${get}${rest}`, `${set}${rest}`];
}

const properties = ['Properties of the server', 'Properties of a connection'].flatMap(rowsOf);
const methods = rowsOf('Methods');
const events = rowsOf('Events');

test('every property of the documentation, and no other', () => {
  const documented = contract.properties.flatMap(({ name, access }) => [
    ...(access.includes('r') ? [`Get${name}`] : []),
    ...(access.includes('w') ? [`Set${name}`] : []),
  ]);
  const listed = properties.flatMap(([cpp = '']) => namesIn(cpp));
  assert.deepEqual(listed.sort(), documented.sort());
});

test('every method and event of the documentation, and no other', () => {
  assert.deepEqual(
    methods.map(([cpp]) => cpp).sort(),
    contract.methods.map(({ name }) => `${name}()`).sort(),
  );
  assert.deepEqual(
    events.map(([cpp]) => cpp).sort(),
    contract.events.map(({ name }) => `Fire${name}(e)`).sort(),
  );
});

test('what the tables name is there', () => {
  const cpp = new WSServer();
  const js = new wsserver();
  const main = new MainServer();
  for (const [cppName = '', , , jsName = '', , , mainName = ''] of [...properties, ...methods]) {
    for (const name of namesIn(cppName)) assert.ok(name in cpp, name);
    const ofItem = jsName.startsWith('getConnections().item(id).');
    for (const name of namesIn(jsName.replace('getConnections().item(id).', ''))) {
      const whole = ofItem ? name.replace(/^(get|set)/, '$1WSConnection') : name;
      assert.ok(whole in js, whole);
    }
    const [owner, member = ''] = mainName.replace('()', '').split('.');
    assert.ok(member in (owner === 'server' ? main : WSConnection.prototype), mainName);
  }
});

test('docs/differences.md says which settings have the documented default', () => {
  const differences = fs.readFileSync(path.join(root, 'docs/differences.md'), 'utf8');
  const [, names = ''] =
    /These rows have what is documented there: (.*?) as to their/s.exec(differences) ?? [];
  const main = new MainServer();
  const compat = new WSServer();
  const differing = MainServer.describe()
    .filter((row) => !row.perConnection && main.config(row.name) !== compat.Config(row.name))
    .map(({ name }) => name);
  assert.deepEqual(names.split(/,\s+|\s+and\s+/).sort(), differing.sort());
});

test('the names of the other editions follow their rules', () => {
  const row = (rows: string[][], start: string) => rows.find(([cpp]) => cpp?.includes(start));
  assert.deepEqual(row(properties, 'RequestURI')?.slice(1, 6), [
    'Connections[id].RequestURI',
    'getConnections().get(id).getRequestURI()',
    'getConnections().item(id).getRequestURI()',
    'get_ws_connection_request_uri(id)',
    'WSConnectionRequestURI[id]',
  ]);
  assert.deepEqual(row(methods, 'SendText')?.slice(1, 6), [
    'SendText()',
    'sendText()',
    'sendText()',
    'send_text()',
    'SendText()',
  ]);
  assert.deepEqual(row(events, 'SSLStatus')?.slice(1, 6), [
    'OnSSLStatus',
    'SSLStatus(e)',
    "on('SSLStatus')",
    'on_ssl_status',
    'OnSSLStatus',
  ]);
});
