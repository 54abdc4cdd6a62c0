// Programs as they are out there, moved with the least change that the language asks for: what
// they use, and what they look at, is what public samples and the documentation show.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as component from 'native-wsserver/compat';
import {
  CST_PFXFILE,
  WSServer,
  type WSServerConnectedEventParams,
  type WSServerDataInEventParams,
  type WSServerDisconnectedEventParams,
  type WSServerErrorEventParams,
} from 'native-wsserver/compat';
import { WebSocket } from 'ws';
import { ByteClient, Op } from '../support/byte_client.js';
import { authority, issue, pfxOf } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import { until } from '../support/server.js';

const { version } = require('native-wsserver/package.json');

/** What a client of TLS hears when it has said something. */
async function answerTo(text: string, port: number): Promise<string> {
  const client = new WebSocket(`wss://127.0.0.1:${port}`, { ca: authority.cert });
  client.once('open', () => client.send(text));
  const message = await new Promise((resolve, reject) => {
    client.once('message', resolve);
    client.once('error', reject);
  });
  client.close();
  return `${message}`;
}

test('C++: a class with the events of the headers, a licence, a PFX file, and a loop', async (t) => {
  const printed: string[] = [];
  class MyWSServer extends WSServer {
    override FireConnected(e: WSServerConnectedEventParams): number {
      printed.push(`${this.GetWSConnectionRemoteHost(e.ConnectionId)} has connected.`);
      return 0;
    }

    override FireDisconnected(e: WSServerDisconnectedEventParams): number {
      printed.push(`Disconnected from ${this.GetWSConnectionRemoteHost(e.ConnectionId)}.`);
      return 0;
    }

    override FireDataIn(e: WSServerDataInEventParams): number {
      this.Send(e.ConnectionId, e.Text, e.Text.length);
      return 0;
    }
  }
  const file = pfxOf('compat-program', issue('compat-program', { key: 'rsa' }), 'secret');
  const wsserver = new MyWSServer();
  assert.equal(wsserver.GetRuntimeLicense(), '');
  assert.equal(wsserver.SetRuntimeLicense('0123ABCD'), 0);
  assert.equal(wsserver.GetRuntimeLicense(), '0123ABCD');
  assert.equal(new MyWSServer().GetRuntimeLicense(), '');
  assert.equal(wsserver.VERSION(), version);
  wsserver.SetLocalHost('127.0.0.1');
  wsserver.SetLocalPort(0);
  wsserver.SetSSLCertStoreType(CST_PFXFILE);
  const buffer = `${file} and what was there before`;
  assert.equal(wsserver.SetSSLCertStore(buffer, Buffer.byteLength(file)), 0);
  assert.equal(wsserver.SetSSLCertStore(buffer, -1), 10022);
  wsserver.SetSSLCertStorePassword('secret');
  wsserver.SetSSLCertSubject('*');
  const encoded = wsserver.GetSSLCertEncoded();
  assert.equal(wsserver.SetSSLCertEncoded(`${encoded}x`, encoded.length), 0);
  wsserver.Config('SSLEnabledProtocols=3072');
  const code = wsserver.StartListening();
  defer(t, () => wsserver.Dispose());
  assert.equal(code, 0, `Error: ${code} - ${wsserver.GetLastError()}`);
  assert.equal(await answerTo('hello', wsserver.GetLocalPort()), 'hello');
  await until(() => printed.length === 2);
  assert.deepEqual(printed, ['127.0.0.1 has connected.', 'Disconnected from 127.0.0.1.']);
  assert.equal(wsserver.Dispose(), 0);
  assert.equal(wsserver.GetListening(), false);
});

test('C++: PauseData and ProcessData, and what GetLastError() says', async (t) => {
  class MyWSServer extends WSServer {
    readonly seen: string[] = [];

    override FireDataIn(e: WSServerDataInEventParams): number {
      this.seen.push(e.Text);
      return this.PauseData(e.ConnectionId);
    }
  }
  const wsserver = new MyWSServer();
  wsserver.SetLocalHost('127.0.0.1');
  assert.equal(wsserver.StartListening(), 0);
  defer(t, () => wsserver.shutdown());
  const client = await ByteClient.open(t, wsserver.GetLocalPort());
  await until(() => wsserver.GetWSConnectionCount() === 1);
  const [id = 0] = wsserver.connections.keys();
  client.sendFrame(Op.text, 'one');
  await until(() => wsserver.seen.length === 1);
  assert.equal(wsserver.GetWSConnectionAcceptData(id), false);
  client.sendFrame(Op.text, 'two');
  // Another connection is served to its end meanwhile.
  const other = await ByteClient.open(t, wsserver.GetLocalPort());
  other.sendFrame(Op.text, 'of another');
  await until(() => wsserver.seen.length === 2);
  assert.deepEqual(wsserver.seen, ['one', 'of another']);
  assert.equal(wsserver.ProcessData(`${id}`), 0);
  await until(() => wsserver.seen.length === 3);
  assert.deepEqual(wsserver.seen, ['one', 'of another', 'two']);
  for (const code of [wsserver.PauseData(55), wsserver.ProcessData(55)]) assert.equal(code, 126);
  assert.match(wsserver.GetLastError(), /^Invalid ConnectionId\. 55 is/);
  assert.equal(wsserver.StartListening(), 104);
  assert.match(wsserver.GetLastError(), /^SSLServer is already listening\. /);
});

test('C++: a send that would block, and the code that looks for that by its text', async (t) => {
  class MyWSServer extends WSServer {
    readonly errors: string[] = [];

    override FireError(e: WSServerErrorEventParams): number {
      this.errors.push(e.Description);
      return 0;
    }
  }
  const wsserver = new MyWSServer();
  wsserver.SetLocalHost('127.0.0.1');
  wsserver.StartListening();
  defer(t, () => wsserver.shutdown());
  const client = await ByteClient.open(t, wsserver.GetLocalPort());
  client.socket.pause();
  await until(() => wsserver.GetWSConnectionCount() === 1);
  const [id = 0] = wsserver.connections.keys();
  let code = 0;
  while (code === 0) code = wsserver.SendBytes(id, Buffer.alloc(256 * 1024));
  assert.equal(code, 10035);
  assert.match(wsserver.GetLastError(), /^\[10035\] Operation would block\. /);
  await wsserver.sendText(id, 'x').catch(() => {});
  assert.match(wsserver.errors[0] ?? '', /^\[10035\] Operation would block\. /);
});

test('JavaScript: a certificate that is looked at, listeners in a row, a port as it was typed', async () => {
  const wsserver = new component.wsserver();
  wsserver.setRuntimeLicense('0123ABCD');
  assert.equal(wsserver.getRuntimeLicense(), '0123ABCD');
  assert.equal(wsserver.VERSION, version);
  const pair = issue('compat-program-js', { key: 'rsa' });
  const file = pfxOf('compat-program-js', pair, 'secret');
  const { Certificate, CertStoreTypes } = component;
  const cert = new Certificate(CertStoreTypes.cstPFXFile, file, 'secret', '*');
  assert.match(cert.getSubject(), /CN=compat-program-js/);
  assert.match(cert.getIssuer(), /CN=/);
  assert.match(cert.getEncoded(), /^-----BEGIN CERTIFICATE-----/);
  assert.equal(Buffer.from(cert.getEncodedB()).toString(), cert.getEncoded());
  wsserver.setSSLCert(cert);
  assert.equal(wsserver.getSSLCert(), cert);
  cert.dispose();
  const printed: string[] = [];
  wsserver
    .on('Connected', (e) => {
      const host = wsserver.getConnections().item(e.connectionId).getRemoteHost();
      printed.push(`${host} connected.`);
    })
    .on('Disconnected', (e) => printed.push(`Remote host disconnected: ${e.description}`))
    .on('DataIn', async (e) => {
      await wsserver.sendText(e.connectionId, e.text).catch((error) => printed.push(`${error}`));
    })
    .on('SSLClientAuthentication', (e) => {
      e.accept = true;
    });
  wsserver.setLocalHost('127.0.0.1');
  wsserver.setLocalPort('0' as unknown as number);
  wsserver.config('SSLEnabledProtocols=3072');
  await wsserver.startListening();
  assert.equal(await answerTo('hello', wsserver.getLocalPort()), 'hello');
  await until(() => printed.length === 2);
  assert.deepEqual(printed, ['127.0.0.1 connected.', 'Remote host disconnected: ']);
  // One that was chosen in another way has the same methods.
  wsserver.setSSLCertStoreType(CertStoreTypes.cstPFXFile);
  wsserver.setSSLCertStore(file);
  wsserver.setSSLCertStorePassword('secret');
  wsserver.setSSLCertSubject('*');
  assert.equal(wsserver.getSSLCert()?.getSubject(), cert.getSubject());
  await wsserver.dispose();
  assert.equal(wsserver.getListening(), false);
});

test('Node.js: callbacks within callbacks', async (t) => {
  const wsserver = new component.wsserver();
  defer(t, () => wsserver.shutdown());
  wsserver.setLocalHost('127.0.0.1');
  wsserver.config('BufferMessage=True');
  const port = await new Promise<number>((resolve, reject) => {
    wsserver.setLocalPort(0, (err) => {
      if (err) return reject(err);
      wsserver.startListening((err) => {
        if (err) return reject(err);
        wsserver.getLocalPort((err, data) => (err ? reject(err) : resolve(data ?? 0)));
      });
    });
  });
  wsserver.on('DataIn', (e) => {
    wsserver.getWSConnectionRemoteHost(e.connectionId, (_err, host) => {
      wsserver.send(e.connectionId, `${host}: ${e.text}`, (err) => {
        assert.equal(err, null);
        wsserver.pauseData(e.connectionId, () => wsserver.processData(e.connectionId, () => {}));
      });
    });
  });
  const client = await ByteClient.open(t, port);
  for (const text of ['hello', 'again']) {
    client.sendFrame(Op.text, text);
    assert.equal((await client.readFrame()).payload.toString(), `127.0.0.1: ${text}`);
  }
  const failed = await new Promise<{ code: number; message: string } | null>((resolve) =>
    wsserver.setLocalPort(1, resolve),
  );
  assert.equal(failed?.code, 106);
  assert.match(`${failed?.message}`, /^Cannot change LocalPort when SSLServer is listening\. /);
  const refused = await new Promise<{ code: number } | null>((resolve) =>
    wsserver.processData(55, resolve),
  );
  assert.equal(refused?.code, 126);
  // What the later edition has takes them too.
  const certificate = new Promise((resolve) =>
    wsserver.setSSLCert(undefined as never, (err) =>
      wsserver.getSSLCert((_err, cert) =>
        wsserver.getConnections((_error, connections) =>
          resolve([err?.code, cert, connections?.size]),
        ),
      ),
    ),
  );
  assert.deepEqual(await certificate, [10022, undefined, 1]);
  // To set DataToSend is to send: its callback is told what has become of that.
  const [id = 0] = wsserver.getConnections().keys();
  const codeOf = (set: (callback: (err: { code: number } | null) => void) => void) =>
    new Promise((resolve) => set((err) => resolve(err?.code)));
  assert.equal(await codeOf((cb) => wsserver.setWSConnectionDataToSend(id, 'set', cb)), undefined);
  assert.equal((await client.readFrame()).payload.toString(), 'set');
  assert.equal(await codeOf((cb) => wsserver.setWSConnectionDataToSend(55, 'set', cb)), 126);
  client.socket.pause();
  const item = wsserver.getConnections().item(id);
  const megabyte = Buffer.alloc(1024 * 1024);
  let code: unknown;
  while (code === undefined) code = await codeOf((cb) => item.setDataToSend(megabyte, cb));
  assert.equal(code, 10035);
});
