// SPDX-License-Identifier: MIT

import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamInfo } from '@nats-io/jetstream';
import { errors } from '../../base/errors.js';
import { handled } from '../../base/promises.js';
import { catchUp } from './catch_up.js';
import { type HistoryLimits, streamConfig } from './history_options.js';
import type { KeptMessage, Wire } from './kept_message.js';
import { LiveWindow } from './live_window.js';
import { type Api, Pages } from './pages.js';
import { covers, overlap } from './patterns.js';
import { Resumes, type Resumption } from './resumes.js';
import { ensureStream, isTransient, streamTrouble } from './stream_setup.js';

/** What comes live while the clients of this server catch up, in bytes. */
const WINDOW_BYTES = 16 << 20;
/** They are given so many bytes in a turn: more might be too much for their queues. */
const TURN_BYTES = 64 << 10;
const RETRY_MS = 200;
/** A message comes live so long after it has been stored at the latest, in ms. */
const LIVE_MS = 1000;

/** Takes a message for all clients of this server. */
export type Deliver = (message: KeptMessage, limits: HistoryLimits) => void;

/** The history of the topics that fit a pattern. */
export class KeptStream {
  readonly pattern: string;
  readonly limits: HistoryLimits;
  readonly name: string;
  /** Fulfilled when the stream is there; rejected when it cannot be had. */
  readonly ready: Promise<void>;
  readonly #wire: Wire;
  readonly #deliver: Deliver;
  readonly #pages: Pages;
  readonly #resumes: Resumes;
  #settleReady: { resolve(): void; reject(error: unknown): void } | undefined;
  /** Since the connection has come to be; aborted when it goes. */
  #connected: AbortController | undefined;
  /** The last that the clients have been given. */
  #last = 0;
  /** What has been stored up to here, they have had live, or nobody had asked for it. */
  #floor = 0;
  #floorRises = false;
  #hasNewInterest = false;
  /** Has what comes live while they catch up. */
  #window: LiveWindow | undefined;
  #wasConnected = false;

  constructor(wire: Wire, pattern: string, limits: HistoryLimits, deliver: Deliver) {
    this.pattern = pattern;
    this.limits = limits;
    this.name = streamConfig(wire, pattern, limits).name;
    this.#wire = wire;
    this.#deliver = deliver;
    this.#pages = new Pages(this.name, wire);
    this.#resumes = new Resumes(this.#pages, (topics) => wire.bring(topics));
    this.ready = handled(
      new Promise((resolve, reject) => {
        this.#settleReady = { resolve, reject };
      }),
    );
  }

  /** NATS is there, or there again. */
  onConnected(api: Api): void {
    const connected = new AbortController();
    this.#connected = connected;
    this.#pages.api = api;
    void this.#begin(api, connected.signal);
  }

  onAway(): void {
    this.#connected?.abort();
    this.#connected = undefined;
    this.#pages.api = undefined;
    // What will have been missed comes first.
    if (this.#wasConnected) this.#window = new LiveWindow(WINDOW_BYTES);
  }

  /** NATS is asked for what is published to a pattern from now on. */
  onInterest(pattern: string): void {
    const { api } = this.#pages;
    const signal = this.#connected?.signal;
    if (api === undefined || signal === undefined || !overlap(pattern, this.pattern)) return;
    this.#hasNewInterest = true;
    if (!this.#floorRises) void this.#raiseFloor(api, signal);
  }

  /** A message has come live. */
  take(message: KeptMessage): void {
    this.#resumes.take(message);
    if (this.#window !== undefined) this.#window.push(message);
    else if (message.sequence > this.#last) this.#give(message);
  }

  /** See {@link History.resume}. */
  resume(resumption: Resumption): Promise<{ gap: boolean }> {
    return this.#resumes.resume(resumption);
  }

  close(): void {
    this.onAway();
    this.#settleReady?.reject(errors.connectionReset('The bus has been closed.'));
  }

  #give(message: KeptMessage): void {
    this.#last = message.sequence;
    this.#deliver(message, this.limits);
  }

  async #begin(api: Api, signal: AbortSignal): Promise<void> {
    const info = await this.#ensure(api, signal);
    if (signal.aborted) return;
    const wasConnected = this.#wasConnected;
    if (info !== undefined) {
      this.#wasConnected = true;
      if (!wasConnected) {
        this.#floor = info.state.last_seq;
      } else if (this.#interest().length === 0) {
        this.#floor = info.state.last_seq;
        this.#last = this.#floor;
        this.#window = undefined;
      }
    } else {
      // What has been missed cannot be known.
      this.#window = undefined;
    }
    if (this.#window !== undefined) await this.#catchUp(this.#window, signal);
  }

  /** The stream as it is to be; undefined: it cannot be had, or the connection has gone. */
  async #ensure(api: Api, signal: AbortSignal): Promise<StreamInfo | undefined> {
    const config = streamConfig(this.#wire, this.pattern, this.limits);
    for (let told = false; !signal.aborted; ) {
      try {
        const info = await ensureStream(api.jsm, config);
        this.#settleReady?.resolve();
        return info;
      } catch (error) {
        if (signal.aborted) return undefined;
        const trouble = streamTrouble(error, this.pattern);
        this.#settleReady?.reject(trouble);
        if (!told) this.#wire.tell(trouble);
        told = true;
        if (!isTransient(error)) return undefined;
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    return undefined;
  }

  /** Gives the clients what they have missed, and goes on with what comes live. */
  async #catchUp(window: LiveWindow, signal: AbortSignal): Promise<void> {
    let turnBytes = 0;
    const follower = {
      window,
      read: async (after: number) => {
        for (;;) {
          signal.throwIfAborted();
          try {
            return await this.#pages.read(this.#filter(), after);
          } catch {
            await sleep(RETRY_MS, undefined, { signal });
          }
        }
      },
      onBreak: (after: number, from: number) => {
        if (from <= after) this.#floor = 0;
        const what = from > after ? 'What was kept longest ago is' : 'All that was kept before is';
        this.#wire.tell(
          errors.sendFailed(
            `${what} not kept any more of ${this.pattern}: clients have missed it.`,
          ),
        );
      },
      take: (message: KeptMessage) => {
        signal.throwIfAborted();
        this.#give(message);
        turnBytes += message.payload.byteLength;
        if (turnBytes < TURN_BYTES) return undefined;
        turnBytes = 0;
        return new Promise<void>((resolve) => setImmediate(resolve));
      },
      wait: (taken: Promise<void>) => taken.then(() => false),
    };
    try {
      await catchUp(follower, Math.max(this.#last, this.#floor), (last) => {
        signal.throwIfAborted();
        this.#last = last;
        this.#window = undefined;
      });
    } catch {
      // The connection has gone: the next one begins anew.
    }
  }

  /** The patterns that NATS is asked for, as far as they have to do with this one. */
  #interest(): string[] {
    return this.#wire.brought().filter((pattern) => overlap(pattern, this.pattern));
  }

  /** What is to be read: a reader has one filter. */
  #filter(): string {
    const [one, ...others] = this.#interest();
    const isOne = one !== undefined && others.length === 0 && covers(this.pattern, one);
    return isOne ? one : this.pattern;
  }

  /**
   * Somebody who asks for a pattern now is not to get what was published to it before, when all
   * catch up: what has been stored by now has come live in a while, or nobody had asked for it.
   */
  async #raiseFloor(api: Api, signal: AbortSignal): Promise<void> {
    this.#floorRises = true;
    while (this.#hasNewInterest && !signal.aborted) {
      this.#hasNewInterest = false;
      try {
        const { state } = await api.jsm.streams.info(this.name);
        await sleep(LIVE_MS, undefined, { signal, ref: false });
        if (this.#window === undefined) this.#floor = Math.max(this.#floor, state.last_seq);
      } catch {
        // It will be asked again for the next one.
      }
    }
    this.#floorRises = false;
  }
}
