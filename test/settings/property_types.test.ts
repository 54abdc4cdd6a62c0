// The types under which lib reads settings and properties against the tables of the core.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';
import type * as Native from '../../dist/boundary/native.js';
import type * as Index from '../../dist/boundary/property_index.js';
import type { PropertyTypes, SettingTypes } from '../../dist/boundary/property_types.js';
import { startOpen } from '../support/open.js';

const boundary = path.join(require.resolve('native-wsserver/package.json'), '../dist/boundary');
const { addon }: typeof Native = require(path.join(boundary, 'native.js'));
const { propertyIndex }: typeof Index = require(path.join(boundary, 'property_index.js'));

/** What typeof says of the values; the compiler wants each name, with its kind. */
type Kinds<Types> = {
  readonly [Name in keyof Types]: Types[Name] extends boolean
    ? 'boolean'
    : Types[Name] extends number
      ? 'number'
      : 'string';
};

const settingKinds: Kinds<SettingTypes> = {
  CodePage: 'number',
  ConnectionBacklog: 'number',
  DefaultTimeout: 'number',
  LocalHost: 'string',
  LocalPort: 'number',
  SSLAuthenticateClients: 'boolean',
  SSLEnabled: 'string',
  SelectWaitMillis: 'number',
  UseFIPSCompliantAPI: 'boolean',
};

const propertyKinds: Kinds<PropertyTypes> = {
  AcceptData: 'boolean',
  BytesSent: 'number',
  Connected: 'boolean',
  ConnectionUID: 'string',
  Host: 'string',
  LineMode: 'boolean',
  LocalAddress: 'string',
  MaxLineLength: 'number',
  MessageLength: 'number',
  Origin: 'string',
  QueuedBytes: 'number',
  ReadyToSend: 'boolean',
  RemoteHost: 'string',
  RemotePort: 'number',
  RequestHeaders: 'string',
  RequestURI: 'string',
  SSLNegotiatedCipher: 'string',
  SSLNegotiatedCipherStrength: 'number',
  SSLNegotiatedCipherSuite: 'string',
  SSLNegotiatedKeyExchange: 'string',
  SSLNegotiatedKeyExchangeStrength: 'number',
  SSLNegotiatedVersion: 'string',
  SkippedMessages: 'number',
  SubProtocols: 'string',
  Timeout: 'number',
};

test('settings that lib reads have the names and kinds of the table', () => {
  const rows = WSServer.describe();
  for (const [name, kind] of Object.entries(settingKinds)) {
    const row = rows.find((candidate) => candidate.name === name);
    assert.ok(row !== undefined, name);
    assert.equal(typeof row.default, kind, name);
  }
  const properties = rows.filter(({ property }) => property).map(({ name }) => name);
  assert.deepEqual(
    properties.filter((name) => !Object.hasOwn(settingKinds, name)),
    [],
  );
});

test('properties of connections have the names and kinds of the table', async (t) => {
  const { server, id } = await startOpen(t);
  const { core } = server as unknown as { core: InstanceType<typeof addon.Server> };
  const kinds = addon.propertyNames.map((name) => [
    name,
    typeof core.getProperty(id, propertyIndex(name)),
  ]);
  assert.deepEqual(Object.fromEntries(kinds), propertyKinds);
});
