// A client that looks at messages of any size as they come, without keeping them.

import { createHash } from 'node:crypto';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { request } from './byte_client.js';
import { defer } from './defer.js';

/** What a message was. */
export interface Digest {
  opcode: number;
  fragments: number;
  size: number;
  sha256: string;
}

const digestOf = () => ({ opcode: 0, fragments: 0, size: 0, hash: createHash('sha256') });

export class DigestClient {
  readonly socket: net.Socket;
  #received: Buffer = Buffer.alloc(0);
  #open = false;
  /** Bytes that are to come of the current frame. */
  #left = 0;
  #last = false;
  #message = digestOf();
  readonly #digests: Digest[] = [];
  #changed: () => void = () => {};

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes) => this.#read(bytes));
  }

  static open(t: TestContext, port: number): DigestClient {
    const socket = net.connect({ host: '127.0.0.1', port });
    defer(t, () => socket.destroy());
    socket.write(request());
    return new DigestClient(socket);
  }

  /** How much has come of the message that is not whole yet. */
  get pending(): number {
    return this.#message.size;
  }

  /** The next message. */
  async next(): Promise<Digest> {
    while (this.#digests.length === 0) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this.#digests.shift() as Digest;
  }

  #read(bytes: Buffer): void {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, bytes]) : bytes;
    while (this.#readPayload() || this.#readHeader()) {}
  }

  #readPayload(): boolean {
    if (this.#left === 0 || this.#received.length === 0) return false;
    const part = this.#take(Math.min(this.#left, this.#received.length));
    this.#left -= part.length;
    this.#message.hash.update(part);
    this.#message.size += part.length;
    if (this.#left === 0) this.#endFrame();
    return true;
  }

  #readHeader(): boolean {
    if (this.#left > 0) return false;
    if (!this.#open) return this.#readAnswer();
    const [first = 0, second = 0] = this.#received;
    const size = second < 126 ? 2 : second === 126 ? 4 : 10;
    if (this.#received.length < size) return false;
    const header = this.#take(size);
    this.#left =
      size === 2 ? second : size === 4 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
    this.#last = first >= 0x80;
    this.#message.opcode ||= first & 0x0f;
    this.#message.fragments++;
    if (this.#left === 0) this.#endFrame();
    return true;
  }

  #readAnswer(): boolean {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return false;
    this.#take(end + 4);
    this.#open = true;
    return true;
  }

  #endFrame(): void {
    if (!this.#last) return;
    const { hash, ...rest } = this.#message;
    this.#digests.push({ ...rest, sha256: hash.digest('hex') });
    this.#message = digestOf();
    this.#changed();
  }

  #take(size: number): Buffer {
    const bytes = this.#received.subarray(0, size);
    this.#received = this.#received.subarray(size);
    return bytes;
  }
}
