// openssl s_client and gnutls-cli, with everything that the settings of TLS let them agree on.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { WSServer, type WSServerOptions } from 'native-wsserver';
import { frame, Op, request } from '../support/byte_client.js';
import { authority, issue, type Pair } from '../support/certificates.js';
import { makeFolder } from '../support/files.js';
import { type Result, runProgram, skipWithout } from '../support/programs.js';
import { next, startEcho, until } from '../support/server.js';
import { connectTls } from '../support/tls_client.js';

type Settings = NonNullable<WSServerOptions['settings']>;

const ec = issue('ec');
const certificates = {
  'P-256': ec,
  'P-384': issue('p384', { key: 'p384' }),
  'P-521': issue('p521', { key: 'p521' }),
  RSA: issue('rsa', { key: 'rsa' }),
  Ed25519: issue('ed25519', { key: 'ed25519' }),
  Ed448: issue('ed448', { key: 'ed448' }),
};
const client = issue('client');

const TLS12 = 3072;
const TLS13 = 12288;

function start(
  t: TestContext,
  pairs: readonly Pair[] = [ec, certificates.RSA],
  settings: Settings = {},
): Promise<WSServer> {
  return startEcho(t, { certificate: pairs.map(({ key, cert }) => ({ key, cert })), settings });
}

/** What a client sends that wants a message back and closes then. */
const conversation = (payload: string): Buffer =>
  Buffer.concat([
    Buffer.from(request()),
    frame({ opcode: Op.text, payload }),
    frame({ opcode: Op.close, payload: Buffer.from([3, 232]) }),
  ]);

/** Lets openssl s_client talk to the server, which sends back what it is sent. */
async function converse(
  t: TestContext,
  server: WSServer,
  options: readonly string[] = [],
  payload = 'hello',
): Promise<Result> {
  const address = ['-connect', `127.0.0.1:${server.localPort}`, '-servername', 'localhost'];
  const trust = ['-CAfile', authority.certFile, '-verify_return_error', '-ign_eof'];
  const args = ['s_client', ...address, ...trust, ...options];
  return runProgram(t, 'openssl', args, { input: conversation(payload) });
}

const values = [
  'Version',
  'CipherSuite',
  'Cipher',
  'CipherStrength',
  'KeyExchange',
  'KeyExchangeStrength',
] as const;

/** What the server says that was negotiated. */
type Negotiated = Record<(typeof values)[number], string>;

/** The same, where all goes well. */
async function agree(
  t: TestContext,
  server: WSServer,
  options?: readonly string[],
  payload = 'hello',
): Promise<Negotiated> {
  const connected = next(server, 'Connected').then(({ connectionId }) => {
    const read = (value: string) => server.config(`SSLNegotiated${value}[${connectionId}]`);
    return Object.fromEntries(values.map((value) => [value, read(value)])) as Negotiated;
  });
  const { stdout, stderr } = await converse(t, server, options, payload);
  assert.match(stdout, /HTTP\/1\.1 101 /, stderr);
  assert.ok(stdout.includes(payload), stderr);
  assert.match(stdout, /Verification: OK/);
  return connected;
}

/** The same, where the server refuses. */
async function disagree(t: TestContext, server: WSServer, options: readonly string[]) {
  const { stdout, code } = await converse(t, server, options);
  assert.ok(!stdout.includes('HTTP/1.1 101') && code !== 0);
}

/** Suites by their IANA names, and by those of OpenSSL; the cipher, and its bits. */
const suites: [name: string, openSsl: string, cipher: string, bits: string][] = [
  ['TLS_AES_128_GCM_SHA256', '', 'AES_128_GCM', '128'],
  ['TLS_AES_256_GCM_SHA384', '', 'AES_256_GCM', '256'],
  ['TLS_CHACHA20_POLY1305_SHA256', '', 'CHACHA20_POLY1305', '256'],
  ...(['ECDSA', 'RSA'] as const).flatMap((kind): [string, string, string, string][] => [
    [
      `TLS_ECDHE_${kind}_WITH_AES_128_GCM_SHA256`,
      `ECDHE-${kind}-AES128-GCM-SHA256`,
      'AES_128_GCM',
      '128',
    ],
    [
      `TLS_ECDHE_${kind}_WITH_AES_256_GCM_SHA384`,
      `ECDHE-${kind}-AES256-GCM-SHA384`,
      'AES_256_GCM',
      '256',
    ],
    [
      `TLS_ECDHE_${kind}_WITH_CHACHA20_POLY1305_SHA256`,
      `ECDHE-${kind}-CHACHA20-POLY1305`,
      'CHACHA20_POLY1305',
      '256',
    ],
  ]),
];

test('every cipher suite of the default, chosen by the client', async (t) => {
  const server = await start(t);
  for (const [name, openSsl, cipher, bits] of suites) {
    const choice =
      openSsl === '' ? ['-tls1_3', '-ciphersuites', name] : ['-tls1_2', '-cipher', openSsl];
    const agreed = await agree(t, server, choice, 'x'.repeat(1024 * 1024));
    assert.deepEqual(agreed, {
      Version: openSsl === '' ? 'TLSv1.3' : 'TLSv1.2',
      CipherSuite: name,
      Cipher: cipher,
      CipherStrength: bits,
      KeyExchange: 'ecdhe_x25519',
      KeyExchangeStrength: '253',
    });
  }
});

test('every cipher suite by SSLEnabledCipherSuites, and no other', async (t) => {
  for (const [name, openSsl] of suites) {
    const server = await start(t, undefined, { SSLEnabledCipherSuites: name });
    assert.equal((await agree(t, server)).CipherSuite, name);
    await disagree(t, server, [openSsl === '' ? '-tls1_2' : '-tls1_3']);
  }
});

/** Names of the reference that no OpenSSL 3 has by default, and one that is in its example. */
const missing = [
  'TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_DH_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_DH_DSS_WITH_AES_256_GCM_SHA384',
  'TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_RSA_WITH_DES_CBC_SHA',
  'TLS_RSA_WITH_RC4_128_MD5',
  'TLS_DH_ANON_WITH_AES_128_CBC_SHA',
];

test('SSLEnabledCipherSuites: what OpenSSL lacks is passed over, and the Log says so', async (t) => {
  const suite = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
  const lines: string[] = [];
  const server = new WSServer({
    localHost: '127.0.0.1',
    certificate: { key: ec.key, cert: ec.cert },
    settings: { SSLEnabledCipherSuites: [...missing, suite].join(';') },
  });
  t.after(() => server.shutdown());
  server.on('Log', ({ message, logType }) => lines.push(`${logType}: ${message}`));
  await server.startListening();
  const told = `Info: SSLEnabledCipherSuites: OpenSSL does not have ${missing.join(', ')}`;
  await until(() => lines.includes(told));
  server.on('DataIn', ({ connectionId, text }) => server.sendText(connectionId, text));
  assert.equal((await agree(t, server)).CipherSuite, suite);
  assert.throws(() => server.config(`SSLEnabledCipherSuites=${missing.join(';')}`), {
    code: 10022,
  });
  assert.throws(() => server.config(`SSLEnabledCipherSuites=${suite};TLS_NO_SUCH`), {
    code: 10022,
  });
});

test('ALPN: http/1.1 where it is offered; whoever offers others only is refused', async (t) => {
  const server = await start(t);
  const chosen = async (...alpn: string[]): Promise<string | undefined> =>
    (await converse(t, server, alpn)).stdout.match(/ALPN protocol: (.*)|(No ALPN) negotiated/)?.[0];
  for (const version of ['-tls1_2', '-tls1_3']) {
    assert.equal(await chosen(version, '-alpn', 'h2,http/1.1'), 'ALPN protocol: http/1.1');
    assert.equal(await chosen(version), 'No ALPN negotiated');
    await disagree(t, server, [version, '-alpn', 'h2,http/1.0']);
  }
});

test('X25519MLKEM768 is agreed on where both have it, and there is no error where not', async (t) => {
  const [major = 0, minor = 0] = process.versions.openssl.split('.').map(Number);
  const isThere = major > 3 || (major === 3 && minor >= 5);
  const server = await start(t);
  const opened = next(server, 'Connected');
  // Node's own client, which has the same OpenSSL.
  const { inner } = await connectTls(t, server.localPort, { minVersion: 'TLSv1.3' });
  await inner.upgrade();
  const { connectionId } = await opened;
  const agreed = server.config(`SSLNegotiatedKeyExchange[${connectionId}]`);
  assert.equal(agreed, isThere ? 'X25519MLKEM768' : 'ecdhe_x25519');
  const alone = (): string => server.config('TLS13SupportedGroups=X25519MLKEM768');
  server.config('TLS12SupportedGroups=');
  if (isThere) alone();
  else assert.throws(alone, { code: 10022 });
});

test('OpenSSLCipherList is about TLS 1.2', async (t) => {
  const server = await start(t, undefined, {
    OpenSSLCipherList: 'ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA',
  });
  const older = await agree(t, server, ['-tls1_2']);
  assert.equal(older.CipherSuite, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384');
  const oldest = await agree(t, server, ['-tls1_2', '-cipher', 'AES128-SHA']);
  assert.equal(oldest.CipherSuite, 'TLS_RSA_WITH_AES_128_CBC_SHA');
  assert.deepEqual([oldest.KeyExchange, oldest.KeyExchangeStrength], ['rsa', '2048']);
  assert.equal((await agree(t, server)).Version, 'TLSv1.3');
  await disagree(t, server, ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256']);
  server.config('OpenSSLCipherList=DHE+AESGCM');
  const classic = await agree(t, server, ['-tls1_2']);
  assert.deepEqual([classic.KeyExchange, classic.KeyExchangeStrength], ['dhe', '2048']);
  assert.throws(() => server.config('OpenSSLCipherList=nonsense'), { code: 10022 });
});

test('SSLCipherStrength leaves out weaker ciphers', async (t) => {
  const server = await start(t, undefined, { SSLCipherStrength: 256 });
  const choices = [['-tls1_2'], ['-tls1_3'], ['-tls1_3', '-ciphersuites', suites[2]?.[0] ?? '']];
  for (const choice of choices) {
    assert.equal((await agree(t, server, choice)).CipherStrength, '256');
  }
  await disagree(t, server, ['-tls1_3', '-ciphersuites', 'TLS_AES_128_GCM_SHA256']);
  await disagree(t, server, ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256']);
  server.config('SSLEnabledCipherSuites=TLS_AES_128_GCM_SHA256;TLS_AES_256_GCM_SHA384');
  await disagree(t, server, ['-tls1_3', '-ciphersuites', 'TLS_AES_128_GCM_SHA256']);
});

test('SSLEnabledProtocols: each version, and no other', async (t) => {
  const versions: [bits: number, option: string, name: string][] = [
    [192, '-tls1', 'TLSv1'],
    [768, '-tls1_1', 'TLSv1.1'],
    [TLS12, '-tls1_2', 'TLSv1.2'],
    [TLS13, '-tls1_3', 'TLSv1.3'],
  ];
  const old = ['-cipher', 'DEFAULT@SECLEVEL=0'];
  for (const [bits, option, name] of versions) {
    const OpenSSLCipherList = bits < TLS12 ? 'DEFAULT' : '';
    const server = await start(t, undefined, { SSLEnabledProtocols: bits, OpenSSLCipherList });
    assert.equal((await agree(t, server, [option, ...old])).Version, name);
    for (const [, other] of versions) {
      if (other !== option) await disagree(t, server, [other, ...old]);
    }
  }
  const server = await start(t);
  assert.throws(() => server.config('SSLEnabledProtocols=48'), { code: 10022 });
});

/** Groups by their documented names, and by OpenSSL's; the bits. */
const groups: [name: string, openSsl: string, bits: string][] = [
  ['ecdhe_x25519', 'X25519', '253'],
  ['ecdhe_x448', 'X448', '448'],
  ['ecdhe_secp256r1', 'P-256', '256'],
  ['ecdhe_secp384r1', 'P-384', '384'],
  ['ecdhe_secp521r1', 'P-521', '521'],
];

test('every group of the default, in TLS 1.2 and 1.3', async (t) => {
  const server = await start(t);
  for (const option of ['-tls1_2', '-tls1_3']) {
    for (const [name, openSsl, bits] of groups) {
      const agreed = await agree(t, server, [option, '-groups', openSsl]);
      assert.deepEqual([agreed.KeyExchange, agreed.KeyExchangeStrength], [name, bits]);
    }
  }
  await disagree(t, server, ['-tls1_3', '-groups', 'ffdhe2048']);
});

test('TLS13SupportedGroups and TLS12SupportedGroups: these groups, by preference', async (t) => {
  for (const [name, openSsl] of [...groups, ['ffdhe_2048', 'ffdhe2048']]) {
    for (const setting of ['TLS13SupportedGroups', 'TLS12SupportedGroups']) {
      const none = { TLS12SupportedGroups: '', TLS13SupportedGroups: '' };
      const server = await start(t, undefined, { ...none, [setting]: name as string });
      const all = 'X25519:X448:P-256:P-384:P-521:ffdhe2048:ffdhe3072';
      assert.equal((await agree(t, server, ['-tls1_3', '-groups', all])).KeyExchange, name);
      const others = all.split(':').filter((each) => each !== openSsl);
      await disagree(t, server, ['-tls1_3', '-groups', others.join(':')]);
    }
  }
  const settings = { TLS13SupportedGroups: 'ecdhe_secp384r1,ecdhe_x25519' };
  const server = await start(t, undefined, settings);
  // A group for which the client has sent no share is asked for.
  const { KeyExchange } = await agree(t, server, ['-groups', 'X25519:P-384']);
  assert.equal(KeyExchange, 'ecdhe_secp384r1');
  assert.throws(() => server.config('TLS13SupportedGroups=nonsense'), { code: 10022 });
});

test('the lists of a version that is off do not count', async (t) => {
  const settings = {
    TLS12SupportedGroups: 'ecdhe_secp521r1',
    TLS12SignatureAlgorithms: 'sha384-rsa',
    TLS13SupportedGroups: 'ecdhe_secp256r1',
    TLS13SignatureAlgorithms: 'rsa_pss_sha256',
  };
  const rows: [version: string, protocols: number, ours: string[], others: string[]][] = [
    ['-tls1_2', TLS12, ['P-521', 'RSA+SHA384'], ['P-256', 'rsa_pss_rsae_sha256']],
    ['-tls1_3', TLS13, ['P-256', 'rsa_pss_rsae_sha256'], ['P-521', 'rsa_pss_rsae_sha384']],
  ];
  for (const [version, SSLEnabledProtocols, [group, signed], [otherGroup, otherSigned]] of rows) {
    const server = await start(t, [certificates.RSA], { ...settings, SSLEnabledProtocols });
    const offer = (groups = '', signatures = '') => [
      ...[version, '-groups', groups],
      // The authority signs by ECDSA and SHA-256, which the client must be able to verify too.
      ...['-sigalgs', `${signatures}:ecdsa_secp256r1_sha256`, '-cipher', 'DEFAULT@SECLEVEL=1'],
    ];
    await agree(t, server, offer(group, signed));
    await disagree(t, server, offer(otherGroup, signed));
    await disagree(t, server, offer(group, otherSigned));
  }
});

test('every kind of certificate, in every version', async (t) => {
  for (const pair of Object.values(certificates)) {
    const server = await start(t, [pair]);
    for (const option of ['-tls1_2', '-tls1_3']) await agree(t, server, [option]);
  }
});

/** Signature algorithms of the settings, those of OpenSSL, and who signs by them. */
const algorithms: [name: string, openSsl: string, pair: Pair, version: string][] = [
  ['ed25519', 'ed25519', certificates.Ed25519, '-tls1_3'],
  ['ed448', 'ed448', certificates.Ed448, '-tls1_3'],
  ['ecdsa_secp256r1_sha256', 'ecdsa_secp256r1_sha256', ec, '-tls1_3'],
  ['ecdsa_secp384r1_sha384', 'ecdsa_secp384r1_sha384', certificates['P-384'], '-tls1_3'],
  ['ecdsa_secp521r1_sha512', 'ecdsa_secp521r1_sha512', certificates['P-521'], '-tls1_3'],
  ['rsa_pss_sha256', 'rsa_pss_rsae_sha256', certificates.RSA, '-tls1_3'],
  ['rsa_pss_sha384', 'rsa_pss_rsae_sha384', certificates.RSA, '-tls1_3'],
  ['rsa_pss_sha512', 'rsa_pss_rsae_sha512', certificates.RSA, '-tls1_3'],
  ['sha256-ecdsa', 'ecdsa_secp256r1_sha256', ec, '-tls1_2'],
  ['sha384-ecdsa', 'ecdsa_secp384r1_sha384', ec, '-tls1_2'],
  ['sha512-ecdsa', 'ecdsa_secp521r1_sha512', ec, '-tls1_2'],
  ['sha256-rsa', 'rsa_pkcs1_sha256', certificates.RSA, '-tls1_2'],
  ['sha384-rsa', 'rsa_pkcs1_sha384', certificates.RSA, '-tls1_2'],
  ['sha512-rsa', 'rsa_pkcs1_sha512', certificates.RSA, '-tls1_2'],
  ['sha224-rsa', 'RSA+SHA224', certificates.RSA, '-tls1_2'],
];

test('every signature algorithm, and no other', async (t) => {
  for (const [name, openSsl, pair, version] of algorithms) {
    const setting = version === '-tls1_3' ? 'TLS13SignatureAlgorithms' : 'TLS12SignatureAlgorithms';
    const server = await start(t, [pair], { [setting]: name });
    // The authority signs by ECDSA and SHA-256, which the client must be able to verify too.
    const list = [...new Set([openSsl, ...algorithms.map(([, each]) => each)])];
    const level = ['-cipher', 'DEFAULT@SECLEVEL=1'];
    await agree(t, server, [version, '-sigalgs', list.join(':'), ...level]);
    const others = list.filter((each) => each !== openSsl);
    await disagree(t, server, [version, '-sigalgs', others.join(':'), ...level]);
  }
  const server = await start(t);
  const nonsense = 'TLS12SignatureAlgorithms=nonsense';
  assert.throws(() => server.config(nonsense), { code: 10022 });
});

test('sessions are resumed, unless ReuseSSLSession says no', async (t) => {
  for (const option of ['-tls1_2', '-tls1_3']) {
    const folder = makeFolder(t);
    const [session, none] = [path.join(folder, 'session'), path.join(folder, 'none')];
    const server = await start(t);
    const first = await converse(t, server, [option, '-sess_out', session]);
    assert.match(first.stdout, /New, TLSv1\.[23]/);
    const second = await converse(t, server, [option, '-sess_in', session]);
    assert.match(second.stdout, /Reused, TLSv1\.[23]/);
    // To another server its ticket is garbage.
    const other = await start(t);
    const third = await converse(t, other, [option, '-sess_in', session]);
    assert.match(third.stdout, /New, TLSv1\.[23]/);

    server.config('ReuseSSLSession=False');
    const fourth = await converse(t, server, [option, '-sess_in', session, '-sess_out', none]);
    assert.match(fourth.stdout, /New, TLSv1\.[23]/);
    assert.ok(!existsSync(none));
  }
});

test('gnutls-cli', { skip: skipWithout('gnutls-cli', '--version') }, async (t) => {
  const settings = { SSLCACerts: authority.cert };
  const server = await startEcho(t, { certificate: ec, sslAuthenticateClients: true, settings });
  const trust = ['--x509cafile', authority.certFile, '--port', `${server.localPort}`];
  const own = ['--x509certfile', client.certFile, '--x509keyfile', client.keyFile];
  for (const version of ['1.2', '1.3']) {
    const priority = `NORMAL:-VERS-ALL:+VERS-TLS${version}`;
    const args = [...trust, ...own, '--priority', priority, 'localhost'];
    const payload = 'g'.repeat(256 * 1024);
    const { stdout, stderr } = await runProgram(t, 'gnutls-cli', args, {
      input: conversation(payload),
    });
    assert.ok(stdout.includes(`TLS${version}`), stdout + stderr);
    assert.ok(stdout.includes(payload), stderr);
  }
});
