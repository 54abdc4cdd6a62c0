// SPDX-License-Identifier: MIT
// What is wrong with NATS, in our errors: without anything secret.

import type * as Client from '@nats-io/transport-node';
import { errors, type WSServerError } from '../base/errors.js';
import { shown } from '../base/shown.js';

/** What the errors of TLS say: of Node.js, of OpenSSL, of the client. */
const OF_TLS = /certificate|\btls\b|\bssl\b|altname/i;

/** What an error of the client says, and what to do. `where`: the hosts and ports. */
export function troubleOf(client: typeof Client, error: unknown, where: string): WSServerError {
  const text = shown(error);
  const options = { cause: error };
  if (error instanceof client.PermissionViolationError) {
    return errors.accessDenied(`NATS: ${text}. Permit it there, or take another prefix.`, options);
  }
  if (
    error instanceof client.AuthorizationError ||
    error instanceof client.UserAuthenticationExpiredError
  ) {
    return errors.accessDenied(
      `NATS at ${where} does not accept who this is: look at token, user and pass, nkey or creds.`,
      options,
    );
  }
  if (OF_TLS.test(text)) {
    return errors.handshakeFailed(`NATS at ${where}: ${text}. Look at the option tls.`, options);
  }
  return errors.connectionRefused(
    `NATS at ${where} cannot be reached: ${text}. Is it running there?`,
    options,
  );
}
