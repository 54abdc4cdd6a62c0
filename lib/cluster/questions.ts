// SPDX-License-Identifier: MIT

import { errors } from '../base/errors.js';
import type { Answer } from './message.js';
import { MOST_NODES } from './other_nodes.js';

/** So many questions wait for their answers at most. */
const MOST_WAITING = 65_536;

/** Who has answered what, and who has not answered. */
export interface Outcome {
  readonly answers: ReadonlyMap<string, Answer>;
  readonly silent: ReadonlySet<string>;
}

/** Whom a question is for, and for how long it waits. */
export interface Asked {
  /** Those who are waited for. */
  readonly of: Iterable<string>;
  /** Whether others may answer, too. */
  readonly ofAll: boolean;
  /** How they answer, unless they fail. */
  readonly kind: Answer['kind'];
  readonly waitMs: number;
}

interface Waiting extends Asked {
  readonly answers: Map<string, Answer>;
  readonly silent: Set<string>;
  readonly end: () => void;
}

/** What a node has asked others, by the numbers of the questions. */
export class Questions {
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  /**
   * A number for a question, and what comes of it: when all who are waited for have answered, or the
   * time is over. Never rejected.
   * @throws {@link WSServerError} 10055 when too many wait
   */
  ask(asked: Asked): { readonly number: number; readonly outcome: Promise<Outcome> } {
    if (this.#waiting.size >= MOST_WAITING) {
      throw errors.noBufferSpace(
        `${MOST_WAITING} questions to other nodes wait for their answers: await some of them.`,
      );
    }
    const number = ++this.#last;
    const answers = new Map<string, Answer>();
    const silent = new Set(asked.of);
    const outcome = new Promise<Outcome>((resolve) => {
      const timer = setTimeout(() => this.end(number), asked.waitMs);
      const end = (): void => {
        clearTimeout(timer);
        resolve({ answers, silent });
      };
      this.#waiting.set(number, { ...asked, answers, silent, end });
    });
    if (silent.size === 0) this.end(number);
    return { number, outcome };
  }

  /**
   * A node has answered; perhaps too late.
   * @throws {@link WSServerError} 10022 when that is no answer to the question
   */
  take(from: string, number: number, answer: Answer): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    const { kind } = answer;
    const isWaitedFor = waiting.silent.has(from);
    if ((kind !== waiting.kind && kind !== 'failed') || !(isWaitedFor || waiting.ofAll)) {
      throw errors.invalidArgument(
        `The node ${from} answers with ${kind} what it has not been asked.`,
      );
    }
    if (!isWaitedFor && waiting.answers.size >= MOST_NODES) return;
    waiting.answers.set(from, answer);
    waiting.silent.delete(from);
    if (waiting.silent.size === 0) this.end(number);
  }

  /** No more answers are waited for. */
  end(number: number): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    waiting?.end();
  }

  endAll(): void {
    for (const number of this.#waiting.keys()) this.end(number);
  }
}
