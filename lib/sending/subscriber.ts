// SPDX-License-Identifier: MIT

import { checkNames, ErrorCode, errors, WSServerError } from '../base/errors.js';
import { handled, onAbort, signalOf, type WaitOptions } from '../base/promises.js';
import type { NativeServer } from '../boundary/native.js';
import type { History } from '../bus/history.js';
import type { Publication } from '../bus/publication.js';
import { GapEvent } from '../events/events.js';
import { attemptFrame, type Framed } from './framed.js';
import type { Sender } from './sender.js';

/** How to subscribe. */
export interface SubscribeOptions extends WaitOptions {
  /**
   * The id of the last kept message that the client has had: it is sent first what has been kept
   * since then. '0': all that is kept. Undefined: it gets what is published from now on.
   */
  since?: string | undefined;
}

/** Who catches up is sent so many bytes before the kernel has to have taken all. */
const MOST_UNSENT = 64 << 10;

/** Somebody who catches up. */
interface CatchUp {
  readonly ending: AbortController;
  readonly done: Promise<boolean>;
}

/** Subscribes connections, and has those who come back catch up before. */
export class Subscriber {
  /** What has been kept; undefined: nothing has. */
  history: History | undefined;
  readonly #core: NativeServer;
  readonly #sender: Sender;
  readonly #onGap: (event: GapEvent) => void;
  readonly #catchUps = new Map<number, Map<string, CatchUp>>();

  constructor(core: NativeServer, sender: Sender, onGap: (event: GapEvent) => void) {
    this.#core = core;
    this.#sender = sender;
    this.#onGap = onGap;
  }

  /** See {@link WSServer.subscribe}. */
  subscribe(
    connectionId: number,
    topic: string,
    options: SubscribeOptions | undefined,
  ): boolean | Promise<boolean> {
    if (options) checkNames(options, 'subscribe', ['since', 'signal']);
    const running = this.#running(connectionId, topic);
    const since = options?.since;
    if (since === undefined) {
      if (running !== undefined) return handled(running.done.then(() => false));
      return this.#core.subscribe(connectionId, topic);
    }
    if (running !== undefined) {
      throw errors.alreadyInProgress(`${connectionId} catches up with ${topic} already.`);
    }
    const { history } = this;
    if (history === undefined || !history.keeps(topic)) throw noHistory(topic);
    // That says what is wrong before anything is sent.
    if (!this.#core.subscribe(connectionId, topic)) return false;
    this.#core.unsubscribe(connectionId, topic);
    return this.#catchUp(history, connectionId, topic, since, signalOf(options));
  }

  /** See {@link WSServer.unsubscribe}. */
  unsubscribe(connectionId: number, topic: string): boolean {
    const running = this.#running(connectionId, topic);
    running?.ending.abort(errors.interrupted());
    return this.#core.unsubscribe(connectionId, topic) || running !== undefined;
  }

  /** A connection has ended. */
  forget(connectionId: number): void {
    const running = this.#catchUps.get(connectionId);
    if (running === undefined) return;
    for (const { ending } of running.values()) ending.abort(errors.connectionEnded());
  }

  /** Undefined: it is not catching up with that, or is not to any more. */
  #running(connectionId: number, topic: string): CatchUp | undefined {
    const running = this.#catchUps.get(connectionId)?.get(topic);
    return running?.ending.signal.aborted ? undefined : running;
  }

  #catchUp(
    history: History,
    connectionId: number,
    topic: string,
    since: string,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const ending = new AbortController();
    const forget = onAbort(signal, (reason) => ending.abort(reason));
    if (signal?.aborted) ending.abort(signal.reason);
    const topics = this.#catchUps.get(connectionId) ?? new Map<string, CatchUp>();
    const resuming = this.#resume(history, connectionId, topic, since, ending.signal);
    const done = resuming.finally(() => {
      forget();
      if (topics.get(topic) === own) topics.delete(topic);
      if (topics.size === 0) this.#catchUps.delete(connectionId);
    });
    const own = { ending, done: handled(done) };
    this.#catchUps.set(connectionId, topics.set(topic, own));
    return done;
  }

  async #resume(
    history: History,
    connectionId: number,
    topic: string,
    since: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    let unsent = 0;
    const take = (publication: Publication): Promise<void> | undefined => {
      const message = attemptFrame(publication);
      if (message === undefined) return undefined;
      const sent = this.#send(connectionId, message, signal);
      unsent += message.data.length;
      if (sent !== undefined || unsent < MOST_UNSENT) return sent;
      unsent = 0;
      return this.#sender.drainIfNeeded(connectionId, signal);
    };
    const joined = (): void => {
      signal.throwIfAborted();
      this.#core.subscribe(connectionId, topic);
    };
    const onGap = (firstId: string): void =>
      this.#onGap(new GapEvent(connectionId, topic, since, firstId));
    await history.resume(topic, since, take, joined, signal, onGap);
    return true;
  }

  /** Sends it when there is room for it. What is returned is fulfilled then; undefined: it has been. */
  #send(connectionId: number, message: Framed, signal: AbortSignal): Promise<void> | undefined {
    try {
      return this.#sender.sendUnreported(connectionId, message.kind, message.data);
    } catch (error) {
      const isFull = error instanceof WSServerError && error.code === ErrorCode.wouldBlock;
      if (!isFull) throw error;
      return this.#sender
        .drain(connectionId, { signal })
        .then(() => this.#send(connectionId, message, signal));
    }
  }
}

/** That nothing has been kept, and how to have it kept. */
export function noHistory(topic: string): WSServerError {
  return errors.invalidArgument(
    `Nothing is kept of ${topic}: join a bus that does so, such as ` +
      `natsBus({ history: { '${topic}': { maxAge: 3600 } } }).`,
  );
}
