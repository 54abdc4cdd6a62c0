// SPDX-License-Identifier: MIT
// The load client of the addon, typed (native/addon/load_object.h, native/client/plan.h).

/**
 * echo: exchange messages; idle: hold the connections; churn: connect, one message, close;
 * broadcast: one sends, and what it sends comes to all.
 */
export type LoadMode = 'echo' | 'idle' | 'churn' | 'broadcast';

/** TLS, as a load client is to speak it (native/tls/contexts/client_context.h). */
export interface LoadTls {
  /** The host name or IP address that the server's certificate must be for. */
  readonly serverName: string;
  /** Whether the server's certificate is verified. */
  readonly verify: boolean;
  /** PEM: who is trusted to know servers. */
  readonly authorities: string;
  /** PEM: what the client shows when it is asked, with its key. */
  readonly certificate: Uint8Array | undefined;
  /** What opens the key. */
  readonly passphrase: string;
  /** Empty: either. */
  readonly version: '' | '1.2' | '1.3';
  /** Whether a connection resumes the session of the one before it in its place. */
  readonly resume: boolean;
}

/** What a load client is to do. */
export interface LoadPlan {
  readonly mode: LoadMode;
  /** IP addresses of the server: where one cannot be connected to, the next one. Not empty. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** Undefined: without TLS. */
  readonly tls: LoadTls | undefined;
  /** IP addresses that the connections take in turn; empty: the system picks. */
  readonly localAddresses: readonly string[];
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  /** Comma separated; may be empty. */
  readonly subProtocols: string;
  /** Further header lines, separated by CR LF; may be empty. */
  readonly headers: string;
  readonly connections: number;
  readonly firstId: number;
  /** 0: as fast as they go. */
  readonly connectsPerSecond: number;
  readonly timeoutMs: number;
  /** Payloads that each connection sends in turn. */
  readonly messages: readonly Uint8Array[];
  /** Whether the beginning of each payload is replaced by its number and connection. */
  readonly stamped: boolean;
  /** Whether permessage-deflate is offered; not together with stamped. */
  readonly deflate: boolean;
  readonly text: boolean;
  /** Whether messages of the other type are the server's own, and no echoes. */
  readonly publications: boolean;
  readonly inFlight: number;
  /** Of all connections together; 0: closed loop. */
  readonly messagesPerSecond: number;
}

/**
 * What has gone wrong, and how often. The detail is a system error, HTTP status or close code; of
 * TLS, OpenSSL's number for why a certificate is refused, or that of an alert (RFC 8446 §6).
 */
export interface LoadFailure {
  readonly kind:
    | 'refused'
    | 'reset'
    | 'timedOut'
    | 'system'
    | 'badStatus'
    | 'badAnswer'
    | 'protocol'
    | 'closedEarly'
    | 'mismatch'
    | 'tlsCertificate'
    | 'tlsAlert'
    | 'notTls'
    | 'tlsOther';
  readonly detail: number;
  /** What the detail means, of the kinds of TLS; else empty. */
  readonly reason: string;
  readonly count: number;
}

/** What has been counted since the beginning. Bytes are payload. */
export interface LoadSnapshot {
  readonly attempts: number;
  /** Of TLS, that were done. */
  readonly handshakes: number;
  /** Of them, those that resumed a session. */
  readonly resumed: number;
  readonly connects: number;
  /** Open now. */
  readonly open: number;
  /** Closed by us, with a handshake. */
  readonly closed: number;
  readonly sent: number;
  readonly received: number;
  /** Of the messages received, those that came compressed. */
  readonly compressed: number;
  /** Messages of the server's own, beside those received. */
  readonly publications: number;
  /** The least and the most of them that a connection which is open has had. */
  readonly publicationsLeast: number;
  readonly publicationsMost: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** What the first handshake of TLS came to use: version, cipher suite, group. Empty before. */
  readonly negotiated: string;
  readonly failures: readonly LoadFailure[];
  /** Whether there are connections that have not been tried to the end. */
  readonly connecting: boolean;
  /** Whether the last connection has gone, after stop(). */
  readonly done: boolean;
}

/** A load client. */
export interface NativeLoad {
  /**
   * Blocks for `durationMs`, or until it is done, or the last connection has been tried. Nothing
   * happens between the calls.
   */
  run(durationMs: number): void;
  /** Lets the connections send. */
  start(): void;
  /** Forgets the latencies that were measured so far. */
  restartMeasuring(): void;
  /** Begins no more connections, and closes those that are open. */
  stop(): void;
  snapshot(): LoadSnapshot;
  /** Pairs of a duration in nanoseconds and how often it was measured, ascending. */
  latencies(): Float64Array;
  /** The same of the time from beginning a connection to having it open. */
  connectTimes(): Float64Array;
}
