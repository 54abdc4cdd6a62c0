// SPDX-License-Identifier: MIT

import { toId } from '../base/connection_id.js';
import { attempt } from '../base/promises.js';
import type { Bus } from '../bus/bus.js';
import { BusLink } from '../bus/bus_link.js';
import type { Publisher, PublishOptions } from '../sending/publisher.js';
import type { Data } from '../sending/sender.js';
import type { SubscribeOptions, Subscriber } from '../sending/subscriber.js';
import { ServerProperties } from './server_properties.js';

/** What a {@link WSServer} does with topics: one message to many. */
export abstract class ServerTopics extends ServerProperties {
  /** @internal */
  protected abstract readonly publisher: Publisher;
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
    this.publisher.link?.close();
    this.#detach?.();
    this.#bus = bus;
    this.subscriber.history = bus?.history;
    this.#detach = bus?.history?.attach({
      deliver: (publication) => this.publisher.deliver(publication),
    });
    this.publisher.link = bus === undefined ? undefined : new BusLink(bus, this.core);
    this.listenersChanged();
    // From here on the core tells of others.
    for (const pattern of this.core.topics()) this.publisher.link?.onInterest(pattern, true);
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
}
