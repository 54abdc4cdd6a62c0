// TLS handshakes that stop, come in pieces, or are none: what the server answers, what its Log
// says, and that nobody else notices.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { ByteClient, Op, request } from '../support/byte_client.js';
import { authority, issue } from '../support/certificates.js';
import { startEcho, until } from '../support/server.js';
import {
  Content,
  captureHello,
  connectTls,
  fragments,
  record,
  split,
  startTls,
  TLS12,
  TLS13,
} from '../support/tls_client.js';
import { reasonsIn, startWatched } from '../support/watched.js';

const { key, cert } = issue('server');
const client = issue('client');

const certificate = { key, cert };

async function echo(inner: ByteClient): Promise<void> {
  await inner.upgrade();
  inner.sendFrame(Op.text, 'through');
  assert.equal((await inner.readFrame()).payload.toString(), 'through');
  await inner.finish();
}

for (const version of [TLS12, TLS13]) {
  const name = 'minVersion' in version ? 'TLS 1.3' : 'TLS 1.2';

  test(`${name}: a client that stops, at every step`, async (t) => {
    const settings = { DefaultConnectionTimeout: 1 };
    const { server, lines, noticesNothing } = await startWatched(t, { certificate, settings });
    const hello = await captureHello(t, version);
    const steps: [name: string, stop: () => Promise<net.Socket>][] = [
      ['before the ClientHello', async () => net.connect(server.localPort, '127.0.0.1')],
      [
        'in a record header',
        async () => {
          const socket = net.connect(server.localPort, '127.0.0.1');
          socket.write(hello.subarray(0, 3));
          return socket;
        },
      ],
      [
        'in the ClientHello',
        async () => {
          const socket = net.connect(server.localPort, '127.0.0.1');
          socket.write(hello.subarray(0, 100));
          return socket;
        },
      ],
      [
        'after the ClientHello',
        async () => {
          const socket = net.connect(server.localPort, '127.0.0.1');
          socket.write(hello);
          return socket;
        },
      ],
      [
        'in the middle of its answer',
        async () => {
          const cut = (whole: Buffer, index: number) =>
            index === 0 ? [whole] : [whole.subarray(0, 4)];
          return startTls(t, server.localPort, version, cut).socket;
        },
      ],
    ];
    await Promise.all(
      steps.map(async ([, stop]) => {
        const socket = await stop();
        socket.on('error', () => {});
        await new Promise((resolve) => socket.once('close', resolve).resume());
      }),
    );
    const tooLong = lines.filter(({ message }) => message === 'The TLS handshake took too long');
    assert.equal(tooLong.length, steps.length);

    const late = await connectTls(t, server.localPort, version);
    assert.equal((await late.inner.readAnswer()).status, 408);
    await late.inner.ended;
    await noticesNothing();
  });

  test(`${name}: a ClientHello in 100 packets, and in records of one byte`, async (t) => {
    const { server, noticesNothing } = await startWatched(t, { certificate });
    const edits = [
      (whole: Buffer) => split(whole, 100),
      (whole: Buffer) => fragments(whole, 1),
      (whole: Buffer) => [Buffer.concat(fragments(whole, 1))],
    ];
    for (const edit of edits) {
      const hello = startTls(t, server.localPort, version, (whole, index) =>
        index === 0 ? edit(whole) : [whole],
      );
      await hello.secured;
      await echo(hello.inner);
    }
    await noticesNothing();
  });

  test(`${name}: every record byte by byte`, async (t) => {
    const { server, noticesNothing } = await startWatched(t, { certificate });
    const slow = await connectTls(t, server.localPort, version, (whole) =>
      split(whole, whole.length),
    );
    await echo(slow.inner);
    await noticesNothing();
  });

  test(`${name}: a ClientHello of 64 KiB`, async (t) => {
    const { server, noticesNothing } = await startWatched(t, { certificate });
    const ALPNProtocols = [...Array.from({ length: 254 }, () => 'x'.repeat(255)), 'http/1.1'];
    const large = await connectTls(t, server.localPort, { ...version, ALPNProtocols });
    await echo(large.inner);
    await noticesNothing();
  });

  test(`${name}: a handshake that is reset`, async (t) => {
    const { server, noticesNothing } = await startWatched(t, { certificate });
    for (const last of [0, 1, 2]) {
      const gone = startTls(t, server.localPort, version, (whole, index) => {
        if (index === last) setImmediate(() => gone.socket.resetAndDestroy());
        return [whole];
      });
      await gone.alert;
    }
    const { socket, alert } = await connectTls(t, server.localPort, version);
    socket.resetAndDestroy();
    await alert;
    await noticesNothing();
  });
}

/** What is not TLS, or not all of it: the bytes, and what the Log says. */
const nonsense: [name: string, bytes: Buffer, reason: string][] = [
  ['HTTP', Buffer.from(request()), 'The client speaks HTTP where TLS is expected.'],
  ['an SSH banner', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'What the client sent is not TLS.'],
  [
    'the preface of HTTP/2',
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'What the client sent is not TLS.',
  ],
  ['zeros', Buffer.alloc(1000), 'What the client sent is not TLS.'],
  [
    'a record that is too long',
    record(Content.handshake, Buffer.alloc(100), 0xffff),
    'A record is longer than TLS allows.',
  ],
  [
    'a ClientHello of 16 MiB',
    record(Content.handshake, Buffer.from([1, 0xff, 0xff, 0xff, 3, 3])),
    'The peer sent a message that is longer than is allowed.',
  ],
  [
    'a Finished instead of a ClientHello',
    record(Content.handshake, Buffer.from([20, 0, 0, 4, 1, 2, 3, 4])),
    'The peer sent a message that has no place there.',
  ],
  [
    'data before the handshake',
    record(Content.data, Buffer.from('GET / HTTP/1.1')),
    'The peer sent a message that has no place there.',
  ],
  [
    'a ClientHello that ends too early',
    record(Content.handshake, Buffer.from([1, 0, 0, 2, 3, 3])),
    'The peer sent a message that cannot be read.',
  ],
  [
    'an alert',
    record(Content.alert, Buffer.from([2, 80])),
    'The peer sent a message that has no place there.',
  ],
];

for (const [name, bytes, reason] of nonsense) {
  test(`in place of a handshake: ${name}`, async (t) => {
    const { server, lines, noticesNothing } = await startWatched(t, { certificate });
    const peer = await ByteClient.connect(t, server.localPort);
    peer.send(bytes);
    await peer.ended;
    await until(() => reasonsIn(lines).length > 0);
    assert.deepEqual(reasonsIn(lines), [reason]);
    await noticesNothing();
  });
}

test('TLS on the plain port', async (t) => {
  const server = await startEcho(t);
  const peer = startTls(t, server.localPort);
  await assert.rejects(peer.secured);
  assert.equal(server.wsConnectionCount, 0);
});

/** What a client offers that the server cannot take: the alert it gets, and what the Log says. */
const strangers: [
  name: string,
  options: Parameters<typeof startTls>[2],
  alert: number,
  reason: string,
][] = [
  [
    'an old version',
    { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    70,
    'The client speaks no version of TLS that is enabled.',
  ],
  [
    'other cipher suites',
    { ...TLS12, ciphers: 'ECDHE-ECDSA-AES128-SHA' },
    40,
    'The client has no cipher suite in common with the server.',
  ],
  [
    'other groups',
    { ...TLS13, ecdhCurve: 'P-384' },
    40,
    'The client has no group in common with the server.',
  ],
  [
    'other signature algorithms',
    { ...TLS13, sigalgs: 'rsa_pss_rsae_sha256' },
    40,
    'The client has no signature algorithm in common with the server.',
  ],
];

for (const [name, options, alert, reason] of strangers) {
  test(`a client with ${name}`, async (t) => {
    const settings = { TLS12SupportedGroups: '', TLS13SupportedGroups: 'ecdhe_x25519' };
    const { server, lines, noticesNothing } = await startWatched(t, { certificate, settings });
    assert.equal(await startTls(t, server.localPort, options).alert, alert);
    assert.deepEqual(reasonsIn(lines), [reason]);
    await noticesNothing();
  });
}

for (const event of ['SSLConnectionRequest', 'SSLClientAuthentication'] as const) {
  test(`a client that goes on while ${event} is answered`, async (t) => {
    const server = await startEcho(t, {
      certificate,
      sslAuthenticateClients: true,
      settings: { SSLCACerts: authority.cert },
    });
    const answers: (() => void)[] = [];
    server.on(event, () => new Promise<void>((resolve) => answers.push(resolve)));
    // The request comes right behind what ends the handshake.
    const eager = startTls(t, server.localPort, { ...TLS13, ...client });
    void eager.secured.then(() => eager.inner.send(request()));
    await until(() => answers.length === 1);

    const flood = await ByteClient.connect(t, server.localPort);
    flood.send(await captureHello(t), Buffer.alloc(8 * 1024 * 1024));
    if (event === 'SSLConnectionRequest') {
      await until(() => answers.length === 2);
      assert.ok(flood.socket.writableLength > 0, 'what is not read stays with the client');
    }
    for (const answer of answers) answer();
    assert.equal((await eager.inner.readAnswer()).status, 101);
  });
}
