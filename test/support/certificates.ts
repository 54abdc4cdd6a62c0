// Certificates for tests, made with openssl: an authority, and servers and clients that it has
// signed.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

export const folder = mkdtempSync(join(tmpdir(), 'wsserver-tls-'));
after(() => rmSync(folder, { recursive: true }));

/** For programs that are not ours, and so not sanitized. */
export const PLAIN = { ...process.env, LD_PRELOAD: '' };

export function openssl(...args: string[]): string {
  return execFileSync('openssl', args, {
    cwd: folder,
    env: PLAIN,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();
}

/** A certificate and its key, in PEM, in files of these names and as text. */
export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

function pair(name: string): Pair {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const [cert = '', key = ''] = [certFile, keyFile].map((file) => readFileSync(file, 'utf8'));
  return { certFile, keyFile, cert, key };
}

const KEYS = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
} as const;

function makeAuthority(name: string): Pair {
  openssl(
    'req',
    '-x509',
    ...KEYS.ec,
    '-nodes',
    '-days',
    '30',
    '-subj',
    `/CN=${name}`,
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.crt`,
  );
  return pair(name);
}

export const authority = makeAuthority('Test Authority');

/** A certificate for `hosts`, signed by the authority. */
export function issue(
  name: string,
  {
    hosts = ['localhost'],
    key = 'ec',
    days = 30,
    subject = `/O=Example/CN=${name}`,
  }: {
    hosts?: readonly string[];
    key?: keyof typeof KEYS;
    days?: number;
    subject?: string;
  } = {},
): Pair {
  const names = [...hosts.map((host) => `DNS:${host}`), 'IP:127.0.0.1'].join(',');
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
  openssl(
    'req',
    ...KEYS[key],
    '-nodes',
    '-subj',
    subject,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  );
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    authority.certFile,
    '-CAkey',
    authority.keyFile,
    '-CAcreateserial',
    '-days',
    `${days}`,
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  );
  return pair(name);
}

/** A PFX of `certificate` with its key. */
export function pfxOf(name: string, { certFile, keyFile }: Pair, password: string): string {
  const file = join(folder, `${name}.pfx`);
  openssl(
    'pkcs12',
    '-export',
    '-in',
    certFile,
    '-inkey',
    keyFile,
    '-passout',
    `pass:${password}`,
    '-out',
    file,
  );
  return file;
}
