// SPDX-License-Identifier: MIT
// Where things are in the memory that both sides share: what native/addon/layout.cc exports.

/** What an event carries, by the names of its fields (native/server/events/records.h). */
interface EventRow {
  readonly name: string;
  /** What the record's value is; empty: nothing. */
  readonly value: string;
  /** What the payload is; empty: nothing, or a list of {@link fields}. */
  readonly payload: string;
  readonly fields: readonly string[];
}

/**
 * The numbers of what both sides write into shared memory (docs/boundary.md). Places are indices
 * of an Int32Array, within a record or command where it says so.
 */
export interface Layout {
  /** Its size, and where in it is what. */
  readonly record: Readonly<
    Record<
      | 'size'
      | 'kind'
      | 'connectionId'
      | 'flags'
      | 'value'
      | 'chunk'
      | 'offset'
      | 'length'
      | 'token',
      number
    >
  >;
  /** Bits of a record's flags. */
  readonly flags: Readonly<
    Record<
      | 'isAscii'
      | 'endOfMessage'
      | 'endOfLine'
      | 'isResponse'
      | 'isError'
      | 'isRefused'
      | 'isBinary'
      | 'isLent',
      number
    >
  >;
  /** By their kinds: those of eventNames, then Forgotten, Settled, Published, Interest and HandedOver. */
  readonly events: readonly EventRow[];
  /**
   * The rules that a peer may break. Where the flags of Disconnected have isError, its token is the
   * number of one times 2^16, and what native/ws/reader.h says that it comes with.
   */
  readonly rules: Readonly<
    Record<
      | 'none'
      | 'mask'
      | 'reservedBit1'
      | 'reservedBits'
      | 'opcode'
      | 'fin'
      | 'controlLength'
      | 'closeCode'
      | 'length'
      | 'lengthTooLarge'
      | 'utf8'
      | 'messageSize'
      | 'fragments'
      | 'deflate',
      number
    >
  >;
  /** The LogType of the lines of each level; 0 has none. */
  readonly logTypes: readonly string[];
  /** Its size, and where in it is what. */
  readonly command: Readonly<
    Record<'size' | 'connectionId' | 'kind' | 'offset' | 'length', number>
  >;
  /** Where how many there are, and whether texts wait; where commands start. */
  readonly commandMemory: Readonly<Record<'count' | 'textsWait' | 'start', number>>;
  /** Kinds of commands, what may be added to them, and where their operand begins. */
  readonly kinds: Readonly<
    Record<
      | 'text'
      | 'binary'
      | 'ping'
      | 'pong'
      | 'answerConnection'
      | 'answerOpen'
      | 'topic'
      | 'publish'
      | 'uncompressed'
      | 'gathered'
      | 'enveloped'
      | 'operandShift',
      number
    >
  >;
  /** The size of what tells how long a text in a list is. */
  readonly fieldHead: number;
  /** What of a ConnectionId is its slot. */
  readonly slotMask: number;
  /** The size of the header for a payload of up to `mostShort` bytes, and for a longer one. */
  readonly headers: Readonly<Record<'short' | 'mostShort' | 'long', number>>;
}
