// SPDX-License-Identifier: MIT

import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamInfo } from '@nats-io/jetstream';
import { errors } from '../../base/errors.js';
import { handled } from '../../base/promises.js';
import { type HistoryLimits, streamConfig } from './history_options.js';
import type { KeptMessage, Wire } from './kept_message.js';
import { Pages } from './pages.js';
import type { Api } from './reader.js';
import { Resumes, type Resumption } from './resumes.js';
import { ensureStream, isTransient, streamTrouble } from './stream_setup.js';
import { Tail } from './tail.js';

const RETRY_MS = 200;
/** A NATS that has been started has JetStream, too, after so long, in ms. */
const START_MS = 3000;
/** A stream that cannot be had is tried again after so long: somebody may mend it. */
const TOLD_MS = 5000;

/** Takes a message for all clients of this server. */
export type Deliver = (message: KeptMessage, limits: HistoryLimits) => void;

/** The history of the topics that fit a pattern. */
export class KeptStream {
  readonly pattern: string;
  readonly limits: HistoryLimits;
  /** Fulfilled when it is followed; rejected when it cannot be had. */
  readonly ready: Promise<void>;
  readonly #wire: Wire;
  readonly #pages: Pages;
  readonly #tail: Tail;
  readonly #resumes: Resumes;
  #settleReady: { resolve(): void; reject(error: unknown): void } | undefined;
  /** Since the connection has come to be; aborted when it goes. */
  #connected: AbortController | undefined;
  /** When the stream was made; empty: it has not been there yet. */
  #created = '';
  /** The last sequence of streams that were there before, and have been lost. */
  #lost = 0;

  constructor(wire: Wire, pattern: string, limits: HistoryLimits, deliver: Deliver) {
    this.pattern = pattern;
    this.limits = limits;
    this.#wire = wire;
    const { name } = streamConfig(wire, pattern, limits);
    this.#pages = new Pages(name, wire);
    this.#tail = new Tail(name, wire, {
      onMessage: (message) => {
        this.#resumes.take(message);
        deliver(message, limits);
      },
      onStarted: () => this.#settleReady?.resolve(),
      onBreak: (after, from) => {
        const what = from > after ? 'longest ago is not kept any more' : 'last has been lost there';
        this.#tell(`What NATS has kept ${what}, and clients have missed it`);
      },
    });
    this.#resumes = new Resumes(
      this.#pages,
      () => this.position,
      undefined,
      () => this.#lost,
    );
    this.ready = handled(
      new Promise((resolve, reject) => {
        this.#settleReady = { resolve, reject };
      }),
    );
  }

  /** The last sequence that has come live, or was there before; undefined: nobody knows yet. */
  get position(): number | undefined {
    return this.#tail.last;
  }

  /** NATS is there, or there again. */
  onConnected(api: Api): void {
    const connected = new AbortController();
    this.#connected = connected;
    void this.#begin(api, connected.signal);
  }

  onAway(): void {
    this.#connected?.abort();
    this.#connected = undefined;
    this.#pages.api = undefined;
  }

  /** See {@link History.resume}. */
  resume(resumption: Resumption): Promise<{ gap: boolean }> {
    return this.#resumes.resume(resumption);
  }

  close(): void {
    this.onAway();
    this.#settleReady?.reject(errors.connectionReset('The bus has been closed.'));
  }

  async #begin(api: Api, signal: AbortSignal): Promise<void> {
    const info = await this.#ensure(api, signal);
    if (info === undefined) return;
    if (this.#created !== '' && this.#created !== info.created) {
      this.#tell('All that NATS has kept has been lost there');
      this.#lost = Math.max(this.#lost, this.#tail.last ?? 0);
      this.#tail.last = 0;
    }
    this.#created = info.created;
    this.#pages.api = api;
    await this.#tail.follow(api, signal);
  }

  /** The stream as it is to be; undefined: it cannot be had, or the connection has gone. */
  async #ensure(api: Api, signal: AbortSignal): Promise<StreamInfo | undefined> {
    const config = streamConfig(this.#wire, this.pattern, this.limits);
    const startedMs = performance.now();
    let told = false;
    while (!signal.aborted) {
      const info = await ensureStream(api.jsm, config).catch((error: unknown) => {
        const isNew = !told && !signal.aborted;
        // It may be about to start.
        const mayPass = isTransient(error) && performance.now() - startedMs < START_MS;
        if (isNew && !mayPass) {
          told = true;
          const trouble = streamTrouble(error, this.pattern);
          this.#settleReady?.reject(trouble);
          this.#wire.tell(trouble);
        }
      });
      if (info !== undefined) return signal.aborted ? undefined : info;
      await sleep(told ? TOLD_MS : RETRY_MS, undefined, { signal }).catch(() => {});
    }
    return undefined;
  }

  #tell(what: string): void {
    this.#wire.tell(errors.sendFailed(`${what}: the history of ${this.pattern}.`));
  }
}
