// Both editions over real sockets: what their events tell of a connection, and what their properties
// and methods do to one.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import {
  CertStoreTypes,
  CST_PEMKEY_BLOB,
  type EventParams,
  wsserver,
} from 'native-wsserver/compat';
import { WebSocket } from 'ws';
import { ByteClient, closeCode, closePayload, frame, Op } from '../support/byte_client.js';
import { authority, issue, type Pair } from '../support/certificates.js';
import { TestServer } from '../support/compat.js';
import { defer } from '../support/defer.js';
import { makeFile } from '../support/files.js';
import { readMessage } from '../support/messages.js';
import { until } from '../support/server.js';

test('AcceptData, the address of a connection, and who is connected', async (t) => {
  const server = new TestServer();
  assert.equal(server.StartListening(), 0); // On every interface.
  defer(t, () => server.shutdown());
  const texts: string[] = [];
  let came = (): void => {};
  server.onData = (e) => {
    texts.push(e.Text);
    if (e.Text === 'first') server.SetWSConnectionAcceptData(e.ConnectionId, false);
    came();
  };
  const connected = new Promise<number>((resolve) =>
    server.once('Connected', (e) => resolve(e.connectionId)),
  );
  const client = await ByteClient.connect(t, server.GetLocalPort(), { host: '127.0.0.2' });
  await client.upgrade();
  const id = await connected;
  assert.equal(server.GetWSConnectionLocalAddress(id), '127.0.0.2');
  assert.equal(server.GetWSConnectionConnected(id), true);
  const arrived = new Promise<void>((resolve) => {
    came = resolve;
  });
  client.send(
    frame({ opcode: Op.text, payload: 'first' }),
    frame({ opcode: Op.text, payload: 'second' }),
  );
  await arrived;
  // Both came in one packet, and the server has turned once more by now.
  await (await ByteClient.open(t, server.GetLocalPort())).finish();
  assert.deepEqual([texts, server.GetWSConnectionAcceptData(id)], [['first'], false]);
  const goesOn = new Promise<void>((resolve) => {
    came = resolve;
  });
  assert.equal(server.SetWSConnectionAcceptData(id, true), 0);
  await goesOn;
  assert.deepEqual(texts, ['first', 'second']);
  assert.equal(server.SetWSConnectionConnected(id, false), 0);
  assert.equal(server.GetWSConnectionConnected(id), false);
});

test('the events of a connection, in their order', async (t) => {
  class Teller extends TestServer {
    override FireConnected(e: EventParams<'Connected'>): void {
      this.log.push(`Connected ${e.ConnectionId}`);
    }
    override FireReadyToSend(e: EventParams<'ReadyToSend'>): void {
      this.log.push(`ReadyToSend ${this.GetWSConnectionReadyToSend(e.ConnectionId)}`);
    }
    override FirePing(e: EventParams<'Ping'>): void {
      this.log.push(`Ping ${e.Payload} ${e.lenPayload} ${e.Response}`);
    }
    override FireError(e: EventParams<'Error'>): void {
      this.log.push(`Error ${e.ErrorCode}`);
    }
    override FireLog(e: EventParams<'Log'>): void {
      if (e.ConnectionId > 0) this.log.push(`${e.LogType} ${e.LogLevel}`);
    }
    override FireDisconnected(e: EventParams<'Disconnected'>): void {
      this.log.push(`Disconnected ${e.StatusCode} ${e.Description}`);
    }
  }
  const server = Teller.start(t);
  assert.equal(server.SendText(99, 'x'), 126);
  const gone = new Promise((resolve) => server.on('Disconnected', resolve));
  const client = await ByteClient.open(t, server.GetLocalPort());
  client.send(
    frame({ opcode: Op.ping, payload: 'é' }),
    frame({ opcode: Op.pong }),
    frame({ opcode: Op.close, payload: closePayload(4000, 'bye') }),
  );
  const { opcode, payload } = await client.readFrame();
  assert.deepEqual([opcode, payload.toString()], [Op.pong, 'é']);
  await gone;
  assert.deepEqual(
    server.log.filter((line) => line !== 'Info 1'),
    ['Connected 1', 'ReadyToSend true', 'Ping é 2 false', 'Ping  0 true', 'Disconnected 4000 bye'],
  );
  assert.ok(server.log.includes('Info 1'));
});

test('StopListening leaves the connections alone', async (t) => {
  const server = TestServer.start(t);
  server.onData = (e) => server.SendText(e.ConnectionId, e.Text);
  const client = await ByteClient.open(t, server.GetLocalPort());
  assert.equal(server.StopListening(), 0);
  assert.equal(await (await ByteClient.connect(t, server.GetLocalPort())).ended, 'reset');
  client.sendFrame(Op.text, 'still here');
  assert.equal((await client.readFrame()).payload.toString(), 'still here');
});

test('Shutdown tells all, and does not wait for their answers', async (t) => {
  const server = TestServer.start(t);
  const clients = [await ByteClient.open(t, server.GetLocalPort())];
  clients.push(await ByteClient.open(t, server.GetLocalPort()));
  const gone = new Promise<void>((resolve) => {
    server.on('Disconnected', () => server.log.length === 2 && resolve());
  });
  assert.deepEqual([server.Shutdown(), server.GetListening(), server.log], [0, false, []]);
  for (const client of clients) {
    assert.equal(closeCode(await client.readFrame()), 1000);
    client.sendFrame(Op.close, closePayload(1000));
  }
  await gone;
});

/** Whose certificate a client with this one is shown, once its WebSocket is open; else 'refused'. */
async function shownTo(t: TestContext, port: number, { key, cert }: Pair): Promise<string> {
  const client = new WebSocket(`wss://127.0.0.1:${port}`, { ca: authority.cert, key, cert });
  defer(t, () => client.terminate());
  return new Promise((resolve) => {
    client.once('upgrade', ({ socket }) =>
      resolve(`${(socket as TLSSocket).getPeerCertificate().subject.CN}`),
    );
    client.once('error', () => resolve('refused'));
  });
}

test('TLS: FireSSLConnectionRequest chooses, FireSSLClientAuthentication decides', async (t) => {
  const [first, second] = [issue('compat'), issue('compat chosen')];
  class Strict extends TestServer {
    override FireSSLConnectionRequest(e: EventParams<'SSLConnectionRequest'>): void {
      assert.ok(e.SupportedCipherSuites.includes('TLS_'));
      e.CertStoreType = CST_PEMKEY_BLOB;
      e.CertStore = second.cert + second.key;
      e.CertSubject = '*';
    }
    override FireSSLClientAuthentication(e: EventParams<'SSLClientAuthentication'>): void {
      this.log.push(`${e.CertSubject} ${e.Status} ${e.Accept}`);
      e.Accept = e.CertSubject === 'CN=known, O=Example';
    }
    override FireSSLStatus(e: EventParams<'SSLStatus'>): void {
      if (e.Message.startsWith('Handshake done')) this.log.push('done');
    }
  }
  const server = new Strict();
  server.SetSSLCertStoreType(CST_PEMKEY_BLOB);
  server.SetSSLCertStore(first.cert + first.key);
  assert.equal(server.SetSSLCertSubject('*'), 0, server.GetLastError());
  server.Config(`SSLCACerts=${authority.cert}`);
  assert.equal(server.SetSSLAuthenticateClients(true), 0);
  server.SetLocalHost('127.0.0.1');
  assert.equal(server.StartListening(), 0, server.GetLastError());
  defer(t, () => server.shutdown());
  assert.equal(await shownTo(t, server.GetLocalPort(), issue('known')), 'compat chosen');
  assert.equal(await shownTo(t, server.GetLocalPort(), issue('unknown')), 'refused');
  assert.deepEqual(
    server.log.filter((line) => line.startsWith('CN=')),
    ['CN=known, O=Example OK true', 'CN=unknown, O=Example OK true'],
  );
  assert.ok(server.log.includes('done'));
});

/** A server in the JavaScript style that listens on a free port of 127.0.0.1. */
async function startJs(t: TestContext, server = new wsserver()) {
  server.setLocalHost('127.0.0.1');
  await server.startListening();
  defer(t, () => server.shutdown());
  return server;
}

test('JavaScript: the events of a connection, in their order', async (t) => {
  const server = await startJs(t);
  const log: string[] = [];
  server
    .on('ConnectionRequest', (e) => log.push(`ConnectionRequest ${e.address} ${e.accept}`))
    .on('WebSocketOpenRequest', (e) => log.push(`WebSocketOpenRequest ${e.requestURI}`))
    .on('Connected', (e) => log.push(`Connected ${e.connectionId}`))
    .on('ReadyToSend', (e) => log.push(`ReadyToSend ${e.connectionId}`))
    .on('Ping', (e) => log.push(`Ping ${e.payload} ${e.response}`))
    .on('Error', (e) => log.push(`Error ${e.connectionId} ${e.errorCode}`))
    .on('Disconnected', (e) => log.push(`Disconnected ${e.statusCode} ${e.description}`));
  await assert.rejects(server.sendText(99, 'x'), { code: 126 });
  const client = await ByteClient.open(t, server.getLocalPort());
  client.send(
    frame({ opcode: Op.ping, payload: 'é' }),
    frame({ opcode: Op.pong }),
    frame({ opcode: Op.close, payload: closePayload(4000, 'bye') }),
  );
  assert.equal((await client.readFrame()).opcode, Op.pong);
  await until(() => log.length === 8);
  assert.deepEqual(log, [
    'Error 99 126',
    'ConnectionRequest 127.0.0.1 true',
    'WebSocketOpenRequest /',
    'Connected 1',
    'ReadyToSend 1',
    'Ping é false',
    'Ping  true',
    'Disconnected 4000 bye',
  ]);
});

test('JavaScript: lines, pieces, a file, and the end of listening', async (t) => {
  const server = await startJs(t);
  const seen: unknown[] = [];
  server.on('DataIn', (e) => seen.push([e.dataFormat, e.text, e.eom, e.eol]));
  const client = await ByteClient.open(t, server.getLocalPort());
  await until(() => server.getWSConnectionCount() === 1);
  const [id = 0] = server.getConnections().keys();
  client.send(frame({ opcode: Op.text, payload: 'a', fin: false }));
  await until(() => seen.length === 1);
  client.sendFrame(Op.continuation, 'b');
  await until(() => seen.length === 2);
  await server.changeLineMode(id, true);
  client.sendFrame(Op.text, 'one\ntwo');
  await until(() => seen.length === 4);
  assert.deepEqual(seen, [
    [1, 'a', false, false],
    [0, 'b', true, false],
    [0, 'one', false, true],
    [0, 'two', true, false],
  ]);
  await server.sendFile(id, makeFile(t, Buffer.from('of a file')));
  assert.equal((await readMessage(client)).payload.toString(), 'of a file');
  await server.stopListening();
  assert.equal(await (await ByteClient.connect(t, server.getLocalPort())).ended, 'reset');
  await server.disconnect(id);
  assert.equal(closeCode(await client.readFrame()), 1000);
});

test('JavaScript: SSLConnectionRequest chooses, SSLClientAuthentication decides', async (t) => {
  const [first, second] = [issue('js'), issue('js chosen')];
  const server = new wsserver();
  server.certificate = [{ key: first.key, cert: first.cert }];
  await server.config(`SSLCACerts=${authority.cert}`);
  server.setSSLAuthenticateClients(true);
  server.on('SSLConnectionRequest', (e) => {
    e.certStoreType = CertStoreTypes.cstPEMKeyBlob;
    e.certStore = second.cert + second.key;
  });
  server.on('SSLClientAuthentication', (e) => {
    e.accept = e.certSubject === 'CN=known, O=Example';
  });
  await startJs(t, server);
  assert.deepEqual(await shownTo(t, server.getLocalPort(), issue('known')), 'js chosen');
  assert.deepEqual(await shownTo(t, server.getLocalPort(), issue('unknown')), 'refused');
});
