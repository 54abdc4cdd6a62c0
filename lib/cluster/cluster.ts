// SPDX-License-Identifier: MIT

import { bytesOf } from '../base/bytes.js';
import { checkNames, errors } from '../base/errors.js';
import { attempt, handled } from '../base/promises.js';
import { shown } from '../base/shown.js';
import type { NativeServer } from '../boundary/native.js';
import type { Bus } from '../bus/bus.js';
import type { Data, Sender } from '../sending/sender.js';
import { ClusterLink } from './cluster_link.js';
import { LocalNode } from './local_node.js';
import { type Counts, MOST_BESIDE, type Present } from './message.js';

/** What is counted of one node. */
export interface NodeCounts extends Counts {
  readonly nodeId: string;
}

/** One who is subscribed to a topic. */
export interface Member {
  /** The ConnectionUID. */
  readonly uid: string;
  /** The server that it is connected to. */
  readonly nodeId: string;
  /** What {@link WSConnection.presence} was when it was asked for; undefined: nothing. */
  readonly info: unknown;
}

/** Who is subscribed to a topic. */
export interface Presence {
  /** How many there are, of all nodes. */
  readonly count: number;
  /** Those of this node come first. */
  readonly members: readonly Member[];
}

/** What is asked for of who is subscribed. */
export interface PresenceOptions {
  /**
   * How many members each node tells of, up to 10,000; 0: only the count is of interest. A node tells
   * of no more than what has 512 KiB.
   * @defaultValue 1000
   */
  members?: number | undefined;
}

const FEW_MEMBERS = 1000;
const MOST_MEMBERS = 10_000;
/** RFC 6455 §5.5: of the 125 bytes of a control frame the code has two. */
const MOST_REASON = 123;

/** A server, and the others on its bus if it has joined one. */
export class Cluster {
  readonly #core: NativeServer;
  readonly #sender: Sender;
  readonly #node: LocalNode;
  #bus: Bus | undefined;
  #link: ClusterLink | undefined;

  /** `infoOf` gives what the application has attached to a connection, as JSON. */
  constructor(
    core: NativeServer,
    sender: Sender,
    infoOf: (connectionId: number) => string | undefined,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#node = new LocalNode(core, sender, infoOf);
  }

  get nodeId(): string {
    return this.#node.id;
  }

  /** Leaves the bus that it has joined, if it has, for this one. */
  join(bus: Bus | undefined): void {
    this.#link?.close();
    this.#bus = bus;
    this.#link = bus === undefined ? undefined : new ClusterLink(bus, this.#core, this.#node);
  }

  /** Says that it is there, now that the bus is ready. */
  announce(): void {
    this.#link?.announce();
  }

  /** See {@link WSServer.sendTo}. */
  sendTo(uid: string, data: Data): Promise<void> {
    const sent = attempt(() => {
      const message = typeof data === 'string' ? data : bytesOf(data);
      if (message === undefined) throw errors.noData();
      this.#requireRoom(message);
      const nodeId = nodeOf(uid);
      if (nodeId === this.nodeId) return this.#node.send(uid, message);
      const bytes = typeof message === 'string' ? Buffer.from(message) : message;
      const binary = typeof message !== 'string';
      return this.#linkFor(uid).ask(nodeId, { kind: 'send', uid, binary }, bytes);
    });
    // Perhaps nobody awaits it.
    sent.catch((error) => this.#sender.report(this.#core.idOf(shown(uid)), error));
    return sent;
  }

  /** See {@link WSServer.disconnectAt}. */
  disconnectAt(uid: string, code?: number, reason?: string): Promise<void> {
    return handled(
      attempt(() => {
        requireClose(code, reason);
        const nodeId = nodeOf(uid);
        if (nodeId === this.nodeId) return this.#node.disconnect(uid, code, reason);
        return this.#linkFor(uid).ask(nodeId, { kind: 'disconnect', uid, code, reason });
      }),
    );
  }

  /** See {@link WSServer.clusterCounts}. */
  async counts(): Promise<NodeCounts[]> {
    const counts = [{ nodeId: this.nodeId, ...this.#node.count() }];
    for (const [nodeId, answer] of (await this.#link?.askAll({ kind: 'count' })) ?? []) {
      if (answer.kind !== 'counted') continue;
      const { connections, subscribers, topics } = answer;
      counts.push({ nodeId, connections, subscribers, topics });
    }
    return counts;
  }

  /** See {@link WSServer.presence}. */
  async presence(topic: string, options: PresenceOptions | undefined): Promise<Presence> {
    if (options) checkNames(options, 'presence', ['members']);
    const most = options?.members ?? FEW_MEMBERS;
    if (!Number.isInteger(most) || most < 0 || most > MOST_MEMBERS) {
      throw errors.invalidArgument(`members is 0 to ${MOST_MEMBERS}, not ${shown(most)}.`);
    }
    const own = this.#node.presence(topic, most);
    let { count } = own;
    const members: Member[] = [];
    const add = (nodeId: string, present: Present): void => {
      for (const { uid, info } of present.members.slice(0, most))
        members.push({ uid, nodeId, info });
    };
    add(this.nodeId, own);
    const question = { kind: 'presence', topic, most } as const;
    for (const [nodeId, answer] of (await this.#link?.askAll(question)) ?? []) {
      if (answer.kind !== 'present') continue;
      count += answer.count;
      add(nodeId, answer);
    }
    return { count, members };
  }

  /** What is sent must find room on the bus, wherever the client is: nodes are not to differ. */
  #requireRoom(message: string | Uint8Array): void {
    const { maxPayload } = this.#bus ?? {};
    if (maxPayload === undefined || Buffer.byteLength(message) + MOST_BESIDE <= maxPayload) return;
    throw errors.messageTooLong(
      `sendTo takes up to ${maxPayload - MOST_BESIDE} bytes, for what the bus takes: send less.`,
    );
  }

  #linkFor(uid: string): ClusterLink {
    if (this.#link !== undefined) return this.#link;
    throw errors.notConnected(uid);
  }
}

/**
 * What cannot be said to another node is no Close either; whether it is one, the core says.
 * @throws 10022
 */
function requireClose(code: unknown, reason: unknown): void {
  const isCode = code === undefined || (Number.isSafeInteger(code) && Number(code) >= 0);
  const isText = typeof reason === 'string' && Buffer.byteLength(reason) <= MOST_REASON;
  if (isCode && (reason === undefined || isText)) return;
  throw errors.invalidArgument(
    `A Close has a code, and a reason that is a string of up to ${MOST_REASON} bytes.`,
  );
}

/** The node that a uid is of. @throws 126 when that is no uid */
function nodeOf(uid: string): string {
  const text = shown(uid);
  const nodeId = /^([0-9a-f]{1,16})-[0-9a-f]{1,16}$/.exec(text)?.[1];
  if (nodeId === undefined) throw errors.notConnected(text);
  return nodeId;
}
