// SPDX-License-Identifier: MIT
// What names a token: the path of its module, or a URI (RFC 7512).

import { notOpened } from './formats/failure.js';

const SCHEME = 'pkcs11:';
/** What of a URI the core looks at (native/tls/stores/token.h), in the order in which it gets them. */
const attributes = ['module-path', 'token', 'serial', 'object'] as const;

const isKnown = (name: string): name is (typeof attributes)[number] =>
  attributes.some((known) => known === name);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notOpened('The PKCS#11 URI has a percent sign that does not begin a character.');
  }
}

function parse(uri: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const item of uri.slice(SCHEME.length).split(/[;?&]/)) {
    const [name = '', value = ''] = item.trim().split(/=(.*)/s, 2);
    if (name.startsWith('pin-')) {
      throw notOpened('The PIN does not belong in the PKCS#11 URI: give it as the password.');
    }
    // "type=private" and the like are allowed, and say nothing new.
    if (isKnown(name)) found.set(name, decoded(value));
    else if (name !== '' && name !== 'type') {
      throw notOpened('Of a PKCS#11 URI only module-path, token, serial and object are known.');
    }
  }
  return found;
}

/** The module's path, the token's label and serial number, and the certificate's label. */
export function readTokenName(store: Uint8Array): Buffer[] {
  const text = Buffer.from(store).toString();
  const found = text.startsWith(SCHEME) ? parse(text) : new Map([['module-path', text]]);
  if (!found.get('module-path')?.startsWith('/')) {
    throw notOpened('Give the full path of a PKCS#11 module, alone or as module-path of a URI.');
  }
  return attributes.map((name) => Buffer.from(found.get(name) ?? ''));
}
