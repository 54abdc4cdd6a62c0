// SPDX-License-Identifier: MIT

import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import type { HandedOver } from '../events/handed_over.js';

/** An address as sockets of Node's have it; empty for one in the file system, as there. */
function addressOf(address: string, port: string) {
  const version = isIP(address);
  return version === 0 ? {} : { address, port: Number(port), family: `IPv${version}` };
}

/**
 * Has `socket`, whose other end the core has, look like the TLS socket that it stands for: to the
 * handlers of requests, what it is made of makes no difference.
 */
export function showSecure(socket: Socket, peer: HandedOver): void {
  const { protocol, cipherSuite, certEncoded, status } = peer;
  const remote = addressOf(peer.remoteAddress, peer.remotePort);
  const local = addressOf(peer.localAddress, peer.localPort);
  const certificate = certEncoded === '' ? undefined : new X509Certificate(certEncoded);
  const authorized = status === 'OK';
  const members: Record<string, unknown> = {
    remoteAddress: remote.address,
    remotePort: remote.port,
    remoteFamily: remote.family,
    localAddress: local.address,
    localPort: local.port,
    localFamily: local.family,
    address: () => local,
    encrypted: true,
    authorized,
    authorizationError: authorized || status === '' ? null : status,
    alpnProtocol: 'http/1.1',
    getProtocol: () => protocol,
    getCipher: () => ({ name: cipherSuite, standardName: cipherSuite, version: protocol }),
    getPeerCertificate: () => certificate?.toLegacyObject() ?? {},
    getPeerX509Certificate: () => certificate,
  };
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(socket, name, { value, configurable: true, writable: true });
  }
}
