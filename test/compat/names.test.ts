// Every documented property, method, event and setting, reached by both editions' names.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorEvent, WSServer as MainServer } from 'native-wsserver';
import { WSServer, wsserver } from 'native-wsserver/compat';
import contract from '../contract.json';
import { ByteClient } from '../support/byte_client.js';
import { defer } from '../support/defer.js';

type Test = Parameters<typeof defer>[0];
/** A server whose methods are called by names that are put together. */
type Named = Record<string, (...args: unknown[]) => unknown>;

const named = (server: object): Named => server as Named;
const camel = (name: string): string =>
  name.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase());

/** A server of either edition with a client. */
async function startOpen<Server extends MainServer>(t: Test, server: Server) {
  server.localHost = '127.0.0.1';
  await server.startListening();
  defer(t, () => server.shutdown());
  const connected = new Promise<number>((resolve) =>
    server.once('Connected', (event) => resolve(event.connectionId)),
  );
  const client = await ByteClient.open(t, server.localPort, [
    'Origin: http://a.example',
    'Sec-WebSocket-Protocol: one',
  ]);
  return { client, id: await connected };
}

/** What can be set without consequence, by type. */
const samples: Record<string, unknown> = { boolean: true, integer: 1, string: '', binary: '' };

/** The JavaScript type that values of a documented type have. */
const types: Record<string, string> = { boolean: 'boolean', integer: 'number' };

test('C++: the methods of every property, and no others', async (t) => {
  const server = new WSServer();
  const methods = named(server);
  for (const { name, type, access, default: initial, perConnection } of contract.properties) {
    assert.equal(typeof methods[`Get${name}`], access.includes('r') ? 'function' : 'undefined');
    assert.equal(typeof methods[`Set${name}`], access.includes('w') ? 'function' : 'undefined');
    if (perConnection) continue;
    assert.equal(methods[`Get${name}`]?.(), initial, name);
    assert.equal(server.GetLastErrorCode(), 0);
    const sets = access.includes('w') && name !== 'Listening';
    if (sets) assert.equal(methods[`Set${name}`]?.(samples[type]), 0, name);
  }
  // Without TLS nobody is asked for a certificate.
  assert.equal(server.SetSSLAuthenticateClients(false), 0);
  const { id } = await startOpen(t, server);
  const { connections } = server;
  for (const { name, type, access } of contract.properties.filter((row) => row.perConnection)) {
    if (access.includes('r')) {
      const value = methods[`Get${name}`]?.(id);
      assert.equal(typeof value, types[type] ?? 'string', name);
      assert.equal(server.GetLastErrorCode(), 0, name);
      const member = camel(name.replace('WSConnection', ''));
      const main = Reflect.get(connections.get(id) as object, member);
      assert.equal(value, type === 'string' ? `${main}` : main);
      const nothing = { boolean: false, integer: 0 }[type] ?? '';
      assert.equal(methods[`Get${name}`]?.(99), nothing, name);
      assert.equal(server.GetLastErrorCode(), 126, name);
    }
    if (access.includes('w')) {
      assert.equal(methods[`Set${name}`]?.(`${id}`, samples[type]), 0, name);
      assert.equal(methods[`Set${name}`]?.(99, samples[type]), 126, name);
    }
  }
});

test('C++: every method with its parameters', () => {
  const server = named(new WSServer());
  for (const { name, parameters } of contract.methods) {
    assert.ok((server[name]?.length ?? 0) >= parameters.length, name);
  }
});

test('C++: every event calls its method with the documented parameters', () => {
  const called: [name: string, parameters: object][] = [];
  const server = new WSServer();
  for (const { name } of contract.events) {
    assert.equal(named(server)[`Fire${name}`]?.({}), 0, name);
    named(server)[`Fire${name}`] = (parameters) => called.push([name, parameters as object]);
  }
  server.SetLocalHost('127.0.0.1');
  assert.equal(server.StartListening(), 0); // Methods that are put in place by now are called.
  server.StopListening();
  called.length = 0;
  for (const { name, parameters } of contract.events) {
    const event: Record<string, unknown> = {};
    for (const { name: parameter, type } of parameters) {
      const field = camel(parameter);
      event[field] = parameter === 'ConnectionId' ? 7 : `the ${field}`;
      if (type === 'binary') event[`${field}B`] = Buffer.from(`the ${field}`);
    }
    server.emit(name as 'Error', event as unknown as ErrorEvent);
    const [firedName, fired] = called.pop() as [string, Record<string, unknown>];
    assert.equal(firedName, name);
    const names: string[] = [];
    for (const parameter in fired) names.push(parameter);
    const documented = parameters.flatMap(({ name: parameter, type }) =>
      type === 'binary' ? [parameter, `${parameter}B`, `len${parameter}`] : [parameter],
    );
    assert.deepEqual(names, documented);
    for (const { name: parameter, type, direction } of parameters) {
      assert.equal(fired[parameter], event[camel(parameter)], parameter);
      const bytes = fired[`${parameter}B`] as Uint8Array;
      if (type === 'binary') assert.equal(fired[`len${parameter}`], bytes.length);
      if (direction === 'inout') {
        fired[parameter] = 'set';
        assert.equal(event[camel(parameter)], 'set', parameter);
      } else {
        assert.throws(() => {
          fired[parameter] = 'set';
        }, TypeError);
      }
    }
  }
});

test('JavaScript: the methods of every property, and no others', async (t) => {
  const server = new wsserver();
  const methods = named(server);
  for (const { name, type, access, default: initial, perConnection } of contract.properties) {
    assert.equal(typeof methods[`get${name}`], access.includes('r') ? 'function' : 'undefined');
    assert.equal(typeof methods[`set${name}`], access.includes('w') ? 'function' : 'undefined');
    if (perConnection) continue;
    assert.equal(methods[`get${name}`]?.(), initial, name);
    if (access.includes('w') && name !== 'Listening') methods[`set${name}`]?.(samples[type]);
  }
  // Without TLS nobody is asked for a certificate.
  server.setSSLAuthenticateClients(false);
  const { id } = await startOpen(t, server as unknown as MainServer);
  const item = named(server.getConnections().item(`${id}`));
  for (const { name, type, access } of contract.properties.filter((row) => row.perConnection)) {
    const short = name.replace('WSConnection', '');
    assert.equal(typeof item[`get${short}`], access.includes('r') ? 'function' : 'undefined');
    assert.equal(typeof item[`set${short}`], access.includes('w') ? 'function' : 'undefined');
    if (access.includes('r')) {
      const value = methods[`get${name}`]?.(id);
      assert.equal(typeof value, types[type] ?? 'string', name);
      assert.equal(item[`get${short}`]?.(), value, name);
      assert.throws(() => methods[`get${name}`]?.(99), { code: 126 }, name);
    }
    if (access.includes('w')) {
      methods[`set${name}`]?.(id, samples[type]);
      item[`set${short}`]?.(samples[type]);
    }
  }
});

test('JavaScript: the methods of every property call back, later, and neither return nor throw', async (t) => {
  const server = new wsserver();
  const { id } = await startOpen(t, server as unknown as MainServer);
  const item = named(server.getConnections().item(id));
  /** What the last argument of a method is told. */
  async function told(owner: Named, name: string, ...args: unknown[]): Promise<unknown[]> {
    let later = false;
    const outcome = new Promise<unknown[]>((resolve) => {
      const callback = (error: { code: number } | null, ...results: unknown[]): void => {
        assert.ok(later, name);
        resolve([error?.code, ...results]);
      };
      assert.equal(owner[name]?.(...args, callback), undefined, name);
    });
    later = true;
    return outcome;
  }
  const methods = named(server);
  for (const { name, type, access, perConnection } of contract.properties) {
    const key = perConnection ? [id] : [];
    if (access.includes('r')) {
      const value = methods[`get${name}`]?.(...key);
      assert.deepEqual(await told(methods, `get${name}`, ...key), [undefined, value], name);
    }
    const sets =
      access.includes('w') && !/Listening|Local(Port|Host)$|Connected|Authenticate/.test(name);
    if (sets) {
      const args = [...key, samples[type]];
      assert.deepEqual(await told(methods, `set${name}`, ...args), [undefined, undefined], name);
    }
    if (!perConnection) continue;
    const short = name.replace('WSConnection', '');
    if (access.includes('r')) {
      const value = item[`get${short}`]?.();
      assert.deepEqual(await told(item, `get${short}`), [undefined, value], name);
      assert.deepEqual(await told(methods, `get${name}`, 99), [126], name);
    }
    if (sets) {
      const args = [samples[type]];
      assert.deepEqual(await told(item, `set${short}`, ...args), [undefined, undefined], name);
      assert.deepEqual(await told(methods, `set${name}`, 99, ...args), [126], name);
    }
  }
  assert.deepEqual(await told(methods, 'setLocalPort', 1), [106]);
});

test('JavaScript: every method returns a promise, and calls back', async () => {
  const server = new wsserver();
  server.setLocalHost('127.0.0.1');
  for (const { name, parameters } of contract.methods) {
    const method = named(server)[camel(name)];
    const args = parameters.map(({ type }) => (type === 'integer' ? 99 : 'TcpNoDelay'));
    const called = new Promise((resolve) =>
      assert.ok(
        method?.call(server, ...args, (error: { code: number } | null, result: unknown) =>
          resolve([error?.code, result]),
        ) instanceof Promise,
      ),
    );
    const fails = parameters.some((parameter) => parameter.name === 'ConnectionId');
    const result = name === 'Config' ? 'False' : undefined;
    const expected = fails ? [126, undefined] : [undefined, result];
    assert.deepEqual(await called, expected, name);
  }
  await server.shutdown();
});

test('every setting by Config() and config(), with the documented default', async () => {
  const cpp = new WSServer();
  const js = new wsserver();
  const rows = new Map(MainServer.describe().map((row) => [row.name, row]));
  for (const { name, perConnection, ...rest } of contract.settings) {
    if (perConnection) continue;
    const row = rows.get(name);
    assert.ok(row, name);
    // What it is made of has no default.
    if (row.readOnly) continue;
    const documented = 'default' in rest ? rest.default : row.documentedDefault || row.default;
    const safer = name === 'DefaultConnectionTimeout' ? row.default : documented;
    const value = cpp.Config(name);
    assert.equal(value.toLowerCase(), `${safer}`.toLowerCase(), name);
    assert.equal(cpp.GetLastErrorCode(), 0, name);
    assert.equal(await js.config(name), value, name);
  }
});
