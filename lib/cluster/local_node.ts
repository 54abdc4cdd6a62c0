// SPDX-License-Identifier: MIT
// What a node answers, be it asked by itself or by others.

import { errors } from '../base/errors.js';
import { shown } from '../base/shown.js';
import type { NativeServer } from '../boundary/native.js';
import { Opcode } from '../boundary/outbox.js';
import { propertyIndex } from '../boundary/property_index.js';
import type { Sender } from '../sending/sender.js';
import type { Counts, Present } from './message.js';

const CONNECTION_UID = propertyIndex('ConnectionUID');

/** What a node tells of who is subscribed has at most so many bytes. */
const MOST_BYTES = 512 << 10;
/** What a member costs beside its info, in bytes. */
const BESIDE_INFO = 64;

/** A server as one node among others. */
export class LocalNode {
  readonly #core: NativeServer;
  readonly #sender: Sender;
  readonly #infoOf: (connectionId: number) => string | undefined;

  /** `infoOf` gives what the application has attached to a connection, as JSON. */
  constructor(
    core: NativeServer,
    sender: Sender,
    infoOf: (connectionId: number) => string | undefined,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#infoOf = infoOf;
  }

  /** What the uids of its connections begin with. */
  get id(): string {
    return this.#core.nodeId();
  }

  /**
   * Puts a message, text for a string, into a client's queue. What becomes of it there is not waited
   * for. @throws 126, and as {@link Sender.begin}
   */
  send(uid: string, data: string | Uint8Array): void {
    const opcode = typeof data === 'string' ? Opcode.text : Opcode.binary;
    this.#sender.begin(this.#idOf(uid), opcode, data);
  }

  /** Starts to close a connection. @throws 126, and as {@link NativeServer.disconnect} */
  disconnect(uid: string, code: number | undefined, reason: string | undefined): void {
    this.#core.disconnect(this.#idOf(uid), code, reason);
  }

  count(): Counts {
    return { connections: this.#core.state().connections, ...this.#core.countTopics() };
  }

  /**
   * Who is subscribed to what `topic` fits: up to `most` members, and no more than what has
   * `mostBytes`.
   * @throws 10022 when that is no topic
   */
  presence(topic: string, most: number, mostBytes = MOST_BYTES): Present {
    const ids = this.#core.subscribers(topic);
    const members: { uid: string; info?: unknown }[] = [];
    let left = Math.min(mostBytes, MOST_BYTES);
    for (const id of ids.subarray(0, most)) {
      const uid = this.#core.getProperty(id, CONNECTION_UID);
      const info = this.#infoOf(id);
      left -= BESIDE_INFO + Buffer.byteLength(info ?? '');
      if (left < 0) break;
      members.push(info === undefined ? { uid } : { uid, info: JSON.parse(info) });
    }
    return { count: ids.length, members };
  }

  #idOf(uid: string): number {
    const id = this.#core.idOf(uid);
    if (id === 0) throw errors.notConnected(shown(uid));
    return id;
  }
}
