// SPDX-License-Identifier: MIT
// The names by which clients choose a certificate (SNI, RFC 6066 §3), in one form.

import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { errors } from '../base/errors.js';
import { shown } from '../base/shown.js';

const MAX_NAME = 253;
/** Labels of what IDNA has made ASCII of; services have underscores. */
const HOST = /^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;
/** What a URL would take for something else than a part of the host. */
const FOREIGN = /[\s%/?#@:\\[\]*]/;

/** A name as a client sends it: case and one dot at the end do not count. */
export function asSent(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/**
 * A name that a user gives, as clients send it: `www.bücher.example.` is
 * `www.xn--bcher-kva.example`; `*.` at its start stands for one label.
 * @throws 10022 when no client could ask for it
 */
export function normalizedName(name: string): string {
  const wildcard = name.startsWith('*.') ? '*.' : '';
  const rest = name.slice(wildcard.length);
  const host = FOREIGN.test(rest) ? '' : asSent(domainToASCII(rest));
  if (HOST.test(host) && isIP(host) === 0 && wildcard.length + host.length <= MAX_NAME) {
    return wildcard + host;
  }
  throw errors.invalidArgument(
    `certificatesByName: no client asks for "${shown(name)}"; give a host name, such as ` +
      '"www.example.com" or "*.example.com", without a port, spaces or an address.',
  );
}
