// SPDX-License-Identifier: MIT

import type { Publication } from './publication.js';

/** What keeps publications, for those who come back. */
export interface History {
  /** Whether there is a history of all that fits `topic`. */
  keeps(topic: string): boolean;
  /**
   * The id behind which all that fits `topic` is still to come live, in this turn; undefined: not known,
   * or nothing has ever been kept.
   */
  newestId?(topic: string): string | undefined;
  /** Says to whom live messages go that have been kept; what is returned ends that. */
  attach(receiver: Receiver): () => void;
  /**
   * Keeps it; fulfilled when it is kept, with its id and with how many own connections it was put on
   * the way to. It comes to the own clients as to all others', with its id. Rejected with 10060 when it
   * cannot be kept in time; then nobody knows whether it has been.
   * @throws {@link WSServerError} 10055 when too much waits to be kept
   */
  publish(
    topic: string,
    kind: number,
    payload: Uint8Array,
    except?: number,
  ): Promise<{ readonly id: string; readonly count: number }>;
  /**
   * Gives what came after `since`, in order, to `take`, then calls `joined` in the very turn from
   * which on the live messages have all that comes later: no doubles, no gaps. What `take` returns is
   * waited for. Fulfilled with whether what is missing in between is not kept any more: `onGap` is
   * told before, with the id from which on all is. `since` may be '0': all that is kept.
   * `signal` ends it, and the promise is rejected with its reason.
   * @throws {@link WSServerError} 10022 when no message has that id, or there is no such history;
   * 10060 when it cannot be had
   */
  resume(
    pattern: string,
    since: string,
    take: (publication: Publication) => Promise<void> | void,
    joined: () => void,
    signal: AbortSignal,
    onGap?: (firstId: string) => void,
  ): Promise<{ gap: boolean }>;
}

/** The clients of a server. */
export interface Receiver {
  /** Fulfilled with how many it was put on the way to. */
  deliver(publication: Publication): Promise<number>;
}
