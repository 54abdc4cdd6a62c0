// The C++ edition over real sockets: what its Fire… methods are told of a connection, and what its
// properties and methods do to one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { CST_PEMKEY_BLOB, type EventParams } from 'native-wsserver/compat';
import { WebSocket } from 'ws';
import { ByteClient, closeCode, closePayload, frame, Op } from './support/byte_client.js';
import { authority, issue } from './support/certificates.js';
import { TestServer } from './support/compat.js';
import { defer } from './support/defer.js';

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
  for (const name of ['known', 'unknown']) {
    const { key, cert } = issue(name);
    const client = new WebSocket(`wss://127.0.0.1:${server.GetLocalPort()}`, {
      ...{ ca: authority.cert, key, cert },
    });
    const opens = new Promise((resolve) => {
      client.once('upgrade', ({ socket }) =>
        resolve((socket as TLSSocket).getPeerCertificate().subject.CN),
      );
      client.once('error', () => resolve('refused'));
    });
    assert.equal(await opens, name === 'known' ? 'compat chosen' : 'refused');
    client.terminate();
  }
  assert.deepEqual(
    server.log.filter((line) => line.startsWith('CN=')),
    ['CN=known, O=Example OK true', 'CN=unknown, O=Example OK true'],
  );
  assert.ok(server.log.includes('done'));
});
