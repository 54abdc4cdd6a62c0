// SPDX-License-Identifier: MIT
// The options of `wsserver load` that are about TLS.

import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { addon } from '../boundary/native.js';
import type { LoadTls } from '../boundary/native_load.js';
import { Certificate } from '../certificates/certificate.js';
import { readOptionFile, UsageError } from './usage.js';

export const TLS_USAGE = `TLS, for wss://:
  --ca FILE               the authorities to trust (PEM; default: the system's)
  --insecure              do not verify the server's certificate
  --server-name NAME      what it must be for, and to ask for (default: the host of the URL)
  --cert FILE             the client's own certificate and its chain (PEM), and
  --key FILE              its private key (PEM)
  --passphrase TEXT       what opens the private key
  --tls 1.2|1.3           this version only
  --resume                with --churn: resume the session of the connection before
`;

/** What node:util is to know of them. */
export const TLS_OPTIONS = {
  ca: { type: 'string' },
  insecure: { type: 'boolean', default: false },
  'server-name': { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  passphrase: { type: 'string' },
  tls: { type: 'string' },
  resume: { type: 'boolean', default: false },
} as const;

/** The options as node:util gives them. */
export interface TlsValues {
  readonly ca?: string | undefined;
  readonly insecure: boolean;
  readonly 'server-name'?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly tls?: string | undefined;
  readonly resume: boolean;
}

/** PEM: the system's own file of authorities, or where there is none those that Node.js brings. */
function systemAuthorities(usage: string): string {
  const setting = addon.settingTable.find(({ name }) => name === 'SSLCACertFilePaths');
  const file = `${setting?.default}`.split(';').find(existsSync);
  return file === undefined
    ? rootCertificates.join('\n')
    : readOptionFile('--ca', file, usage).toString('latin1');
}

/** The client's certificate with its key: PEM. */
function readCertificate(values: TlsValues, usage: string): Uint8Array | undefined {
  const { cert, key, passphrase = '' } = values;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new UsageError('--cert and --key belong together', usage);
  }
  const [certificate, privateKey] = [
    readOptionFile('--cert', cert, usage),
    readOptionFile('--key', key, usage),
  ];
  try {
    new Certificate({ cert: certificate, key: privateKey, passphrase });
  } catch (error) {
    throw new UsageError(`--cert and --key: ${(error as Error).message}`, usage);
  }
  return Buffer.concat([certificate, Buffer.from('\n'), privateKey]);
}

/** Undefined for a URL without TLS, with which none of the options may be given. */
export function parseTls(url: URL, values: TlsValues, usage: string): LoadTls | undefined {
  if (url.protocol === 'ws:') {
    const given = (Object.keys(TLS_OPTIONS) as (keyof TlsValues)[]).find(
      (name) => values[name] !== undefined && values[name] !== false,
    );
    if (given !== undefined) throw new UsageError(`--${given} is for wss:// URLs`, usage);
    return undefined;
  }
  const { ca, insecure, tls: version = '' } = values;
  if (version !== '' && version !== '1.2' && version !== '1.3') {
    throw new UsageError(`--tls takes 1.2 or 1.3, not "${version}"`, usage);
  }
  if (ca !== undefined && insecure) {
    throw new UsageError('--ca and --insecure exclude each other', usage);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const serverName = values['server-name'] ?? host;
  if (isIP(serverName) === 0 && !/^[\w.-]{1,255}$/.test(serverName)) {
    throw new UsageError(`--server-name takes a host name, not "${serverName}"`, usage);
  }
  let authorities = '';
  if (!insecure) {
    authorities =
      ca === undefined ? systemAuthorities(usage) : `${readOptionFile('--ca', ca, usage)}`;
  }
  return {
    serverName,
    verify: !insecure,
    authorities,
    certificate: readCertificate(values, usage),
    passphrase: values.passphrase ?? '',
    version,
    resume: values.resume,
  };
}
