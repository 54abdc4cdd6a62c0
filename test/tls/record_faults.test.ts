// Records that are damaged, endless, empty or out of place after the handshake: what the server
// answers, what its Log says, and that nobody else notices.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { frame, Op, request } from '../support/byte_client.js';
import { issue } from '../support/certificates.js';
import { collect, commonSettings, next, until } from '../support/server.js';
import {
  Content,
  connectTls,
  record,
  type Sealer,
  TLS12,
  TLS13,
  type TlsClient,
} from '../support/tls_client.js';
import { reasonsIn, startWatched } from '../support/watched.js';

const { key, cert } = issue('server');

const versions = { 'TLS 1.2': TLS12, 'TLS 1.3': TLS13 } as const;

const certificate = { key, cert };

/** Whether the records of TLS 1.3 are the server's own, or OpenSSL's. Their limits differ a little. */
const own = !('SSLOwnRecords' in commonSettings);

/** A server with a client that notices nothing, and one whose WebSocket is open. */
async function startVictim(t: TestContext, options: Parameters<typeof connectTls>[2]) {
  const watched = await startWatched(t, { certificate });
  const victim = await connectTls(t, watched.server.localPort, options);
  await victim.inner.upgrade();
  const ended = next(watched.server, 'Disconnected');
  return { ...watched, victim, ended };
}

async function expectEcho({ inner }: TlsClient, message: string): Promise<void> {
  assert.equal((await inner.readFrame()).payload.toString(), message);
}

for (const [name, version] of Object.entries(versions)) {
  test(`${name}: a record that was changed on its way`, async (t) => {
    const { victim, ended, lines, noticesNothing } = await startVictim(t, version);
    victim.edit((whole) => {
      whole.writeUInt8(whole.readUInt8(whole.length - 1) ^ 1, whole.length - 1);
      return [whole];
    });
    victim.inner.sendFrame(Op.text, 'never read');
    assert.equal(await victim.alert, 20);
    const { statusCode, description } = await ended;
    const reason = 'A record does not open: it was changed on its way.';
    assert.deepEqual([statusCode, description], [1006, reason]);
    assert.deepEqual(reasonsIn(lines), [reason]);
    await noticesNothing();
  });

  test(`${name}: a record that comes twice, and one that is missing`, async (t) => {
    for (const edit of [(whole: Buffer) => [whole, whole], () => []]) {
      const { victim, ended, noticesNothing } = await startVictim(t, version);
      victim.edit((whole) => {
        victim.edit((later) => [later]);
        // Not before, or both may come in one record.
        victim.inner.sendFrame(Op.text, 'second');
        return edit(whole);
      });
      victim.inner.sendFrame(Op.text, 'first');
      assert.equal(await victim.alert, 20);
      assert.equal((await ended).statusCode, 1006);
      await noticesNothing();
    }
  });

  test(`${name}: a record longer than 2^14 + 256`, async (t) => {
    const { victim, ended, noticesNothing } = await startVictim(t, version);
    victim.socket.write(record(Content.data, Buffer.alloc(20_000)));
    assert.equal(await victim.alert, 22);
    assert.equal((await ended).description, 'A record is longer than TLS allows.');
    await noticesNothing();
  });

  test(`${name}: plain text in place of a record`, async (t) => {
    const { victim, ended, noticesNothing } = await startVictim(t, version);
    victim.socket.write('HTTP/1.1 200 OK\r\n\r\n');
    await victim.alert;
    assert.equal((await ended).statusCode, 1006);
    await noticesNothing();
  });

  test(`${name}: an end without close_notify, and one with it`, async (t) => {
    const { server, victim, ended, noticesNothing } = await startVictim(t, version);
    victim.socket.end();
    const cut = await ended;
    const reason = 'The connection was cut off: the peer did not say close_notify.';
    assert.deepEqual([cut.statusCode, cut.description], [1006, reason]);

    const polite = await connectTls(t, server.localPort, version);
    await polite.inner.upgrade();
    const left = next(server, 'Disconnected');
    polite.tls.end();
    const { statusCode, description } = await left;
    const without = 'The peer closed the connection without a Close frame';
    assert.deepEqual([statusCode, description], [1006, without]);
    await noticesNothing();
  });

  test(`${name}: a record for every byte`, async (t) => {
    const { victim, noticesNothing } = await startVictim(t, version);
    const whole = frame({ opcode: Op.text, payload: 'in very many records' });
    for (const byte of whole) {
      victim.tls.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expectEcho(victim, 'in very many records');
    await noticesNothing();
  });
}

test('TLS 1.2: a client that renegotiates is closed', async (t) => {
  const { victim, ended, lines, noticesNothing } = await startVictim(t, TLS12);
  const refused = once(victim.tls, 'error');
  victim.tls.renegotiate({ rejectUnauthorized: false }, () => {});
  const reason = 'The client wanted to renegotiate, which is not allowed.';
  assert.equal((await ended).description, reason);
  const [error] = await refused;
  assert.equal(error.code, 'ERR_SSL_NO_RENEGOTIATION');
  assert.deepEqual(reasonsIn(lines), [reason]);
  await noticesNothing();
});

/** A client of TLS 1.3 that makes its records itself. */
async function startSealing(t: TestContext) {
  const watched = await startWatched(t, { certificate });
  const victim = await connectTls(t, watched.server.localPort, TLS13);
  const sealer = victim.sealer();
  const send = (...records: Buffer[]): boolean => victim.socket.write(Buffer.concat(records));
  send(sealer.seal(Content.data, request()));
  assert.equal((await victim.inner.readAnswer()).status, 101);
  const ended = next(watched.server, 'Disconnected');
  return { ...watched, victim, sealer, send, ended };
}

const hello = frame({ opcode: Op.text, payload: 'hello' });

test('TLS 1.3: 100,000 KeyUpdates', async (t) => {
  const { victim, sealer, send, ended, noticesNothing } = await startSealing(t);
  // Not once(), which would reject when the server resets who has not stopped.
  const drained = () => new Promise((resolve) => victim.socket.once('drain', resolve));
  for (let count = 0; count < 100_000 && !victim.inner.over; count += 1000) {
    const updates = Array.from({ length: 1000 }, () => sealer.updateKey(count === 0));
    if (!send(...updates)) await Promise.race([drained(), victim.inner.ended]);
    if (!own) {
      send(sealer.seal(Content.data, hello));
      await expectEcho(victim, 'hello');
    }
    if (count % 20_000 === 0) await noticesNothing();
  }
  if (own) assert.equal((await ended).description, 'The peer sent too many records without data.');
  await noticesNothing();
});

test('TLS 1.3: a new key for every message', async (t) => {
  const { victim, sealer, send } = await startSealing(t);
  for (let count = 0; count < 1000; count++) {
    send(sealer.updateKey(count % 2 === 0), sealer.seal(Content.data, hello));
  }
  for (let count = 0; count < 1000; count++) await expectEcho(victim, 'hello');
});

test('TLS 1.3: records with padding, and empty ones between them', async (t) => {
  const { victim, sealer, send } = await startSealing(t);
  for (const byte of hello) {
    send(sealer.seal(Content.data, '', 100), sealer.seal(Content.data, Buffer.from([byte]), 1000));
  }
  await expectEcho(victim, 'hello');
});

/** What a client of TLS 1.3 may not send: the alert it gets, and the reason. */
const offences: [
  name: string,
  records: (sealer: Sealer) => Buffer[],
  alert: number,
  reason: string,
][] = [
  [
    'a ClientHello after the handshake',
    (sealer) => [sealer.seal(Content.handshake, Buffer.from([1, 0, 0, 2, 3, 3]))],
    10,
    'The peer sent a message that has no place there.',
  ],
  [
    'a KeyUpdate that wants something unknown',
    (sealer) => [sealer.seal(Content.handshake, Buffer.from([24, 0, 0, 1, 2]))],
    47,
    'The peer sent a message that cannot be read.',
  ],
  [
    'a KeyUpdate that is too long',
    (sealer) => [sealer.seal(Content.handshake, Buffer.from([24, 0, 0, 2, 0, 0]))],
    own ? 50 : 47,
    own
      ? 'The peer sent a message that cannot be read.'
      : 'The peer sent a message that is longer than is allowed.',
  ],
  [
    'data in a message of the handshake',
    (sealer) => [
      sealer.seal(Content.handshake, Buffer.from([24, 0])),
      sealer.seal(Content.data, hello),
    ],
    10,
    'The peer sent a message that has no place there.',
  ],
  [
    'a message of 16 MiB',
    (sealer) => [sealer.seal(Content.handshake, Buffer.from([24, 0xff, 0xff, 0xff]))],
    own ? 50 : 47,
    own
      ? 'The peer sent a message that cannot be read.'
      : 'The peer sent a message that is longer than is allowed.',
  ],
  [
    'an unknown kind of record',
    (sealer) => [sealer.seal(42, hello)],
    10,
    'The peer sent a message that has no place there.',
  ],
  [
    'a record of nothing but padding',
    (sealer) => [sealer.seal(0, Buffer.alloc(10))],
    10,
    'The peer sent a message that has no place there.',
  ],
  [
    'a record that is not encrypted',
    () => [record(Content.alert, Buffer.from([1, 0]))],
    10,
    'The peer sent a message that has no place there.',
  ],
  [
    'records without data, without end',
    (sealer) => Array.from({ length: 100 }, () => sealer.seal(Content.data, '')),
    10,
    'The peer sent too many records without data.',
  ],
  [
    'more than 2^14 bytes in a record',
    (sealer) => [sealer.seal(Content.data, Buffer.alloc(16_385))],
    22,
    'A record is longer than TLS allows.',
  ],
];

for (const [name, records, alert, reason] of offences) {
  test(`TLS 1.3: ${name}`, async (t) => {
    const { victim, sealer, send, ended, noticesNothing } = await startSealing(t);
    send(...records(sealer));
    assert.equal(await victim.alert, alert);
    assert.equal((await ended).description, reason);
    await noticesNothing();
  });
}

/** The alerts of a client: level and number, and the reason. */
const alerts: [level: number, alert: number, reason: string][] = [
  [2, 80, 'The peer ended the connection with the alert internal_error (80).'],
  [2, 20, 'The peer ended the connection with the alert bad_record_mac (20).'],
  [2, 199, 'The peer ended the connection with the alert unknown (199).'],
  [1, 48, 'The peer ended the connection with the alert unknown_ca (48).'],
  [1, 0, 'The peer closed the connection without a Close frame'],
];

for (const [level, alert, reason] of alerts) {
  test(`TLS 1.3: the client sends alert ${alert} of level ${level}`, async (t) => {
    const { sealer, send, ended, noticesNothing } = await startSealing(t);
    send(sealer.seal(Content.alert, Buffer.from([level, alert])));
    const { statusCode, description } = await ended;
    assert.deepEqual([statusCode, description], [1006, reason]);
    await noticesNothing();
  });
}

test('TLS 1.3: the alert user_canceled ends nothing, but many do', async (t) => {
  const { victim, sealer, send, ended, noticesNothing } = await startSealing(t);
  send(sealer.seal(Content.alert, Buffer.from([1, 90])), sealer.seal(Content.data, hello));
  await expectEcho(victim, 'hello');
  for (let count = 0; count < 100; count++) {
    send(sealer.seal(Content.alert, Buffer.from([1, 90])));
  }
  const reason = own ? 'records without data' : 'alerts';
  assert.equal((await ended).description, `The peer sent too many ${reason}.`);
  await noticesNothing();
});

test('what was sent before a record that is broken is delivered', async (t) => {
  const { server, victim, sealer, send, ended } = await startSealing(t);
  const messages = collect(server, 'DataIn');
  send(sealer.seal(Content.data, hello), record(Content.data, Buffer.alloc(100)));
  assert.equal(await victim.alert, 20);
  await ended;
  await until(() => messages.length === 1);
});
