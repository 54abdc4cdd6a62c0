// SPDX-License-Identifier: MIT

import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import { attempt, isPromise } from '../base/promises.js';
import { Opcode } from '../boundary/outbox.js';
import type { History } from '../bus/history.js';
import type { Publication } from '../bus/publication.js';
import { codeOf, reportFailure } from '../events/failure_report.js';
import type { Publisher } from '../sending/publisher.js';
import type { WSConnection } from '../server/connection.js';
import type { WSServer } from '../server/wsserver.js';
import { failure, gap, messageOf, ok, type Ref } from './envelope.js';
import {
  fieldsOf,
  type Publish,
  type Request,
  refOf,
  requestOf,
  type Subscribe,
} from './request.js';

/** What a client wants to do with a topic, or, to subscribe, with a pattern. */
export type TopicAction = 'subscribe' | 'publish';

/**
 * Says whether a client may. Only true allows it: anything else, and whatever is thrown, refuses. With
 * a promise the client waits.
 */
export type Authorize = (
  connection: WSConnection,
  action: TopicAction,
  topic: string,
) => boolean | PromiseLike<boolean>;

/** What all sessions of a server have in common. */
export interface SessionOwner {
  readonly server: WSServer;
  readonly publisher: Publisher;
  readonly authorize: Authorize;
}

/** So many requests of a client may wait; then nothing more is read from it. */
const MOST_WAITING = 64;
/** Who is given what it has missed is sent so many characters, or one message, before they have to have left. */
const MOST_UNSENT = 64 << 10;
// RFC 6455 §7.4.1.
const UNSUPPORTED_DATA = 1003;
const INVALID_PAYLOAD = 1007;

/** What one client says in topics.v1, and what is done about it. */
export class Session {
  readonly #id: number;
  readonly #owner: SessionOwner;
  #over = false;
  /** How many requests wait for a promise. */
  #waiting = 0;
  /** The last request of each topic that waits: those of one topic are carried out in order. */
  readonly #last = new Map<string, Promise<void>>();
  /** What ends the resumptions that run, by their patterns. */
  readonly #resumptions = new Map<string, AbortController>();

  constructor(connectionId: number, owner: SessionOwner) {
    this.#id = connectionId;
    this.#owner = owner;
  }

  /** A message has come: undefined for one that is no text. */
  take(text: string | undefined): void {
    if (text === undefined) {
      this.#close(UNSUPPORTED_DATA, 'topics.v1 is spoken in whole messages of text');
      return;
    }
    const fields = fieldsOf(text);
    if (fields === undefined) {
      this.#close(INVALID_PAYLOAD, 'topics.v1 is spoken in JSON');
      return;
    }
    try {
      this.#perform(requestOf(fields));
    } catch (error) {
      this.#fail(refOf(fields), error);
    }
  }

  /** The connection has ended. */
  end(): void {
    this.#over = true;
    for (const resumption of this.#resumptions.values()) resumption.abort(errors.connectionEnded());
  }

  #perform(request: Request): void {
    if (request.op === 'ping') {
      this.#say(ok(request.ref));
      return;
    }
    const { op, topic, ref } = request;
    // A subscription that is being resumed would keep the next request waiting.
    if (op === 'unsubscribe') this.#resumptions.get(topic)?.abort(errors.interrupted());
    this.#inOrder(topic, ref, () => {
      if (op === 'unsubscribe') return this.#unsubscribe(topic, ref);
      return this.#ifAllowed(op, topic, ref, () =>
        op === 'subscribe' ? this.#subscribe(request) : this.#publish(request),
      );
    });
  }

  /** Does what it is given when what came before it for `topic` is done. */
  #inOrder(topic: string, ref: Ref, act: () => Promise<void> | undefined): void {
    const before = this.#last.get(topic);
    const done = before === undefined ? act() : before.then(act);
    if (done === undefined) return;
    const settled = this.#await(done, ref).then(() => {
      if (this.#last.get(topic) === settled) this.#last.delete(topic);
    });
    this.#last.set(topic, settled);
  }

  /** Counts it among those that wait, and tells the client when it fails. */
  async #await(done: Promise<void>, ref: Ref): Promise<void> {
    if (++this.#waiting === MOST_WAITING) this.#setReading(false);
    try {
      await done;
    } catch (error) {
      this.#fail(ref, error);
    }
    if (--this.#waiting === MOST_WAITING - 1) this.#setReading(true);
  }

  #setReading(reads: boolean): void {
    const { connections } = this.#owner.server;
    if (!this.#over && connections.isOpen(this.#id)) {
      connections.require(this.#id).acceptData = reads;
    }
  }

  #ifAllowed(
    action: TopicAction,
    topic: string,
    ref: Ref,
    act: () => Promise<void> | undefined,
  ): Promise<void> | undefined {
    const decide = (answer: unknown): Promise<void> | undefined => {
      if (this.#over) return undefined;
      if (answer === true) return act();
      this.#say(failure(ref, ErrorCode.accessDenied, `You may not ${action} here.`));
      return undefined;
    };
    const refuse = (error: unknown): Promise<void> | undefined => {
      const { core } = this.#owner.publisher;
      reportFailure(core, this.#over ? 0 : this.#id, error, ErrorCode.accessDenied);
      return decide(false);
    };
    let answer: unknown;
    try {
      const { server, authorize } = this.#owner;
      const connection = server.connections.get(this.#id);
      answer = connection !== undefined && authorize(connection, action, topic);
    } catch (error) {
      return refuse(error);
    }
    return isPromise(answer) ? Promise.resolve(answer).then(decide, refuse) : decide(answer);
  }

  #unsubscribe(topic: string, ref: Ref): undefined {
    this.#owner.publisher.core.unsubscribe(this.#id, topic);
    this.#done(ref);
  }

  #subscribe({ topic, since, ref }: Subscribe): Promise<void> | undefined {
    const history = this.#owner.server.bus?.history;
    if (since !== undefined && since !== '' && history?.keeps(topic) === true) {
      return this.#resume(history, topic, since, ref);
    }
    if (since !== undefined) this.#say(gap(topic));
    this.#join(topic, ref);
    return undefined;
  }

  /** From here on it gets what is published. */
  #join(topic: string, ref: Ref): void {
    const { publisher, server } = this.#owner;
    publisher.core.subscribe(this.#id, topic);
    const history = server.bus?.history;
    this.#done(ref, history?.keeps(topic) ? history.newestId?.(topic) : undefined);
  }

  async #resume(history: History, topic: string, since: string, ref: Ref): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    const { server, publisher } = this.#owner;
    const { core } = publisher;
    this.#resumptions.set(topic, controller);
    let joined = false;
    const join = (): void => {
      if (signal.aborted || joined) return;
      this.#join(topic, ref);
      joined = true;
    };
    let unsent = 0;
    const take = (publication: Publication): Promise<void> | undefined => {
      const text = messageOf(publication, topic);
      unsent += text.length;
      if (unsent < MOST_UNSENT) {
        this.#say(text);
        return undefined;
      }
      unsent = text.length;
      const drained = server.connections.require(this.#id).drain({ signal });
      return drained.then(() => this.#say(text));
    };
    try {
      await history.resume(topic, since, take, join, signal, () => this.#say(gap(topic)));
      signal.throwIfAborted();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // Without what it has missed it gets what comes, unless that is what fails.
      join();
      this.#say(gap(topic));
      // That nobody has given it this id is its own affair.
      if (codeOf(error, 0) === ErrorCode.invalidArgument) return;
      reportFailure(core, this.#id, error, ErrorCode.interrupted);
    } finally {
      this.#resumptions.delete(topic);
    }
  }

  #publish({ topic, payload, keep, ref }: Publish): undefined {
    const { server, publisher } = this.#owner;
    publisher.core.checkTopic(topic);
    if (!keep) {
      const published = server.publish(topic, payload);
      void this.#await(
        published.then(() => this.#done(ref)),
        ref,
      );
      return;
    }
    const history = server.bus?.history;
    if (history?.keeps(topic) !== true) {
      throw errors.operationNotSupported('There is no history of this topic: leave out "keep".');
    }
    const isText = typeof payload === 'string';
    const kept = history.publish(
      topic,
      isText ? Opcode.text : Opcode.binary,
      isText ? Buffer.from(payload) : payload,
    );
    void this.#await(
      kept.then(({ id }) => this.#done(ref, id)),
      ref,
    );
  }

  #done(ref: Ref, id?: string): void {
    if (ref !== undefined) this.#say(ok(ref, id));
  }

  #fail(ref: Ref, error: unknown): void {
    const code = codeOf(error, ErrorCode.sendFailed);
    const message = error instanceof WSServerError ? error.message : 'The server has failed.';
    this.#say(failure(ref, code, message));
  }

  #say(text: string): void {
    // Who has no room for it is closed by the core, as ever when it is too slow for what is published.
    if (!this.#over) this.#owner.publisher.sendTo(this.#id, text);
  }

  #close(code: number, reason: string): void {
    // It may have gone.
    void attempt(() => this.#owner.publisher.core.disconnect(this.#id, code, reason));
  }
}
