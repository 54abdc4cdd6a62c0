// SPDX-License-Identifier: MIT
// Our options as those of the official client.

import type * as Client from '@nats-io/transport-node';
import type { ConnectionOptions } from '@nats-io/transport-node';
import { errors } from '../base/errors.js';
import type { NatsOptions } from './nats_options.js';

/** Tries again after so long, and up to as much more, in ms. */
const RECONNECT_MS = 500;
/** A server that does not answer for three times as long has gone, in ms. */
const PING_MS = 10_000;
const CONNECT_MS = 10_000;

/** One of the servers, by its URL. */
interface Address {
  readonly host: string;
  readonly tls: boolean;
  readonly user: string;
  readonly pass: string;
}

function addressOf(given: unknown): Address {
  // What is no string is no URL either.
  const text = typeof given === 'string' ? given : '';
  const whole = text.includes('://') ? text : `nats://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (!url?.host || !['nats:', 'tls:'].includes(url.protocol)) {
    throw errors.invalidArgument(
      'A server of NATS is nats://host:port, tls://host:port or host:port.',
    );
  }
  const [user, pass] = [url.username, url.password].map(decodeURIComponent) as [string, string];
  return { host: url.host, tls: url.protocol === 'tls:', user, pass };
}

/** What says who we are. What URLs say counts where no option does. */
function credentialsOf(
  client: typeof Client,
  { token, user, pass, nkey, creds }: NatsOptions,
  addresses: readonly Address[],
): Partial<ConnectionOptions> {
  if (nkey !== undefined) {
    const seed = Buffer.from(nkey.trim());
    try {
      client.nkeys.fromSeed(seed);
    } catch {
      throw errors.invalidArgument('nkey is the seed of a user, which begins with SU.');
    }
    return { authenticator: client.nkeyAuthenticator(seed) };
  }
  if (creds !== undefined) {
    const authenticator = client.credsAuthenticator(Buffer.from(creds));
    try {
      authenticator('nonce');
    } catch {
      throw errors.invalidArgument('creds are the contents of a .creds file: a JWT and a seed.');
    }
    return { authenticator };
  }
  if (token !== undefined) return { token };
  if (user !== undefined) return { user, pass: pass ?? '' };
  const named = addresses.find((address) => address.user !== '');
  if (named === undefined) return {};
  return named.pass === '' ? { token: named.user } : { user: named.user, pass: named.pass };
}

/**
 * What to connect with, and what to call that in messages: without anything secret.
 * @throws {@link WSServerError} 10022 for what cannot be
 */
export function clientOptions(
  client: typeof Client,
  options: NatsOptions,
): { readonly options: ConnectionOptions; readonly where: string } {
  const addresses = [options.servers ?? '127.0.0.1:4222'].flat().map(addressOf);
  if (addresses.length === 0) throw errors.invalidArgument('servers has none.');
  const servers = addresses.map(({ host }) => host);
  const tls = options.tls ?? (addresses.some((address) => address.tls) ? {} : undefined);
  return {
    where: servers.join(', '),
    options: {
      servers,
      name: options.name ?? 'native-wsserver',
      ...credentialsOf(client, options, addresses),
      ...(tls && { tls }),
      noEcho: true,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: RECONNECT_MS,
      reconnectJitterTLS: RECONNECT_MS,
      pingInterval: PING_MS,
      timeout: CONNECT_MS,
    },
  };
}
