// What the suite is made of: a row is a requirement of an RFC, as bytes in and bytes out. The
// server that answers echoes every message.

import { closePayload, type FrameFields, frame, Op } from '../support/byte_client.js';

type Payload = Uint8Array | string;

/** A requirement on what happens once a connection is open. */
export interface FrameRow {
  name: string;
  /** The RFC and the section that asks for it. */
  rfc: string;
  /** What the client sends, up to the byte that the end of it all hangs on. */
  in: Buffer[];
  /** What may be on its way behind that byte, and changes nothing. */
  after?: Buffer[];
  /** The frames that come back before the Close; compressed ones are shown inflated. */
  out?: Buffer[];
  /** The code of the server's Close. Without one, nothing is wrong: the client closes with 1000. */
  close?: number;
}

/** Rows that one server answers. */
export interface FrameGroup {
  name: string;
  settings?: Record<string, boolean | number>;
  /** What the request of the opening handshake has besides the lines that must be there. */
  request?: string[];
  rows: FrameRow[];
  /** What was agreed on for the compressed frames that come back. */
  deflate?: { windowBits?: number; contextTakeover?: boolean };
}

/** A requirement on the opening handshake. */
export interface HandshakeRow {
  name: string;
  rfc: string;
  /** The request: what the client sends. */
  in: Buffer | string;
  status: number;
  /** Headers of the answer besides those that answers with this status always have. */
  headers?: Record<string, string>;
}

/** Rows that one server answers. */
export interface HandshakeGroup {
  name: string;
  settings?: Record<string, boolean | number>;
  rows: HandshakeRow[];
}

/** Rows of one section. */
export function section<Row extends { rfc: string }>(rfc: string, rows: Omit<Row, 'rfc'>[]): Row[] {
  return rows.map((row) => ({ ...row, rfc }) as Row);
}

function makersOf(fields: Pick<FrameFields, 'key'>) {
  const makerOf =
    (opcode: number) =>
    (payload: Payload = '', more: Partial<FrameFields> = {}): Buffer =>
      frame({ opcode, payload, ...fields, ...more });
  return {
    continuation: makerOf(Op.continuation),
    text: makerOf(Op.text),
    binary: makerOf(Op.binary),
    ping: makerOf(Op.ping),
    pong: makerOf(Op.pong),
    /** Without a code: a Close that is empty. */
    close: (code?: number, reason?: Payload): Buffer =>
      makerOf(Op.close)(code === undefined ? '' : closePayload(code, reason)),
  };
}

/** Frames as a client sends them. */
export const { continuation, text, binary, ping, pong, close } = makersOf({});

/** Frames as a server sends them. */
export const sent = makersOf({ key: null });

/** What makes a frame of a message one that is not the last. */
export const unfinished = { fin: false };

/** The message that many rows have, and its echo. */
export const hello = text('Hello');
export const helloBack = sent.text('Hello');

/** What a first byte lacks to be a frame. */
export const afterFirstByte = Buffer.from('8537fa213d7f9f4d5158', 'hex');

/** Makes frames of one kind. */
export type Maker = (payload: Payload, fields?: Partial<FrameFields>) => Buffer;

/** A message in fragments. */
export function fragments(first: Maker, payloads: readonly Payload[]): Buffer[] {
  return payloads.map((payload, index) =>
    (index === 0 ? first : continuation)(payload, { fin: index === payloads.length - 1 }),
  );
}

/** `bytes` in pieces of `size`; the last one may be shorter. */
export function slices(bytes: Payload, size: number): Buffer[] {
  const all = Buffer.from(bytes as Uint8Array);
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) =>
    all.subarray(index * size, (index + 1) * size),
  );
}

/** What the digits say; spaces are for those who read them. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex');
}

/** As many bytes, none of which is ASCII, nor the same as its neighbours. */
export function bytes(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, index) => 0x80 | ((index * 7) & 0x7f)));
}

/** Whole characters of three bytes each, and ASCII up to the size. */
export function characters(size: number): string {
  return '好'.repeat(Math.floor(size / 3)) + 'a'.repeat(size % 3);
}

/** `value` as often as that. */
export function times<Value>(count: number, value: Value): Value[] {
  return Array<Value>(count).fill(value);
}
