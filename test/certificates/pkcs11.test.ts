// Keys that stay in a token: SoftHSM, as a module of PKCS#11.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Certificate, CertStoreType, WSServer } from 'native-wsserver';
import { folder, PLAIN } from '../support/certificates.js';
import { packagePath } from '../support/package_path.js';
import { startServer } from '../support/server.js';
import { shownCertificate } from '../support/shown_certificate.js';
import { ec, rsa, write } from '../support/stores.js';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const PIN = '4711-0815';
const LABEL = 'the token';
const SETTING = 'SOFTHSM2_CONF';

mkdirSync(join(folder, 'tokens'));
const configuration = write(
  'softhsm2.conf',
  `directories.tokendir = ${join(folder, 'tokens')}\nlog.level = ERROR\n`,
);
const before = process.env[SETTING];
// The module reads it when it is loaded into this process.
process.env[SETTING] = configuration;
after(() => {
  if (before === undefined) delete process.env[SETTING];
  else process.env[SETTING] = before;
});

function run(command: string, ...args: string[]): void {
  const env = { ...PLAIN, [SETTING]: configuration };
  execFileSync(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function initialise(label: string): void {
  run('softhsm2-util', '--init-token', '--free', '--label', label, '--pin', PIN, '--so-pin', PIN);
}

const inToken = ['--module', MODULE, '--token-label', LABEL, '--login', '--pin', PIN];

function store(id: string, keyFile: string, cert?: string): void {
  const token = ['--token', LABEL, '--pin', PIN];
  run('softhsm2-util', '--import', keyFile, ...token, '--label', id, '--id', id);
  if (cert === undefined) return;
  const file = write('token.der', new X509Certificate(cert).raw);
  const kind = ['--type', 'cert', '--id', id, '--label', id];
  run('pkcs11-tool', ...inToken, '--write-object', file, ...kind);
}

initialise(LABEL);
store('e1', ec.keyFile, ec.cert);
store('a1', rsa.keyFile, rsa.cert);

for (const [name, subject] of [
  ['ECDSA', 'ec.store'],
  ['RSA', 'rsa.store'],
] as const) {
  test(`a token signs with ${name}`, async (t) => {
    const certificate = new Certificate(CertStoreType.pkcs11, MODULE, PIN, subject);
    assert.equal(certificate.subject, `CN=${subject}, O=Example`);
    const server = await startServer(t, { certificate });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { minVersion: version, maxVersion: version };
      assert.equal(await shownCertificate(server.localPort, options), subject);
    }
    if (name === 'RSA') {
      const options = { maxVersion: 'TLSv1.2', sigalgs: 'RSA+SHA256' } as const;
      assert.equal(await shownCertificate(server.localPort, options), subject);
    } else {
      const options = { maxVersion: 'TLSv1.2', sigalgs: 'ECDSA+SHA512' } as const;
      assert.equal(await shownCertificate(server.localPort, options), subject);
    }
  });
}

test('a certificate that is not in the token', async (t) => {
  for (const { cert, keyFile, subject } of [
    { ...ec, subject: 'ec.store' },
    { ...rsa, subject: 'rsa.store' },
  ]) {
    assert.ok(keyFile);
    const given = [CertStoreType.pkcs11, MODULE, PIN, Buffer.from(cert)] as const;
    const server = await startServer(t, { certificate: new Certificate(...given) });
    assert.equal(await shownCertificate(server.localPort), subject);
  }
});

test('a URI names the token, and the certificate', () => {
  const uri = `pkcs11:token=${encodeURIComponent(LABEL)};object=a1;type=cert?module-path=${MODULE}`;
  const certificate = new Certificate(CertStoreType.pkcs11, uri, PIN);
  assert.equal(certificate.subject, 'CN=rsa.store, O=Example');
});

test('a certificate is used after the Certificate has gone', async (t) => {
  const server = await startServer(t);
  server.on('SSLConnectionRequest', (event) => {
    event.certificate = new Certificate(CertStoreType.pkcs11, MODULE, PIN, 'ec.store');
  });
  server.certificate = new Certificate(CertStoreType.pkcs11, MODULE, PIN, 'rsa.store');
  for (let turn = 0; turn < 20; turn++) {
    assert.equal(await shownCertificate(server.localPort), 'ec.store');
    global.gc?.();
  }
});

const mistakes: [name: string, code: number, text: RegExp, store: string, pin: string][] = [
  ['no path', 271, /full path/, 'libsofthsm2.so', PIN],
  ['no module', 271, /no PKCS#11 module/, '/nowhere.so', PIN],
  ['no module, but a file', 271, /no PKCS#11 module/, ec.certFile, PIN],
  ['no such token', 271, /no such token/, `pkcs11:token=x?module-path=${MODULE}`, PIN],
  ['no such serial number', 271, /no such token/, `pkcs11:serial=x?module-path=${MODULE}`, PIN],
  ['the PIN in the URI', 271, /as the password/, `pkcs11:?module-path=${MODULE}&pin-value=1`, ''],
  ['an unknown attribute', 271, /only module-path/, `pkcs11:slot-id=1?module-path=${MODULE}`, ''],
  ['a bad percent sign', 271, /percent/, `pkcs11:token=%x?module-path=${MODULE}`, ''],
  ['Auto: a URI', 271, /type 23/, `pkcs11:?module-path=${MODULE}`, PIN],
];

for (const [name, code, message, uri, pin] of mistakes) {
  test(`${name}: ${code}`, () => {
    const type = name.startsWith('Auto') ? CertStoreType.auto : CertStoreType.pkcs11;
    assert.throws(() => new Certificate(type, uri, pin), { code, message });
  });
}

test('Auto does not load a module', () => {
  const given = [CertStoreType.auto, MODULE, PIN] as const;
  assert.throws(() => new Certificate(...given), { code: 271, message: /type 23/ });
});

test('a wrong PIN, in a process that is not logged in', () => {
  const script = `
    const { Certificate } = require('native-wsserver');
    const code = (pin) => {
      try { new Certificate(23, ${JSON.stringify(MODULE)}, pin); return 0; }
      catch (error) { return [error.code, error.message].join(' '); }
    };
    console.log([code('wrong-pin'), code(${JSON.stringify(PIN)})].join('\\n'));
  `;
  const env = { ...process.env };
  const output = execFileSync(process.execPath, ['-e', script], {
    cwd: packagePath(),
    env,
  }).toString();
  const [wrong = '', right] = output.trim().split('\n');
  assert.match(wrong, /^273 .*SSLCertStorePassword/);
  assert.ok(!wrong.includes('wrong-pin'));
  assert.equal(right, '0');
});

test('two tokens: one must be named', () => {
  initialise('another token');
  // A module tells of new tokens to those who come anew.
  const script = `
    try { new (require('native-wsserver').Certificate)(23, ${JSON.stringify(MODULE)}, '1') }
    catch (error) { console.log(error.code, error.message) }
  `;
  const output = execFileSync(process.execPath, ['-e', script], { cwd: packagePath() }).toString();
  assert.match(output, /^271 .*name one/);
});

test('a token without a certificate for the subject', () => {
  const given = [CertStoreType.pkcs11, MODULE, PIN, 'CN=nobody'] as const;
  assert.throws(() => new WSServer({ certificate: new Certificate(...given) }), { code: 272 });
});
