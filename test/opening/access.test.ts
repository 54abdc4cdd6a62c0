// Who may connect, and how the port is shared.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { WSServer } from 'native-wsserver';
import { ByteClient, Op } from '../support/byte_client.js';
import { collect, next, startEcho, startServer, until } from '../support/server.js';

const refused = [
  { BlockedClients: '127.*' },
  { BlockedClients: '10.0.0.1, 127.0.0.1' },
  { AllowedClients: '10.0.0.0/8' },
  { AllowedClients: '127.0.0.0/8', BlockedClients: 'localhost' },
  { BlockedClients: '127.0.0.1', UseIPv6: 2 },
];

/** With UseIPv6=2 clients of IPv4 come with addresses of IPv6 that are mapped. */
const hostFor = (settings: object) => ('UseIPv6' in settings ? '' : '127.0.0.1');

for (const settings of refused) {
  test(`refused: ${JSON.stringify(settings)}`, async (t) => {
    const server = await startServer(t, { localHost: hostFor(settings), settings });
    const logged = next(server, 'Log');
    const client = await ByteClient.connect(t, server.localPort);
    await client.ended;
    await logged;
    assert.equal(server.wsConnectionCount, 0);
  });

  test(`ConnectionRequest overrules: ${JSON.stringify(settings)}`, async (t) => {
    const server = await startEcho(t, { localHost: hostFor(settings), settings });
    const asked: boolean[] = [];
    server.on('ConnectionRequest', (event) => {
      asked.push(event.accept);
      event.accept = true;
    });
    await ByteClient.open(t, server.localPort);
    assert.deepEqual(asked, [false]);
  });
}

const letIn = [
  { AllowedClients: 'localhost' },
  { AllowedClients: '127.0.0.1', UseIPv6: 2 },
  { AllowedClients: '::ffff:127.0.0.1' },
  { AllowedClients: '10.0.0.0/8,127.*', BlockedClients: '127.0.0.2' },
];

for (const settings of letIn) {
  test(`let in: ${JSON.stringify(settings)}`, async (t) => {
    const server = await startEcho(t, { localHost: hostFor(settings), settings });
    const asked = next(server, 'ConnectionRequest');
    await ByteClient.open(t, server.localPort);
    const { accept, address } = await asked;
    assert.deepEqual([accept, address], [true, '127.0.0.1']);
  });
}

test('who is refused by ConnectionRequest alone', async (t) => {
  const server = await startServer(t);
  const events = collect(server, 'ConnectionRequest');
  server.on('ConnectionRequest', (event) => {
    assert.equal(event.accept, true);
    event.accept = false;
  });
  const client = await ByteClient.connect(t, server.localPort);
  await client.ended;
  assert.equal(events.length, 1);
});

test('a list that is none is an error that says what is allowed', () => {
  const server = new WSServer();
  for (const name of ['AllowedClients', 'BlockedClients']) {
    assert.throws(() => server.config(`${name}=10.0.0.0/99`), { code: 10022, message: /ranges/ });
  }
});

test('AllowedOrigins: 403 before anybody is asked', async (t) => {
  const server = await startEcho(t, { settings: { AllowedOrigins: 'https://*.a.example' } });
  const asked = collect(server, 'WebSocketOpenRequest');
  await ByteClient.open(t, server.localPort, ['Origin: https://www.a.example']);
  await ByteClient.open(t, server.localPort); // no browser: there is no Origin
  const client = await ByteClient.connect(t, server.localPort);
  await assert.rejects(client.upgrade(['Origin: https://b.example']), /403/);
  assert.equal(asked.length, 2);
});

test('MaxConnectionsPerAddress: who is too many is reset, and may come later', async (t) => {
  const server = await startEcho(t, { settings: { MaxConnectionsPerAddress: 2 } });
  const first = await ByteClient.open(t, server.localPort);
  await ByteClient.open(t, server.localPort);
  const third = await ByteClient.connect(t, server.localPort);
  assert.equal(await third.ended, 'reset');
  assert.equal(server.statistics.connectionsRefused, 1);
  await first.finish();
  await until(() => server.wsConnectionCount === 1);
  await ByteClient.open(t, server.localPort);
});

test('MaxConnectionsPerAddress: those who came before the limit count too, and once only', async (t) => {
  const server = await startEcho(t);
  const first = await ByteClient.open(t, server.localPort);
  await ByteClient.open(t, server.localPort);
  async function refused(): Promise<boolean> {
    return (await (await ByteClient.connect(t, server.localPort)).ended) === 'reset';
  }
  server.config('MaxConnectionsPerAddress=2');
  assert.ok(await refused());
  await first.finish();
  await until(() => server.wsConnectionCount === 1);
  await ByteClient.open(t, server.localPort);
  assert.ok(await refused());
  server.config('MaxConnectionsPerAddress=0');
  await ByteClient.open(t, server.localPort);
  server.config('MaxConnectionsPerAddress=3');
  assert.ok(await refused());
});

test('BindExclusively=False: several servers on one port share its clients', async (t) => {
  const settings = { BindExclusively: false };
  const first = await startEcho(t, { settings });
  const second = await startEcho(t, { settings, localPort: first.localPort });
  const third = new WSServer({ localHost: '127.0.0.1', localPort: first.localPort });
  await assert.rejects(third.startListening(), { code: 10048 });
  for (let count = 0; count < 40; count++) await ByteClient.open(t, first.localPort);
  assert.equal(first.wsConnectionCount + second.wsConnectionCount, 40);
  assert.ok(first.wsConnectionCount > 0 && second.wsConnectionCount > 0);
});

/** What ss(8) says of sockets of this port that are in this state. */
function socketsOf(port: number, ...options: string[]): string {
  return execFileSync('ss', ['-Htn', ...options, 'sport', '=', `:${port}`]).toString();
}

test('ConnectionBacklog: clients that wait to be accepted', async (t) => {
  for (const connectionBacklog of [1, 7]) {
    const server = await startServer(t, { connectionBacklog });
    // Of a listener, the third column is its backlog.
    const [, , backlog] = socketsOf(server.localPort, '-l').trim().split(/\s+/);
    assert.equal(Number(backlog), connectionBacklog);
  }
});

test('InBufferSize, OutBufferSize: the buffers of new connections, as the system has them', async (t) => {
  const settings = { InBufferSize: 20_000, OutBufferSize: 30_000 };
  const server = await startEcho(t, { settings });
  const client = await ByteClient.open(t, server.localPort);
  assert.match(socketsOf(server.localPort, '-m'), /skmem:\(r\d+,rb40000,t\d+,tb60000,/);
  client.sendFrame(Op.binary, Buffer.alloc(1_000_000));
  assert.equal((await client.readFrame()).payload.length, 1_000_000);
});

test('LocalHost: only who comes to this interface is served', async (t) => {
  const server = await startEcho(t, { localHost: '127.0.0.2' });
  const client = await ByteClient.connect(t, server.localPort, { host: '127.0.0.2' });
  await client.upgrade();
  const other = await ByteClient.connect(t, server.localPort);
  assert.equal(await other.ended, 'reset');
});

test('keep-alive: the system probes as the settings say', {
  skip: process.platform !== 'linux' && 'it reads /proc/net/tcp',
}, async (t) => {
  /** Seconds until the next probe of the connections of `port`; -1 where there is none. */
  const timers = (port: number) =>
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '01' && local?.endsWith(`:${hex(port)}`))
      .map(([, , , , , timer = '']) => {
        const [kind, when = ''] = timer.split(':');
        return kind === '02' ? Number.parseInt(when, 16) / 100 : -1;
      });
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');

  const plain = await startEcho(t);
  await ByteClient.open(t, plain.localPort);
  assert.deepEqual(timers(plain.localPort), [-1]);
  const settings = { KeepAliveTime: 6500, KeepAliveInterval: 3000, KeepAliveRetryCount: 2 };
  const probing = await startEcho(t, { settings });
  await ByteClient.open(t, probing.localPort);
  const [seconds = 0, ...others] = timers(probing.localPort);
  assert.ok(seconds > 1 && seconds <= 7, `${seconds}`);
  assert.deepEqual(others, []);
});

test('a limit of open files that is too low for MaxConnections is logged', async (t) => {
  const server = new WSServer({ localHost: '127.0.0.1', settings: { MaxConnections: 100_000 } });
  const lines = collect(server, 'Log');
  await server.startListening();
  t.after(() => server.shutdown());
  await until(() => lines.length > 0);
  const warned = lines.some(({ message }) => message.includes('ulimit -n 100064'));
  const limit = openFilesLimit();
  assert.equal(warned, limit < 100_064);
});

/** How many files this process may have open. */
function openFilesLimit(): number {
  const report = process.report?.getReport() as unknown as {
    userLimits: { open_files: { soft: number | 'unlimited' } };
  };
  const { soft } = report.userLimits.open_files;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}
