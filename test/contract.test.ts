// contract.json is what the documentation says, transcribed. Each row tells whether it is built;
// the product must have what is built, and must not have what is not: then the row is out of date.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTable, eventNames, WSConnection, WSServer } from 'native-wsserver';
import contract from './contract.json';
import { camel } from './support/names.js';

/** A member's descriptor, its own or inherited. */
function descriptorOf(prototype: object, member: string): PropertyDescriptor | undefined {
  for (let holder: object | null = prototype; holder; holder = Object.getPrototypeOf(holder)) {
    const found = Object.getOwnPropertyDescriptor(holder, member);
    if (found) return found;
  }
  return undefined;
}

const settings = new Map(WSServer.describe().map((row) => [row.name, row]));

/** A default as text, whichever way it is written: True and true, 5 and "5". */
const textOf = (value: unknown): string => String(value).toLowerCase();

test('names in camel case', () => {
  const names = ['SSLCertStore', 'LocalPort', 'WSConnectionCount', 'EOM', 'RequestURI'].map(camel);
  assert.deepEqual(names, ['sslCertStore', 'localPort', 'wsConnectionCount', 'eom', 'requestURI']);
});

for (const { name, access, perConnection, built } of contract.properties) {
  test(`property ${name}`, () => {
    const { prototype } = perConnection ? WSConnection : WSServer;
    const member = camel(perConnection ? name.replace('WSConnection', '') : name);
    const property = descriptorOf(prototype, member);
    assert.equal(property !== undefined, built);
    if (!property) return;
    assert.equal(property.get !== undefined, access.includes('r'), 'can be read');
    assert.equal(property.set !== undefined, access.includes('w'), 'can be written');
  });
}

for (const { name, parameters, built } of contract.methods) {
  test(`method ${name}`, () => {
    const method: unknown = Object.getOwnPropertyDescriptor(WSServer.prototype, camel(name))?.value;
    assert.equal(typeof method === 'function', built);
    // Ours, which are options, come after the documented ones.
    if (typeof method === 'function') assert.ok(method.length >= parameters.length);
  });
}

for (const { name, built } of contract.events) {
  test(`event ${name}`, () => {
    assert.equal(
      eventNames.some((event) => event === name),
      built,
    );
  });
}

for (const { name, perConnection, built } of contract.settings) {
  test(`setting ${name}`, () => {
    assert.equal(settings.has(name), built);
    if (built) assert.equal(settings.get(name)?.perConnection, perConnection);
  });
}

test('defaults are the documented ones, or say which those are', () => {
  for (const documented of [...contract.properties, ...contract.settings]) {
    const row = settings.get(documented.name);
    if (!row || !('default' in documented)) continue;
    const value = row.documentedDefault || row.default;
    assert.equal(textOf(value), textOf(documented.default), documented.name);
  }
});

test('the error table has the documented codes and no others', () => {
  const codes = contract.errors.filter(({ built }) => built).map(({ code }) => code);
  assert.deepEqual(
    errorTable.map(({ code }) => code).sort((a, b) => a - b),
    codes.sort((a, b) => a - b),
  );
});
