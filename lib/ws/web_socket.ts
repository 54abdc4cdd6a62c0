// SPDX-License-Identifier: MIT

import { bytesOf, isUint8Array, lengthOf } from '../base/bytes.js';
import { Opcode, UNCOMPRESSED } from '../boundary/outbox.js';
import type { DataInEvent } from '../events/events.js';
import type { Engine } from './engine.js';
import { EventTarget, type RawData } from './event_target.js';
import type { ConnectionSocket } from './request.js';

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
/** RFC 6455 §5.5. */
const MOST_CONTROL = 125;
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

/** What can be sent, as ws has it: anything else must be what Buffer.from() takes. */
function sendableOf(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return data;
  if (isUint8Array(data)) return data;
  return bytesOf(data) ?? Buffer.from(data as ArrayBuffer);
}

function sizeOf(data: unknown): number {
  if (data instanceof Blob) return data.size;
  const sendable = sendableOf(data);
  return typeof sendable === 'string' ? Buffer.byteLength(sendable) : lengthOf(sendable);
}

/**
 * A client of a {@link WebSocketServer}, with the interface of npm `ws`. Made by the server: it cannot
 * connect.
 */
export class WebSocket extends EventTarget {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  declare readonly CONNECTING: typeof CONNECTING;
  declare readonly OPEN: typeof OPEN;
  declare readonly CLOSING: typeof CLOSING;
  declare readonly CLOSED: typeof CLOSED;

  #engine: Engine | undefined;
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
  /** Bytes that were sent too late. */
  #tooLate = 0;
  #callbacks: SendCallback[] | undefined;
  /** The sends that wait for a Blob to be read. */
  #behindBlob: (() => void)[] | undefined;
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
  attach(engine: Engine, id: number, protocol: string): void {
    this.#engine = engine;
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
    const waiting = this.#readyState === CLOSED ? 0 : (this.#engine?.queuedBytes(this.#id) ?? 0);
    return waiting + this.#tooLate;
  }

  /** The extensions that have been agreed on, separated by commas. */
  get extensions(): string {
    return this.#engine?.compresses(this.#id) ? 'permessage-deflate' : '';
  }

  /** The subprotocol that has been chosen. */
  get protocol(): string {
    return this.#protocol;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Only clients have one. */
  get url(): string | undefined {
    return undefined;
  }

  /** Whether both sides have said Close. @internal */
  override get wasClean(): boolean {
    return this.#closeCame;
  }

  /** What programs look into for addresses. @internal */
  get _socket(): ConnectionSocket | undefined {
    return this.#engine?.socketOf(this.#id);
  }

  // Sending.

  send(data: unknown, cb?: SendCallback): void;
  send(data: unknown, options: SendOptions | undefined | null, cb?: SendCallback): void;
  send(
    data: unknown,
    optionsOrCallback?: SendOptions | SendCallback | null,
    callback?: SendCallback,
  ): void {
    const engine = this.#engine;
    if (optionsOrCallback === undefined && callback === undefined && engine !== undefined) {
      // What nearly every send is.
      const isSimple = this.#readyState === OPEN && this.#behindBlob === undefined;
      if (isSimple && !this.#inParts && engine.sendAtOnce(this.#id, data)) return;
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
    if (data instanceof Blob || this.#behindBlob !== undefined) {
      this.#sendBehind(data, { binary, compress, fin }, cb);
      return;
    }
    const isBinary = binary ?? typeof data !== 'string';
    const sendable = sendableOf(data || NOTHING);
    const opcode = isBinary ? Opcode.binary : Opcode.text;
    if (!fin || this.#inParts) {
      const bytes = typeof sendable === 'string' ? Buffer.from(sendable) : sendable;
      const begun = this.#inParts;
      this.#inParts = !fin;
      this.#attempt((engine) => engine.sendFragment(this.#id, begun ? 0 : opcode, bytes, fin), cb);
      return;
    }
    const kind = compress ? opcode : opcode | UNCOMPRESSED;
    this.#attempt((engine) => engine.sendMessage(this.#id, kind, sendable), cb);
  }

  /** Sends when the Blobs before have been read. */
  #sendBehind(data: unknown, options: SendOptions, cb: SendCallback | undefined): void {
    const behind = this.#behindBlob;
    if (behind !== undefined) {
      behind.push(() => this.#send(data, options, cb));
      return;
    }
    this.#behindBlob = [];
    const goOn = (): void => {
      const waiting = this.#behindBlob ?? [];
      this.#behindBlob = undefined;
      for (const send of waiting) send();
    };
    (data as Blob).arrayBuffer().then(
      (bytes) => {
        const waiting = this.#behindBlob;
        this.#behindBlob = undefined;
        this.#send(Buffer.from(bytes), options, cb);
        this.#behindBlob = waiting;
        goOn();
      },
      (error: Error) => {
        goOn();
        cb?.(new Error('The Blob could not be read', { cause: error }));
      },
    );
  }

  ping(data?: unknown, mask?: boolean | SendCallback, cb?: SendCallback): void {
    this.#control(Opcode.ping, data, mask, cb);
  }

  pong(data?: unknown, mask?: boolean | SendCallback, cb?: SendCallback): void {
    this.#control(Opcode.pong, data, mask, cb);
  }

  #control(
    opcode: number,
    data: unknown,
    mask: boolean | SendCallback | undefined,
    callback: SendCallback | undefined,
  ): void {
    this.#requireOpened();
    const isCallback = typeof data === 'function';
    const cb = isCallback ? (data as SendCallback) : typeof mask === 'function' ? mask : callback;
    const payload = isCallback ? undefined : typeof data === 'number' ? `${data}` : data;
    if (this.#readyState !== OPEN) {
      this.#refuse(payload, cb);
      return;
    }
    const sendable = sendableOf(payload || NOTHING);
    if (sizeOf(sendable) > MOST_CONTROL) {
      throw new RangeError('The data size must not be greater than 125 bytes');
    }
    this.#attempt((engine) => engine.sendMessage(this.#id, opcode, sendable), cb);
  }

  /** Sends by `act`, and has `cb` called when that is done. */
  #attempt(act: (engine: Engine) => void, cb: SendCallback | undefined): void {
    const engine = this.#engine as Engine;
    try {
      act(engine);
    } catch (error) {
      engine.onOverflow(this.#id);
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
    const call = (error?: Error): void => {
      for (const callback of callbacks) callback(error);
    };
    (this.#engine as Engine).whenSent(this.#id).then(
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
    this.#engine?.setReading(this.#id, false);
  }

  resume(): void {
    if (this.#readyState === CONNECTING || this.#readyState === CLOSED) return;
    this.#isPaused = false;
    this.#engine?.setReading(this.#id, true);
  }

  /** A message has come. @internal */
  receive(event: DataInEvent): void {
    const isBinary = event.dataFormat === 2;
    const data = event.toBuffer();
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
  close(code?: number, reason?: string | Buffer): void {
    if (this.#readyState !== OPEN) return;
    const engine = this.#engine as Engine;
    this.#settle();
    engine.close(this.#id, code, reason);
    this.#readyState = CLOSING;
    this.#timer = setTimeout(() => engine.terminate(this.#id), engine.closeTimeout);
  }

  /** Closes the connection at once. */
  terminate(): void {
    if (this.#readyState === CONNECTING || this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    this.#engine?.terminate(this.#id);
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
