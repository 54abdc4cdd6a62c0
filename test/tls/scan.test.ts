// What those find who look for weaknesses of TLS: sslscan and testssl.sh, against the defaults.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { WSServer } from 'native-wsserver';
import { authority, issue } from '../support/certificates.js';
import { makeFolder } from '../support/files.js';
import { runProgram, skipWithout } from '../support/programs.js';
import { startEcho } from '../support/server.js';

const hosts = ['localhost'];
const extensions = ['keyUsage=digitalSignature', 'extendedKeyUsage=serverAuth'];
const ec = issue('ec', { hosts, extensions });
const rsa = issue('rsa', { key: 'rsa', hosts, extensions });

function startDefault(t: TestContext): Promise<WSServer> {
  return startEcho(t, { certificate: [ec, rsa].map(({ key, cert }) => ({ key, cert })) });
}

/** Attributes of every element of this name, in the order of `names`. */
function elements(xml: string, name: string, names: readonly string[]): string[] {
  return [...xml.matchAll(new RegExp(`<${name} ([^>]*)>`, 'g'))].map(([, attributes = '']) =>
    names.map((each) => new RegExp(`\\b${each}="([^"]*)"`).exec(attributes)?.[1]).join(' '),
  );
}

test('sslscan', { skip: skipWithout('sslscan', '--version') }, async (t) => {
  const server = await startDefault(t);
  const address = `127.0.0.1:${server.localPort}`;
  const { stdout } = await runProgram(t, 'sslscan', ['--no-colour', '--xml=-', address]);
  assert.deepEqual(elements(stdout, 'protocol', ['type', 'version', 'enabled']), [
    'ssl 2 0',
    'ssl 3 0',
    'tls 1.0 0',
    'tls 1.1 0',
    'tls 1.2 1',
    'tls 1.3 1',
  ]);
  assert.deepEqual(elements(stdout, 'renegotiation', ['supported']), ['0']);
  assert.deepEqual(elements(stdout, 'heartbleed', ['vulnerable']), ['0', '0']);
  assert.deepEqual(elements(stdout, 'cipher', ['sslversion', 'cipher']).toSorted(), [
    'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256',
    'TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384',
    'TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305',
    'TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256',
    'TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384',
    'TLSv1.2 ECDHE-RSA-CHACHA20-POLY1305',
    'TLSv1.3 TLS_AES_128_GCM_SHA256',
    'TLSv1.3 TLS_AES_256_GCM_SHA384',
    'TLSv1.3 TLS_CHACHA20_POLY1305_SHA256',
  ]);
  const groups = ['secp256r1 (NIST P-256)', 'secp384r1 (NIST P-384)', 'secp521r1 (NIST P-521)'];
  assert.deepEqual(
    new Set(elements(stdout, 'group', ['name'])),
    new Set([...groups, 'x25519', 'x448']),
  );
  assert.ok(!/strength="(weak|medium|null|anonymous)"/.test(stdout));
});

/** What is found because of how the test is set up. The ids of testssl.sh, and the reason. */
const expected: Record<string, string> = {
  cert_revocation: 'the authority of the test publishes no list of what it has revoked',
  DNS_CAArecord: 'there is no DNS for localhost',
};

interface Finding {
  id: string;
  severity: string;
  finding: string;
}

/** What testssl.sh looks at, in parts that run side by side: it waits more than it works. */
const parts = [
  ['--protocols', '--std', '--pfs', '--server-preference'],
  ['--server-defaults'],
  ['--heartbleed', '--ccs', '--ticketbleed', '--robot', '--renegotiation', '--crime', '--poodle'],
  [
    '--tls-fallback',
    '--sweet32',
    '--freak',
    '--drown',
    '--logjam',
    '--beast',
    '--lucky13',
    '--rc4',
  ],
];

/** What is sure to be looked at, and found to be in order. */
const looksAt = [
  'TLS1_3',
  'cipherlist_STRONG',
  'PFS',
  'cert_chain_of_trust <cert#1>',
  'heartbleed',
  'ROBOT',
  'secure_client_renego',
  'SWEET32',
  'LUCKY13',
];

test('testssl.sh', { skip: skipWithout('testssl', '--version') }, async (t) => {
  const server = await startDefault(t);
  const folder = makeFolder(t);
  // It does not take a path with a space.
  const trusted = path.join(folder, 'authority.pem');
  copyFileSync(authority.certFile, trusted);
  const reports = parts.map(async (options, index): Promise<Finding[]> => {
    const report = path.join(folder, `${index}.json`);
    const { stdout, stderr } = await runProgram(t, 'testssl', [
      ...['--quiet', '--color', '0', '--warnings', 'batch', '--add-ca', trusted],
      ...['--jsonfile', report],
      ...options,
      `https://localhost:${server.localPort}`,
    ]);
    assert.ok(existsSync(report), stdout + stderr);
    return JSON.parse(readFileSync(report, 'utf8'));
  });
  const findings = (await Promise.all(reports)).flat();
  // A warning is that the scanner's own client has failed: what matters is in looksAt.
  const isHarmless = ({ id, severity }: Finding): boolean =>
    ['OK', 'INFO', 'WARN'].includes(severity) || (id.split(' ')[0] as string) in expected;
  assert.deepEqual(
    findings.filter((finding) => !isHarmless(finding)),
    [],
  );
  const verdicts = new Map(findings.map(({ id, severity }) => [id, severity]));
  for (const id of looksAt) assert.equal(verdicts.get(id), 'OK', id);
});
