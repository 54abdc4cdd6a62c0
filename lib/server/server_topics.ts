// SPDX-License-Identifier: MIT

import { toId } from '../base/connection_id.js';
import { errors } from '../base/errors.js';
import { attempt, handled } from '../base/promises.js';
import type { Statistics } from '../boundary/native.js';
import type { Bus } from '../bus/bus.js';
import { BusLink } from '../bus/bus_link.js';
import type { Cluster, NodeCounts, Presence, PresenceOptions } from '../cluster/cluster.js';
import type { Delivery, Diversion } from '../receiving/delivery.js';
import type { Envelopes, Publisher, PublishOptions } from '../sending/publisher.js';
import type { Data } from '../sending/sender.js';
import type { SubscribeOptions, Subscriber } from '../sending/subscriber.js';
import { ServerProperties } from './server_properties.js';

/** @throws {@link WSServerError} 10022 for what is none */
function requireBus(bus: Partial<Bus> | null | undefined): void {
  if (typeof bus?.subscribe === 'function' && typeof bus.publish === 'function') return;
  throw errors.invalidArgument('A bus is what natsBus() returns, or a ThreadBus: give one.');
}

/** What a {@link WSServer} does with topics: one message to many. */
export abstract class ServerTopics extends ServerProperties {
  /** @internal */
  protected abstract readonly delivery: Delivery;
  /** @internal */
  protected abstract readonly publisher: Publisher;
  /** @internal */
  protected abstract readonly cluster: Cluster;
  /** @internal */
  protected abstract readonly subscriber: Subscriber;
  #bus: Bus | undefined;
  #detach: (() => void) | undefined;

  /**
   * What takes that which is published to the servers of other processes, threads or machines, and
   * brings theirs: {@link publish} and {@link broadcast} reach the clients of all whose bus is
   * connected with it. A bus belongs to one server. The numbers that both promise are of this server
   * alone, and `except` is one of its connections. Undefined: there is none.
   * @defaultValue undefined
   */
  get bus(): Bus | undefined {
    return this.#bus;
  }

  set bus(bus: Bus | undefined) {
    if (bus !== undefined) requireBus(bus);
    this.publisher.link?.close();
    this.#detach?.();
    this.#bus = bus;
    this.subscriber.history = bus?.history;
    this.#detach = bus?.history?.attach(this.publisher);
    this.publisher.link =
      bus === undefined ? undefined : new BusLink(bus, this.core, this.publisher.deliver);
    this.cluster.join(bus);
    this.listenersChanged();
    // From here on the core tells of others.
    for (const pattern of this.core.topics()) this.publisher.link?.onInterest(pattern, true);
  }

  /** What has been counted since the server was made. */
  get statistics(): Statistics {
    const { listening: _, idle: __, opening: ___, ...counted } = this.core.state();
    return { ...counted, busLost: this.#bus?.lost ?? 0 };
  }

  /**
   * Subscribes a connection to a topic: tokens that dots separate, UTF-8 of up to 255 bytes without
   * blanks. In its stead may stand a pattern: the token `*` stands for any one token, `>` as the
   * last one for one or more. Fulfilled with whether it was not subscribed to that before.
   *
   * With `since` it is sent first what has been kept since then, and gets after that what is new:
   * everything once, in order. It is fulfilled when the one ends and the other begins. A client that is
   * subscribed to that already gets nothing. What is not kept any more, the event Gap tells.
   * @throws {@link WSServerError} 126 when there is no such connection, 10022 when that is no topic, or
   * nothing is kept of it, or no message has the id `since`, 10055 beyond MaxSubscriptions, 10037 when it
   * catches up with that already, 10004 when that ends by {@link unsubscribe}, 10060 when what is kept
   * cannot be had
   */
  subscribe(
    connectionId: number | string,
    topic: string,
    options?: SubscribeOptions,
  ): Promise<boolean> {
    return attempt(() => this.subscriber.subscribe(toId(connectionId), topic, options));
  }

  /**
   * Ends a subscription. Fulfilled with whether there was one. Who ends is subscribed to nothing.
   * @throws {@link WSServerError} 126 and 10022 as {@link subscribe}
   */
  unsubscribe(connectionId: number | string, topic: string): Promise<boolean> {
    return attempt(() => this.subscriber.unsubscribe(toId(connectionId), topic));
  }

  /**
   * Sends a message, text for a string, binary for bytes, to every connection that is subscribed to
   * what `topic` fits, once each. Fulfilled with how many it was put on the way to: a client that
   * does not take what it is sent is passed over, or disconnected, as SlowSubscribers says.
   *
   * With `keep` it is kept before that, for those who come back; then it comes in one order to all.
   * @throws {@link WSServerError} 10022 when that is no topic, has a wildcard, or the data is no data;
   * when it is to be kept and nothing is kept of that topic; 10040 when the bus does not take so much;
   * 10055 when too much waits to be kept, 10060 when it could not be kept in time
   */
  publish(topic: string, data: Data, options?: PublishOptions): Promise<number> {
    return attempt(() => this.publisher.publish(topic, data, options));
  }

  /** The same to all who are connected. */
  broadcast(data: Data, options?: PublishOptions): Promise<number> {
    return attempt(() => this.publisher.broadcast(data, options));
  }

  /**
   * How many connections are subscribed to what `topic` fits.
   * @throws {@link WSServerError} 10022 when that is no topic, or has a wildcard
   */
  subscriberCount(topic: string): number {
    return this.core.subscriberCount(topic);
  }

  /** The topics and patterns that somebody is subscribed to, sorted. */
  topics(): string[] {
    return this.core.topics();
  }

  // With the servers on one bus, the nodes of a cluster.

  /** What this server is called among all: what its ConnectionUIDs begin with. */
  get nodeId(): string {
    return this.cluster.nodeId;
  }

  /**
   * Sets {@link bus}, and is fulfilled when the bus is connected with the others. A server that has
   * joined one leaves it. If it is rejected, the server has joined all the same, for the bus may try
   * again: `server.bus = undefined` leaves it.
   * @throws {@link WSServerError} what the bus says; over NATS 10061 when no server of it answers, 10013
   * when none accepts who this is, 276 when TLS fails
   */
  async join(bus: Bus): Promise<void> {
    requireBus(bus);
    this.bus = bus;
    await bus.ready?.();
    if (this.bus === bus) this.cluster.announce();
  }

  /**
   * Sends a message, text for a string, binary for bytes, to the client of a
   * {@link WSConnection.connectionUID}, whichever server on the {@link bus} it is connected to.
   * Fulfilled when that server has put it into the client's queue, as {@link send} does without a
   * timeout. Messages of one server to one client keep their order. If nothing has answered within
   * 2 seconds, that is error 126: that server is gone, or so slow that it may send it yet.
   * @throws {@link WSServerError} 126 when there is no such connection, 10035 when its queue is full or
   * the bus takes no more, 10022 for what is no data, 10040 when it is more than the bus takes, 10055
   * when 65,536 wait for answers
   */
  sendTo(connectionUID: string, data: Data): Promise<void> {
    return this.cluster.sendTo(connectionUID, data);
  }

  /**
   * Starts to close the connection of a {@link WSConnection.connectionUID}, as
   * {@link WSConnection.close} does, wherever it is. Fulfilled when its server has begun.
   * @throws {@link WSServerError} 126, 10035 and 10055 as {@link sendTo}; 10022 as
   * {@link WSConnection.close}
   */
  disconnectAt(connectionUID: string, code?: number, reason?: string): Promise<void> {
    return this.cluster.disconnectAt(connectionUID, code, reason);
  }

  /**
   * How many connections, subscribers and topics each server on the {@link bus} has; this one comes
   * first. Fulfilled when all have answered that were heard of late, which takes 1 second at most: who
   * does not answer is left out.
   */
  clusterCounts(): Promise<NodeCounts[]> {
    return handled(this.cluster.counts());
  }

  /**
   * How many connections of all servers on the {@link bus} are subscribed to what `topic` fits, and
   * who they are: see {@link WSConnection.presence}. Fulfilled as {@link clusterCounts} is.
   * @throws {@link WSServerError} 10022 when that is no topic, or has a wildcard, or for a number of
   * members that cannot be
   */
  presence(topic: string, options?: PresenceOptions): Promise<Presence> {
    return handled(this.cluster.presence(topic, options));
  }

  /**
   * Has the connections that agree on the subprotocol `name` served by `protocol`.
   * @internal
   */
  serveProtocol(name: string, protocol: Diversion & Envelopes): Publisher {
    this.publisher.envelopes = protocol;
    this.core.setEnvelopeProtocol(name);
    this.delivery.divert(protocol);
    return this.publisher;
  }
}
