// A TLS client whose records are in the test's hands. Node's own TLS makes and reads them; a wire
// between it and the server drops, splits or changes them on their way, and a Sealer makes those of
// TLS 1.3 that no library would send.

import { createCipheriv, createHmac } from 'node:crypto';
import net from 'node:net';
import { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { ByteClient, turn } from './byte_client.js';
import { defer } from './defer.js';

export const Content = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23 } as const;

const HEADER = 5;

/** A record. Nothing is encrypted. */
export function record(type: number, content: Uint8Array, length = content.length): Buffer {
  return Buffer.concat([Buffer.from([type, 3, 3, length >> 8, length & 0xff]), content]);
}

/** `bytes` in `count` pieces of about the same size. */
export function split(bytes: Buffer, count: number): Buffer[] {
  const at = (piece: number) => Math.floor((piece * bytes.length) / count);
  return Array.from({ length: count }, (_, piece) => bytes.subarray(at(piece), at(piece + 1)));
}

/** A record as records of `size` bytes. Only what is not encrypted may be divided so. */
export function fragments(whole: Buffer, size: number): Buffer[] {
  const content = whole.subarray(HEADER);
  const count = Math.ceil(content.length / size);
  return split(content, count).map((piece) => record(whole[0] as number, piece));
}

/** What the server gets for the client's record number `index`: pieces, which are sent apart. */
export type Edit = (record: Buffer, index: number) => readonly Buffer[];

/** The way from a client's TLS to the server's socket, and back. */
class Wire extends Duplex {
  readonly socket: net.Socket;
  edit: Edit = (whole) => [whole];
  #partial: Buffer = Buffer.alloc(0);
  #count = 0;

  constructor(port: number) {
    super();
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (bytes) => this.push(bytes));
    this.socket.on('end', () => this.push(null));
    this.socket.on('error', (error) => this.destroy(error));
    this.socket.on('close', () => this.destroy());
  }

  override _read(): void {}

  override _write(bytes: Buffer, _: string, done: (error?: Error | null) => void): void {
    this.#partial = Buffer.concat([this.#partial, bytes]);
    void this.#pass().then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  async #pass(): Promise<void> {
    for (;;) {
      if (this.#partial.length < HEADER) return;
      const end = HEADER + this.#partial.readUInt16BE(3);
      if (this.#partial.length < end) return;
      const whole = this.#partial.subarray(0, end);
      this.#partial = this.#partial.subarray(end);
      for (const [index, piece] of this.edit(whole, this.#count++).entries()) {
        if (index > 0) await turn();
        if (!this.socket.destroyed) this.socket.write(piece);
      }
    }
  }
}

/** HKDF-Expand-Label of RFC 8446 §7.1, with SHA-256 and no context; of no more than 32 bytes. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** Makes the records of one direction of TLS 1.3, by TLS_AES_128_GCM_SHA256 (RFC 8446 §5.2). */
export class Sealer {
  #secret: Buffer;
  #sequence = 0n;

  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  /** A record of `content`, after which `padding` zeros follow. */
  seal(type: number, content: Uint8Array | string, padding = 0): Buffer {
    const plain = Buffer.concat([
      Buffer.from(content as Uint8Array),
      Buffer.from([type]),
      Buffer.alloc(padding),
    ]);
    const nonce = expandLabel(this.#secret, 'iv', 12);
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ this.#sequence++, 4);
    const size = plain.length + 16;
    const header = Buffer.from([Content.data, 3, 3, size >> 8, size & 0xff]);
    const cipher = createCipheriv('aes-128-gcm', expandLabel(this.#secret, 'key', 16), nonce);
    cipher.setAAD(header);
    return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** A KeyUpdate (RFC 8446 §4.6.3). What is sealed later is sealed by the next key. */
  updateKey(requestsAnother: boolean): Buffer {
    const message = this.seal(
      Content.handshake,
      Buffer.from([24, 0, 0, 1, requestsAnother ? 1 : 0]),
    );
    this.#secret = expandLabel(this.#secret, 'traffic upd', 32);
    this.#sequence = 0n;
    return message;
  }
}

export interface TlsClient {
  /** The connection to the server itself, for records that are the test's own. */
  socket: net.Socket;
  /** What becomes of the records from now on. */
  edit(edit: Edit): void;
  /** The client that speaks through TLS. */
  inner: ByteClient;
  tls: tls.TLSSocket;
  /** Fulfilled when the client considers the handshake done; rejected when it has failed. */
  secured: Promise<void>;
  /** The number of the alert with which the server ended the connection; 0 when there was none. */
  alert: Promise<number>;
  /** Lines of an NSS key log. */
  secrets: readonly string[];
  /** What resumes the session, once the server has given it. */
  session: Promise<Buffer>;
  /** For what follows a handshake with {@link TLS13}. The client's own TLS must send no more. */
  sealer(): Sealer;
}

/** Options with which a {@link Sealer} can take over. */
export const TLS13 = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;
export const TLS12 = { maxVersion: 'TLSv1.2' } as const;

/** Begins a handshake with the server on `port`, which may be edited from its first record on. */
export function startTls(
  t: TestContext,
  port: number,
  options: tls.ConnectionOptions = {},
  edit?: Edit,
): TlsClient {
  const wire = new Wire(port);
  if (edit) wire.edit = edit;
  const secure = tls.connect({
    socket: wire,
    servername: 'localhost',
    rejectUnauthorized: false,
    ...options,
  });
  defer(t, () => wire.destroy());
  const secrets: string[] = [];
  secure.on('keylog', (line) => secrets.push(line.toString().trim()));
  const alert = new Promise<number>((resolve) => {
    secure.once('error', ({ message }) =>
      resolve(Number(/SSL alert number (\d+)/.exec(message)?.[1] ?? 0)),
    );
    secure.once('close', () => resolve(0));
  });
  const secured = new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve);
    secure.once('error', reject);
    secure.once('close', () => reject(new Error('closed in the handshake')));
  });
  secured.catch(() => {}); // Not every test waits for it.
  return {
    socket: wire.socket,
    edit: (next) => {
      wire.edit = next;
    },
    inner: ByteClient.over(t, secure),
    tls: secure,
    secured,
    alert,
    secrets,
    session: new Promise((resolve) => secure.once('session', resolve)),
    sealer: () => {
      const line = secrets.find((each) => each.startsWith('CLIENT_TRAFFIC_SECRET_0 '));
      return new Sealer(Buffer.from(line?.split(' ')[2] as string, 'hex'));
    },
  };
}

/** A client whose handshake is done. */
export async function connectTls(
  t: TestContext,
  port: number,
  options?: tls.ConnectionOptions,
  edit?: Edit,
): Promise<TlsClient> {
  const client = startTls(t, port, options, edit);
  await client.secured;
  return client;
}

/** The bytes of a ClientHello that nobody has answered: one record. */
export async function captureHello(
  t: TestContext,
  options: tls.ConnectionOptions = {},
): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  defer(t, () => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  return new Promise((resolve) => {
    const client = startTls(t, port, options, (whole) => {
      resolve(whole);
      setImmediate(() => client.tls.destroy());
      return [];
    });
  });
}
