// What holds for every setting: how it is read and written, and what it refuses. What each of them
// does is in the tests of what it is about.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type SettingRow, WSServer, WSServerError } from 'native-wsserver';
import { ByteClient } from '../support/byte_client.js';
import { collect, next, startServer } from '../support/server.js';

const code = (expected: number) => (error: unknown) =>
  error instanceof WSServerError && error.code === expected;

/** Those of which not every value in their range is allowed; their tests are in receiving/code_page.test.ts. */
const ELSEWHERE = ['CodePage', 'UseFIPSCompliantAPI'];

for (const row of WSServer.describe()) {
  if (ELSEWHERE.includes(row.name)) continue;
  test(`setting ${row.name}`, async (t) => {
    if (row.perConnection) return testOfConnection(t, row);
    const server = new WSServer();
    const { name, min, max } = row;
    const asText = (value: unknown): string =>
      typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
    if (!row.readOnly) assert.equal(server.config(name), asText(row.default));
    assert.equal(server.config(` ${name.toUpperCase()} `), server.config(name));
    assert.ok(row.doc.endsWith('.'));
    assert.equal(row.doc.includes('Has no effect'), row.inert !== '');
    if (row.readOnly) return testOfReadOnly(server, row);

    const good: string[] = [];
    const bad: string[] = [];
    if (typeof row.default === 'boolean') {
      good.push('True', 'False');
      bad.push('', 'maybe', '2');
      for (const [written, read] of [
        ['yes', 'True'],
        ['NO', 'False'],
        ['1', 'True'],
        ['0', 'False'],
      ]) {
        assert.equal(server.config(`${name}=${written}`), read);
      }
    } else if (typeof row.default === 'number') {
      good.push(`${min}`, `${max}`);
      bad.push('', 'x', '1.5', '1e3', '1 1', `${min - 1}`, `${max + 1}`, '99999999999999999999');
    } else if (row.form !== '') {
      bad.push('=?', 'a'.repeat(max + 1));
      good.push(row.default);
    } else {
      good.push('', 'a=b', 'ü'.repeat(Math.floor(max / 2)));
      bad.push('a'.repeat(max + 1));
    }
    for (const value of good) {
      assert.equal(server.config(`${name}=${value}`), value);
      assert.equal(server.config(`${name}= \t${value}\r\n `), value, 'blanks around it');
    }
    for (const value of bad) {
      assert.throws(() => server.config(`${name}=${value}`), code(10022), `"${value}"`);
      assert.equal(server.config(name), good.at(-1), 'unchanged');
    }
  });
}

function testOfReadOnly(server: WSServer, { name }: SettingRow): void {
  const value = server.config(name);
  assert.match(value, /native-wsserver/);
  assert.throws(() => server.config(`${name}=${value}`), code(10022));
  assert.equal(server.config(name), value);
}

/** What holds for every setting of one connection. */
async function testOfConnection(t: TestContext, row: SettingRow): Promise<void> {
  const server = await startServer(t);
  const connected = next(server, 'Connected');
  const client = await ByteClient.open(t, server.localPort);
  const { connectionId } = await connected;
  const name = `${row.name}[${connectionId}]`;
  assert.ok(row.doc.endsWith('.'));
  assert.throws(() => server.config(row.name), code(10022));
  assert.throws(() => server.config(`${row.name}[${connectionId + 1}]`), code(126));
  const value = server.config(name);
  assert.equal(server.config(` ${name.toUpperCase()} `), value);
  if (row.default !== '') assert.equal(value, `${row.default}`);
  for (const bad of ['x', '1.5', `${row.min - 1}`, `${row.max + 1}`]) {
    assert.throws(() => server.config(`${name}=${bad}`), code(10022), bad);
    assert.equal(server.config(name), value, 'unchanged');
  }
  if (!row.readOnly) {
    for (const good of [row.min, row.max])
      assert.equal(server.config(` ${name} = ${good} `), `${good}`);
  }
  const gone = next(server, 'Disconnected');
  client.reset();
  await gone;
  assert.equal(typeof server.config(name), 'string');
  await new Promise((resolve) => setImmediate(resolve));
  assert.throws(() => server.config(name), code(126));
}

test('a ConnectionUID is no other connection’s', async (t) => {
  const uids = new Set<string>();
  for (let run = 0; run < 2; run++) {
    const server = await startServer(t);
    const connected = collect(server, 'Connected');
    await ByteClient.open(t, server.localPort);
    await ByteClient.open(t, server.localPort);
    for (const { connectionId } of connected) {
      const uid = server.config(`ConnectionUID[${connectionId}]`);
      assert.equal(server.config(`ConnectionUID[${connectionId}]`), uid);
      uids.add(uid);
    }
  }
  assert.equal(uids.size, 4);
});

test('MaxConnections is 1,000, and may be up to 100,000', () => {
  const server = new WSServer();
  assert.equal(server.config('MaxConnections'), '1000');
  for (const value of ['100000', '1'])
    assert.equal(server.config(`MaxConnections=${value}`), value);
  for (const value of ['100001', '0']) {
    assert.throws(() => server.config(`MaxConnections=${value}`), code(10022));
  }
});

test('settings that do not exist', () => {
  const server = new WSServer();
  for (const setting of ['', 'NoSuchSetting', 'NoSuchSetting=1', '=', 'Max Connections']) {
    assert.throws(() => server.config(setting), code(10022), setting);
  }
});

test('a DisconnectStatusCode may be one that may be sent', () => {
  const server = new WSServer();
  for (const value of [1004, 1005, 1006, 1015, 2000, 2999]) {
    assert.throws(() => server.config(`DisconnectStatusCode=${value}`), code(10022));
  }
  for (const value of [1000, 1003, 1007, 1014, 3000, 4999]) {
    assert.equal(server.config(`DisconnectStatusCode=${value}`), `${value}`);
  }
});
