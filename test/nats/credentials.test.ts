// Who a node is, and TLS with NATS.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { nkeys } from '@nats-io/transport-node';
import { type NatsOptions, natsBus } from 'native-wsserver/nats';
import { authority, issue } from '../support/certificates.js';
import { defer } from '../support/defer.js';
import {
  joinNats,
  type NatsServer,
  startNats,
  subscriber,
  WITHOUT_NATS,
} from '../support/nats_server.js';
import { collect, startServer, until } from '../support/server.js';

/** That a bus with these options connects, and brings a message. */
async function assertJoins(t: TestContext, nats: NatsServer, options: NatsOptions): Promise<void> {
  const [a, b] = await Promise.all([joinNats(t, options), joinNats(t, options)]);
  const { messages } = await subscriber(t, a.server, 'x');
  while (messages.length === 0) {
    await b.server.publish('x', 'hello');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(nats.port > 0);
  for (const { bus } of [a, b]) bus.close();
}

/** What a bus with these options says is wrong. */
async function troubleOf(t: TestContext, options: NatsOptions): Promise<{ message: string }> {
  const bus = natsBus(options);
  defer(t, () => bus.close());
  try {
    await bus.ready();
  } catch (error) {
    assert.deepEqual(Object.keys(error as object), ['code']);
    return error as Error;
  } finally {
    bus.close();
  }
  return assert.fail('it has connected');
}

test('a token, or a user and a password, also in the URL', { skip: WITHOUT_NATS }, async (t) => {
  const byToken = await startNats(t, 'authorization { token: "s3:cret" }');
  await assertJoins(t, byToken, { servers: byToken.url, token: 's3:cret' });
  await assertJoins(t, byToken, { servers: `nats://s3%3Acret@127.0.0.1:${byToken.port}` });
  const byUser = await startNats(t, 'authorization { user: "me", password: "s3cret" }');
  await assertJoins(t, byUser, { servers: byUser.url, user: 'me', pass: 's3cret' });
  await assertJoins(t, byUser, { servers: `me:s3cret@127.0.0.1:${byUser.port}` });
});

test('wrong credentials: an error without them, at first and later', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t, 'authorization { user: "me", password: "right" }');
  for (const options of [
    { servers: nats.url, user: 'me', pass: 'wr0ng' },
    { servers: `nats://me:wr0ng@127.0.0.1:${nats.port}` },
    { servers: nats.url },
  ]) {
    const { message, ...rest } = await troubleOf(t, options);
    assert.deepEqual(rest, { code: 10013 });
    assert.match(message, /NATS at 127\.0\.0\.1:\d+ does not accept who this is: look at token/);
    assert.doesNotMatch(message, /wr0ng/);
  }
  const server = await startServer(t);
  const errors = collect(server, 'Error');
  const bus = natsBus({ servers: nats.url, user: 'me', pass: 'right' });
  defer(t, () => bus.close());
  server.bus = bus;
  await bus.ready();
  await nats.end();
  nats.configure('authorization { user: "me", password: "another" }');
  await nats.start();
  await until(() => errors.some(({ errorCode }) => errorCode === 10013));
  await nats.end();
  nats.configure('authorization { user: "me", password: "right" }');
  await nats.start();
  await until(() => bus.connected);
});

test('an nkey', { skip: WITHOUT_NATS }, async (t) => {
  const user = nkeys.createUser();
  const nats = await startNats(t, `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`);
  const nkey = `${Buffer.from(user.getSeed())}\n`;
  await assertJoins(t, nats, { servers: nats.url, nkey });
  const other = `${Buffer.from(nkeys.createUser().getSeed())}`;
  const { message, ...rest } = await troubleOf(t, { servers: nats.url, nkey: other });
  assert.deepEqual(rest, { code: 10013 });
  assert.doesNotMatch(message, new RegExp(other));
});

test('a .creds file', { skip: WITHOUT_NATS }, async (t) => {
  const [operator, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ];
  const base64 = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url');
  const issueJwt = (by: typeof user, about: typeof user, nats: object): string => {
    const iat = Math.floor(Date.now() / 1000);
    const subject = about.getPublicKey();
    const claims = { jti: subject, iat, iss: by.getPublicKey(), name: 'x', sub: subject, nats };
    const header = base64('{"typ":"JWT","alg":"ed25519-nkey"}');
    const signed = `${header}.${base64(JSON.stringify(claims))}`;
    return `${signed}.${base64(by.sign(Buffer.from(signed)))}`;
  };
  const version = 2;
  const unlimited = { subs: -1, data: -1, payload: -1 };
  const wide = { imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const nats = await startNats(
    t,
    `operator: ${issueJwt(operator, operator, { type: 'operator', version })}
    resolver: MEMORY
    resolver_preload: { ${account.getPublicKey()}: ${issueJwt(operator, account, {
      type: 'account',
      version,
      limits: { ...unlimited, ...wide },
    })} }`,
    { jetStream: false },
  );
  const creds = `-----BEGIN NATS USER JWT-----
${issueJwt(account, user, { type: 'user', version, ...unlimited, pub: {}, sub: {} })}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${Buffer.from(user.getSeed())}
------END USER NKEY SEED------
`;
  await assertJoins(t, nats, { servers: nats.url, creds });
});

test('TLS: an authority, a certificate of the client, and what goes wrong', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const { certFile, keyFile } = issue('nats');
  const own = issue('node');
  const files = `cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${authority.certFile}"`;
  const nats = await startNats(t, `tls { ${files}, verify: true }`);
  const servers = `tls://localhost:${nats.port}`;
  const tls = { caFile: authority.certFile, certFile: own.certFile, keyFile: own.keyFile };
  await assertJoins(t, nats, { servers, tls });
  await assertJoins(t, nats, {
    servers: nats.url,
    tls: { ca: authority.cert, cert: own.cert, key: own.key },
  });
  const unknown = await troubleOf(t, { servers, tls: { cert: own.cert, key: own.key } });
  assert.deepEqual({ ...unknown }, { code: 276 });
  assert.match(
    unknown.message,
    /Error during handshake\. NATS at localhost:\d+: .*Look at the option tls/,
  );

  const plain = await startNats(t);
  const wanted = await troubleOf(t, { servers: `tls://127.0.0.1:${plain.port}` });
  assert.deepEqual({ ...wanted }, { code: 276 });
  assert.match(wanted.message, /does not support 'tls'/);
});
