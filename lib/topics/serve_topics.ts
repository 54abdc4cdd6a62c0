// SPDX-License-Identifier: MIT

import { checkNames, errors } from '../base/errors.js';
import type { Publication } from '../bus/publication.js';
import type { DataInEvent } from '../events/events.js';
import type { WSServer } from '../server/wsserver.js';
import { messageOf } from './envelope.js';
import { type Authorize, Session, type SessionOwner } from './session.js';

/** How clients may use topics. */
export interface TopicsOptions {
  /** Says what a client may do. */
  authorize: Authorize;
}

/** What clients have to offer, and the server agrees on. */
const PROTOCOL = 'topics.v1';

const served = new WeakSet<WSServer>();

/** The clients of a server that speak topics.v1. */
class TopicsProtocol {
  readonly #owner: SessionOwner;
  /** Of all connections that have said something; null: of those that speak something else. */
  readonly #sessions = new Map<number, Session | null>();

  constructor(server: WSServer, authorize: Authorize) {
    const publisher = server.serveProtocol(PROTOCOL, this);
    this.#owner = { server, publisher, authorize };
    server.prependListener('WebSocketOpenRequest', (event) => {
      const offered = event.subProtocols.split(',').map((name) => name.trim());
      if (offered.includes(PROTOCOL)) event.subProtocols = PROTOCOL;
    });
    server.on('Disconnected', ({ connectionId }) => {
      this.#sessions.get(connectionId)?.end();
      this.#sessions.delete(connectionId);
    });
  }

  wrap(publication: Publication): string {
    return messageOf(publication);
  }

  has(connectionId: number): boolean {
    return this.#sessionOf(connectionId) !== null;
  }

  take(event: DataInEvent): void {
    const isWhole = event.dataFormat === 1 && event.EOM;
    this.#sessionOf(event.connectionId)?.take(isWhole ? event.text : undefined);
  }

  #sessionOf(connectionId: number): Session | null {
    let session = this.#sessions.get(connectionId);
    if (session === undefined) {
      const speaks = this.#owner.publisher.core.getsEnvelopes(connectionId);
      session = speaks ? new Session(connectionId, this.#owner) : null;
      this.#sessions.set(connectionId, session);
    }
    return session;
  }
}

/**
 * Lets clients that agree on the subprotocol `topics.v1` subscribe, unsubscribe and publish, as far
 * as `authorize` allows: docs/browser_topics.md has what they say. What they say does not come to DataIn.
 * Others are left alone. For the server's life.
 * @throws {@link WSServerError} 10022 without authorize, 10037 when it has been called before
 */
export function serveTopics(server: WSServer, options: TopicsOptions): void {
  const authorize: unknown = options?.authorize;
  if (typeof authorize !== 'function') {
    throw errors.invalidArgument('Give authorize, which says what a client may do.');
  }
  if (typeof server?.serveProtocol !== 'function') {
    throw errors.invalidArgument('serveTopics takes a WSServer, and then the options.');
  }
  checkNames(options, 'serveTopics', ['authorize']);
  if (served.has(server)) {
    throw errors.alreadyInProgress('serveTopics has been called for this server before.');
  }
  served.add(server);
  new TopicsProtocol(server, authorize as Authorize);
}
