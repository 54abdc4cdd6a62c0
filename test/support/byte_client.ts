// A client that knows nothing but bytes: it can send what no WebSocket library would, in pieces of
// any size, and shows exactly what came back.

import net from 'node:net';
import type { TestContext } from 'node:test';
import { defer } from './defer.js';
import { PATIENCE_MS } from './patience.js';

export const Op = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** What a frame is made of. Everything but the opcode has the value that is right. */
export interface FrameFields {
  opcode: number;
  payload?: Uint8Array | string;
  fin?: boolean;
  /** The three reserved bits, 0 to 7. */
  rsv?: number;
  /** Null: not masked. */
  key?: Uint8Array | null;
  /** The length that the header announces. */
  length?: number | bigint;
  /** In how many bytes it is announced: in the second byte itself, in 2 or in 8. */
  lengthBytes?: 0 | 2 | 8;
}

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export function frame({
  opcode,
  payload = '',
  fin = true,
  rsv = 0,
  key = KEY,
  length,
  lengthBytes,
}: FrameFields): Buffer {
  const bytes = Buffer.from(payload as Uint8Array);
  const announced = BigInt(length ?? bytes.length);
  const size = lengthBytes ?? (announced < 126n ? 0 : announced < 65536n ? 2 : 8);
  const header = Buffer.alloc(2 + size);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  header[1] = (key ? 0x80 : 0) | (size === 0 ? Number(announced) : size === 2 ? 126 : 127);
  if (size === 2) header.writeUInt16BE(Number(announced), 2);
  if (size === 8) header.writeBigUInt64BE(announced, 2);
  if (key === null) return Buffer.concat([header, bytes]);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = (bytes[index] as number) ^ (key[index & 3] as number);
  }
  return Buffer.concat([header, key, bytes]);
}

/** The size of a frame's header, its key included, when this is its second byte. */
export function headerSize(second: number): number {
  const length = second & 0x7f;
  return 2 + (length < 126 ? 0 : length === 126 ? 2 : 8) + ((second & 0x80) === 0 ? 0 : 4);
}

/** The payload of a Close frame. */
export function closePayload(code: number, reason: Uint8Array | string = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason as Uint8Array)]);
}

/** A frame that came back. */
export interface Frame {
  fin: boolean;
  rsv: number;
  opcode: number;
  masked: boolean;
  payload: Buffer;
  /** All of it, as it came. */
  bytes: Buffer;
}

/** The code of a Close frame; 1005 when it has none. */
export function closeCode({ payload }: Frame): number {
  return payload.length === 0 ? 1005 : payload.readUInt16BE(0);
}

/** An HTTP answer's head, and its body as far as Content-Length goes. */
export interface Answer {
  status: number;
  statusLine: string;
  /** By their names in lower case. */
  headers: Map<string, string>;
  body: string;
}

/** A request that is in order, with `lines` after the lines that must be there. */
export function request(lines: readonly string[] = [], uri = '/'): string {
  const head = [
    `GET ${uri} HTTP/1.1`,
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...lines,
  ];
  return `${head.join('\r\n')}\r\n\r\n`;
}

/** How a connection ended: with a FIN, with a reset, or because nothing came any more. */
export type Ending = 'end' | 'reset' | 'silence';

/** Long enough for the server to read what has been sent, and to answer it. */
export async function turn(): Promise<void> {
  for (let phase = 0; phase < 2; phase++) await new Promise((resolve) => setImmediate(resolve));
}

/** All bytes by themselves; of what is long, the first and last ones, and the rest in blocks. */
export function* byteByByte(bytes: Buffer): Generator<Buffer> {
  const edge = bytes.length > 400 ? 20 : bytes.length;
  for (let at = 0; at < edge; at++) yield bytes.subarray(at, at + 1);
  const last = Math.max(edge, bytes.length - edge);
  for (let at = edge; at < last; at += 4099) yield bytes.subarray(at, Math.min(at + 4099, last));
  for (let at = last; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}

export class ByteClient {
  readonly socket: net.Socket;
  /** How the connection ended, once it has. */
  readonly ended: Promise<Ending>;
  #received: Buffer[] = [];
  #size = 0;
  #over = false;
  #changed: () => void = () => {};

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      this.#received.push(bytes);
      this.#size += bytes.length;
      this.#changed();
    });
    this.ended = new Promise((resolve) => {
      socket.on('error', () => resolve('reset'));
      socket.on('end', () => resolve('end'));
      socket.setTimeout(PATIENCE_MS, () => {
        resolve('silence');
        socket.destroy();
      });
    });
    void this.ended.then(() => {
      this.#over = true;
      this.#changed();
    });
  }

  /** A TCP connection. With `halfOpen` the server's FIN is not answered by one of ours. */
  static async connect(
    t: TestContext,
    port: number,
    { host = '127.0.0.1', halfOpen = false } = {},
  ): Promise<ByteClient> {
    const socket = net.connect({ host, port, allowHalfOpen: halfOpen });
    const client = new ByteClient(socket);
    defer(t, () => client.close());
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), client.ended]);
    return client;
  }

  /** A client over a socket that is there. */
  static over(t: TestContext, socket: net.Socket): ByteClient {
    const client = new ByteClient(socket);
    defer(t, () => client.close());
    return client;
  }

  /** A WebSocket. */
  static async open(t: TestContext, port: number, lines?: readonly string[]): Promise<ByteClient> {
    const client = await ByteClient.connect(t, port);
    await client.upgrade(lines);
    return client;
  }

  async upgrade(lines?: readonly string[], uri?: string): Promise<Answer> {
    this.send(request(lines, uri));
    const answer = await this.readAnswer();
    if (answer.status !== 101) throw new Error(`refused: ${answer.statusLine}`);
    return answer;
  }

  /** Sends in one piece. */
  send(...parts: (Uint8Array | string)[]): void {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array))));
  }

  /** Sends piece by piece, and lets the server read each of them. */
  async sendPieces(pieces: Iterable<Uint8Array>): Promise<void> {
    for (const piece of pieces) {
      if (this.socket.destroyed || this.socket.writableEnded) return;
      this.socket.write(piece);
      await turn();
    }
  }

  /** Sends a finished frame. */
  sendFrame(opcode: number, payload?: Uint8Array | string): void {
    this.send(frame(payload === undefined ? { opcode } : { opcode, payload }));
  }

  /** The answer to the request. */
  async readAnswer(): Promise<Answer> {
    let end = -1;
    for (let size = 1; end < 0; size = this.#size + 1) {
      end = (await this.#atLeast(size)).indexOf('\r\n\r\n');
    }
    const [statusLine = '', ...lines] = this.#take(end + 4)
      .toString('latin1')
      .slice(0, -4)
      .split('\r\n');
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(': ');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
      }),
    );
    const length = Number(headers.get('content-length') ?? 0);
    await this.#atLeast(length);
    const status = Number(statusLine.split(' ')[1]);
    return { status, statusLine, headers, body: this.#take(length).toString() };
  }

  /** The next frame. */
  async readFrame(): Promise<Frame> {
    const second = (await this.#atLeast(2))[1] as number;
    const size = headerSize(second);
    const header = await this.#atLeast(size);
    const short = second & 0x7f;
    const length =
      short < 126
        ? short
        : short === 126
          ? header.readUInt16BE(2)
          : Number(header.readBigUInt64BE(2));
    await this.#atLeast(size + length);
    const bytes = this.#take(size + length);
    const first = bytes[0] as number;
    return {
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 0x0f,
      masked: (second & 0x80) !== 0,
      payload: bytes.subarray(size),
      bytes,
    };
  }

  /** All frames up to a Close, or up to the end. */
  async readFrames(): Promise<Frame[]> {
    const frames: Frame[] = [];
    while (await this.#hasMore()) {
      const next = await this.readFrame();
      frames.push(next);
      if (next.opcode === Op.close) break;
    }
    return frames;
  }

  /** Answers the server's Close, or starts the closing handshake, and waits for the end. */
  async finish(code = 1000): Promise<Ending> {
    this.sendFrame(Op.close, closePayload(code));
    return this.ended;
  }

  /** Whether the connection has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** What has come and has not been read, once the connection has ended. */
  async rest(): Promise<Buffer> {
    await this.ended;
    return Buffer.concat(this.#received);
  }

  close(): void {
    this.socket.destroy();
  }

  /** Ends the connection with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async #hasMore(): Promise<boolean> {
    while (this.#size === 0) {
      if (this.#over) return false;
      await this.#change();
    }
    return true;
  }

  /** All that has been received, as soon as it is `size` bytes or more. */
  async #atLeast(size: number): Promise<Buffer> {
    while (this.#size < size) {
      if (this.#over) throw new Error(`the connection ended: ${await this.ended}`);
      await this.#change();
    }
    if (this.#received.length !== 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0] as Buffer;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  #take(size: number): Buffer {
    const [bytes = Buffer.alloc(0)] = this.#received;
    this.#received = [bytes.subarray(size)];
    this.#size -= size;
    return bytes.subarray(0, size);
  }
}
