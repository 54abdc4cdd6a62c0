// SPDX-License-Identifier: MIT
// What is sent, on its way to the core: commands and payloads are written into memory that both
// sides share, and carried out together, at the end of the turn. docs/boundary.md has the grammar.

import { copyInto, lengthOf } from '../base/bytes.js';
import { WSServerError } from '../base/errors.js';
import { writeFields } from './fields.js';
import { layout } from './layout.js';
import { addon, type NativeServer, type OnBatch } from './native.js';

/** Opcodes (RFC 6455 §11.8), which are also the documented values of DataFormat. */
export const Opcode = { text: 1, binary: 2, ping: 9, pong: 10 } as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

const { command, commandMemory, headers, kinds, slotMask: SLOT_MASK } = layout;

/** Added to an opcode: the message is sent as it is, whatever has been negotiated. */
export const UNCOMPRESSED = kinds.uncompressed;
/** Added to a publication: for those who get envelopes, and without it for the others. */
export const ENVELOPED = kinds.enveloped;
/** Added to an opcode: the payload lies among those that were written together. */
const GATHERED = kinds.gathered;
const ANSWER_CONNECTION = kinds.answerConnection;
const ANSWER_OPEN = kinds.answerOpen;
const TOPIC = kinds.topic;
const PUBLISH = kinds.publish;
const OPERAND_SHIFT = kinds.operandShift;

// Where things are in the command memory, and in a command.
const COUNT = commandMemory.count;
const TEXTS_WAIT = commandMemory.textsWait;
const COMMAND_START = commandMemory.start;
const COMMAND_SIZE = command.size;
const CONNECTION_ID = command.connectionId;
const KIND = command.kind;
const OFFSET = command.offset;
const LENGTH = command.length;

/** Up to so many bytes have a header of {@link SHORT_HEADER} bytes before them, more a longer one. */
const MOST_SHORT = headers.mostShort;
const SHORT_HEADER = headers.short;
const LONG_HEADER = headers.long;

/** What is written into the arena at most before it is carried out: what a processor keeps at hand. */
const FULL = 256 * 1024;
/** A larger payload goes straight down: copying it twice would cost more than the call. */
const LARGE = 32 * 1024;
/** Up to here texts are gathered, and encoded together. */
const SHORT_TEXT = MOST_SHORT;
/** When texts could not be encoded together, for each of them so many later ones are not gathered. */
const ALONE = 8;
/** Up to here a loop in JavaScript is faster than a call of what is built in. */
const SHORT_BYTES = 24;
/** When texts of so many characters wait, they are encoded. */
const MOST_GATHERED = 32 * 1024;
/** What a UTF-16 code unit may need in UTF-8. */
const MOST_PER_UNIT = 3;
const MAX_COMMANDS = 8 * 1024;
/** What a topic may need in UTF-8. */
const MOST_TOPIC = 255;
/** Behind what is written, there is room for texts that wait, whatever they are made of. */
const ARENA_SIZE = FULL + MAX_COMMANDS * LONG_HEADER + MOST_PER_UNIT * (MOST_GATHERED + SHORT_TEXT);

/** Buffer's own writer, without the argument checks of write(). */
interface Utf8Writer {
  utf8Write(text: string, offset: number): number;
}

/** The commands of one server, and the native server that carries them out. */
export class Outbox {
  readonly server: NativeServer;
  /** Set while a batch of events is handled: what is sent then is carried out right after it. */
  dispatching = false;

  /** A word per slot: the id while sends are taken without question, else its negative or 0. */
  readonly #status: Int32Array;
  /**
   * At COUNT how many there are: the native side sets it to 0 when it has carried them out. At
   * TEXTS_WAIT 1 while texts wait to be encoded, which the native side asks for before that.
   */
  readonly #commands: Int32Array;
  readonly #arena: Buffer;
  readonly #view: DataView;
  readonly #writer: Utf8Writer;
  #used = 0;
  /** The texts that wait to be encoded, one after the other: V8 joins and encodes them in one go. */
  #texts = '';
  /** Where the command of the first one is. */
  #firstText = 0;
  /** How many of the next texts are not gathered. */
  #alone = 0;
  /** The topic that was written last, and where: what is published to one topic lies side by side. */
  #topic = '';
  #topicOffset = 0;
  #topicLength = 0;
  readonly #flush = (): void => {
    this.encode();
    this.server.flush();
  };

  constructor(onBatch: OnBatch, transientPayloads: boolean) {
    this.server = new addon.Server(
      MAX_COMMANDS,
      ARENA_SIZE,
      onBatch,
      () => this.encode(),
      transientPayloads,
      WSServerError,
    );
    const { status, commands, arena } = this.server.shared();
    this.#status = status;
    this.#commands = commands;
    this.#arena = arena;
    this.#view = new DataView(arena.buffer);
    this.#writer = arena as unknown as Utf8Writer;
    // 0 is nobody's id; the word of its slot must not say that it is open.
    status[0] = -1;
  }

  /** Whether a send to `id` is taken without question: open, not blocked, and not to wait. */
  takes(id: number | string): id is number {
    return typeof id === 'number' && this.#status[id & SLOT_MASK] === id;
  }

  /**
   * Sends a text; `kind` is Opcode.text, perhaps with UNCOMPRESSED. REQUIRES takes(id). False when
   * it is too large: use NativeServer.send().
   */
  sendText(id: number, text: string, kind: number): boolean {
    const length = text.length;
    if (length === 0 || length > SHORT_TEXT) return this.#sendAlone(id, text, kind);
    if (this.#alone > 0) {
      this.#alone--;
      return this.#sendAlone(id, text, kind);
    }
    if (this.#texts.length > MOST_GATHERED) this.encode();
    const offset = this.#reserve(length, SHORT_HEADER);
    const at = COMMAND_START + (this.#commands[COUNT] as number) * COMMAND_SIZE;
    // Its length if it is ASCII; if not, encode() will see to it. A call may throw where the stack
    // ends: there is none between the command and its text.
    this.#add(id, kind | GATHERED, offset, length);
    if (this.#texts === '') {
      this.#firstText = at;
      this.#commands[TEXTS_WAIT] = 1;
    }
    this.#texts += text;
    return true;
  }

  /** As {@link sendText}, for bytes and Opcode.binary; false also when they lie about their length. */
  sendBytes(id: number, bytes: Uint8Array, kind: number): boolean {
    // What has just been asked for its length, V8 looks into without a call.
    const { length } = bytes;
    if (length !== lengthOf(bytes) || length > LARGE) return false;
    const offset = this.#reserve(length, length <= MOST_SHORT ? SHORT_HEADER : LONG_HEADER);
    if (length > SHORT_BYTES) copyInto(this.#arena, bytes, offset);
    else this.#copy(bytes, length, offset);
    this.#add(id, kind, offset, length);
    return true;
  }

  /**
   * Publishes a message to those who are subscribed to `topic`, which can be published to, or, if
   * it is empty, to all; not to `except`, unless that is 0. `opcode` is Opcode.text or Opcode.binary,
   * `flags` UNCOMPRESSED and ENVELOPED, or 0. How many get it, a later event says for `token`. False when it is too
   * large, or bytes lie about their length: use NativeServer.publish().
   */
  publish(
    topic: string,
    data: string | Uint8Array,
    opcode: number,
    flags: number,
    except: number,
    token: number,
  ): boolean {
    const { length } = data;
    const most = typeof data === 'string' ? length * MOST_PER_UNIT : length;
    if (most > LARGE || (typeof data !== 'string' && length !== lengthOf(data))) return false;
    // Two commands, the topic and the message.
    if ((this.#commands[COUNT] as number) + 1 >= MAX_COMMANDS) this.#flush();
    this.#reserve(MOST_TOPIC + most, LONG_HEADER);
    if (topic !== this.#topic || this.#commands[COUNT] === 0) this.#writeTopic(topic);
    const used = this.#used;
    this.#add(token, TOPIC, this.#topicOffset, this.#topicLength);
    this.#used = used;
    const kind = PUBLISH | flags | (opcode << OPERAND_SHIFT);
    if (typeof data === 'string') {
      const size = this.#write(data);
      this.#add(except, kind, this.#used - size, size);
    } else {
      const offset = used + (length <= MOST_SHORT ? SHORT_HEADER : LONG_HEADER);
      copyInto(this.#arena, data, offset);
      this.#add(except, kind, offset, length);
    }
    return true;
  }

  #writeTopic(topic: string): void {
    this.#topicOffset = this.#used;
    this.#topicLength = this.#writer.utf8Write(topic, this.#used);
    this.#topic = topic;
    this.#used += this.#topicLength;
  }

  /** Answers ConnectionRequest. */
  answerConnection(id: number, accept: boolean): void {
    this.#add(id, ANSWER_CONNECTION, this.#reserve(0, 0), accept ? 1 : 0);
  }

  /** Answers WebSocketOpenRequest; `fields` are the subprotocol, header lines, perhaps a body. */
  answerOpen(id: number, status: number, fields: readonly Uint8Array[]): void {
    const answer = writeFields(fields).subarray(0, LARGE);
    const offset = this.#reserve(answer.length, 0);
    copyInto(this.#arena, answer, offset);
    this.#add(id, ANSWER_OPEN | (status << OPERAND_SHIFT), offset, answer.length);
  }

  /**
   * Writes the texts that wait into the arena, behind everything else. The native side asks for it
   * where it is due; to do it before spares that call. May be interrupted at each of its own calls,
   * by the end of the stack or of a worker: what has not been written still waits then.
   */
  encode(): void {
    const texts = this.#texts;
    if (texts === '') return;
    const commands = this.#commands;
    const first = this.#firstText;
    const start = this.#used;
    const length = this.#writer.utf8Write(texts, start);
    if (length === texts.length) {
      commands[first + KIND] = (commands[first + KIND] as number) | (start << OPERAND_SHIFT);
      this.#used = start + length;
      this.#texts = '';
    } else {
      this.#encodeEach();
    }
    commands[TEXTS_WAIT] = 0;
  }

  /** By itself: a surrogate that ends one text makes no pair with one that begins the next. */
  #encodeEach(): void {
    const commands = this.#commands;
    const end = COMMAND_START + (commands[COUNT] as number) * COMMAND_SIZE;
    let alone = 0;
    for (let at = this.#firstText; at < end; at += COMMAND_SIZE) {
      const kind = commands[at + KIND] as number;
      if ((kind & GATHERED) === 0) continue;
      const units = commands[at + LENGTH] as number;
      const rest = this.#texts.substring(units);
      const length = this.#write(this.#texts.substring(0, units));
      this.#texts = rest;
      this.#firstText = at + COMMAND_SIZE;
      commands[at + KIND] = kind & ~GATHERED;
      commands[at + OFFSET] = this.#used - length;
      commands[at + LENGTH] = length;
      alone += ALONE;
    }
    this.#alone = alone;
  }

  #sendAlone(id: number, text: string, kind: number): boolean {
    const most = text.length * MOST_PER_UNIT;
    if (most > LARGE) return false;
    this.#reserve(most, LONG_HEADER);
    const length = this.#write(text);
    this.#add(id, kind, this.#used - length, length);
    return true;
  }

  /** Writes a text behind everything else, with room for its header, and returns its length. */
  #write(text: string): number {
    // The length is known only afterwards: room for the header that is needed at most.
    const room = text.length * MOST_PER_UNIT <= MOST_SHORT ? SHORT_HEADER : LONG_HEADER;
    let offset = this.#used + room;
    const length = this.#writer.utf8Write(text, offset);
    if (room === LONG_HEADER && length <= MOST_SHORT) {
      const start = this.#used + SHORT_HEADER;
      this.#arena.copyWithin(start, offset, offset + length);
      offset = start;
    }
    this.#used = offset + length;
    return length;
  }

  #copy(bytes: Uint8Array, length: number, offset: number): void {
    const view = this.#view;
    const at = (index: number): number => bytes[index] as number;
    let index = 0;
    for (const end = length - 3; index < end; index += 4) {
      const low = at(index) | (at(index + 1) << 8);
      const high = at(index + 2) | (at(index + 3) << 8);
      view.setInt32(offset + index, low | (high << 16), true);
    }
    for (; index < length; index++) view.setUint8(offset + index, at(index));
  }

  /** Where a payload of up to `size` bytes can go, with `room` bytes for a header before it. */
  #reserve(size: number, room: number): number {
    const count = this.#commands[COUNT] as number;
    if (count === 0) {
      this.#used = 0;
    } else if (count === MAX_COMMANDS || this.#used + room + size > FULL) {
      this.#flush();
      this.#used = 0;
    }
    return this.#used + room;
  }

  #add(id: number, kind: number, offset: number, length: number): void {
    const commands = this.#commands;
    const count = commands[COUNT] as number;
    if (count === 0 && !this.dispatching) queueMicrotask(this.#flush);
    const at = COMMAND_START + count * COMMAND_SIZE;
    commands[at + CONNECTION_ID] = id;
    commands[at + KIND] = kind;
    commands[at + OFFSET] = offset;
    commands[at + LENGTH] = length;
    commands[COUNT] = count + 1;
    this.#used = offset + length;
  }
}
