// SPDX-License-Identifier: MIT

import { toId } from '../base/connection_id.js';
import { attempt } from '../base/promises.js';
import type { Bus } from '../bus/bus.js';
import { BusLink } from '../bus/bus_link.js';
import type { Publisher, PublishOptions } from '../sending/publisher.js';
import type { Data } from '../sending/sender.js';
import { ServerProperties } from './server_properties.js';

/** What a {@link WSServer} does with topics: one message to many. */
export abstract class ServerTopics extends ServerProperties {
  /** @internal */
  protected abstract readonly publisher: Publisher;
  #bus: Bus | undefined;

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
    this.#bus = bus;
    this.publisher.link =
      bus === undefined ? undefined : new BusLink(bus, this.core, this.publisher.deliver);
    this.listenersChanged();
    // From here on the core tells of others.
    for (const pattern of this.core.topics()) this.publisher.link?.onInterest(pattern, true);
  }

  /**
   * Subscribes a connection to a topic: tokens that dots separate, UTF-8 of up to 255 bytes without
   * blanks. In its stead may stand a pattern: the token `*` stands for any one token, `>` as the
   * last one for one or more. Fulfilled with whether it was not subscribed to that before.
   * @throws {@link WSServerError} 126 when there is no such connection, 10022 when that is no topic,
   * 10055 beyond MaxSubscriptions
   */
  subscribe(connectionId: number | string, topic: string): Promise<boolean> {
    return attempt(() => this.core.subscribe(toId(connectionId), topic));
  }

  /**
   * Ends a subscription. Fulfilled with whether there was one. Who ends is subscribed to nothing.
   * @throws {@link WSServerError} 126 and 10022 as {@link subscribe}
   */
  unsubscribe(connectionId: number | string, topic: string): Promise<boolean> {
    return attempt(() => this.core.unsubscribe(toId(connectionId), topic));
  }

  /**
   * Sends a message, text for a string, binary for bytes, to every connection that is subscribed to
   * what `topic` fits, once each. Fulfilled with how many it was put on the way to: a client that
   * does not take what it is sent is passed over, or disconnected, as SlowSubscribers says.
   * @throws {@link WSServerError} 10022 when that is no topic, has a wildcard, or the data is no data
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
