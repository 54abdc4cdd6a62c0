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
  p384: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  secp256k1: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
  rsa: ['-newkey', 'rsa:2048'],
  ed25519: ['-newkey', 'ed25519'],
  ed448: ['-newkey', 'ed448'],
} as const;

/** So many days from now. */
export const day = (count: number): Date => new Date(Date.now() + count * 86_400_000);

/** As ASN.1 has it: 20301231235959Z. */
const timeText = (time: Date): string => `${time.toISOString().replace(/[-:T]|\..*$/g, '')}Z`;

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

/** The authority as `openssl ca` wants it, which alone takes any times. */
const CONFIG = `[ca]
default_ca = authority
[authority]
database = index.txt
new_certs_dir = .
unique_subject = no
rand_serial = yes
default_md = sha256
policy = any
[any]
organizationName = optional
commonName = supplied
`;

/** A certificate for `hosts`, signed by the authority. */
export function issue(
  name: string,
  {
    hosts = ['localhost'],
    key = 'ec',
    start = day(-1),
    end = day(80),
    subject = `/O=Example/CN=${name}`,
    extensions = [],
  }: {
    hosts?: readonly string[];
    key?: keyof typeof KEYS;
    /** From when to when it is valid. */
    start?: Date;
    end?: Date;
    subject?: string;
    /** More lines such as `extendedKeyUsage=serverAuth`. */
    extensions?: readonly string[];
  } = {},
): Pair {
  const names = [...hosts.map((host) => `DNS:${host}`), 'IP:127.0.0.1'].join(',');
  const lines = [`subjectAltName=${names}`, ...extensions];
  writeFileSync(join(folder, `${name}.ext`), lines.map((line) => `${line}\n`).join(''));
  writeFileSync(join(folder, 'authority.cnf'), CONFIG);
  writeFileSync(join(folder, 'index.txt'), '');
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
    'ca',
    '-batch',
    '-notext',
    '-config',
    'authority.cnf',
    '-cert',
    authority.certFile,
    '-keyfile',
    authority.keyFile,
    '-in',
    `${name}.csr`,
    '-startdate',
    timeText(start),
    '-enddate',
    timeText(end),
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  );
  return pair(name);
}

/** A certificate that has signed itself. */
export function issueSelfSigned(name: string): Pair {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  openssl('req', '-x509', ...KEYS.ec, '-nodes', '-subj', `/CN=${name}`, ...files);
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
