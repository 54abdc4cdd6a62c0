// SPDX-License-Identifier: MIT

import type { EventEmitter } from 'node:events';
import { Opcode, UNCOMPRESSED } from '../../boundary/outbox.js';
import type { PartOpcode } from '../../sending/sender.js';
import { EventTarget, type RawData } from './event_target.js';
import { checkControl, farewellOf, sendableOf, sizeOf } from './sendable.js';
import type { Transport } from './transport.js';
import { Turns } from './turns.js';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
type ReadyState = typeof CONNECTING | typeof OPEN | typeof CLOSING | typeof CLOSED;
const stateNames = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];

const binaryTypes = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const;
/** What a binary message comes as. */
export type BinaryType = (typeof binaryTypes)[number];

const NOTHING = Buffer.alloc(0);
/** RFC 6455 §7.4.1: no Close has come. */
const ABNORMAL = 1006;

/** How to send one message. */
export interface SendOptions {
  /** Whether it is binary; if nothing is said, what is no string is. */
  binary?: boolean | undefined;
  /** Whether to compress it, if that has been agreed on. */
  compress?: boolean | undefined;
  /** Whether it is the last fragment of the message. */
  fin?: boolean | undefined;
  /** Servers do not mask (RFC 6455 §5.1): it is passed over. */
  mask?: boolean | undefined;
}

/** Called when what was sent is with the system, or has failed. */
export type SendCallback = (error?: Error) => void;
/** The same, as @types/ws has it for ping and pong. */
export type ControlCallback = (error: Error) => void;

/**
 * A client of a {@link WebSocketServer}, with the interface of npm `ws`. Made by the server: it cannot
 * connect.
 */
export class WebSocket extends EventTarget<WebSocket> {
  declare static readonly CONNECTING: typeof CONNECTING;
  declare static readonly OPEN: typeof OPEN;
  declare static readonly CLOSING: typeof CLOSING;
  declare static readonly CLOSED: typeof CLOSED;
  declare readonly CONNECTING: typeof CONNECTING;
  declare readonly OPEN: typeof OPEN;
  declare readonly CLOSING: typeof CLOSING;
  declare readonly CLOSED: typeof CLOSED;

  #transport: Transport | undefined;
  #id = 0;
  #readyState: ReadyState = CONNECTING;
  #binaryType: BinaryType = 'nodebuffer';
  #protocol = '';
  #isPaused = false;
  /** Whether a message is open that has been begun with `fin: false`. */
  #inParts = false;
  /** Whether the peer's Close has come. */
  #closeCame = false;
  #errorCame = false;
  /** Whether terminate() has been called. */
  #isCutOff = false;
  /** Bytes that were sent too late. */
  #tooLate = 0;
  #callbacks: SendCallback[] | undefined;
  /** Only who sends Blobs has it. */
  #turns: Turns | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws Error when it is to connect: only servers have these */
  constructor(address: null | string | URL, _protocols?: unknown, _options?: unknown) {
    super();
    if (address !== null) {
      throw new Error(
        "native-wsserver/ws has no client: connect with Node.js' own WebSocket, or with that of the package ws.",
      );
    }
  }

  /** Opens it. @internal */
  attach(transport: Transport, id: number, protocol: string): void {
    this.#transport = transport;
    this.#id = id;
    this.#protocol = protocol;
    this.#readyState = OPEN;
    this.emit('open');
  }

  get readyState(): ReadyState {
    return this.#readyState;
  }

  /** What a binary message comes as; what is none of them is passed over. */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    if (binaryTypes.includes(type)) this.#binaryType = type;
  }

  /** Bytes that wait to be taken by the system. */
  get bufferedAmount(): number {
    const waiting = this.#readyState === CLOSED ? 0 : (this.#transport?.queuedBytes(this.#id) ?? 0);
    return waiting + this.#tooLate + (this.#turns?.size ?? 0);
  }

  /** The extensions that have been agreed on, separated by commas. */
  get extensions(): string {
    return this.#transport?.compresses(this.#id) ? 'permessage-deflate' : '';
  }

  /** The subprotocol that has been chosen. */
  get protocol(): string {
    return this.#protocol;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Only clients have one. */
  get url(): string {
    // @types/ws says that there is one.
    return undefined as unknown as string;
  }

  /** Whether both sides have said Close. @internal */
  override get wasClean(): boolean {
    return this.#closeCame;
  }

  /** What programs look into for addresses. @internal */
  get _socket(): EventEmitter | undefined {
    return this.#transport?.socketOf(this.#id);
  }

  // Sending.

  send(data: unknown, cb?: SendCallback): void;
  send(data: unknown, options: SendOptions | undefined | null, cb?: SendCallback): void;
  send(
    data: unknown,
    optionsOrCallback?: SendOptions | SendCallback | null,
    callback?: SendCallback,
  ): void {
    const transport = this.#transport;
    if (optionsOrCallback === undefined && callback === undefined && transport !== undefined) {
      // What nearly every send is.
      const isSimple = this.#readyState === OPEN && !this.#turns?.isBusy;
      if (isSimple && !this.#inParts && transport.sendAtOnce(this.#id, data)) return;
    }
    this.#requireOpened();
    const [options, cb] =
      typeof optionsOrCallback === 'function'
        ? [undefined, optionsOrCallback]
        : [optionsOrCallback ?? undefined, callback];
    this.#send(typeof data === 'number' ? `${data}` : data, options, cb);
  }

  #send(data: unknown, options: SendOptions | undefined, cb: SendCallback | undefined): void {
    if (this.#readyState !== OPEN) {
      this.#refuse(data, cb);
      return;
    }
    const { binary = typeof data !== 'string', compress = true, fin = true } = options ?? {};
    const opcode = binary ? Opcode.binary : Opcode.text;
    const transmit = (sendable: string | Uint8Array): void => {
      if (!fin || this.#inParts) this.#sendFragment(opcode, sendable, fin, cb);
      else {
        const kind = compress ? opcode : opcode | UNCOMPRESSED;
        this.#attempt((transport) => transport.sendMessage(this.#id, kind, sendable), cb);
      }
    };
    this.#inTurn(data, transmit, cb);
  }

  #sendFragment(
    opcode: PartOpcode,
    data: string | Uint8Array,
    fin: boolean,
    cb: SendCallback | undefined,
  ): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const begun = this.#inParts;
    this.#inParts = !fin;
    this.#attempt(
      (transport) => transport.sendFragment(this.#id, begun ? 0 : opcode, bytes, fin),
      cb,
    );
  }

  /** Has what can be sent of `data` transmitted, after what was sent before it. */
  #inTurn(
    data: unknown,
    transmit: (sendable: string | Uint8Array) => void,
    cb: SendCallback | undefined,
  ): void {
    if (data instanceof Blob) {
      this.#turns ??= new Turns(() => this.#isCutOff || this.#readyState === CLOSED);
      this.#turns.takeBlob(data, transmit, cb);
      return;
    }
    const sendable = sendableOf(data || NOTHING);
    if (this.#turns === undefined) transmit(sendable);
    else this.#turns.take(() => transmit(sendable), sendable, cb);
  }

  ping(data?: unknown, mask?: boolean | ControlCallback, cb?: ControlCallback): void {
    this.#control(Opcode.ping, data, mask, cb);
  }

  pong(data?: unknown, mask?: boolean | ControlCallback, cb?: ControlCallback): void {
    this.#control(Opcode.pong, data, mask, cb);
  }

  #control(
    opcode: number,
    data: unknown,
    mask: boolean | ControlCallback | undefined,
    callback: ControlCallback | undefined,
  ): void {
    this.#requireOpened();
    const isCallback = typeof data === 'function';
    const third = typeof mask === 'function' ? mask : callback;
    const cb = (isCallback ? data : third) as SendCallback | undefined;
    const payload = isCallback ? undefined : typeof data === 'number' ? `${data}` : data;
    if (this.#readyState !== OPEN) {
      this.#refuse(payload, cb);
      return;
    }
    checkControl(payload || NOTHING);
    const transmit = (sendable: string | Uint8Array): void =>
      this.#attempt((transport) => transport.sendMessage(this.#id, opcode, sendable), cb);
    this.#inTurn(payload, transmit, cb);
  }

  /** Sends by `act`, and has `cb` called when that is done. */
  #attempt(act: (transport: Transport) => void, cb: SendCallback | undefined): void {
    const transport = this.#transport as Transport;
    try {
      act(transport);
    } catch (error) {
      transport.onOverflow(this.#id);
      if (cb !== undefined) process.nextTick(cb, error as Error);
      return;
    }
    if (cb !== undefined) this.#callWhenSent(cb);
  }

  #callWhenSent(cb: SendCallback): void {
    if (this.#callbacks !== undefined) {
      this.#callbacks.push(cb);
      return;
    }
    this.#callbacks = [cb];
    // By then what was sent before it is with the core.
    setImmediate(() => this.#settle());
  }

  /** Calls back for what has been sent so far, as soon as that is with the system. */
  #settle(): void {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    this.#callbacks = undefined;
    // Each by itself: one that throws is no matter of the others.
    const call = (error?: Error): void => {
      for (const callback of callbacks) process.nextTick(callback, error);
    };
    // The core takes what comes of a message that is open for all that is in its queue.
    const sent = this.#inParts
      ? Promise.resolve()
      : (this.#transport as Transport).whenSent(this.#id);
    sent.then(
      () => call(),
      (error: Error) => call(error),
    );
  }

  /** It is too late to send. */
  #refuse(data: unknown, cb: SendCallback | undefined): void {
    if (data) this.#tooLate += sizeOf(data);
    if (cb === undefined) return;
    const state = this.#readyState;
    process.nextTick(
      cb,
      new Error(`WebSocket is not open: readyState ${state} (${stateNames[state]})`),
    );
  }

  #requireOpened(): void {
    if (this.#readyState !== CONNECTING) return;
    throw new Error('WebSocket is not open: readyState 0 (CONNECTING)');
  }

  // Receiving.

  /** Reads no more from the client, which feels it; what has been read already may still come. */
  pause(): void {
    if (this.#readyState === CONNECTING || this.#readyState === CLOSED) return;
    this.#isPaused = true;
    this.#transport?.setReading(this.#id, false);
  }

  resume(): void {
    if (this.#readyState === CONNECTING || this.#readyState === CLOSED) return;
    this.#isPaused = false;
    this.#transport?.setReading(this.#id, true);
  }

  /** A message has come. @internal */
  receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary || this.#binaryType === 'nodebuffer') {
      this.emit('message', data, isBinary);
    } else if (this.#binaryType === 'arraybuffer') {
      this.emit('message', new Uint8Array(data).buffer, true);
    } else if (this.#binaryType === 'fragments') {
      this.emit('message', [data], true);
    } else {
      // Whoever asks for one knows what comes, though the type does not say so, as in @types/ws.
      this.emit('message', new Blob([data]) as unknown as RawData, true);
    }
  }

  // Its end.

  /**
   * Begins the closing handshake, with an empty Close if there is no code.
   * @throws TypeError when the code may not be sent, RangeError when the reason has more than 123 bytes
   */
  close(code?: number, reason?: string | Uint8Array): void {
    if (this.#readyState !== OPEN) return;
    const transport = this.#transport as Transport;
    const farewell = farewellOf(code, reason);
    const leave = (): void => {
      this.#settle();
      transport.close(this.#id, farewell);
    };
    if (this.#turns === undefined) leave();
    else this.#turns.take(leave, '');
    this.#readyState = CLOSING;
    this.#timer = setTimeout(() => transport.terminate(this.#id), transport.closeTimeout);
  }

  /** Closes the connection at once. */
  terminate(): void {
    if (this.#readyState === CONNECTING || this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    this.#isCutOff = true;
    this.#transport?.terminate(this.#id);
  }

  /** The peer has broken the protocol: its end follows. @internal */
  fail(error: Error): void {
    if (this.#errorCame) return;
    this.#errorCame = true;
    this.#readyState = CLOSING;
    this.emit('error', error);
  }

  /** It has ended; `code` is that of the peer's Close. @internal */
  end(code: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#settle();
    this.#closeCame = code !== ABNORMAL;
    this.#readyState = CLOSED;
    this.emit('close', code, reason === '' ? NOTHING : Buffer.from(reason));
  }
}

stateNames.forEach((name, value) => {
  const constant = { value, enumerable: true };
  Object.defineProperty(WebSocket.prototype, name, constant);
  Object.defineProperty(WebSocket, name, constant);
});

// As ws has them: who copies a WebSocket's properties, or lists them, finds these.
for (const name of [
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'url',
]) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true });
}
