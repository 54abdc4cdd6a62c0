// The C++ edition's ways: result codes, the last error, Fire… methods.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as compat from 'native-wsserver/compat';
import { CST_PEMKEY_BLOB, type EventParams, WSServer } from 'native-wsserver/compat';
import { WebSocket } from 'ws';
import { ByteClient, closeCode, closePayload, frame, Op } from '../support/byte_client.js';
import { authority, issue } from '../support/certificates.js';
import { TestServer } from '../support/compat.js';
import { defer } from '../support/defer.js';

type Test = Parameters<typeof defer>[0];

/** What a client says that has not been let in. */
function refusal(port: number, options: object = {}): Promise<string> {
  const client = new WebSocket(`ws://127.0.0.1:${port}`, options);
  return new Promise((resolve) => client.once('error', (error) => resolve(error.message)));
}

function start<Server extends WSServer>(t: Test, server: Server): Server {
  server.SetLocalHost('127.0.0.1');
  assert.equal(server.StartListening(), 0, server.GetLastError());
  defer(t, () => server.shutdown());
  return server;
}

test('result codes, and what GetLastError() says of the last method', (t) => {
  const server = new WSServer();
  const last = () => [server.GetLastErrorCode(), server.GetLastError()];
  assert.deepEqual(last(), [0, '']);
  assert.equal(server.SetLocalPort(70_000), 10022);
  assert.match(server.GetLastError(), /LocalPort/);
  assert.equal(server.SetLocalPort(0), 0);
  assert.deepEqual(last(), [0, '']);
  start(t, server);
  assert.equal(server.StartListening(), 104);
  assert.equal(server.SetLocalPort(1), 106);
  assert.equal(server.SetLocalHost('localhost'), 107);
  assert.equal(server.Config('MaxConnections=5'), '');
  assert.equal(server.GetLastErrorCode(), 108);
  assert.equal(server.Config('TcpNoDelay=yes'), 'True');
  assert.deepEqual(last(), [0, '']);
  assert.equal(server.Config('NoSuchSetting'), '');
  assert.equal(server.GetLastErrorCode(), 10022);
  for (const code of [
    server.SendText(5, 'x'),
    server.SendBytes(5, 'x'),
    server.Send('5', 'x'),
    server.SetWSConnectionDataToSend(5, 'x'),
    server.SendFile(5, __filename),
    server.Ping(5),
    server.Disconnect(5),
    server.ChangeLineMode(5, true),
  ]) {
    assert.equal(code, 126);
  }
  assert.match(server.GetLastError(), /5 is not connected/);
  const second = new WSServer();
  second.SetLocalHost('127.0.0.1');
  second.SetLocalPort(server.GetLocalPort());
  assert.equal(second.StartListening(), 10048);
  assert.equal(second.SetListening(true), 10048);
  assert.deepEqual([server.SetListening(false), server.GetListening()], [0, false]);
  assert.deepEqual([server.SetListening(true), server.GetListening()], [0, true]);
  assert.deepEqual(
    [server.StopListening(), server.Shutdown(), server.GetListening()],
    [0, 0, false],
  );
});

test('values of the wrong type: 10022', () => {
  const server = new WSServer();
  assert.equal(server.SetSSLCertEncoded(5 as unknown as string), 10022);
  for (const data of [{}, 5, null, Symbol('s')] as unknown as string[]) {
    assert.deepEqual([server.SendBytes(1, data), server.SendBytes(1, data, 1)], [10022, 10022]);
  }
  for (const size of [-1, 1.5, Number.NaN, '1', null] as number[]) {
    assert.equal(server.Send(1, 'x', size), 10022);
  }
  assert.equal(server.Send(1, 'x', 1), 126);
  assert.equal(server.Send(1, 'é', 1), 10022);
  assert.match(server.GetLastError(), /inside a character/);
});

test('what a Fire method sets, counts', async (t) => {
  class Gate extends WSServer {
    seen: object[] = [];
    override FireConnectionRequest(e: EventParams<'ConnectionRequest'>): void {
      this.seen.push({ address: e.Address, accept: e.Accept, port: e.Port > 0 });
      if (this.seen.length === 1) e.Accept = false;
    }
    override FireWebSocketOpenRequest(e: EventParams<'WebSocketOpenRequest'>): void {
      if (e.RequestURI === '/open') {
        e.SubProtocols = 'two';
        return;
      }
      e.StatusCode = 401;
      e.ResponseHeaders = 'WWW-Authenticate: Basic realm="here"';
    }
  }
  const server = start(t, new Gate());
  const port = server.GetLocalPort();
  assert.match(await refusal(port), /socket hang up|ECONNRESET/);
  assert.match(await refusal(port), /401/);
  const client = new WebSocket(`ws://127.0.0.1:${port}/open`, ['one', 'two']);
  await new Promise((resolve) => client.once('open', resolve));
  assert.equal(client.protocol, 'two');
  client.terminate();
  assert.deepEqual(server.seen[0], { address: '127.0.0.1', accept: true, port: true });
});

test('Fire methods may be fields, and asynchronous where an answer is waited for', async (t) => {
  const seen: string[] = [];
  class Fields extends WSServer {
    override FireWebSocketOpenRequest = async (e: EventParams<'WebSocketOpenRequest'>) => {
      await new Promise((resolve) => setImmediate(resolve));
      e.StatusCode = 403;
    };
    override FireLog = (e: EventParams<'Log'>) => seen.push(e.Message);
  }
  const server = new Fields();
  server.SetLocalHost('127.0.0.1');
  server.SetListening(true);
  defer(t, () => server.shutdown());
  assert.match(await refusal(server.GetLocalPort()), /403/);
  assert.notEqual(seen.length, 0);
});

test('what no method hears of is not reported', () => {
  class OnlyData extends WSServer {
    override FireDataIn(): void {}
  }
  const server = new OnlyData();
  assert.deepEqual(server.eventNames(), ['DataIn']);
  assert.deepEqual(new WSServer().eventNames(), []);
});

test('pieces by default; text, bytes and their number; as many bytes as are asked for', async (t) => {
  const server = TestServer.start(t);
  const pieces: unknown[] = [];
  server.onData = (e) => {
    pieces.push([e.DataFormat, e.Text, e.TextB.length, e.lenText, e.EOM, e.EOL]);
    if (!e.EOM) return;
    const id = e.ConnectionId;
    server.SendBytes(id, e.TextB, 2);
    server.Send(id, 'abc', 2);
    server.Send(id, new Uint16Array([0x6161, 0x6262]), 3);
    server.Send(id, new Uint8Array([1, 2, 3]).buffer, 9);
    server.SetWSConnectionDataFormat(id, compat.DF_TEXT);
    server.SetWSConnectionDataToSend(id, Buffer.from('text'));
    server.SetWSConnectionConnected(id, false);
  };
  const client = await ByteClient.open(t, server.GetLocalPort());
  client.send(frame({ opcode: Op.text, payload: 'é', fin: false }));
  client.sendFrame(Op.continuation, 'xyz');
  const frames: unknown[] = [];
  for (let index = 0; index < 5; index++) {
    const { opcode, payload } = await client.readFrame();
    frames.push([opcode, payload.toString('latin1')]);
  }
  assert.deepEqual(frames, [
    [Op.binary, pieces.length === 1 ? 'Ã©' : 'xy'],
    [Op.text, 'ab'],
    [Op.binary, 'aab'],
    [Op.binary, '\x01\x02\x03'],
    [Op.text, 'text'],
  ]);
  assert.equal(closeCode(await client.readFrame()), 1000);
  client.sendFrame(Op.close, closePayload(1000));
  const sizes = pieces.map((piece) => (piece as number[])[3] as number);
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    5,
  );
});

test('lines', async (t) => {
  const server = TestServer.start(t);
  const lines: unknown[] = [];
  server.on('Connected', ({ connectionId }) => {
    assert.equal(server.ChangeLineMode(connectionId, true), 0);
    assert.equal(server.GetWSConnectionLineMode(connectionId), true);
  });
  const came = new Promise<void>((resolve) => {
    server.onData = (e) => {
      lines.push([e.DataFormat, e.Text, e.EOL]);
      if (lines.length === 2) resolve();
    };
  });
  const client = await ByteClient.open(t, server.GetLocalPort());
  client.sendFrame(Op.text, 'one\r\ntwo');
  await came;
  assert.deepEqual(lines, [
    [0, 'one', true],
    [0, 'two', false],
  ]);
});

test('TLS with the documented properties and defaults', async (t) => {
  const { cert, key } = issue('compat', { key: 'rsa' });
  const server = TestServer.start(t);
  server.onData = (e) => {
    const version = server.Config(`SSLNegotiatedVersion[${e.ConnectionId}]`);
    server.SendText(e.ConnectionId, version);
  };
  assert.equal(server.SetSSLCertStoreType(CST_PEMKEY_BLOB), 0);
  assert.equal(server.SetSSLCertStoreType(50), 271);
  assert.match(server.GetLastError(), /no type 50/);
  assert.equal(server.GetSSLCertStoreType(), CST_PEMKEY_BLOB);
  assert.equal(server.SetSSLCertStore(`${key}${cert}`), 0);
  assert.equal(server.SetSSLCertSubject('*'), 0, server.GetLastError());
  assert.match(server.GetSSLCertSubject(), /CN=compat/);
  assert.equal(server.SetSSLCertStore('nonsense'), 0);
  assert.equal(server.SetSSLCertSubject('*'), 271);
  const client = new WebSocket(`wss://127.0.0.1:${server.GetLocalPort()}`, { ca: authority.cert });
  client.once('open', () => client.send('?'));
  const [version] = await new Promise<unknown[]>((resolve, reject) => {
    client.once('message', (...args) => resolve(args));
    client.once('error', reject);
  });
  assert.equal(`${version}`, 'TLSv1.2');
  client.close();
});

test('the constants', () => {
  const documented = `CST_USER(0) CST_MACHINE(1) CST_PFXFILE(2) CST_PFXBLOB(3) CST_JKSFILE(4)
    CST_JKSBLOB(5) CST_PEMKEY_FILE(6) CST_PEMKEY_BLOB(7) CST_PUBLIC_KEY_FILE(8)
    CST_PUBLIC_KEY_BLOB(9) CST_SSHPUBLIC_KEY_BLOB(10) CST_P7BFILE(11) CST_P7BBLOB(12)
    CST_SSHPUBLIC_KEY_FILE(13) CST_PPKFILE(14) CST_PPKBLOB(15) CST_XMLFILE(16) CST_XMLBLOB(17)
    CST_JWKFILE(18) CST_JWKBLOB(19) CST_SECURITY_KEY(20) CST_BCFKSFILE(21) CST_BCFKSBLOB(22)
    CST_PKCS11(23) CST_AUTO(99) DF_AUTOMATIC(0) DF_TEXT(1) DF_BINARY(2) DF_PING(9) DF_PONG(10)`;
  const ours = Object.entries(compat)
    .filter(([name]) => /^(CST|DF)_/.test(name))
    .map(([name, value]) => `${name}(${value})`);
  assert.deepEqual(ours.sort(), documented.split(/\s+/).sort());
});

test('ids that stand for nobody are 126, whatever is asked of them', (t) => {
  const server = TestServer.start(t);
  for (const id of [55, 0, '55']) {
    assert.equal(server.Interrupt(id), 126);
    assert.match(server.GetLastError(), /is not connected/);
    assert.equal(server.Disconnect(id), 126);
    assert.equal(server.ChangeLineMode(id, true), 126);
    assert.equal(server.Ping(id), 126);
    assert.equal(server.SendText(id, 'x'), 126);
    assert.equal(server.SendFile(id, __filename), 126);
    assert.equal(server.SetWSConnectionAcceptData(id, false), 126);
  }
});
