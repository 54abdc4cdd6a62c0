// SPDX-License-Identifier: MIT
// RSA keys as .NET writes them (RSA.ToXmlString), and the certificates of XML signatures.

import { notOpened } from './failure.js';
import { derOf } from './keys.js';

/** The elements of RSAKeyValue (XML-Signature §4.5.2.2 and .NET), by the members of a JWK. */
const elements = {
  Modulus: 'n',
  Exponent: 'e',
  D: 'd',
  P: 'p',
  Q: 'q',
  DP: 'dp',
  DQ: 'dq',
  InverseQ: 'qi',
} as const;

const isElement = (name: string): name is keyof typeof elements => Object.hasOwn(elements, name);

/** The names of tags, without prefixes, those that close with a slash; each with the text up to the next tag. */
function* tagsOf(text: string): Generator<[name: string, text: string]> {
  for (let begin = text.indexOf('<'); begin >= 0; ) {
    const end = text.indexOf('>', begin);
    if (end < 0) return;
    const next = text.indexOf('<', end);
    const [tag = ''] = text.slice(begin + 1, end).split(/\s/, 1);
    const name = tag.replace(/^(\/?)[^:]*:/, '$1');
    yield [name, text.slice(end + 1, next < 0 ? undefined : next)];
    begin = next;
  }
}

/** The certificates and keys of an XML document. */
export function readXml(bytes: Uint8Array): Buffer[] {
  const parts: Buffer[] = [];
  let key: Record<string, string> = {};
  for (const [name, text] of tagsOf(Buffer.from(bytes).toString())) {
    if (name === 'X509Certificate') parts.push(Buffer.from(text, 'base64'));
    if (isElement(name)) key[elements[name]] = Buffer.from(text, 'base64').toString('base64url');
    if (name === '/RSAKeyValue') {
      parts.push(derOf({ kty: 'RSA', ...key }, 'XML'));
      key = {};
    }
  }
  if (parts.length > 0) return parts;
  throw notOpened('The XML holds neither an RSAKeyValue nor an X509Certificate that is whole.');
}
