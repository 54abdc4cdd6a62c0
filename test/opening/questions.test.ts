// What handlers of questions throw, and what they set: their client is refused, Error and the Log
// say why, and nobody else notices.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ErrorRow, type EventMap, errorTable } from 'native-wsserver';
import { ByteClient, request } from '../support/byte_client.js';
import { authority, issue } from '../support/certificates.js';
import { runChild } from '../support/child.js';
import { collect, startEcho, until } from '../support/server.js';
import { connectTls, startTls, TLS12, TLS13 } from '../support/tls_client.js';

const own = issue('questions.example');
const certificate = { key: own.key, cert: own.cert };
const client = issue('asked');

/** A value that cannot be looked at. */
const wild = {
  toString(): never {
    throw new Error('wild');
  },
  get length(): never {
    throw new Error('wild');
  },
};
const symbol = Symbol('odd');

function setAll(event: object, fields: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(event, name, {
      ...(typeof value === 'function' ? { get: value as () => unknown } : { value }),
      configurable: true,
    });
  }
}

const throws = (): never => {
  throw new Error('wild');
};

/** What a handler makes of an event; the code that Error then tells. */
type Mistake<Name extends keyof EventMap> = [
  name: string,
  act: (event: EventMap[Name]) => unknown,
  code: number,
];

const certificateMistakes: Mistake<'SSLConnectionRequest'>[] = [
  ['a file that is not there', (e) => setAll(e, { certStoreType: 6, certStore: '/nowhere' }), 271],
  ['a type that is none', (e) => setAll(e, { certStoreType: 4711, certStore: 'x' }), 271],
  ['a type of another kind', (e) => setAll(e, { certStoreType: wild, certStore: 'x' }), 272],
  ['a store that is no text', (e) => setAll(e, { certStore: wild }), 10022],
  ['a store that is a symbol', (e) => setAll(e, { certStore: symbol }), 10022],
  ['no store', (e) => setAll(e, { certStore: undefined }), 271],
  [
    'a password that is no text',
    (e) => setAll(e, { certStoreType: 7, certStore: own.cert + own.key, certPassword: wild }),
    10022,
  ],
  [
    'a subject that is nobody',
    (e) => setAll(e, { certStoreType: 7, certStore: own.cert + own.key, certSubject: 'nobody' }),
    272,
  ],
  ['a certificate that is none', (e) => setAll(e, { certificate: wild }), 272],
  ['a getter that throws', (e) => setAll(e, { certStore: throws }), 276],
  ['a certificate whose getter throws', (e) => setAll(e, { certificate: throws }), 276],
  ['an exception', throws, 276],
  ['what is no Error', () => Promise.reject(wild), 276],
];

for (const [version, options] of Object.entries({ 'TLS 1.2': TLS12, 'TLS 1.3': TLS13 })) {
  for (const [name, act, code] of certificateMistakes) {
    test(`${version}: SSLConnectionRequest: ${name}`, async (t) => {
      const server = await startEcho(t, { certificate });
      const lines = collect(server, 'Log');
      const errors = collect(server, 'Error');
      server.on('SSLConnectionRequest', (event) =>
        event.serverName === 'odd.example' ? act(event) : undefined,
      );
      const refused = startTls(t, server.localPort, { ...options, servername: 'odd.example' });
      const others = await connectTls(t, server.localPort, options);
      await others.inner.upgrade();
      assert.equal(await refused.alert, 80);
      await until(() => errors.length > 0);
      const [{ errorCode, description }] = errors as [EventMap['Error']];
      assert.equal(errorCode, code);
      await until(() => lines.some(({ message }) => message.includes(description)));
      await until(() => lines.some(({ message }) => message.includes('has no certificate')));
      assert.equal(errors.length, 1);
    });
  }
}

/** Of what does not even say what it is. */
const odd = (): never => {
  throw new Error('odd');
};
const untold = { getPrototypeOf: odd, has: odd };

const openMistakes: Mistake<'WebSocketOpenRequest'>[] = [
  ['a status that is a symbol', (e) => setAll(e, { statusCode: symbol }), 10022],
  ['a status that is an object', (e) => setAll(e, { statusCode: wild }), 10022],
  ['a status whose getter throws', (e) => setAll(e, { statusCode: throws }), 10053],
  ['headers that are a symbol', (e) => setAll(e, { responseHeaders: symbol }), 10022],
  ['headers that cannot be a string', (e) => setAll(e, { responseHeaders: wild }), 10022],
  ['a subprotocol that cannot be a string', (e) => setAll(e, { subProtocols: wild }), 10022],
  [
    'a subprotocol with NUL, and headers behind it',
    (e) => setAll(e, { subProtocols: 'a\0X-Forged: yes' }),
    10022,
  ],
  ['an exception', throws, 10053],
  ['a rejection', () => Promise.reject(symbol), 10053],
  ['what cannot be looked at', () => Promise.reject(new Proxy({}, untold)), 10053],
];

for (const [name, act, code] of openMistakes) {
  test(`WebSocketOpenRequest: ${name}`, async (t) => {
    const server = await startEcho(t);
    const errors = collect(server, 'Error');
    server.on('WebSocketOpenRequest', (event) =>
      event.requestURI === '/odd' ? act(event) : undefined,
    );
    const refused = await ByteClient.connect(t, server.localPort);
    refused.send(request([], '/odd'));
    assert.equal((await refused.readAnswer()).status, 500);
    const other = await ByteClient.connect(t, server.localPort);
    await other.upgrade();
    const { text } = errorTable.find((row) => row.code === code) as ErrorRow;
    assert.deepEqual(
      errors.map(({ errorCode, description }) => [errorCode, description.slice(0, text.length)]),
      [[code, text]],
    );
  });
}

test('headers are read once', async (t) => {
  const server = await startEcho(t);
  let times = 0;
  server.on('WebSocketOpenRequest', (event) => {
    const headers = { toString: () => (times++ === 0 ? 'X-A: b' : 'X-A: b\0') };
    setAll(event, { responseHeaders: headers, connectionId: wild });
  });
  const asking = await ByteClient.connect(t, server.localPort);
  asking.send(request());
  const { status, headers } = await asking.readAnswer();
  assert.deepEqual([status, headers.get('x-a')], [101, 'b']);
  assert.equal(times, 1);
});

test('ConnectionRequest and SSLClientAuthentication: odd answers', async (t) => {
  const settings = { SSLCACerts: authority.cert };
  const server = await startEcho(t, { certificate, sslAuthenticateClients: true, settings });
  const errors = collect(server, 'Error');
  let accepts: unknown = throws;
  const isOdd = (): Record<string, unknown> => ({ accept: accepts, connectionId: symbol });
  server.on('SSLClientAuthentication', (event) => setAll(event, isOdd()));
  for (const value of [throws, undefined, null, 0, '']) {
    accepts = value;
    const refused = startTls(t, server.localPort, { ...client });
    await assert.rejects(async () => {
      await refused.secured;
      await refused.inner.upgrade();
    });
  }
  accepts = true;
  await (await connectTls(t, server.localPort, { ...client })).inner.upgrade();
  assert.deepEqual(
    errors.map(({ errorCode }) => errorCode),
    [276],
  );
  accepts = throws;
  server.on('ConnectionRequest', (event) => setAll(event, { accept: accepts }));
  await assert.rejects(connectTls(t, server.localPort, { ...client }));
  accepts = true;
  await (await connectTls(t, server.localPort, { ...client })).inner.upgrade();
  assert.deepEqual(
    errors.map(({ errorCode }) => errorCode),
    [276, 10053],
  );
});

test('where nobody listens to Error, one warning tells', async (t: TestContext) => {
  const { stdout, stderr, code } = await runChild(
    t,
    async ({ WSServer: Server }) => {
      const net = await import('node:net');
      const server = new Server({ localHost: '127.0.0.1' });
      server.on('ConnectionRequest', () => {
        throw new Error('of the handler');
      });
      await server.startListening();
      for (let times = 0; times < 3; times++) {
        const refused = net.connect(server.localPort, '127.0.0.1').resume();
        await new Promise((resolve) => refused.once('close', resolve));
      }
      await server.shutdown();
      console.log('goes on');
    },
    undefined,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'goes on\n');
  assert.equal(stderr.match(/of the handler/g)?.length, 1);
  assert.match(stderr, /WSServerWarning: A client was refused/);
});

test('an exception of a Fire… method is thrown by DoEvents, what it sets is not', async (t) => {
  const { stdout, stderr, code } = await runChild(
    t,
    async () => {
      const { WSServer: Compat } = await import('native-wsserver/compat');
      const net = await import('node:net');
      let throwing = true;
      const told: string[] = [];
      class Server extends Compat {
        override FireConnectionRequest(params: object): void {
          if (throwing) throw new Error('thrown');
          Object.defineProperty(params, 'Accept', { value: false });
        }
        override FireWebSocketOpenRequest(params: { ResponseHeaders: string }): void {
          params.ResponseHeaders = Symbol('odd') as unknown as string;
        }
        override FireError(params: { ErrorCode: number }): void {
          told.push(`${params.ErrorCode}`);
        }
      }
      const server = new Server();
      server.SetLocalHost('127.0.0.1');
      server.StartListening();
      const visit = (): void => {
        const socket = net.connect(server.GetLocalPort(), '127.0.0.1');
        socket.on('error', () => {});
        socket.write(
          'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
        );
      };
      const run = async (count: number): Promise<void> => {
        while (told.length < count) {
          try {
            server.DoEvents();
          } catch (error) {
            told.push((error as Error).message);
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      visit();
      await run(2);
      throwing = false;
      visit();
      await run(3);
      console.log(told.join());
      server.Shutdown();
      process.exit();
    },
    undefined,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim().split(',').sort().join(), '10022,10053,thrown');
});
