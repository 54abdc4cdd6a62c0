// NATS goes, stands still, refuses, and comes back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { type NatsOptions, type NatsStatus, natsBus } from 'native-wsserver/nats';
import { defer } from '../support/defer.js';
import { joinNats, startNats, subscriber, WITHOUT_NATS } from '../support/nats_server.js';
import { collect, startServer, until } from '../support/server.js';
import { startProxy } from '../support/tcp_proxy.js';

test('NATS goes and comes back: what was published meanwhile is lost, and counted', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const statuses: NatsStatus[] = [];
  const onStatus = (status: NatsStatus): void => void statuses.push(status);
  const [a, b] = await Promise.all([
    joinNats(t, { servers: nats.url, onStatus }),
    joinNats(t, { servers: nats.url }),
  ]);
  const errors = collect(a.server, 'Error');
  const here = await subscriber(t, a.server, 'x');
  const there = await subscriber(t, b.server, 'x');
  await nats.untilSubjects('wss.topic.x', 'wss.topic.x');
  for (let index = 0; index < 10; index++) a.server.publish('x', `${index}`);
  await until(() => there.messages.length === 10 && a.bus.pending === 0);
  await nats.end('SIGKILL');
  await until(() => !a.bus.connected && !b.bus.connected);
  for (let index = 10; index < 17; index++) await a.server.publish('x', `${index}`);
  await until(() => here.messages.length === 17);
  assert.equal(a.bus.lost, 7);
  assert.equal(a.server.statistics.busLost, 7);
  await nats.start();
  await until(() => a.bus.connected && b.bus.connected);
  await nats.untilSubjects('wss.topic.x', 'wss.topic.x');
  await a.server.publish('x', 'back');
  await until(() => there.messages.includes('back'));
  assert.deepEqual(there.messages, [...Array.from({ length: 10 }, (_, i) => `${i}`), 'back']);
  assert.equal(a.bus.lost, 7);
  assert.deepEqual(
    statuses.map(({ connected, server, trouble }) => [connected, server, trouble?.code]),
    [true, false, true].map((is) => [is, `127.0.0.1:${nats.port}`, is ? undefined : 10054]),
  );
  assert.deepEqual(
    errors.map(({ errorCode, connectionId }) => [errorCode, connectionId]),
    [[10054, 0]],
  );
  assert.match(`${errors[0]?.description}`, /NATS at 127\.0\.0\.1:\d+ has gone/);
});

test('what is published while NATS is away is kept, in order and up to a bound', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const proxy = await startProxy(t, nats.port);
  const { server, bus } = await joinNats(t, {
    servers: `127.0.0.1:${proxy.port}`,
    whileAway: 'keep',
    maxPending: 100_000,
  });
  const other = await joinNats(t, { servers: nats.url });
  const { messages } = await subscriber(t, other.server, 'x');
  await nats.untilSubjects('wss.topic.x');
  proxy.cut();
  await until(() => !bus.connected);
  // Each of 10,000 bytes, and 256 beside: nine fit.
  const text = (index: number): string => `${index}`.padEnd(10_000);
  for (let index = 0; index < 12; index++) await server.publish('x', text(index));
  assert.deepEqual([bus.pending, bus.lost], [9, 3]);
  await proxy.mend();
  await until(() => bus.connected);
  // Behind the others, and beyond the bound.
  await server.publish('x', text(12));
  await server.publish('x', 'small');
  await until(() => messages.length === 10);
  assert.deepEqual(messages, [...Array.from({ length: 9 }, (_, index) => text(index)), 'small']);
  await until(() => bus.pending === 0);
  assert.equal(bus.lost, 4);
  proxy.cut();
  await until(() => !bus.connected);
  await server.publish('x', 'never');
  bus.close();
  assert.equal(bus.lost, 5);
});

test('a server that takes less than the one before: what does not fit is lost', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const large = await startNats(t);
  const small = await startNats(t, 'max_payload: 1000');
  const proxy = await startProxy(t, large.port);
  const { server, bus } = await joinNats(t, {
    servers: `127.0.0.1:${proxy.port}`,
    whileAway: 'keep',
  });
  assert.equal(bus.maxPayload, (1 << 20) - 128);
  proxy.cut();
  await until(() => !bus.connected);
  await server.publish('x', 'x'.repeat(2000));
  proxy.target = small.port;
  await proxy.mend();
  await until(() => bus.lost === 1);
  assert.equal(bus.maxPayload, 872);
});

test('NATS that stands still: what waits for it is bounded, and the count is right', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  const [a, b] = await Promise.all(
    [1, 2].map(() => joinNats(t, { servers: nats.url, maxPending: 1_000_000 })),
  );
  assert.ok(a && b);
  const { messages } = await subscriber(t, b.server, 'x');
  await nats.untilSubjects('wss.topic.x');
  nats.freeze();
  const large = 'x'.repeat(10_000);
  let count = 0;
  while (a.bus.lost < 10) {
    await a.server.publish('x', large);
    count++;
  }
  // Each with 256 beside.
  assert.equal(count, 97 + 10);
  nats.thaw();
  await until(() => messages.length === 97 && a.bus.pending === 0);
  await a.server.publish('x', 'end');
  await until(() => messages.at(-1) === 'end');
  assert.equal(messages.length, 98);
  assert.equal(a.bus.lost, 10);
});

test('what is under way when NATS goes counts as lost', { skip: WITHOUT_NATS }, async (t) => {
  const nats = await startNats(t);
  const { server, bus } = await joinNats(t, { servers: nats.url });
  nats.freeze();
  for (let index = 0; index < 5; index++) await server.publish('x', 'x');
  await nats.end('SIGKILL');
  await until(() => !bus.connected);
  assert.deepEqual([bus.lost, bus.pending], [5, 0]);
});

test('what is larger than NATS takes fails at once, for local clients as well', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t, 'max_payload: 4096');
  const [a, b] = await Promise.all([1, 2].map(() => joinNats(t, { servers: nats.url })));
  assert.ok(a && b);
  const here = await subscriber(t, a.server, 'x');
  const there = await subscriber(t, b.server, 'x');
  await nats.untilSubjects('wss.topic.x', 'wss.topic.x');
  const tooLong = { code: 10040, message: /takes up to 3968 bytes, not 3969/ };
  await assert.rejects(a.server.publish('x', 'x'.repeat(3969)), tooLong);
  await assert.rejects(a.server.publish('x', Buffer.alloc(3969)), tooLong);
  await assert.rejects(a.server.broadcast(`${'ü'.repeat(1984)}x`), tooLong);
  await a.server.publish('x', 'x'.repeat(3968));
  await until(() => here.messages.length === 1 && there.messages.length === 1);
  assert.equal(there.messages[0]?.length, 3968);
  assert.equal(a.bus.lost, 0);
});

test('NATS is not there at first: an error that says so, an island, and then it heals', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const nats = await startNats(t);
  await nats.end();
  const server = await startServer(t);
  const errors = collect(server, 'Error');
  const bus = natsBus({ servers: nats.url, user: 'me', pass: 'hidden' });
  defer(t, () => bus.close());
  server.bus = bus;
  const there = {
    code: 10061,
    message: new RegExp(`NATS at 127.0.0.1:${nats.port} cannot be reached: .* Is it running there`),
  };
  await assert.rejects(bus.ready(), there);
  await assert.rejects(bus.ready(), there);
  const { messages } = await subscriber(t, server, 'x');
  await server.publish('x', 'island');
  await until(() => messages.length === 1);
  assert.deepEqual([bus.lost, bus.maxPayload], [1, undefined]);
  await nats.start();
  await until(() => bus.connected);
  await bus.ready();
  await nats.untilSubjects('wss.topic.x');
  // It was tried several times.
  assert.deepEqual(
    errors.map(({ errorCode }) => errorCode),
    [10061],
  );
});

test('a bus that is closed before it was connected', { skip: WITHOUT_NATS }, async (t) => {
  const nats = await startNats(t);
  const bus = natsBus({ servers: nats.url });
  bus.close();
  await assert.rejects(bus.ready(), { code: 10054, message: /closed before it was connected/ });
  await nats.end();
  const other = natsBus({ servers: nats.url });
  await assert.rejects(other.ready(), { code: 10061 });
  other.close();
});

test('what NATS does not permit is told, and counted', { skip: WITHOUT_NATS }, async (t) => {
  const nats = await startNats(
    t,
    `authorization { users: [{ user: u, password: p, permissions: {
      publish: { deny: "wss.topic.secret" }, subscribe: { deny: "wss.topic.hidden" } } }] }`,
  );
  const { server, bus } = await joinNats(t, { servers: nats.url, user: 'u', pass: 'p' });
  const errors = collect(server, 'Error');
  await server.publish('secret', 'x');
  await until(() => errors.length === 1);
  await server.publish('secret', 'x');
  await until(() => bus.lost === 2);
  await subscriber(t, server, 'hidden');
  await until(() => errors.length === 2);
  for (const { errorCode } of errors) assert.equal(errorCode, 10013);
  assert.match(
    `${errors[0]?.description}`,
    /Permissions Violation for Publish to "wss\.topic\.sec/,
  );
  assert.match(`${errors[1]?.description}`, /Permissions Violation for Subscription to/);
  assert.equal(bus.lost, 2);
  await server.publish('allowed', 'x');
  await until(() => bus.pending === 0);
});

test('an onStatus that throws ends nothing', { skip: WITHOUT_NATS }, async (t) => {
  const nats = await startNats(t);
  const thrown = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  defer(t, () => process.setUncaughtExceptionCaptureCallback(null));
  const onStatus = (): void => {
    throw new Error('mine');
  };
  const { bus } = await joinNats(t, { servers: nats.url, onStatus });
  assert.equal(String(await thrown), 'Error: mine');
  assert.equal(bus.connected, true);
});

test('options that cannot be are mistakes, told at once', () => {
  const rows: [NatsOptions, RegExp][] = [
    [{ servers: 'ws://host' }, /A server of NATS is nats:\/\/host:port/],
    [{ servers: 'nats://' }, /A server of NATS is/],
    [{ servers: 'a b' }, /A server of NATS is/],
    [{ servers: [] }, /servers has none/],
    [{ prefix: '' }, /The prefix of a bus/],
    [{ prefix: 'a..b' }, /The prefix of a bus/],
    [{ prefix: 'a.*' }, /The prefix of a bus/],
    [{ prefix: 'a b' }, /The prefix of a bus/],
    [{ maxPending: 1 }, /maxPending is a number of bytes/],
    [{ maxPending: Number.NaN }, /maxPending is a number of bytes/],
    [{ whileAway: 'x' as 'keep' }, /whileAway is/],
    [{ nkey: 'nonsense' }, /nkey is the seed/],
    [{ creds: 'nonsense' }, /creds are the contents/],
  ];
  for (const [options, message] of rows) {
    assert.throws(() => natsBus(options), { code: 10022, message });
  }
});

test('without the official client an error names the command that installs it', () => {
  const script = `
    import Module from 'node:module';
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (name, ...rest) => {
      if (name.startsWith('@nats-io/')) throw new Error('none');
      return resolve(name, ...rest);
    };
    const { natsBus } = await import('native-wsserver/nats');
    try { natsBus(); } catch (error) { console.log(error.name, error.code, error.message); }`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.match(said, /^WSServerError 10045 .*: npm install @nats-io\/transport-node\n$/);
});
