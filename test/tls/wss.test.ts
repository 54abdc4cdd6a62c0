// wss://: certificates, clients' certificates, and what a handshake is told of.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import type tls from 'node:tls';
import { promisify } from 'node:util';
import { Certificate, CertStoreType, WSServer, type WSServerOptions } from 'native-wsserver';
import WebSocket from 'ws';
import { authority, issue, PLAIN, pfxOf } from '../support/certificates.js';
import { collect, next, startEcho, startServer, until } from '../support/server.js';
import { shownCertificate } from '../support/shown_certificate.js';
import { inThread } from '../support/thread.js';
import { captureHello } from '../support/tls_client.js';

const ec = issue('ec.example', { hosts: ['localhost', 'ec.example'] });
const rsa = issue('rsa.example', { key: 'rsa', hosts: ['localhost', 'rsa.example'] });
const client = issue('client');

const certificate = { key: ec.key, cert: ec.cert };

/** A WebSocket to the server, once it is open. */
function open(
  t: TestContext,
  port: number,
  options: tls.ConnectionOptions = {},
): Promise<WebSocket> {
  const socket = new WebSocket(`wss://localhost:${port}`, { ca: authority.cert, ...options });
  t.after(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

async function echo(socket: WebSocket, data: string | Buffer): Promise<void> {
  const answer = new Promise<Buffer>((resolve) =>
    socket.once('message', (bytes: Buffer) => resolve(bytes)),
  );
  socket.send(data);
  assert.ok((await answer).equals(Buffer.from(data as string)));
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`an echo over ${version}, of every size`, async (t) => {
    const server = await startEcho(t, { certificate });
    const socket = await open(t, server.localPort, { minVersion: version, maxVersion: version });
    for (const size of [0, 1, 125, 126, 16383, 16384, 16385, 65536, 3_000_000]) {
      await echo(socket, Buffer.alloc(size, 'tls'));
    }
    await echo(socket, 'äöü€');
    const ended = next(server, 'Disconnected');
    socket.close(4000, 'enough');
    const { statusCode, description } = await ended;
    assert.deepEqual([statusCode, description], [4000, 'enough']);
    await until(() => socket.readyState === WebSocket.CLOSED);
  });
}

test('many messages both ways, with a reader that is slow at first', async (t) => {
  const server = await startServer(t, { certificate, settings: { MaxQueuedBytes: 200_000_000 } });
  const socket = await open(t, server.localPort);
  const [id = 0] = server.connections.keys();
  server.defaultTimeout = 0;
  let received = 0;

  socket.on('message', (data: Buffer) => {
    received += data.length;
  });
  socket.pause();
  const payload = randomBytes(100_000);
  let sent = 0;
  for (let count = 0; count < 5000; count++) {
    try {
      await server.sendBytes(id, payload);
      sent += payload.length;
    } catch (error) {
      assert.equal((error as { code: number }).code, 10035);
      break;
    }
  }
  const ready = next(server, 'ReadyToSend');
  socket.resume();
  await ready;
  await until(() => received === sent);
});

type StoreArguments = [
  type: CertStoreType,
  store: string | Uint8Array,
  password?: string,
  subject?: string,
];

const stores: [name: string, options: () => StoreArguments][] = [
  ['PEM blob', () => [CertStoreType.pemKeyBlob, ec.cert + ec.key]],
  ['PFX file', () => [CertStoreType.pfxFile, pfxOf('ec', ec, 'secret'), 'secret', 'CN=ec.example']],
  [
    'PFX blob',
    () => [CertStoreType.pfxBlob, readFileSync(pfxOf('ec', ec, 'secret')), 'secret', '*'],
  ],
  [
    'PFX, found out',
    () => [CertStoreType.auto, readFileSync(pfxOf('ec', ec, 'secret')), 'secret', 'example'],
  ],
];

for (const [name, options] of stores) {
  test(`a certificate of a ${name}`, async (t) => {
    const made = new Certificate(...options());
    assert.equal(made.subject, 'CN=ec.example, O=Example');
    assert.equal(made.issuer, 'CN=Test Authority');
    assert.equal(made.encoded.trim(), ec.cert.trim());
    const server = await startEcho(t, { certificate: made });
    await open(t, server.localPort);
  });
}

test('the documented properties select a certificate', async (t) => {
  const server = await startServer(t);
  assert.equal(server.sslCertSubject, '');
  server.sslCertStoreType = CertStoreType.pfxFile;
  server.sslCertStore = pfxOf('ec', ec, 'secret');
  server.sslCertStorePassword = 'secret';
  server.sslCertSubject = 'ec.example';
  assert.equal(server.sslCertSubject, 'CN=ec.example, O=Example');
  await open(t, server.localPort);
  server.sslCertSubject = 'CN=somebody else';
  assert.equal(server.sslCertSubject, '');
  server.sslCertEncoded = ec.cert;
  assert.equal(server.sslCertSubject, 'CN=ec.example, O=Example');
  assert.equal(server.sslCertEncoded.trim(), ec.cert.trim());
});

const mistakes: [name: string, code: number, options: () => StoreArguments][] = [
  ['no such file', 271, () => [CertStoreType.pfxFile, '/nowhere/at/all.pfx']],
  [
    'damaged',
    271,
    () => [
      CertStoreType.pfxBlob,
      readFileSync(pfxOf('ec', ec, 'secret')).subarray(0, 300),
      'secret',
    ],
  ],
  [
    'wrong password',
    273,
    () => [CertStoreType.pfxBlob, readFileSync(pfxOf('ec', ec, 'secret')), 'wrong'],
  ],
  ['no such subject', 272, () => [CertStoreType.pemKeyBlob, ec.cert + ec.key, '', 'CN=nobody']],
  ['a store of Windows', 271, () => [CertStoreType.user, 'MY']],
];

for (const [name, code, options] of mistakes) {
  test(`a certificate: ${name}`, () => {
    assert.throws(
      () => new Certificate(...options()),
      (error: { code: number; message: string }) => {
        assert.equal(error.code, code);
        assert.ok(!error.message.includes('secret'));
        return true;
      },
    );
  });
}

test('a certificate without its key cannot serve', () => {
  const alone = new Certificate(CertStoreType.publicKeyBlob, ec.cert);
  assert.throws(() => new WSServer({ certificate: alone }), { code: 282 });
});

test('RSA and ECDSA side by side', async (t) => {
  const server = await startEcho(t, {
    certificate: [certificate, { key: rsa.key, cert: rsa.cert }],
  });
  const options = { maxVersion: 'TLSv1.2', servername: 'localhost' } as const;
  const suite = (kind: string) => ({ ...options, ciphers: `ECDHE-${kind}-AES128-GCM-SHA256` });
  assert.equal(await shownCertificate(server.localPort, suite('ECDSA')), 'ec.example');
  assert.equal(await shownCertificate(server.localPort, suite('RSA')), 'rsa.example');
});

test('a new certificate while listening: nobody is disconnected', async (t) => {
  const server = await startEcho(t, { certificate });
  const socket = await open(t, server.localPort);
  server.certificate = { key: rsa.key, cert: rsa.cert };
  assert.equal(
    await shownCertificate(server.localPort, { servername: 'localhost' }),
    'rsa.example',
  );
  await echo(socket, 'still there');
});

test('names choose certificates', async (t) => {
  const options: WSServerOptions = {
    certificate,
    certificatesByName: {
      'rsa.example': { key: rsa.key, cert: rsa.cert },
      '*.wild.example': { key: rsa.key, cert: rsa.cert },
    },
  };
  const server = await startEcho(t, options);
  const names = ['localhost', 'rsa.example', 'RSA.example', 'a.wild.example', 'a.b.wild.example'];
  const subjects = await Promise.all(
    names.map((servername) => shownCertificate(server.localPort, { servername })),
  );
  assert.deepEqual(subjects, [
    'ec.example',
    'rsa.example',
    'rsa.example',
    'rsa.example',
    'ec.example',
  ]);
});

for (const delay of ['at once', 'later'] as const) {
  test(`SSLConnectionRequest chooses, ${delay}`, async (t) => {
    const server = await startEcho(t, { certificate });
    const asked: string[] = [];
    server.on('SSLConnectionRequest', async (event) => {
      asked.push(event.serverName);
      assert.match(event.supportedCipherSuites, /TLS_AES_128_GCM_SHA256/);
      assert.match(event.supportedSignatureAlgs, /rsa_pss/);
      if (delay === 'later') await new Promise((resolve) => setTimeout(resolve, 20));
      if (event.serverName !== 'rsa.example') return;
      event.certStoreType = CertStoreType.pemKeyBlob;
      event.certStore = rsa.cert + rsa.key;
    });
    assert.equal(
      await shownCertificate(server.localPort, { servername: 'rsa.example' }),
      'rsa.example',
    );
    assert.equal(
      await shownCertificate(server.localPort, { servername: 'localhost' }),
      'ec.example',
    );
    assert.deepEqual(asked, ['rsa.example', 'localhost']);
  });
}

test('clients must have a certificate of the authority', async (t) => {
  const settings = { SSLCACerts: authority.cert };
  const server = await startEcho(t, { certificate, sslAuthenticateClients: true, settings });
  const opened = collect(server, 'WebSocketOpenRequest');
  await assert.rejects(open(t, server.localPort));
  await open(t, server.localPort, { key: client.key, cert: client.cert });
  assert.equal(opened.length, 1);
});

test('SSLClientAuthentication decides about a client', async (t) => {
  const settings = { SSLCACerts: authority.cert };
  const server = await startEcho(t, { certificate, sslAuthenticateClients: true, settings });
  const asked = collect(server, 'SSLClientAuthentication');
  server.on('SSLClientAuthentication', (event) => {
    event.accept = event.certSubject.startsWith('CN=client');
  });
  await open(t, server.localPort, { key: client.key, cert: client.cert });
  const [event] = asked;
  assert.equal(event?.certSubject, 'CN=client, O=Example');
  assert.equal(event?.certIssuer, 'CN=Test Authority');
  assert.equal(event?.status, 'OK');
  assert.equal(event?.certEncoded.trim(), client.cert.trim());
  await assert.rejects(open(t, server.localPort, { key: ec.key, cert: ec.cert }));
});

test('what was negotiated can be read', async (t) => {
  const server = await startEcho(t, { certificate });
  await open(t, server.localPort);
  const [id] = server.connections.keys();
  const read = (name: string) => server.config(`${name}[${id}]`);
  assert.equal(read('SSLNegotiatedVersion'), 'TLSv1.3');
  assert.match(read('SSLNegotiatedCipher'), /^(AES_(128|256)_GCM|CHACHA20_POLY1305)$/);
  assert.match(read('SSLNegotiatedCipherSuite'), /^TLS_(AES|CHACHA20)_/);
  assert.match(read('SSLNegotiatedCipherStrength'), /^(128|256)$/);
  assert.equal(read('SSLNegotiatedKeyExchange'), 'ecdhe_x25519');
  assert.match(read('SSLNegotiatedKeyExchangeStrength'), /^25[36]$/);
});

test('SSLStatus tells the steps, the Log why it failed', async (t) => {
  const server = await startEcho(t, { certificate });
  const steps = collect(server, 'SSLStatus');
  const lines = collect(server, 'Log');
  await open(t, server.localPort);
  assert.ok(steps.some(({ message }) => message.startsWith('Handshake done: TLSv1.3')));
  await assert.rejects(
    open(t, server.localPort, {
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    }),
  );
  await until(() => lines.some(({ message }) => /^TLS with .* failed: /.test(message)));
});

test('plain text on the TLS port, TLS on the plain port, and a cut', async (t) => {
  const secure = await startEcho(t, { certificate });
  const lines = collect(secure, 'Log');
  const plain = net.connect(secure.localPort, '127.0.0.1');
  plain.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  plain.resume();
  await new Promise((resolve) => plain.once('close', resolve));
  await until(() => lines.some(({ logType }) => logType === 'Error'));

  const socket = await open(t, secure.localPort);
  const ended = next(secure, 'Disconnected');
  (socket as unknown as { _socket: tls.TLSSocket })._socket.destroy();
  assert.equal((await ended).statusCode, 1006);

  const unsecure = await startEcho(t);
  await assert.rejects(open(t, unsecure.localPort));
});

test('clients that come at once are answered one after the other, without a rest', async (t) => {
  const { localPort: port } = await startServer(t, { certificate });
  const hello = [...(await captureHello(t))];
  // In a thread: nothing else wakes the server's loop.
  const [single, together] = await inThread(
    t,
    async ({ require }, { port, hello }) => {
      const { connect } = require('node:net') as typeof net;
      type Socket = ReturnType<typeof connect>;
      const ask = async (socket: Socket): Promise<void> => {
        socket.write(Uint8Array.from(hello));
        await new Promise((done) => socket.once('data', done));
      };
      const time = async (run: (sockets: Socket[]) => Promise<unknown>): Promise<number> => {
        const sockets = await Promise.all(
          Array.from({ length: 200 }, async () => {
            const socket = connect(port, '127.0.0.1');
            await new Promise((resolve) => socket.once('connect', resolve));
            return socket;
          }),
        );
        const started = performance.now();
        await run(sockets);
        for (const socket of sockets) socket.destroy();
        return performance.now() - started;
      };
      const single = await time(async (sockets) => {
        for (const socket of sockets) await ask(socket);
      });
      return [single, await time((sockets) => Promise.all(sockets.map(ask)))] as const;
    },
    { port, hello },
  );
  // A rest of the loop is a tenth of a second, and would come every few clients.
  assert.ok(together < 1000 + 3 * single, `${together} ms, ${single} ms one by one`);
});

test('peers: openssl, curl', async (t) => {
  const server = await startEcho(t, { certificate });
  const run = promisify(execFile);
  const common = [
    's_client',
    '-connect',
    `127.0.0.1:${server.localPort}`,
    '-CAfile',
    authority.certFile,
    '-verify_return_error',
    '-brief',
  ];
  for (const option of ['-tls1_2', '-tls1_3']) {
    const child = run('openssl', [...common, option], { env: PLAIN });
    child.child.stdin?.end();
    const { stderr } = await child;
    assert.match(stderr, /Verification: OK/);
  }
  const url = `https://localhost:${server.localPort}/`;
  const args = ['-sS', '-i', '--http1.1', '--max-time', '10', '--cacert', authority.certFile, url];
  const { stdout } = await run('curl', args, { env: PLAIN });
  assert.match(stdout, /^HTTP\/1\.1 426 /);
});
