// contract.json is what the documentation says, transcribed. The product has all of it, and what
// contract.json does not have is known to be ours.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { errorTable, eventNames, WSConnection, WSServer } from 'native-wsserver';
import contract from '../contract.json';
import { camel } from '../support/names.js';
import { packagePath } from '../support/package_path.js';

/** A member's descriptor, its own or inherited. */
function descriptorOf(prototype: object, member: string): PropertyDescriptor | undefined {
  for (let holder: object | null = prototype; holder; holder = Object.getPrototypeOf(holder)) {
    const found = Object.getOwnPropertyDescriptor(holder, member);
    if (found) return found;
  }
  return undefined;
}

/** The settings that the documentation does not have, but for LogLevel, which it only mentions. */
const OURS = [
  'AllowedOrigins',
  'AutoPong',
  'ClientContextTakeover',
  'ClientMaxWindowBits',
  'CloseTimeout',
  'CompressionLevel',
  'CompressionLimit',
  'CompressionMemoryLevel',
  'CompressionThreshold',
  'IdleTimeout',
  'LocalSocketMode',
  'LogLevel',
  'MaxConnectionsPerAddress',
  'MaxFragments',
  'MaxMessageSize',
  'MaxPendingConnections',
  'MaxQueuedBytes',
  'MaxQueuedBytesTotal',
  'MaxRequestHeaderSize',
  'MaxRequestHeaders',
  'MaxSubscriptions',
  'MaxUnfinishedBytes',
  'MessageTimeout',
  'PingInterval',
  'QueueSends',
  'SSLEnabled',
  'SSLOwnRecords',
  'SSLSessionLifetime',
  'SendTimeout',
  'ServerContextTakeover',
  'ServerMaxWindowBits',
  'SkipUTF8Validation',
  'SlowSubscribers',
];

const settings = new Map(WSServer.describe().map((row) => [row.name, row]));

/** A default as text, whichever way it is written: True and true, 5 and "5". */
const textOf = (value: unknown): string => String(value).toLowerCase();

test('names in camel case', () => {
  const names = ['SSLCertStore', 'LocalPort', 'WSConnectionCount', 'EOM', 'RequestURI'].map(camel);
  assert.deepEqual(names, ['sslCertStore', 'localPort', 'wsConnectionCount', 'eom', 'requestURI']);
});

for (const { name, access, perConnection } of contract.properties) {
  test(`property ${name}`, () => {
    const { prototype } = perConnection ? WSConnection : WSServer;
    const member = camel(perConnection ? name.replace('WSConnection', '') : name);
    const property = descriptorOf(prototype, member);
    assert.ok(property);
    assert.equal(property.get !== undefined, access.includes('r'), 'can be read');
    assert.equal(property.set !== undefined, access.includes('w'), 'can be written');
  });
}

for (const { name, parameters } of contract.methods) {
  test(`method ${name}`, () => {
    const method: unknown = Object.getOwnPropertyDescriptor(WSServer.prototype, camel(name))?.value;
    assert.ok(typeof method === 'function');
    // Ours, which are options, come after the documented ones.
    assert.ok(method.length >= parameters.length);
  });
}

test('the events are the documented ones, and ours', () => {
  const documented = contract.events.map(({ name }) => name);
  assert.deepEqual([...eventNames].sort(), [...documented, 'Skipped', 'Gap'].sort());
});

for (const { name, perConnection } of contract.settings) {
  test(`setting ${name}`, () => {
    assert.equal(settings.get(name)?.perConnection, perConnection);
  });
}

test('the settings beyond the documented ones are ours, and no others', () => {
  const documented = new Set(
    [...contract.properties, ...contract.settings].map(({ name }) => name),
  );
  const beyond = [...settings.keys()].filter((name) => !documented.has(name));
  assert.deepEqual(beyond.sort(), OURS);
});

/** What tests say about all settings alike, and so about none. */
const ABOUT_ALL =
  /^(project\/(contract|documented|reference)|settings\/all)\.test\.ts$|\/(config|options)_test\.cc$/;

test('every setting has a test of its effect, or says why it has none', () => {
  const folder = packagePath('test');
  const sources = fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(test|conformance\/.*)\.(ts|cc)$/.test(file))
    .filter((file) => !ABOUT_ALL.test(file))
    .map((file) => fs.readFileSync(path.join(folder, file), 'utf8'))
    .join('\n');
  // By its documented name, or by that of the property, or by that of the field in the core.
  const isTested = (name: string): boolean =>
    new RegExp(`\\b(${name}|${camel(name)}|${name[0]?.toLowerCase()}${name.slice(1)})\\b`).test(
      sources,
    );
  const untested = [...settings.values()].filter(({ name, inert }) => !inert && !isTested(name));
  assert.deepEqual(
    untested.map(({ name }) => name),
    [],
  );
});

test('defaults are the documented ones, or say which those are', () => {
  const fresh = new WSServer();
  for (const documented of [...contract.properties, ...contract.settings]) {
    const row = settings.get(documented.name);
    // Connections have no defaults but what they come with.
    if (!('default' in documented) || (!row && documented.perConnection)) continue;
    const value = row
      ? row.documentedDefault || row.default
      : Reflect.get(fresh, camel(documented.name));
    assert.equal(textOf(value), textOf(documented.default), documented.name);
  }
});

test('the error table has the documented codes with their texts, and no others', () => {
  // One of the texts is documented without the full stop that ends all others.
  const documented = contract.errors.map(({ code, text }) => [code, `${text}.`.replace('..', '.')]);
  assert.deepEqual(
    errorTable.map(({ code, text }) => [code, text]),
    documented.sort(([a], [b]) => Number(a) - Number(b)),
  );
});
