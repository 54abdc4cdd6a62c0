// SPDX-License-Identifier: MIT
// What joins a node to the others on a bus.

import { isUtf8 } from 'node:buffer';
import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import { shown } from '../base/shown.js';
import type { NativeServer } from '../boundary/native.js';
import type { Bus } from '../bus/bus.js';
import { codeOf } from '../events/failure_report.js';
import type { LocalNode } from './local_node.js';
import {
  ALL_NODES,
  type Answer,
  decode,
  encode,
  type Heard,
  inboxOf,
  MOST_BESIDE,
  type Question,
} from './message.js';
import { OtherNodes } from './other_nodes.js';
import { type Asked, type Outcome, Questions } from './questions.js';

/** One node is given so long to answer, in ms. */
const ONE_MS = 2000;
/** And so long when all are asked, in ms. */
const ALL_MS = 1000;
/** When a node has come it says so again, at first after so long, then after twice as long, in ms. */
const FIRST_HELLO_MS = 50;
/** And so often from then on, in ms. */
const HELLO_MS = 2000;

/** How each question is answered. */
const answerKinds: Readonly<Record<Question['kind'], Answer['kind']>> = {
  send: 'done',
  disconnect: 'done',
  count: 'counted',
  presence: 'present',
};

/**
 * Asks other nodes, and answers them. Who is there is learnt from what they say: each greets the
 * others every {@link HELLO_MS}, and who does not answer, or is silent for too long, is forgotten
 * until it is heard again. What no node says is told by Error.
 */
export class ClusterLink {
  readonly #bus: Bus;
  readonly #core: NativeServer;
  readonly #node: LocalNode;
  readonly #others = new OtherNodes();
  readonly #questions = new Questions();
  readonly #ends: readonly (() => void)[];
  #timer: NodeJS.Timeout | undefined;
  #helloMs = 0;
  /** When all who are there have been heard, if they answer in time. */
  #metMs = 0;

  constructor(bus: Bus, core: NativeServer, node: LocalNode) {
    this.#bus = bus;
    this.#core = core;
    this.#node = node;
    this.#ends = [inboxOf(node.id), ALL_NODES].map((subject) => bus.subscribe(subject, this.#take));
    this.announce();
  }

  /** Says that it is there, now that the bus is ready. */
  announce(): void {
    clearTimeout(this.#timer);
    this.#helloMs = FIRST_HELLO_MS;
    this.#metMs = performance.now() + ALL_MS;
    this.#greet();
  }

  /** Says that it goes; what is still asked is not waited for. */
  close(): void {
    clearTimeout(this.#timer);
    this.#tellAll('bye');
    for (const end of this.#ends) end();
    this.#questions.endAll();
  }

  /**
   * Asks one node.
   * @throws {@link WSServerError} 126 when it does not answer, 10035 when the bus takes no more, 10055
   * as {@link Questions.ask}, and what it has answered
   */
  async ask(nodeId: string, question: Question, bytes?: Uint8Array): Promise<void> {
    const { lost } = this.#bus;
    const asked = { of: [nodeId], ofAll: false, waitMs: ONE_MS };
    const { number, outcome } = this.#ask(inboxOf(nodeId), asked, question, bytes);
    if (this.#bus.lost > lost) {
      this.#questions.end(number);
      throw errors.wouldBlock('The bus does not take more at the moment: try again later.');
    }
    const answer = (await outcome).answers.get(nodeId);
    if (answer === undefined) {
      const sentence = `The node ${nodeId} has not answered: it has ${ONE_MS / 1000} seconds for that.`;
      throw new WSServerError(ErrorCode.invalidConnectionId, sentence);
    }
    if (answer.kind === 'failed') throw new WSServerError(answer.code, answer.message);
  }

  /** Asks all nodes, and returns what those who are there have answered. */
  async askAll(question: Question): Promise<Outcome['answers']> {
    const of = this.#others.ids();
    // Who has just come does not know yet whom to wait for: for somebody, who has no name.
    if (performance.now() < this.#metMs) of.push('');
    const { outcome } = this.#ask(ALL_NODES, { of, ofAll: true, waitMs: ALL_MS }, question);
    const { answers, silent } = await outcome;
    for (const nodeId of silent) this.#others.forget(nodeId);
    return answers;
  }

  #ask(
    subject: string,
    asked: Omit<Asked, 'kind'>,
    question: Question,
    bytes?: Uint8Array,
  ): ReturnType<Questions['ask']> {
    const waiting = this.#questions.ask({ ...asked, kind: answerKinds[question.kind] });
    this.#say(subject, { ...question, number: waiting.number }, bytes);
    return waiting;
  }

  #say(subject: string, ...said: [said: Parameters<typeof encode>[1], bytes?: Uint8Array]): void {
    this.#bus.publish(subject, encode(this.#node.id, ...said));
  }

  /** Not while it would count as lost: nobody misses it. */
  #tellAll(kind: 'hello' | 'bye'): void {
    if (this.#bus.connected !== false) this.#say(ALL_NODES, { kind });
  }

  #greet(): void {
    this.#tellAll('hello');
    this.#timer = setTimeout(() => this.#greet(), this.#helloMs).unref();
    this.#helloMs = Math.min(2 * this.#helloMs, HELLO_MS);
  }

  readonly #take = (_: string, message: Uint8Array): void => {
    try {
      const { heard, bytes } = decode(message);
      if (heard.from === this.#node.id) {
        throw errors.invalidArgument('The bus has brought what this node is said to have said.');
      }
      this.#hear(heard, bytes);
    } catch (error) {
      this.#core.reportError(0, codeOf(error, ErrorCode.invalidArgument), shown(error));
    }
  };

  #hear(heard: Heard, bytes: Uint8Array): void {
    const { from } = heard;
    switch (heard.kind) {
      case 'bye':
        this.#others.forget(from);
        break;
      case 'hello':
        if (this.#others.hear(from)) this.#say(inboxOf(from), { kind: 'here' });
        break;
      case 'here':
        this.#others.hear(from);
        break;
      case 'done':
      case 'failed':
      case 'counted':
      case 'present':
        this.#others.hear(from);
        this.#questions.take(from, heard.number, heard);
        break;
      default:
        // Who asks need be no node.
        this.#answer(heard, bytes);
    }
  }

  #answer(heard: Heard & Question & { readonly number: number }, asked: Uint8Array): void {
    const answer = this.#do(heard, asked);
    this.#say(inboxOf(heard.from), { ...answer, number: heard.number });
  }

  /** Never throws: it is told to who has asked. */
  #do(question: Question, bytes: Uint8Array): Answer {
    try {
      return this.#try(question, bytes);
    } catch (error) {
      const code = codeOf(error, ErrorCode.sendFailed);
      return { kind: 'failed', code, message: shown(error) };
    }
  }

  #try(question: Question, bytes: Uint8Array): Answer {
    switch (question.kind) {
      case 'send':
        this.#node.send(question.uid, question.binary ? bytes : textOf(bytes));
        return { kind: 'done' };
      case 'disconnect':
        this.#node.disconnect(question.uid, question.code, question.reason);
        return { kind: 'done' };
      case 'count':
        return { kind: 'counted', ...this.#node.count() };
      case 'presence': {
        const mostBytes = (this.#bus.maxPayload ?? Number.POSITIVE_INFINITY) - MOST_BESIDE;
        const present = this.#node.presence(question.topic, question.most, mostBytes);
        return { kind: 'present', ...present };
      }
    }
  }
}

function textOf(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  throw errors.invalidArgument('A text is to be UTF-8.');
}
