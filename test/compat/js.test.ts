// The JavaScript edition's ways: promises, callbacks, listeners, collections, certificates.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Certificate, CertStoreTypes, DataFormats, wsserver } from 'native-wsserver/compat';
import { WebSocket } from 'ws';
import { ByteClient, closeCode, frame, Op } from '../support/byte_client.js';
import { authority, issue, pfxOf } from '../support/certificates.js';
import { defer } from '../support/defer.js';

type Test = Parameters<typeof defer>[0];

async function start(t: Test): Promise<wsserver> {
  const server = new wsserver();
  server.setLocalHost('127.0.0.1');
  await server.startListening();
  defer(t, () => server.shutdown());
  return server;
}

test('a loop of doEvents(), listeners that are added one after the other, ids as text', async (t) => {
  const server = await start(t);
  const log: string[] = [];
  let running = true;
  server
    .on('Connected', (e) => {
      const { connectionId } = e;
      const connection = server.getConnections().item(connectionId);
      log.push(`${connection.getRemoteHost()} ${typeof connection.getConnectionId()}`);
    })
    .on('DataIn', async (e) => {
      await server.sendText(`${e.connectionId}`, `${e.text} ${e.eom} ${e.eol} ${e.textB.length}`);
    })
    .on('Disconnected', function (this: unknown, e) {
      assert.equal(this, server);
      log.push(server.getWSConnectionRemoteHost(e.connectionId));
      running = false;
    }).setLocalPort; // The chain is the server.
  const client = await ByteClient.open(t, server.getLocalPort());
  client.sendFrame(Op.text, 'hello');
  const loop = (async () => {
    while (running) await server.doEvents();
  })();
  assert.equal((await client.readFrame()).payload.toString(), 'hello true false 5');
  client.socket.end();
  await loop;
  assert.deepEqual(log, ['127.0.0.1 string', '127.0.0.1']);
  const unheard = (): void => {};
  server.on('Log', unheard).off('Log', unheard).removeAllListeners();
  assert.deepEqual(server.eventNames(), []);
});

test('setters throw, methods reject, config() acts at once', async (t) => {
  const server = await start(t);
  assert.throws(() => server.setLocalPort(1), { code: 106, name: 'WSServerError' });
  await assert.rejects(server.startListening(), { code: 104 });
  await assert.rejects(server.config('NoSuchSetting=1'), { code: 10022 });
  void server.config('TcpNoDelay=True');
  assert.equal(await server.config('TcpNoDelay'), 'True');
  const message = await server.sendText(9, 'x').catch((error: Error) => error.message);
  assert.match(`${message}`, /9 is not connected/);
  assert.throws(() => server.getConnections().item(9), { code: 126 });
  server.setListening(false);
  assert.equal(server.getListening(), false);
});

test('callbacks, in the manner of the older edition', async (t) => {
  const server = await start(t);
  const connected = new Promise<number>((resolve) =>
    server.once('Connected', (e) => resolve(e.connectionId)),
  );
  const client = await ByteClient.open(t, server.getLocalPort());
  const id = await connected;
  const outcome = await new Promise((resolve) =>
    server.send(id, Buffer.from('x'), (error, result) => resolve([error, result])),
  );
  assert.deepEqual(outcome, [null, undefined]);
  assert.equal((await client.readFrame()).opcode, Op.binary);
  const failed = await new Promise((resolve) => server.ping(9, (error) => resolve(error?.code)));
  assert.equal(failed, 126);
});

test('interrupt() ends an awaited send with a timeout', async (t) => {
  const server = await start(t);
  server.setDefaultTimeout(1000);
  const connected = new Promise<number>((resolve) =>
    server.once('Connected', (e) => resolve(e.connectionId)),
  );
  const client = await ByteClient.open(t, server.getLocalPort());
  client.socket.pause();
  const id = await connected;
  const code = new Promise((resolve) =>
    server.sendBytes(id, Buffer.alloc(8_000_000), (error) => resolve(error?.code)),
  );
  await server.interrupt(id);
  assert.equal(await code, 10004);
});

test('the collection of connections', async (t) => {
  const server = await start(t);
  const connections = server.getConnections();
  await ByteClient.open(t, server.getLocalPort());
  await ByteClient.open(t, server.getLocalPort());
  while (connections.size < 2) await server.doEvents();
  assert.equal(server.getWSConnectionCount(), 2);
  const ids = [...connections.keys()];
  assert.deepEqual(
    [...connections].map((connection) => connection.getConnectionId()),
    ids.map(String),
  );
  for (const connection of connections) connection.setDataFormat(DataFormats.dfText);
  assert.equal(server.getWSConnectionDataFormat(ids[0] as number), 1);
});

test('acceptData holds a connection back, shutdown ends it', async (t) => {
  const server = await start(t);
  const connections = server.getConnections();
  const texts: string[] = [];
  server.on('DataIn', (e) => {
    texts.push(e.text);
    if (e.text === 'first') connections.item(e.connectionId).setAcceptData(false);
  });
  const client = await ByteClient.open(t, server.getLocalPort());
  client.send(
    frame({ opcode: Op.text, payload: 'first' }),
    frame({ opcode: Op.text, payload: 'second' }),
  );
  while (texts.length === 0) await server.doEvents();
  await (await ByteClient.open(t, server.getLocalPort())).finish();
  const [connection] = connections;
  assert.deepEqual([texts, connection?.getAcceptData()], [['first'], false]);
  connection?.setAcceptData(true);
  while (texts.length < 2) await server.doEvents();
  assert.deepEqual(texts, ['first', 'second']);
  const over = server.shutdown();
  assert.equal(closeCode(await client.readFrame()), 1000);
  client.close();
  await over;
  assert.equal(connection?.getConnected(), false);
});

test('a certificate of a PFX file', async (t) => {
  const pair = issue('compat-js', { key: 'rsa' });
  const server = await start(t);
  const file = pfxOf('compat-js', pair, 'secret');
  assert.equal(server.getSSLCert(), undefined);
  const certificate = new Certificate(CertStoreTypes.cstPFXFile, file, 'secret', '*');
  server.setSSLCert(certificate);
  assert.equal(server.getSSLCert(), certificate);
  server.on('DataIn', (e) => server.sendText(e.connectionId, e.text));
  const client = new WebSocket(`wss://127.0.0.1:${server.getLocalPort()}`, { ca: authority.cert });
  client.once('open', () => client.send('over TLS'));
  const message = await new Promise((resolve, reject) => {
    client.once('message', resolve);
    client.once('error', reject);
  });
  assert.equal(`${message}`, 'over TLS');
  client.close();
});

test('import and require give the same', () => {
  const script = `
    import { createRequire } from 'node:module';
    import * as compat from 'native-wsserver/compat';
    const required = createRequire(import.meta.url)('native-wsserver/compat');
    const names = Object.keys(required).filter((name) => name !== '__esModule');
    console.log(names.length > 30 && names.every((name) => required[name] === compat[name]));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(String(output).trim(), 'true');
});
