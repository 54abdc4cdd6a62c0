// Records of TLS 1.3, our own and OpenSSL's, with clients that are not ours: what a client sees must
// be the same.

import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { WSServer } from 'native-wsserver';
import WebSocket from 'ws';
import { authority, folder, issue, PLAIN } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import { collect, next, startEcho, until } from '../support/server.js';

const certificate = issue('records');
const SUITES = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
] as const;

const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].join('\r\n');

/** openssl s_client, which takes commands and sends what is none. */
class OpenSslClient {
  readonly #child: ChildProcessWithoutNullStreams;
  #text = '';

  constructor(t: TestContext, server: WSServer, ...args: string[]) {
    const target = ['-connect', `127.0.0.1:${server.localPort}`, '-CAfile', authority.certFile];
    this.#child = spawn('openssl', ['s_client', ...target, '-tls1_3', ...args], { env: PLAIN });
    defer(t, () => this.#child.kill());
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        this.#text += bytes.toString('latin1');
      });
    }
  }

  send(text: string): void {
    this.#child.stdin.write(Buffer.from(text, 'latin1'));
  }
  /** What came up to `text` and with it. */
  async read(text: string): Promise<string> {
    await until(() => this.#text.includes(text));
    const end = this.#text.indexOf(text) + text.length;
    const read = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return read;
  }
  async upgrade(): Promise<string> {
    this.send(`${UPGRADE}\r\n\r\n`);
    return this.read('\r\n\r\n');
  }
  /** Has a text echoed. */
  async echo(text: string): Promise<void> {
    this.send(`\x81${String.fromCharCode(0x80 | text.length)}\0\0\0\0${text}`);
    await this.read(`\x81${String.fromCharCode(text.length)}${text}`);
  }
  async quit(): Promise<void> {
    this.send('Q\n');
    await once(this.#child, 'exit');
  }
}

for (const own of [true, false]) {
  const how = own ? 'our records' : "OpenSSL's records";
  const start = (t: TestContext): Promise<WSServer> =>
    startEcho(t, { certificate, settings: { SSLOwnRecords: own, MaxMessageSize: 100_000_000 } });

  for (const suite of SUITES) {
    test(`${how}: ws, with ${suite}`, async (t) => {
      const server = await start(t);
      const client = new WebSocket(`wss://localhost:${server.localPort}`, {
        ca: authority.cert,
        ciphers: suite,
        perMessageDeflate: false,
      });
      defer(t, () => client.terminate());
      await once(client, 'open');
      const [id] = server.connections.keys();
      assert.equal(server.config(`SSLNegotiatedCipherSuite[${id}]`), suite);
      for (const size of [0, 1, 125, 16_384, 65_536, 30_000_000]) {
        const sent = randomBytes(size);
        client.send(sent);
        const [received] = await once(client, 'message');
        assert.ok(sent.equals(received), `${size} bytes`);
      }
      // Many small ones, in few records.
      const texts: string[] = [];
      client.on('message', (text) => texts.push(`${text}`));
      for (let i = 0; i < 1000; i++) client.send(`${i}`);
      await until(() => texts.length === 1000);
      assert.deepEqual(
        texts,
        texts.map((_, i) => `${i}`),
      );
      client.close(1000);
      await once(client, 'close');
    });

    test(`${how}: openssl s_client changes keys, with ${suite}`, async (t) => {
      const server = await start(t);
      const client = new OpenSslClient(t, server, '-ciphersuites', suite);
      assert.match(await client.upgrade(), /HTTP\/1\.1 101/);
      for (const command of ['k', 'K', 'K', 'k']) {
        client.send(`${command}\n`);
        await client.read('KEYUPDATE');
        await client.echo('after the change');
      }
      const ended = next(server, 'Disconnected');
      await client.quit();
      assert.equal((await ended).statusCode, 1006);
    });
  }

  test(`${how}: openssl s_client resumes`, async (t) => {
    const server = await start(t);
    const file = join(folder, `session-${own}`);
    const first = new OpenSslClient(t, server, '-sess_out', file);
    await first.upgrade();
    await first.echo('with the ticket');
    await first.quit();
    assert.ok(existsSync(file));
    for (let round = 0; round < 2; round++) {
      const again = new OpenSslClient(t, server, '-sess_in', file);
      assert.match(await again.upgrade(), /Reused, TLSv1\.3/);
      await again.echo('resumed');
      await again.quit();
    }
  });

  test(`${how}: Python`, async (t) => {
    const server = await start(t);
    const script = `
import asyncio, ssl, sys, websockets
async def main():
    context = ssl.create_default_context(cafile=sys.argv[2])
    async with websockets.connect(sys.argv[1], ssl=context, max_size=None) as socket:
        assert socket.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
        for size in [0, 1, 1000, 16384, 100000, 1000000]:
            sent = bytes(i % 251 for i in range(size))
            await socket.send(sent)
            assert await socket.recv() == sent
asyncio.run(main())
`;
    const url = `wss://localhost:${server.localPort}/`;
    await promisify(execFile)('/usr/bin/python3', ['-c', script, url, authority.certFile], {
      env: PLAIN,
    });
  });

  test(`${how}: a goodbye of TLS without one of WebSocket`, async (t) => {
    const server = await start(t);
    const lines = collect(server, 'Log');
    const client = new OpenSslClient(t, server);
    await client.upgrade();
    const ended = next(server, 'Disconnected');
    await client.quit();
    const { statusCode, description } = await ended;
    assert.deepEqual(
      [statusCode, description],
      [1006, 'The peer closed the connection without a Close frame'],
    );
    assert.ok(lines.every(({ message }) => !message.includes('TLS with')));
  });
}
