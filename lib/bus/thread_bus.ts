// SPDX-License-Identifier: MIT

import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import { MOST_WAITING, OVERHEAD } from './bounds.js';
import type { Bus, BusHandler } from './bus.js';
import { Interests } from './interests.js';
import { type Change, Subscriptions } from './subscriptions.js';

/** On the channel that all have: who comes, who has been there, who goes. */
interface Presence {
  readonly kind: 'hello' | 'here' | 'bye';
  readonly from: string;
  /** Whom it is for; empty: all. */
  readonly to: string;
}

/** On the channel that two have. */
type Said =
  /** The channel is open at both ends. */
  | { readonly kind: 'ready' }
  | { readonly kind: Change; readonly subject: string }
  | { readonly kind: 'publish'; readonly subject: string; readonly bytes: Uint8Array }
  /** So many bytes of what has been published have come. */
  | { readonly kind: 'taken'; readonly size: number };

/** Another bus of the same name. */
interface Other {
  readonly id: string;
  readonly channel: BroadcastChannel;
  readonly subjects: Set<string>;
  /** Bytes that are on the way to it. */
  waiting: number;
  /** Bytes that have come from it, which it has not been told yet. */
  taken: number;
}

/** A channel that does not keep its thread alive. */
function openChannel<Message>(
  name: string,
  onMessage: (message: Message) => void,
): BroadcastChannel {
  const channel = new BroadcastChannel(name);
  channel.onmessage = (event: unknown) => onMessage((event as { data: Message }).data);
  channel.unref();
  return channel;
}

/**
 * The bus between the threads of a process: each makes one of the same name. Two know each other
 * when their loops have had a few turns; what is published before does not get there. A thread that
 * is terminated without {@link close} is taken for one that is slow.
 */
export class ThreadBus implements Bus {
  readonly #name: string;
  readonly #id = randomUUID();
  readonly #presence: BroadcastChannel;
  readonly #others = new Map<string, Other>();
  readonly #interests = new Interests<Other>();
  readonly #subscriptions = new Subscriptions((kind, subject) => {
    for (const other of this.#others.values()) this.#say(other, { kind, subject });
  });
  #lost = 0;
  #closed = false;

  constructor(name = 'default') {
    this.#name = `native-wsserver ${name}`;
    this.#presence = openChannel<Presence>(this.#name, (message) => this.#meet(message));
    this.#tell('hello', '');
  }

  get lost(): number {
    return this.#lost;
  }

  publish(subject: string, bytes: Uint8Array): void {
    const size = bytes.byteLength + OVERHEAD;
    // All of the memory that it is a view of would be copied.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    for (const other of this.#interests.of(subject)) {
      if (other.waiting + size > MOST_WAITING) {
        this.#lost++;
      } else {
        other.waiting += size;
        this.#say(other, { kind: 'publish', subject, bytes: own });
      }
    }
  }

  subscribe(subject: string, handler: BusHandler): () => void {
    return this.#subscriptions.add(subject, handler);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tell('bye', '');
    for (const other of this.#others.values()) this.#leave(other);
    this.#presence.close();
  }

  #tell(kind: Presence['kind'], to: string): void {
    this.#presence.postMessage({ kind, from: this.#id, to } satisfies Presence);
  }

  #say({ channel }: Other, said: Said): void {
    channel.postMessage(said);
  }

  #meet({ kind, from, to }: Presence): void {
    if (to !== '' && to !== this.#id) return;
    if (kind === 'bye') {
      const other = this.#others.get(from);
      if (other !== undefined) this.#leave(other);
      return;
    }
    // Only the two have it, so that no other thread is woken for what is said there.
    const pair = [this.#id, from].sort().join(' ');
    const other: Other = {
      id: from,
      channel: openChannel<Said>(`${this.#name} ${pair}`, (said) => this.#take(other, said)),
      subjects: new Set(),
      waiting: 0,
      taken: 0,
    };
    this.#others.set(from, other);
    if (kind === 'hello') {
      this.#tell('here', from);
    } else {
      // It has opened the channel before it said that it is here.
      this.#say(other, { kind: 'ready' });
      this.#announce(other);
    }
  }

  #announce(other: Other): void {
    for (const subject of this.#subscriptions.subjects()) {
      this.#say(other, { kind: 'subscribe', subject });
    }
  }

  #leave(other: Other): void {
    for (const subject of other.subjects) this.#interests.remove(subject, other);
    other.channel.close();
    this.#others.delete(other.id);
  }

  #take(other: Other, said: Said): void {
    if (said.kind === 'publish') {
      this.#noteTaken(other, said.bytes.byteLength + OVERHEAD);
      this.#subscriptions.deliver(said.subject, said.bytes);
    } else if (said.kind === 'taken') {
      other.waiting -= said.size;
    } else if (said.kind === 'ready') {
      this.#announce(other);
    } else if (said.kind === 'unsubscribe') {
      if (other.subjects.delete(said.subject)) this.#interests.remove(said.subject, other);
    } else if (!other.subjects.has(said.subject)) {
      other.subjects.add(said.subject);
      this.#interests.add(said.subject, other);
    }
  }

  /** What has come within a turn is told of together. */
  #noteTaken(other: Other, size: number): void {
    if (other.taken === 0) {
      setImmediate(() => {
        if (this.#others.has(other.id)) this.#say(other, { kind: 'taken', size: other.taken });
        other.taken = 0;
      });
    }
    other.taken += size;
  }
}
