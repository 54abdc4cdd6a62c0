// Clients that must have a certificate: whom the server lets in, which alert the others get, and
// that those never come as far as a request.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SSLClientAuthenticationEvent, WSServerOptions } from 'native-wsserver';
import { request } from '../support/byte_client.js';
import {
  authority,
  day,
  folder,
  issue,
  issueSelfSigned,
  openssl,
} from '../support/certificates.js';
import { makeFolder } from '../support/files.js';
import { collect, next, startEcho, until } from '../support/server.js';
import { connectTls, startTls, TLS12, TLS13, type TlsClient } from '../support/tls_client.js';

type ClientOptions = Parameters<typeof startTls>[2];

const server = issue('server');
const good = issue('good');
const expired = issue('expired', { start: day(-30), end: day(-1) });
const future = issue('future', { start: day(1) });
const serverOnly = issue('server only', { extensions: ['extendedKeyUsage=serverAuth'] });
const stranger = issueSelfSigned('stranger');

const versions = { 'TLS 1.2': TLS12, 'TLS 1.3': TLS13 } as const;
const trusting = { SSLCACerts: authority.cert };

function startStrict(t: TestContext, settings: WSServerOptions['settings'] = trusting) {
  const certificate = { key: server.key, cert: server.cert };
  return startEcho(t, { certificate, sslAuthenticateClients: true, settings });
}

/** Whether a client gets as far as an open WebSocket. */
async function isLetIn(t: TestContext, port: number, options: ClientOptions): Promise<boolean> {
  const client = startTls(t, port, options);
  await client.secured.catch(() => {});
  return client.inner.upgrade().then(
    () => true,
    () => false,
  );
}

/** Its request is on the way before the server has seen its certificate. */
function startEager(t: TestContext, port: number, options: ClientOptions): TlsClient {
  const client = startTls(t, port, options);
  void client.secured.then(
    () => client.inner.send(request()),
    () => {},
  );
  return client;
}

const notAccepted = 'The certificate of the client is not accepted: ';

/** What a client shows; the alerts that it gets in TLS 1.2 and 1.3; what the Log says. */
const refusals: [name: string, options: ClientOptions, alerts: [number, number], why: string][] = [
  ['none', {}, [40, 116], 'The client sent no certificate.'],
  ['one that has expired', expired, [45, 45], `${notAccepted}certificate has expired.`],
  ['one of the future', future, [42, 42], `${notAccepted}certificate is not yet valid.`],
  ['one that signed itself', stranger, [48, 48], `${notAccepted}self-signed certificate.`],
  ['one for servers only', serverOnly, [43, 43], `${notAccepted}unsuitable certificate purpose.`],
  [
    'a chain of 150 KiB',
    { key: good.key, cert: good.cert + authority.cert.repeat(300) },
    [47, 47],
    'The peer sent a message that is longer than is allowed.',
  ],
];

for (const [index, [version, options]] of Object.entries(versions).entries()) {
  for (const [name, shown, alerts, why] of refusals) {
    test(`${version}: a client's certificate: ${name}`, async (t) => {
      const strict = await startStrict(t);
      const lines = collect(strict, 'Log');
      const requests = collect(strict, 'WebSocketOpenRequest');
      const client = startEager(t, strict.localPort, { ...options, ...shown });
      assert.equal(await client.alert, alerts[index]);
      await until(() => lines.some(({ message }) => message.endsWith(` failed: ${why}`)));
      assert.ok(await isLetIn(t, strict.localPort, { ...options, ...good }));
      assert.equal(requests.length, 1);
    });
  }

  test(`${version}: a long chain that is still bearable`, async (t) => {
    const strict = await startStrict(t, { ...trusting, SSLIncludeCertChain: true });
    const asked = next(strict, 'SSLClientAuthentication');
    const cert = good.cert + authority.cert.repeat(100);
    assert.ok(await isLetIn(t, strict.localPort, { ...options, key: good.key, cert }));
    const { certEncoded, status } = await asked;
    assert.equal(status, 'OK');
    assert.equal(certEncoded.match(/BEGIN CERTIFICATE/g)?.length, 101);
  });

  test(`${version}: SSLClientAuthentication refuses who is trusted, and accepts who is not`, async (t) => {
    const strict = await startStrict(t);
    const lines = collect(strict, 'Log');
    const opened = collect(strict, 'WebSocketOpenRequest');
    const asked = collect(strict, 'SSLClientAuthentication');
    strict.on('SSLClientAuthentication', (event) => {
      event.accept = !event.accept;
    });
    await startEager(t, strict.localPort, { ...options, ...good }).alert;
    const why = 'The certificate of the client was refused.';
    await until(() => lines.some(({ message }) => message.endsWith(` failed: ${why}`)));
    assert.equal(opened.length, 0);
    assert.ok(await isLetIn(t, strict.localPort, { ...options, ...stranger }));
    assert.deepEqual(
      asked.map(({ status }) => status),
      ['OK', 'self-signed certificate'],
    );
  });

  test(`${version}: SSLClientAuthentication decides about a client without a certificate`, async (t) => {
    const strict = await startStrict(t);
    const lines = collect(strict, 'Log');
    const opened = collect(strict, 'WebSocketOpenRequest');
    const asked = collect(strict, 'SSLClientAuthentication');
    await startEager(t, strict.localPort, options).alert;
    const why = 'The client sent no certificate.';
    await until(() => lines.some(({ message }) => message.endsWith(` failed: ${why}`)));
    assert.equal(opened.length, 0);
    const accept = (event: SSLClientAuthenticationEvent) => {
      assert.equal(event.accept, false);
      event.accept = true;
    };
    strict.on('SSLClientAuthentication', accept);
    const first = await connectTls(t, strict.localPort, options);
    await first.inner.upgrade();
    const { certEncoded, certSubject, certIssuer, status } = asked[1] ?? assert.fail();
    assert.deepEqual(
      [certEncoded, certSubject, certIssuer, status],
      ['', '', '', 'There is no certificate'],
    );
    // Whom a handler has let in does not come back past a server without one.
    strict.removeAllListeners('SSLClientAuthentication');
    assert.ok(!(await isLetIn(t, strict.localPort, { ...options, session: await first.session })));
  });

  test(`${version}: who resumes a session is still known`, async (t) => {
    const strict = await startStrict(t);
    const asked = collect(strict, 'SSLClientAuthentication');
    const first = await connectTls(t, strict.localPort, { ...options, ...good });
    await first.inner.upgrade();
    const ticket = { ...options, ...good, session: await first.session };
    const second = await connectTls(t, strict.localPort, ticket);
    await second.inner.upgrade();
    assert.ok(second.tls.isSessionReused());
    assert.deepEqual(
      asked.map(({ certSubject, status }) => [certSubject, status]),
      Array(2).fill(['CN=good, O=Example', 'OK']),
    );
    // Of whom others approved nobody here has heard.
    strict.config(`SSLCACerts=${stranger.cert}`);
    assert.ok(!(await isLetIn(t, strict.localPort, ticket)));
  });
}

const forgiven: [flag: string, shown: ClientOptions][] = [
  ['0x1', expired],
  ['0x1', future],
  ['0x10', stranger],
  ['0x20', serverOnly],
];

for (const [flag, shown] of forgiven) {
  test(`SSLSecurityFlags=${flag} lets in ${subjectOf(shown)}, and no other`, async (t) => {
    const strict = await startStrict(t, { ...trusting, SSLSecurityFlags: flag });
    const candidates = [expired, future, stranger, serverOnly];
    const letIn = await Promise.all(
      candidates.map((candidate) => isLetIn(t, strict.localPort, candidate)),
    );
    const flags = new Map(forgiven.map(([each, candidate]) => [candidate, each]));
    assert.deepEqual(
      letIn,
      candidates.map((candidate) => flags.get(candidate) === flag),
    );
  });
}

function subjectOf(options: ClientOptions): string {
  return new X509Certificate(options?.cert as string).subject.replace(/^.*CN=/s, '');
}

/** Where the ticket begins in a session in OpenSSL's form: an octet string behind the tag 10. */
function ticketStart(session: Buffer): number {
  for (let at = 0; ; at++) {
    at = session.indexOf(0xaa, at);
    assert.ok(at >= 0, 'the session has no ticket');
    // Both lengths are in one byte, or in two, behind how many these are.
    const bytes = (session[at + 1] ?? 0) - 0x80;
    if (bytes !== 1 && bytes !== 2) continue;
    const start = at + 2 * (2 + bytes);
    const isInside = session[at + 2 + bytes] === 4 && session[at + 3 + bytes] === 0x80 + bytes;
    const size = start <= session.length ? session.readUIntBE(start - bytes, bytes) : 0;
    if (isInside && size === session.readUIntBE(at + 2, bytes) - 2 - bytes) return start;
  }
}

for (const [version, options] of Object.entries(versions)) {
  test(`${version}: a session whose ticket is garbage is not resumed`, async (t) => {
    const strict = await startStrict(t);
    const { inner, session } = await connectTls(t, strict.localPort, { ...options, ...good });
    await inner.upgrade();
    const whole = await session;
    const start = ticketStart(whole);
    for (let at = start; at < start + 160; at += 23) {
      const garbage = Buffer.from(whole);
      garbage.writeUInt8(garbage.readUInt8(at) ^ 0xff, at);
      const again = await connectTls(t, strict.localPort, {
        ...options,
        ...good,
        session: garbage,
      });
      await again.inner.upgrade();
      assert.ok(!again.tls.isSessionReused(), `byte ${at - start}`);
    }
  });
}

/** Where authorities can be named: the setting, and its value that names ours. */
const authorities: [setting: string, value: (t: TestContext) => string][] = [
  ['SSLCACerts', () => authority.cert],
  ['SSLCACerts', () => `${stranger.cert}\r\n${authority.cert}`],
  ['OpenSSLCAFile', () => authority.certFile],
  ['SSLCACertFilePaths', () => `/no/such/file;${authority.certFile};/nor/this`],
  [
    'OpenSSLCADir',
    (t) => {
      const directory = makeFolder(t);
      copyFileSync(authority.certFile, join(directory, 'authority.pem'));
      openssl('rehash', directory);
      return directory;
    },
  ],
];

for (const [setting, value] of authorities) {
  test(`${setting} names who is trusted to know clients`, async (t) => {
    const strict = await startStrict(t, { SSLCACertFilePaths: '', [setting]: value(t) });
    assert.ok(await isLetIn(t, strict.localPort, good));
    strict.config(`${setting}=`);
    assert.ok(!(await isLetIn(t, strict.localPort, good)));
  });
}

test('OpenSSLCADir and OpenSSLCAFile: several authorities, of one name, between other text', async (t) => {
  const twins = [issueSelfSigned('twin'), issueSelfSigned('twin')];
  const directory = makeFolder(t);
  const text = ['Twins:', ...twins.map(({ cert }) => cert), 'That is all.'].join('\nA twin:\n');
  const file = join(directory, 'twins.txt');
  writeFileSync(file, text);
  const hashed = makeFolder(t);
  for (const [index, { cert }] of twins.entries()) {
    writeFileSync(join(hashed, `${index}.pem`), cert);
  }
  openssl('rehash', hashed);
  for (const setting of [{ OpenSSLCAFile: file }, { OpenSSLCADir: hashed }]) {
    const strict = await startStrict(t, { SSLCACertFilePaths: '', ...setting });
    for (const twin of twins) assert.ok(await isLetIn(t, strict.localPort, twin));
    assert.ok(!(await isLetIn(t, strict.localPort, stranger)));
  }
});

test('SSLIncludeCertChain says whether certEncoded has the chain', async (t) => {
  const cert = good.cert + authority.cert;
  for (const [included, count] of [
    ['False', 1],
    ['True', 2],
  ] as const) {
    const strict = await startStrict(t, { ...trusting, SSLIncludeCertChain: included });
    const asked = next(strict, 'SSLClientAuthentication');
    assert.ok(await isLetIn(t, strict.localPort, { key: good.key, cert }));
    assert.equal((await asked).certEncoded.match(/BEGIN CERTIFICATE/g)?.length, count);
  }
});

test('an authority that cannot be read is an error when it is set', async (t) => {
  const strict = await startStrict(t);
  writeFileSync(join(folder, 'empty.pem'), 'nothing');
  // Nobody has its other end: whoever opens one as he does a file waits for ever.
  const withPipe = makeFolder(t);
  const pipe = join(withPipe, '01234567.0');
  execFileSync('mkfifo', [pipe]);
  for (const setting of [
    'SSLCACerts=nothing',
    'OpenSSLCAFile=/no/such/file',
    `OpenSSLCAFile=${join(folder, 'empty.pem')}`,
    'OpenSSLCADir=/no/such/folder',
    `OpenSSLCAFile=${pipe}`,
    `OpenSSLCADir=${pipe}`,
    `OpenSSLCADir=${withPipe}`,
    'OpenSSLCAFile=/dev/zero',
    `OpenSSLCAFile=${folder}`,
  ]) {
    assert.throws(() => strict.config(setting), { code: 271 }, setting);
  }
  assert.ok(await isLetIn(t, strict.localPort, good));
});
