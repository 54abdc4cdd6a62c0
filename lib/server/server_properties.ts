// SPDX-License-Identifier: MIT
// The documented properties of the server as a whole.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { NativeServer } from '../boundary/native.js';
import type { CertificateLike } from '../certificates/certificate.js';
import type { CertStoreType } from '../certificates/store_type.js';
import { TypedEmitter } from '../events/emitter.js';
import type { HandOver } from '../http/hand_over.js';
import type { Upgrades } from '../upgrade/upgrades.js';
import type { CertificatesByName, Security } from './security.js';

/** What {@link WSServer} has for properties. */
export abstract class ServerProperties extends TypedEmitter {
  /** @internal */
  protected abstract readonly core: NativeServer;
  /** @internal */
  protected abstract readonly security: Security;

  /** @internal */
  protected abstract readonly handOver: HandOver;
  /** @internal */
  protected abstract readonly upgrades: Upgrades;

  /**
   * Takes an upgrade that a server of Node.js, of node:http or node:https, has been asked for: what its
   * event `upgrade` gives. WebSocketOpenRequest asks as for any other, and this server need not listen.
   * The socket becomes this server's: a plain one is taken over as it is, what comes over another
   * stream, TLS of Node.js above all, is copied. Fulfilled with the ConnectionId when it is open.
   * @throws {@link WSServerError} 10022 when that is no open socket, or has been given before, 10024
   * when there are too many connections, 126 when it is refused, or ends
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<number> {
    return this.upgrades.handle(request, socket, head);
  }

  /** Connections that the system keeps waiting to be accepted. @defaultValue SOMAXCONN */
  get connectionBacklog(): number {
    return this.core.get('ConnectionBacklog');
  }

  set connectionBacklog(connections: number) {
    this.core.set('ConnectionBacklog', connections);
  }

  /** Timeout in seconds that new connections begin with; 0: sends never wait. @defaultValue 0 */
  get defaultTimeout(): number {
    return this.core.get('DefaultTimeout');
  }

  set defaultTimeout(seconds: number) {
    this.core.set('DefaultTimeout', seconds);
  }

  /**
   * What http.createServer() of Node.js returns: clients whose request is no WebSocket upgrade are
   * handed over to it, with what they have said, so that both are served on one port. It need not
   * listen. Under TLS it is this server that has the certificate. A WebSocket upgrade on a connection
   * that has been handed over comes back here, unless somebody else listens to its event `upgrade`.
   * Undefined: they are refused with status 426.
   * @defaultValue undefined
   * @throws {@link WSServerError} 10022 when it is something else
   */
  get httpServer(): Server | undefined {
    return this.handOver.server;
  }

  set httpServer(server: Server | null | undefined) {
    this.handOver.server = server;
  }

  /**
   * Whether new connections are accepted. Assigning is {@link WSServer.startListening} or
   * {@link WSServer.stopListening}, whose failures it throws.
   * @defaultValue false
   */
  get listening(): boolean {
    return this.core.state().listening;
  }

  set listening(listen: boolean) {
    if (listen === this.listening) return;
    if (listen) this.core.startListening();
    else this.core.stopListening();
  }

  /**
   * Address or name of the interface to listen on; empty: all of them. `unix:/path` is a socket in the
   * file system. `fd:3`, or `fd:3,4`, are descriptors of sockets that listen already; `fd:NAME` those
   * that systemd has handed over under that name. They are duplicated: stopListening() leaves them.
   * @defaultValue ''
   * @throws {@link WSServerError} 107 while listening
   */
  get localHost(): string {
    return this.core.get('LocalHost');
  }

  set localHost(host: string) {
    this.core.set('LocalHost', host);
  }

  /**
   * TCP port to listen on; 0: the system picks one, to be read once listening.
   * @defaultValue 0
   * @throws {@link WSServerError} 106 while listening
   */
  get localPort(): number {
    return this.core.get('LocalPort');
  }

  set localPort(port: number) {
    this.core.set('LocalPort', port);
  }

  /** How many clients are connected. */
  get wsConnectionCount(): number {
    return this.core.state().connections;
  }

  /** Clients that have been accepted and are not open yet. @internal */
  get opening(): number {
    return this.core.state().opening;
  }

  /**
   * Whether clients are asked for a certificate. Then {@link SSLClientAuthenticationEvent} decides whom
   * to let in, or, if nobody listens to it, who has one of an authority that the settings name.
   * @defaultValue false
   */
  get sslAuthenticateClients(): boolean {
    return this.core.get('SSLAuthenticateClients');
  }

  set sslAuthenticateClients(authenticate: boolean) {
    this.core.set('SSLAuthenticateClients', authenticate);
  }

  /**
   * Whether clients are served under TLS. `Auto`: if a certificate is selected; true: the server does
   * not listen without one; false: in plain text, though there may be one.
   * @defaultValue 'Auto'
   */
  get sslEnabled(): boolean | 'Auto' {
    const text = this.core.get('SSLEnabled').toLowerCase();
    return text === 'auto' ? 'Auto' : ['true', 'yes', '1'].includes(text);
  }

  set sslEnabled(enabled: boolean | 'Auto') {
    this.core.set('SSLEnabled', enabled);
  }

  /**
   * The kind of {@link sslCertStore}.
   * @defaultValue 0 (user)
   * @throws {@link WSServerError} 271 for a number that is none
   */
  get sslCertStoreType(): CertStoreType {
    return this.security.storeType;
  }

  set sslCertStoreType(type: CertStoreType) {
    this.security.storeType = type;
  }

  /**
   * A file's path, or the store itself, binary or in Base64; see {@link CertStoreType}.
   * @defaultValue 'MY'
   */
  get sslCertStore(): string | Uint8Array {
    return this.security.store;
  }

  set sslCertStore(store: string | Uint8Array) {
    this.security.store = store;
  }

  /** What opens {@link sslCertStore}; the PIN of a token. @defaultValue '' */
  get sslCertStorePassword(): string {
    return this.security.storePassword;
  }

  set sslCertStorePassword(password: string) {
    this.security.storePassword = password;
  }

  /**
   * The subject of the certificate that is served. Setting it, after the three properties of the
   * store, selects one: that whose subject is equal, else the first that contains it; `*` is the
   * first. It is empty afterwards when there is none: then {@link WSServer.startListening} fails with
   * 272, and a server that listens refuses everybody. An empty subject is none: no TLS.
   * @defaultValue ''
   * @throws {@link WSServerError} 271 when the store cannot be opened, 273 when the password is
   * wrong, 282 when the certificate has no key
   */
  get sslCertSubject(): string {
    return this.security.subject;
  }

  set sslCertSubject(subject: string) {
    this.security.select(subject);
  }

  /**
   * The certificate that is served, in PEM. Setting it selects it, with its key from
   * {@link sslCertStore}. Fails like {@link sslCertSubject}.
   * @defaultValue ''
   */
  get sslCertEncoded(): string {
    return this.security.certificates[0]?.encoded ?? '';
  }

  set sslCertEncoded(certificate: string | Uint8Array) {
    this.security.select(typeof certificate === 'string' ? Buffer.from(certificate) : certificate);
  }

  /**
   * The certificates that new connections are served with, one for each kind of key; none: without
   * TLS. Connections that are there keep theirs.
   * @defaultValue []
   * @throws {@link WSServerError} 282 when one has no key, 271 when it cannot be read
   */
  get certificate(): readonly CertificateLike[] {
    return this.security.certificates;
  }

  set certificate(certificates: CertificateLike | readonly CertificateLike[]) {
    this.security.certificates = Array.isArray(certificates)
      ? certificates
      : [certificates as CertificateLike];
  }

  /**
   * The keys that seal session tickets (RFC 5077), with which clients resume their sessions: one to
   * sixteen of 80 bytes each, one after the other. The first seals, all of them open; what it is
   * made of is random. A server begins with a key of its own, and follows it up every
   * SSLSessionLifetime seconds; those that are assigned stay. Given the same bytes, the same settings
   * of TLS and the same authorities, servers in other threads, processes and machines resume each
   * other's sessions. To rotate, put a new key in front and drop the last:
   * `server.ticketKeys = Buffer.concat([randomBytes(80), server.ticketKeys.subarray(0, 80)])`.
   *
   * Who knows a key can read what was said over TLS 1.2 with its tickets: keep it as secret as the
   * certificate's, and not for long. Reading makes a copy.
   * @throws {@link WSServerError} 10022 when it is assigned another size
   */
  get ticketKeys(): Buffer {
    return this.core.ticketKeys();
  }

  set ticketKeys(keys: Uint8Array) {
    this.core.setTicketKeys(keys);
  }

  /** Certificates by the names that clients ask for (SNI): `example.com`, `*.example.com`. */
  set certificatesByName(certificates: CertificatesByName) {
    this.security.certificatesByName = certificates;
    this.listenersChanged();
  }
}
