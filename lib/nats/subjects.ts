// SPDX-License-Identifier: MIT

import { errors } from '../base/errors.js';

/** What a token of NATS may not have, or its client does not take; and what begins an escape. */
const ESCAPED = /[%\s]/g;
const PREFIX = /^[^\s.*>]+(\.[^\s.*>]+)*$/;

const escaped = (subject: string): string => subject.replace(ESCAPED, encodeURIComponent);

/**
 * Our subjects as those of NATS: behind a prefix, and with blanks of Unicode, which topics may have,
 * as their UTF-8 in percents (`%C2%A0`); so is the percent sign (`%25`).
 */
export class Subjects {
  readonly #prefix: string;

  /** @throws {@link WSServerError} 10022 when that is no prefix */
  constructor(prefix: string) {
    if (!PREFIX.test(prefix)) {
      throw errors.invalidArgument(
        'The prefix of a bus is tokens that dots separate, without blanks, * and >.',
      );
    }
    this.#prefix = `${prefix}.`;
  }

  /** That of NATS. */
  outside(subject: string): string {
    return this.#prefix + escaped(subject);
  }

  /** Our own; undefined: it is none of ours. */
  inside(subject: string): string | undefined {
    const rest = subject.slice(this.#prefix.length);
    if (!rest.includes('%')) return rest;
    try {
      const ours = decodeURIComponent(rest);
      return escaped(ours) === rest ? ours : undefined;
    } catch {
      return undefined;
    }
  }
}
