// Certificate stores of every kind, made with the tools that users make them with.

import { execFileSync } from 'node:child_process';
import { createHmac, createPrivateKey, type JsonWebKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertStoreType } from 'native-wsserver';
import { folder, issue, openssl, type Pair, PLAIN, pfxOf } from './certificates.js';
import { packagePath } from './package_path.js';

export const PASSWORD = 'correct horse';

export const ec = issue('ec.store');
export const rsa = issue('rsa.store', { key: 'rsa' });

export function write(name: string, contents: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, contents);
  return file;
}

const passwordFile = write('password', PASSWORD);
write('no-password', '');

export function puttygen(...args: string[]): void {
  execFileSync('puttygen', args, { cwd: folder, env: PLAIN, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The key in the form that puttygen reads. */
function traditional({ keyFile }: Pair): string {
  const key = createPrivateKey(readFileSync(keyFile));
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
  return write('traditional.pem', key.export({ type, format: 'pem' }) as string);
}

export function ppkOf(pair: Pair, name: string, options: string[] = []): string {
  puttygen(traditional(pair), '-O', 'private', '-o', name, ...options);
  return join(folder, name);
}

/** A PPK of version 3 without a password, with a MAC that fits whatever it holds. */
export function ppkHolding(publicParts: Uint8Array[], privateParts: Uint8Array[]): string {
  const sized = (part: Uint8Array) => [Buffer.from([0, 0, part.length >> 8, part.length]), part];
  const blob = (parts: Uint8Array[]) => Buffer.concat(parts.flatMap(sized));
  const [algorithm, encryption, comment] = ['ssh-rsa', 'none', 'made'];
  const blobs = [blob(publicParts), blob(privateParts)];
  const texts = [algorithm, encryption, comment].map((text) => Buffer.from(text));
  const mac = createHmac('sha256', '').update(blob([...texts, ...blobs]));
  return [
    `PuTTY-User-Key-File-3: ${algorithm}`,
    `Encryption: ${encryption}`,
    `Comment: ${comment}`,
    ...['Public', 'Private'].flatMap((name, index) => [
      `${name}-Lines: 1`,
      blobs[index]?.toString('base64'),
    ]),
    `Private-MAC: ${mac.digest('hex')}`,
  ].join('\n');
}

const locked = ['--new-passphrase', passwordFile];

/** A certificate to the key of a PPK that puttygen has made: Ed25519. */
function makeEdwards(): { ppk: string; cert: string } {
  puttygen('-t', 'ed25519', '-o', 'ed.ppk', '--new-passphrase', 'no-password');
  const ppk = join(folder, 'ed.ppk');
  const lines = readFileSync(ppk, 'utf8').split(/\r?\n/);
  const blob = (name: string) => {
    const at = lines.findIndex((line) => line.startsWith(`${name}-Lines`));
    const count = Number(lines[at]?.split(' ')[1]);
    return Buffer.from(lines.slice(at + 1, at + 1 + count).join(''), 'base64').subarray(-32);
  };
  const [x, d] = [blob('Public'), blob('Private')].map((part) => part.toString('base64url'));
  const key = { kty: 'OKP', crv: 'Ed25519', x, d } as JsonWebKey;
  const pem = createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
  const keyFile = write('ed.key', pem as string);
  openssl('req', '-x509', '-key', keyFile, '-subj', '/CN=ed.store', '-out', 'ed.crt');
  return { ppk, cert: readFileSync(join(folder, 'ed.crt'), 'utf8') };
}

export const edwards = makeEdwards();

export function jwkOf({ key, cert }: Pair, withChain: boolean): JsonWebKey {
  const jwk = createPrivateKey(key).export({ format: 'jwk' });
  return withChain ? { ...jwk, x5c: [new X509Certificate(cert).raw.toString('base64')] } : jwk;
}

/** As RSA.ToXmlString(true) of .NET writes it. */
export function xmlOf({ key }: Pair): string {
  const jwk = createPrivateKey(key).export({ format: 'jwk' });
  const names = {
    Modulus: 'n',
    Exponent: 'e',
    P: 'p',
    Q: 'q',
    DP: 'dp',
    DQ: 'dq',
    InverseQ: 'qi',
    D: 'd',
  };
  const elements = Object.entries(names).map(([name, member]) => {
    const text = Buffer.from(`${jwk[member]}`, 'base64url').toString('base64');
    return `<${name}>${text}</${name}>`;
  });
  return `<RSAKeyValue>${elements.join('')}</RSAKeyValue>`;
}

const derOf = ({ cert }: Pair): Buffer => new X509Certificate(cert).raw;

function legacyPfx(): string {
  const file = join(folder, 'legacy.pfx');
  const { certFile, keyFile } = rsa;
  const password = `pass:${PASSWORD}`;
  const options = ['-legacy', '-passout', password, '-out', file];
  openssl('pkcs12', '-export', '-in', certFile, '-inkey', keyFile, ...options);
  return file;
}

function p7b(): string {
  openssl('crl2pkcs7', '-nocrl', '-certfile', ec.certFile, '-outform', 'DER', '-out', 'ec.p7b');
  return join(folder, 'ec.p7b');
}

export const data = (name: string): string => packagePath('test/data/stores', name);

export interface Kind {
  readonly name: string;
  readonly types: readonly [file: CertStoreType, blob: CertStoreType];
  readonly file: string;
  readonly password?: string;
  /** The certificate whose key the store has, where it has none of its own. */
  readonly encoded?: string | Uint8Array;
  readonly subject: string;
  /** There is no private key. */
  readonly isPublic?: true;
}

const { pfxFile, pfxBlob, jksFile, jksBlob, pemKeyFile, pemKeyBlob } = CertStoreType;
const { publicKeyFile, publicKeyBlob, p7bFile, p7bBlob, ppkFile, ppkBlob } = CertStoreType;
const { xmlFile, xmlBlob, jwkFile, jwkBlob } = CertStoreType;

const pemTypes = [pemKeyFile, pemKeyBlob] as const;
const ppkTypes = [ppkFile, ppkBlob] as const;
const jwkTypes = [jwkFile, jwkBlob] as const;
const xmlTypes = [xmlFile, xmlBlob] as const;
const [ofEc, ofRsa] = [
  { encoded: ec.cert, subject: 'CN=ec.store, O=Example' },
  { encoded: derOf(rsa), subject: 'CN=rsa.store, O=Example' },
];
const whole = { subject: ofEc.subject, password: PASSWORD };
const changeit = { types: [jksFile, jksBlob] as const, password: 'changeit' };

function encryptedKey(): string {
  const options = ['-topk8', '-v2', 'aes-256-cbc', '-passout', `pass:${PASSWORD}`];
  return openssl('pkcs8', '-in', ec.keyFile, ...options);
}

/** Every kind that can be opened from a file. */
export const kinds: readonly Kind[] = [
  { name: 'PFX', types: [pfxFile, pfxBlob], file: pfxOf('ec', ec, PASSWORD), ...whole },
  {
    name: 'PFX with RC2',
    types: [pfxFile, pfxBlob],
    file: legacyPfx(),
    password: PASSWORD,
    subject: ofRsa.subject,
  },
  { name: 'PEM', types: pemTypes, file: write('ec.pem', ec.key + ec.cert), subject: ofEc.subject },
  {
    name: 'PEM, encrypted',
    types: pemTypes,
    file: write('locked.pem', ec.cert + encryptedKey()),
    ...whole,
  },
  {
    name: 'DER of a key',
    types: pemTypes,
    file: write('key.der', createPrivateKey(ec.key).export({ type: 'pkcs8', format: 'der' })),
    ...ofEc,
  },
  {
    name: 'certificate in PEM',
    types: [publicKeyFile, publicKeyBlob],
    file: ec.certFile,
    subject: ofEc.subject,
    isPublic: true,
  },
  {
    name: 'certificate in DER',
    types: [publicKeyFile, publicKeyBlob],
    file: write('ec.der', derOf(ec)),
    subject: ofEc.subject,
    isPublic: true,
  },
  { name: 'P7B', types: [p7bFile, p7bBlob], file: p7b(), subject: ofEc.subject, isPublic: true },
  { name: 'JKS', ...changeit, file: data('identity.jks'), subject: 'CN=jks.example, O=Example' },
  {
    name: 'JKS, RSA',
    ...changeit,
    file: data('identity.jks'),
    subject: 'CN=rsa.jks.example, O=Example',
  },
  {
    name: 'JKS that is PKCS#12',
    ...changeit,
    file: data('identity.p12'),
    subject: 'CN=jks.example, O=Example',
  },
  {
    name: 'JKS of certificates',
    ...changeit,
    file: data('trusted.jks'),
    subject: 'CN=jks.example, O=Example',
    isPublic: true,
  },
  {
    name: 'JWK of EC with x5c',
    types: jwkTypes,
    file: write('ec.jwk', JSON.stringify(jwkOf(ec, true))),
    subject: ofEc.subject,
  },
  {
    name: 'JWK of RSA',
    types: jwkTypes,
    file: write('rsa.jwk', JSON.stringify(jwkOf(rsa, false))),
    ...ofRsa,
  },
  {
    name: 'JWK set',
    types: jwkTypes,
    file: write(
      'set.jwk',
      JSON.stringify({ keys: [{ kty: 'oct', k: 'AA' }, jwkOf(rsa, true), jwkOf(ec, true)] }),
    ),
    subject: ofEc.subject,
  },
  {
    name: 'JWK of Ed25519',
    types: jwkTypes,
    file: write(
      'ed.jwk',
      JSON.stringify(
        createPrivateKey(readFileSync(join(folder, 'ed.key'))).export({ format: 'jwk' }),
      ),
    ),
    encoded: edwards.cert,
    subject: 'CN=ed.store',
  },
  { name: 'XML', types: xmlTypes, file: write('rsa.xml', xmlOf(rsa)), ...ofRsa },
  {
    name: 'XML with a certificate',
    types: xmlTypes,
    file: write(
      'whole.xml',
      `<?xml version="1.0"?><ds:KeyInfo xmlns:ds="x"><ds:X509Certificate>${derOf(rsa).toString('base64')}</ds:X509Certificate>${xmlOf(rsa)}</ds:KeyInfo>`,
    ),
    subject: ofRsa.subject,
  },
  { name: 'PPK 3 of RSA', types: ppkTypes, file: ppkOf(rsa, 'rsa3.ppk'), ...ofRsa },
  { name: 'PPK 3 of EC', types: ppkTypes, file: ppkOf(ec, 'ec3.ppk'), ...ofEc },
  {
    name: 'PPK 3 of Ed25519',
    types: ppkTypes,
    file: edwards.ppk,
    encoded: edwards.cert,
    subject: 'CN=ed.store',
  },
  {
    name: 'PPK 2',
    types: ppkTypes,
    file: ppkOf(rsa, 'rsa2.ppk', ['--ppk-param', 'version=2']),
    ...ofRsa,
  },
  {
    name: 'PPK 2, encrypted',
    types: ppkTypes,
    file: ppkOf(rsa, 'locked2.ppk', ['--ppk-param', 'version=2', ...locked]),
    password: PASSWORD,
    ...ofRsa,
  },
  ...['argon2id', 'argon2i', 'argon2d'].map(
    (kdf): Kind => ({
      name: `PPK 3, encrypted with ${kdf}`,
      types: ppkTypes,
      file: ppkOf(ec, `${kdf}.ppk`, ['--ppk-param', `kdf=${kdf},memory=64,passes=2`, ...locked]),
      password: PASSWORD,
      ...ofEc,
    }),
  ),
];
