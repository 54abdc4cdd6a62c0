// SPDX-License-Identifier: MIT
// The certificates of a server, and the questions that come up while a client is let in by TLS.

import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import { shown } from '../base/shown.js';
import type { NativeServer } from '../boundary/native.js';
import {
  Certificate,
  type CertificateLike,
  NATIVE,
  toCertificate,
} from '../certificates/certificate.js';
import { asSent, normalizedName } from '../certificates/server_name.js';
import { requireType } from '../certificates/store.js';
import { CertStoreType } from '../certificates/store_type.js';
import { reportFailure } from '../events/failure_report.js';
import type {
  SSLClientAuthenticationEvent,
  SSLConnectionRequestEvent,
} from '../events/question_events.js';
import { ask, type Handler } from '../events/questions.js';

/** Certificates by the names that clients ask for (SNI): `example.com`, `*.example.com`. */
export type CertificatesByName = Readonly<Record<string, CertificateLike>>;

/** The documented properties by which a certificate is selected, and those that are. */
export class Security {
  #storeType: CertStoreType = CertStoreType.user;
  // Private, so that nobody who looks at the server sees keys and passwords.
  #store: string | Uint8Array = 'MY';
  #storePassword = '';
  readonly #core: NativeServer;
  #certificates: readonly Certificate[] = [];
  #byName = new Map<string, Certificate>();

  constructor(core: NativeServer) {
    this.#core = core;
  }

  get storeType(): CertStoreType {
    return this.#storeType;
  }

  set storeType(type: CertStoreType) {
    requireType(type);
    this.#storeType = type;
  }

  get store(): string | Uint8Array {
    return this.#store;
  }

  set store(store: string | Uint8Array) {
    this.#store = store;
  }

  get storePassword(): string {
    return this.#storePassword;
  }

  set storePassword(password: string) {
    this.#storePassword = password;
  }

  /** Those of the server, one for each kind of key. */
  get certificates(): readonly Certificate[] {
    return this.#certificates;
  }

  /** Takes effect for new connections; without any they are served without TLS. */
  set certificates(sources: readonly CertificateLike[]) {
    this.#use(() => sources.map(toCertificate));
  }

  /** Whether a client's server name chooses among certificates. */
  get asksForName(): boolean {
    return this.#byName.size > 0;
  }

  set certificatesByName(sources: CertificatesByName) {
    const byName = new Map<string, Certificate>();
    for (const [given, source] of Object.entries(sources ?? {})) {
      const name = normalizedName(given);
      if (byName.has(name)) {
        const what = `certificatesByName has "${shown(name)}" twice; leave one of them out.`;
        throw errors.invalidArgument(what);
      }
      byName.set(name, toCertificate(source));
    }
    this.#byName = byName;
  }

  /** The subject of the selected certificate, or empty. */
  get subject(): string {
    return this.#certificates[0]?.subject ?? '';
  }

  /** Selects a certificate of the store: by its subject, or as it is. */
  select(subject: string | Uint8Array): void {
    if (subject?.length === 0) {
      this.certificates = [];
      return;
    }
    try {
      this.#use(() => [new Certificate(this.storeType, this.#store, this.#storePassword, subject)]);
    } catch (error) {
      if (!(error instanceof WSServerError) || error.code !== ErrorCode.certificateNotFound)
        throw error;
      this.#core.missCertificate();
      this.#certificates = [];
    }
  }

  /** Asks which certificate a connection is to be served with. A handler that fails refuses. */
  askCertificate(
    handlers: readonly Handler<SSLConnectionRequestEvent>[],
    event: SSLConnectionRequestEvent,
  ): void {
    const { connectionId } = event;
    event.certificate = this.#forName(event.serverName);
    ask(handlers, event, {
      answer: () => {
        const chosen = this.#chosenBy(event);
        this.#core.answerCertificateRequest(connectionId, chosen?.[NATIVE]);
      },
      refuse: () => this.#core.answerCertificateRequest(connectionId, null),
      onFailure: (error) =>
        reportFailure(this.#core, connectionId, error, ErrorCode.handshakeFailed),
    });
  }

  /** Asks whether to accept a client's certificate. A handler that fails refuses. */
  askClient(
    handlers: readonly Handler<SSLClientAuthenticationEvent>[],
    event: SSLClientAuthenticationEvent,
  ): void {
    const { connectionId } = event;
    ask(handlers, event, {
      answer: () => this.#core.answerClientAuthentication(connectionId, Boolean(event.accept)),
      refuse: () => this.#core.answerClientAuthentication(connectionId, false),
      onFailure: (error) =>
        reportFailure(this.#core, connectionId, error, ErrorCode.handshakeFailed),
    });
  }

  /**
   * Serves with what `make` returns. If it throws, the certificates stay as they are; a server that
   * has none, and does not listen yet, will not serve in plain text either.
   */
  #use(make: () => readonly Certificate[]): void {
    try {
      const certificates = make();
      this.#core.setCertificates(certificates.map((certificate) => certificate[NATIVE]));
      this.#certificates = certificates;
    } catch (error) {
      const serves = this.#certificates.length > 0 || this.#core.state().listening;
      if (!serves) this.#core.missCertificate();
      throw error;
    }
  }

  #chosenBy(event: SSLConnectionRequestEvent): Certificate | undefined {
    if (event.certStore === '') return event.certificate && toCertificate(event.certificate);
    const { certStoreType, certStore, certPassword, certSubject } = event;
    return new Certificate(certStoreType, certStore, certPassword, certSubject);
  }

  #forName(serverName: string): Certificate | undefined {
    const name = asSent(serverName);
    const [, ...domain] = name.split('.');
    return this.#byName.get(name) ?? this.#byName.get(['*', ...domain].join('.'));
  }
}
