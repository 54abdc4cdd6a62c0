// The tables of documented names against contract.json, in both directions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as Documented from '../../dist/compat/documented.js';
import contract from '../contract.json';
import { packagePath } from '../support/package_path.js';

const tables: typeof Documented = require(packagePath('dist/compat/documented.js'));

const byName = <Row extends { name: string }>(rows: Row[]): Row[] =>
  rows.sort((a, b) => (a.name < b.name ? -1 : 1));

function rowsOf(properties: object, prefix: string, perConnection: boolean) {
  return Object.entries(properties).map(([name, { type, access }]) => ({
    name: `${prefix}${name}`,
    type,
    access,
    perConnection,
  }));
}

test('properties', () => {
  const rows = [
    ...rowsOf(tables.serverProperties, '', false),
    ...rowsOf(tables.connectionProperties, 'WSConnection', true),
  ];
  const documented = contract.properties.map(({ name, type, access, perConnection }) => ({
    name,
    type,
    access,
    perConnection,
  }));
  assert.deepEqual(byName(rows), byName(documented));
});

test('methods, with their parameters in order', () => {
  const rows = Object.entries(tables.documentedMethods).map(([name, { parameters }]) => ({
    name,
    parameters: Object.entries(parameters).map(([parameter, type]) => ({ name: parameter, type })),
  }));
  const documented = contract.methods.map(({ name, parameters }) => ({ name, parameters }));
  assert.deepEqual(byName(rows), byName(documented));
});

test('events, with their parameters in order', () => {
  const rows = Object.entries(tables.documentedEvents).map(([name, parameters]) => ({
    name,
    parameters: Object.entries(parameters).map(([parameter, { type, ...rest }]) => ({
      name: parameter,
      type,
      direction: 'inout' in rest ? 'inout' : 'in',
    })),
  }));
  const documented = contract.events.map(({ name, parameters }) => ({ name, parameters }));
  assert.deepEqual(byName(rows), byName(documented));
});
