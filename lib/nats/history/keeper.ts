// SPDX-License-Identifier: MIT

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { errors } from '../../base/errors.js';
import { shown } from '../../base/shown.js';
import { MOST_WAITING, OVERHEAD } from '../../bus/bounds.js';
import { TAG } from './kept_message.js';
import { isTransient } from './stream_setup.js';

/** So many are on their way to NATS at once. */
const MOST_UNDER_WAY = 500;
/** NATS says within so long that it has kept something, in ms. */
const ACK_MS = 5000;
const PATIENCE_MS = 30_000;
const RETRY_MS = 200;
/** A message comes back so long after it has been kept at the latest, in ms. */
const ARRIVAL_MS = 5000;

/** What has been kept. */
export interface Kept {
  readonly id: string;
  /** To how many connections of this server it was put on the way. */
  readonly count: number;
}

/** What is to be kept. */
export interface Order {
  /** That of NATS. */
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: MsgHdrs;
  /** A connection of this server that does not get it. */
  readonly except: number | undefined;
}

interface Item extends Order {
  readonly number: number;
  readonly tag: string;
  readonly startedMs: number;
  readonly resolve: (kept: Kept) => void;
  readonly reject: (error: unknown) => void;
  /** When it has come back: to how many it was put on the way. */
  arrived: Promise<number> | undefined;
  /** How often it has been sent. */
  attempts: number;
  onArrived: () => void;
}

const sizeOf = ({ payload }: Order): number => payload.byteLength + OVERHEAD;

/**
 * Has NATS keep what is published, in order. What NATS has not confirmed when it goes is sent again:
 * it knows by its tag what it has had already.
 */
export class Keeper {
  readonly #sender = randomBytes(9).toString('base64url');
  readonly #items = new Map<string, Item>();
  /** In order, from #next on. */
  #waiting: Item[] = [];
  #next = 0;
  readonly #underWay = new Set<Item>();
  #bytes = 0;
  #lastNumber = 0;
  /** Undefined while NATS is away. */
  #js: JetStreamClient | undefined;
  /** Something has failed: until one has got through, they go one by one. */
  #isCareful = false;
  #isRetrying = false;
  #isClosed = false;
  readonly #patienceMs: number;

  /** It is tried for `patienceMs`: NATS is to know for longer what it has had already. */
  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  /** @throws {@link WSServerError} 10055 when too much waits, 10060 when NATS is away for too long */
  publish(order: Order): Promise<Kept> {
    if (this.#isClosed) throw errors.connectionReset('The bus has been closed.');
    if (this.#bytes + sizeOf(order) > MOST_WAITING) {
      throw errors.noBufferSpace(
        `${MOST_WAITING} bytes wait already for NATS to keep them: await what publish() returns.`,
      );
    }
    const number = ++this.#lastNumber;
    const tag = `${this.#sender}.${number}`;
    order.headers.set(TAG, tag);
    this.#bytes += sizeOf(order);
    return new Promise((resolve, reject) => {
      const startedMs = performance.now();
      const some = { attempts: 0, arrived: undefined, onArrived: () => {} };
      const item: Item = { ...order, number, tag, startedMs, resolve, reject, ...some };
      this.#items.set(tag, item);
      this.#waiting.push(item);
      if (this.#js === undefined) void this.#retry();
      else this.#send();
    });
  }

  /** One of ours has come back: whom it is not for, and what to tell to how many it goes. */
  find(
    tag: string,
  ): { readonly except: number | undefined; arrive(count: Promise<number>): void } | undefined {
    const item = this.#items.get(tag);
    if (item === undefined) return undefined;
    const arrive = (count: Promise<number>): void => {
      item.arrived = count;
      item.onArrived();
    };
    return { except: item.except, arrive };
  }

  onConnected(js: JetStreamClient): void {
    this.#js = js;
    this.#send();
  }

  /** NATS has gone: whether it has had what is under way, nobody knows. */
  onAway(): void {
    this.#js = undefined;
    this.#takeBack([...this.#underWay]);
  }

  close(): void {
    this.#isClosed = true;
    this.onAway();
    for (let item = this.#shift(); item !== undefined; item = this.#shift()) {
      this.#fail(item, errors.connectionReset('The bus has been closed.'));
    }
  }

  #send(): void {
    const js = this.#js;
    const most = this.#isCareful ? 1 : MOST_UNDER_WAY;
    while (js !== undefined && this.#underWay.size < most) {
      const item = this.#shift();
      if (item === undefined) return;
      this.#underWay.add(item);
      const attempt = ++item.attempts;
      const { subject, payload, headers } = item;
      js.publish(subject, payload, { headers, timeout: ACK_MS }).then(
        ({ seq }) => this.#onKept(item, seq),
        (error: unknown) => {
          if (attempt === item.attempts) this.#onFailed(item, error);
        },
      );
    }
  }

  #onKept(item: Item, sequence: number): void {
    // It may have been taken back, and wait to be sent again.
    if (!this.#underWay.delete(item)) return;
    this.#isCareful = false;
    this.#bytes -= sizeOf(item);
    void this.#settle(item, String(sequence));
    this.#send();
  }

  async #settle(item: Item, id: string): Promise<void> {
    if (item.arrived === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ARRIVAL_MS);
        timer.unref();
        item.onArrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#items.delete(item.tag);
    item.resolve({ id, count: await (item.arrived ?? 0) });
  }

  #onFailed(item: Item, error: unknown): void {
    if (!this.#underWay.has(item)) return;
    if (isTransient(error)) {
      this.#takeBack([item]);
      return;
    }
    this.#underWay.delete(item);
    this.#fail(item, errors.sendFailed(`NATS does not keep it: ${shown(error)}`, { cause: error }));
    this.#send();
  }

  #fail(item: Item, error: unknown): void {
    this.#bytes -= sizeOf(item);
    this.#items.delete(item.tag);
    item.reject(error);
  }

  /** They go once more, in the order in which they came. */
  #takeBack(items: readonly Item[]): void {
    if (items.length > 0) this.#isCareful = true;
    for (const item of items) this.#underWay.delete(item);
    const waiting = this.#waiting.slice(this.#next);
    this.#waiting = [...items, ...waiting].sort((a, b) => a.number - b.number);
    this.#next = 0;
    void this.#retry();
  }

  /** Tries again until all has been sent, and gives up what has waited for too long. */
  async #retry(): Promise<void> {
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    while (this.#next < this.#waiting.length) {
      await sleep(RETRY_MS);
      const now = performance.now();
      for (;;) {
        const item = this.#waiting[this.#next];
        if (item === undefined || now - item.startedMs < this.#patienceMs) break;
        this.#shift();
        this.#fail(
          item,
          errors.timedOut('NATS has not said that it has kept it: publish it again later.'),
        );
      }
      this.#send();
    }
    this.#isRetrying = false;
  }

  /** Takes the first of those that wait. */
  #shift(): Item | undefined {
    const item = this.#waiting[this.#next];
    if (item === undefined) return undefined;
    this.#next++;
    if (this.#next === this.#waiting.length || this.#next > 1000) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }
}
