// SPDX-License-Identifier: MIT
// The events that want an answer. Fields that a handler may change are writable.

import type { Fields } from '../boundary/fields.js';
import type { CertificateLike } from '../certificates/certificate.js';
import { CertStoreType } from '../certificates/store_type.js';

/** What the core gives of a question, in any order: fields of its event. */
export const openRequestFields = [
  'requestURI',
  'hostHeader',
  'originHeader',
  'subProtocols',
  'extensions',
  'requestHeaders',
] as const;
export const certificateRequestFields = [
  'serverName',
  'supportedCipherSuites',
  'supportedSignatureAlgs',
] as const;
export const clientCertificateFields = [
  'certEncoded',
  'certSubject',
  'certIssuer',
  'status',
] as const;

/** A client asks for a connection. May be answered asynchronously: the handler returns a promise. */
export class ConnectionRequestEvent {
  /** The client's IP address. */
  readonly address: string;
  /** The client's TCP port. */
  readonly port: number;
  /** Whether to accept: what AllowedClients and BlockedClients say, unless it is changed. */
  accept: boolean;

  constructor(address: string, port: number, accept: boolean) {
    this.address = address;
    this.port = port;
    this.accept = accept;
  }
}

/** A client asks for a WebSocket. May be answered asynchronously: the handler returns a promise. */
export class WebSocketOpenRequestEvent {
  readonly connectionId: number;
  /** Path and query as the request has them. */
  readonly requestURI: string;
  /** The Host header. */
  readonly hostHeader: string;
  /** The Origin header, or empty. */
  readonly originHeader: string;
  /** The subprotocols that the client offers, separated by commas. Set it to the one chosen. */
  subProtocols: string;
  /** The Sec-WebSocket-Extensions header, or empty. */
  readonly extensions: string;
  /** The header lines as they came, separated by CR LF. */
  readonly requestHeaders: string;
  /** 101 accepts; a status of 200 to 599 refuses. */
  statusCode = 101;
  /**
   * Header lines to add to the answer, separated by CR LF. In a refusal a Date, Content-Type or Allow
   * replaces the server's. Connection, Content-Length, Transfer-Encoding, Upgrade and Sec-WebSocket-…
   * are the server's alone: error 10022.
   */
  responseHeaders = '';
  /**
   * The body of a refusal, as text or bytes: with what else is sent, up to 16 KiB. Its type is plain
   * text unless {@link responseHeaders} say so; undefined: a sentence of the server's.
   */
  responseBody: string | Uint8Array | undefined = undefined;

  constructor(connectionId: number, fields: Fields<typeof openRequestFields>) {
    this.connectionId = connectionId;
    this.requestURI = fields.requestURI;
    this.hostHeader = fields.hostHeader;
    this.originHeader = fields.originHeader;
    this.subProtocols = fields.subProtocols;
    this.extensions = fields.extensions;
    this.requestHeaders = fields.requestHeaders;
  }
}

/**
 * A client begins a TLS handshake: which certificate is it to be shown? May be answered
 * asynchronously. Unless one is chosen, it is the server's own that fits.
 */
export class SSLConnectionRequestEvent {
  readonly connectionId: number;
  /** The name that the client wants to talk to (SNI), or empty. */
  readonly serverName: string;
  /** What the client can do: IANA names, separated by commas. */
  readonly supportedCipherSuites: string;
  /** What the client can verify, separated by commas. */
  readonly supportedSignatureAlgs: string;
  /** The kind of {@link certStore}. */
  certStoreType: CertStoreType = CertStoreType.user;
  /** The store of another certificate: a file's path, or the store itself; empty: none. */
  certStore: string | Uint8Array = '';
  /** What opens {@link certStore}. */
  certPassword = '';
  /** Which certificate of {@link certStore}: see {@link WSServer.sslCertSubject}. */
  certSubject = '*';
  /** Another certificate; undefined for the server's own. */
  certificate: CertificateLike | undefined;

  constructor(connectionId: number, fields: Fields<typeof certificateRequestFields>) {
    this.connectionId = connectionId;
    this.serverName = fields.serverName;
    this.supportedCipherSuites = fields.supportedCipherSuites;
    this.supportedSignatureAlgs = fields.supportedSignatureAlgs;
  }
}

/** A client has shown its certificate, or has none, and is let in or not. May be answered asynchronously. */
export class SSLClientAuthenticationEvent {
  readonly connectionId: number;
  /** The certificate in PEM, with its chain if SSLIncludeCertChain says so; empty: there is none. */
  readonly certEncoded: string;
  /** The distinguished name of whom it belongs to. */
  readonly certSubject: string;
  /** The distinguished name of who has signed it. */
  readonly certIssuer: string;
  /** `OK`, or what is to be said against it. */
  readonly status: string;
  /** Whether to accept it: true if nothing is to be said against it, unless it is changed. */
  accept: boolean;

  constructor(
    connectionId: number,
    fields: Fields<typeof clientCertificateFields>,
    accept: boolean,
  ) {
    this.connectionId = connectionId;
    this.certEncoded = fields.certEncoded;
    this.certSubject = fields.certSubject;
    this.certIssuer = fields.certIssuer;
    this.status = fields.certEncoded === '' ? 'There is no certificate' : fields.status;
    this.accept = accept;
  }

  /** {@link certEncoded} as bytes. */
  get certEncodedB(): Uint8Array {
    return new TextEncoder().encode(this.certEncoded);
  }
}
