// What the settings of TLS do that is not about what peers agree on, and what is told of a
// handshake.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { WSServer, type WSServerError } from 'native-wsserver';
import { Op } from '../support/byte_client.js';
import { issue } from '../support/certificates.js';
import { makeFolder } from '../support/files.js';
import { collect, startEcho, until } from '../support/server.js';
import { connectTls, TLS12, TLS13 } from '../support/tls_client.js';

const ec = issue('ec');
const rsa = issue('rsa', { key: 'rsa' });
const certificate = { key: ec.key, cert: ec.cert };
const other = { key: rsa.key, cert: rsa.cert };

test('SSLKeyLogFile gets the secrets that the client has, after what is there', async (t) => {
  const file = path.join(makeFolder(t), 'keys');
  writeFileSync(file, '# what was there\n');
  const server = await startEcho(t, { certificate, settings: { SSLKeyLogFile: file } });
  const lines = ['# what was there'];
  for (const version of [TLS12, TLS13]) {
    const client = await connectTls(t, server.localPort, version);
    await client.inner.upgrade();
    lines.push(...client.secrets);
  }
  assert.deepEqual(readFileSync(file, 'utf8').trim().split('\n').toSorted(), lines.toSorted());
  server.config('SSLKeyLogFile=');
  const size = readFileSync(file).length;
  await connectTls(t, server.localPort);
  assert.equal(readFileSync(file).length, size);
});

test('SSLKeyLogFile is for nobody else to read, and an error when it cannot be written', async (t) => {
  const folder = makeFolder(t);
  const file = path.join(folder, 'keys');
  const server = await startEcho(t, { certificate, settings: { SSLKeyLogFile: file } });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.throws(
    () => server.config(`SSLKeyLogFile=${folder}`),
    (error: WSServerError) => error.code === 10022 && error.message.includes(folder),
  );
  assert.equal(server.config('SSLKeyLogFile'), file);
});

test('SSLKeyLogFile is not written through a link, nor to a pipe', (t) => {
  const folder = makeFolder(t);
  const [link, target, pipe] = ['link', 'target', 'pipe'].map((name) => path.join(folder, name));
  symlinkSync(`${target}`, `${link}`);
  execFileSync('mkfifo', [`${pipe}`]);
  for (const file of [link, pipe, '/dev/zero']) {
    const settings = { SSLKeyLogFile: `${file}` };
    assert.throws(() => new WSServer({ certificate, settings }), { code: 10022 }, file);
  }
  assert.ok(!existsSync(`${target}`));
});

test('SSLKeyLogFile is opened once', async (t) => {
  const file = path.join(makeFolder(t), 'keys');
  const server = await startEcho(t, { certificate, settings: { SSLKeyLogFile: file } });
  renameSync(file, `${file}.old`);
  await connectTls(t, server.localPort, TLS13);
  await until(() => readFileSync(`${file}.old`).length > 0);
  assert.ok(!existsSync(file));
});

test('a certificate that no client agrees on is an error', () => {
  const odd = issue('odd', { key: 'secp256k1' });
  const edwards = issue('edwards', { key: 'ed25519' });
  const start = ({ key, cert }: { key: string; cert: string }, settings: object) =>
    new WSServer({ certificate: { key, cert }, settings: settings as Record<string, string> });
  const error = { name: 'WSServerError', code: 273 };
  assert.throws(() => start(odd, {}), {
    ...error,
    message: /curve secp256k1.*TLS12SupportedGroups/,
  });
  assert.throws(() => start(odd, { TLS13SupportedGroups: 'ecdhe_x25519' }), error);
  start(odd, { TLS12SupportedGroups: 'secp256k1' });
  const rsaOnly = { TLS12SignatureAlgorithms: 'rsa_pss_sha256' };
  assert.throws(() => start(edwards, rsaOnly), { ...error, message: /name no algorithm/ });
  assert.throws(() => start(ec, rsaOnly), error);
  start(rsa, rsaOnly);
  start(edwards, {});
});

const told = {
  'TLS 1.2': [
    'Received ClientHello.',
    'Sent ServerHello.',
    'Sent Certificate.',
    'Sent ServerKeyExchange.',
    'Sent ServerHelloDone.',
    'Received ClientKeyExchange.',
    'Received Finished.',
    'Sent NewSessionTicket.',
    'Sent Finished.',
    'Handshake done: TLSv1.2, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 256 bits, ecdhe_x25519.',
    'Received the alert close_notify.',
  ],
  'TLS 1.3': [
    'Received ClientHello.',
    'Sent ServerHello.',
    'Sent EncryptedExtensions.',
    'Sent Certificate.',
    'Sent CertificateVerify.',
    'Sent Finished.',
    'Received Finished.',
    'Sent NewSessionTicket.',
    'Handshake done: TLSv1.3, TLS_AES_128_GCM_SHA256, 128 bits, ecdhe_x25519.',
    'Received the alert close_notify.',
  ],
} as const;

for (const [name, version] of [
  ['TLS 1.2', TLS12],
  ['TLS 1.3', TLS13],
] as const) {
  test(`${name}: SSLStatus and the Log tell every step, in words that stay`, async (t) => {
    const server = await startEcho(t, { certificate, settings: { LogLevel: 3 } });
    const steps = collect(server, 'SSLStatus');
    const lines = collect(server, 'Log');
    const client = await connectTls(t, server.localPort, version);
    await client.inner.upgrade();
    client.tls.end();
    await client.inner.ended;
    await until(() => server.wsConnectionCount === 0);
    assert.deepEqual(
      steps.map(({ message }) => message),
      told[name],
    );
    const logged = lines.map(({ message }) => message);
    assert.deepEqual(
      logged.filter((message) => (told[name] as readonly string[]).includes(message)),
      told[name],
    );
  });
}

test('LogSSLPackets tells of every record', async (t) => {
  const server = await startEcho(t, { certificate });
  const steps = collect(server, 'SSLStatus');
  const isRecord = ({ message }: { message: string }): boolean =>
    /^(Sent|Received) a record of \d+ bytes\.$/.test(message);
  await connectTls(t, server.localPort);
  assert.equal(steps.filter(isRecord).length, 0);
  server.config('LogSSLPackets=True');
  const { inner } = await connectTls(t, server.localPort);
  await until(() => steps.filter(isRecord).length >= 4);
  await inner.upgrade();
  const before = steps.filter(isRecord).length;
  inner.sendFrame(Op.text, 'x');
  await inner.readFrame();
  assert.equal(steps.filter(isRecord).length, before + 2);
});

test('certificates that change all the while, and clients that talk all the while', async (t) => {
  const server = await startEcho(t, { certificate });
  const lost = collect(server, 'Disconnected');
  const clients = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const version = index % 2 === 0 ? TLS12 : TLS13;
      const { inner } = await connectTls(t, server.localPort, version);
      await inner.upgrade();
      return inner;
    }),
  );
  let over = false;
  const talks = clients.map(async (inner) => {
    let count = 0;
    for (; !over; count++) {
      inner.sendFrame(Op.text, `${count}`.repeat(1000));
      assert.equal((await inner.readFrame()).payload.toString(), `${count}`.repeat(1000));
    }
    return count;
  });
  for (let change = 0; change < 30; change++) {
    const [next, name] =
      change % 2 === 0 ? ([other, 'rsa'] as const) : ([certificate, 'ec'] as const);
    server.certificate = next;
    const { tls } = await connectTls(t, server.localPort);
    assert.equal(tls.getPeerCertificate().subject.CN, name);
    tls.destroy();
  }
  over = true;
  const counts = await Promise.all(talks);
  assert.ok(counts.every((count) => count > 10));
  assert.equal(lost.length, 0);
});

test('SSLConnectionRequest chooses by what the client can verify', async (t) => {
  const server = await startEcho(t, { certificate });
  server.on('SSLConnectionRequest', (event) => {
    if (!event.supportedSignatureAlgs.includes('ecdsa')) event.certificate = other;
  });
  for (const [sigalgs, name] of [
    ['rsa_pss_rsae_sha256', 'rsa'],
    ['ecdsa_secp256r1_sha256', 'ec'],
  ]) {
    for (const version of [TLS12, TLS13]) {
      const { tls } = await connectTls(t, server.localPort, { ...version, sigalgs } as never);
      assert.equal(tls.getPeerCertificate().subject.CN, name);
    }
  }
});

test('settings without effect say so, and keep what they are given', () => {
  const inert = [
    'OpenSSLPrngSeedData',
    'SSLEnableRenegotiation',
    'SSLServerCACerts',
    'TLS13KeyShareGroups',
  ];
  const server = new WSServer();
  for (const name of inert) {
    const row = WSServer.describe().find((each) => each.name === name);
    assert.match(row?.doc ?? '', /Has no effect here: \w/);
    const value = name === 'SSLEnableRenegotiation' ? 'False' : 'something';
    server.config(`${name}=${value}`);
    assert.equal(server.config(name), value);
  }
});
