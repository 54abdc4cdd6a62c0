// The properties of a server and of its connections, in every phase, and config().

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { type WSConnection, WSServer, WSServerError } from 'native-wsserver';
import { ByteClient, closePayload, frame, Op, request } from '../support/byte_client.js';
import { defer } from '../support/defer.js';
import { collect, next, startEcho, startServer, until } from '../support/server.js';

const code = (expected: number) => (error: unknown) =>
  error instanceof WSServerError && error.code === expected;

test('a new server', () => {
  const server = new WSServer();
  assert.equal(server.listening, false);
  assert.equal(server.localHost, '');
  assert.equal(server.localPort, 0);
  assert.equal(server.defaultTimeout, 0);
  assert.ok(server.connectionBacklog >= 128);
  assert.equal(server.wsConnectionCount, 0);
  assert.equal(server.connections.size, 0);
  assert.deepEqual([...server.connections], []);
});

test('options are properties and settings', () => {
  const server = new WSServer({
    localHost: '127.0.0.1',
    localPort: 8080,
    connectionBacklog: 7,
    defaultTimeout: 3,
    settings: { MaxConnections: 9, TcpNoDelay: false, DisconnectStatusDescription: 'bye' },
  });
  assert.deepEqual(
    [server.localHost, server.localPort, server.connectionBacklog, server.defaultTimeout],
    ['127.0.0.1', 8080, 7, 3],
  );
  assert.equal(server.config('MaxConnections'), '9');
  assert.equal(server.config('TcpNoDelay'), 'False');
  assert.equal(server.config('DisconnectStatusDescription'), 'bye');
  assert.throws(() => new WSServer({ localPort: 70000 }), code(10022));
  assert.throws(() => new WSServer({ settings: { NoSuchSetting: 1 } }), code(10022));
});

test('listening, localPort and listening again', async (t) => {
  const server = await startServer(t);
  const { localPort } = server;
  assert.equal(server.listening, true);
  assert.ok(localPort > 0);
  await server.stopListening();
  assert.equal(server.listening, false);
  server.listening = true;
  assert.equal(server.localPort, localPort);
  server.listening = true;
  await ByteClient.open(t, localPort);
  server.listening = false;
  const refused = await ByteClient.connect(t, localPort);
  assert.equal(await refused.ended, 'reset');
});

test('properties that can change while listening', async (t) => {
  const server = await startServer(t);
  server.connectionBacklog = 7;
  server.defaultTimeout = 8;
  assert.deepEqual([server.connectionBacklog, server.defaultTimeout], [7, 8]);
  assert.throws(() => {
    server.sslAuthenticateClients = true; // There is nothing to authenticate them by.
  }, code(10022));
  assert.equal(server.sslAuthenticateClients, false);
  assert.equal(server.config('ConnectionBacklog'), '7');
  assert.throws(() => {
    server.connectionBacklog = 0;
  }, code(10022));
  assert.equal(server.connectionBacklog, 7);
});

test('what cannot change while listening', async (t) => {
  const server = await startServer(t);
  const { localPort } = server;
  assert.throws(() => {
    server.localPort = 1;
  }, code(106));
  assert.throws(() => {
    server.localHost = '';
  }, code(107));
  assert.throws(() => server.config('LocalPort=1'), code(106));
  assert.throws(() => server.config('MaxConnections=5'), code(108));
  assert.equal(server.localPort, localPort);
  await assert.rejects(server.startListening(), code(104));
  await server.stopListening();
  server.localHost = 'localhost';
  server.config('MaxConnections=5');
});

test('addresses that cannot be listened on', async (t) => {
  const server = await startServer(t);
  const rows: [localHost: string, localPort: number, code: number][] = [
    ['127.0.0.1', server.localPort, 10048],
    ['192.0.2.1', 0, 10049],
    ['no-such-host.invalid', 0, 11001],
    ['not a name', 0, 11001],
  ];
  for (const [localHost, localPort, expected] of rows) {
    const other = new WSServer({ localHost, localPort });
    await assert.rejects(other.startListening(), code(expected), localHost);
    assert.equal(other.listening, false);
    assert.throws(() => {
      other.listening = true;
    }, code(expected));
  }
});

test('IPv6', async (t) => {
  const server = await startEcho(t, { localHost: '::1' });
  const connected = next(server, 'Connected');
  const client = await ByteClient.connect(t, server.localPort, { host: '::1' });
  await client.upgrade();
  const connection = server.connections.get((await connected).connectionId);
  assert.deepEqual([connection?.remoteHost, connection?.localAddress], ['::1', '::1']);
  client.sendFrame(Op.text, 'six');
  assert.equal((await client.readFrame()).payload.toString(), 'six');
});

test('UseIPv6: 0 IPv4, 1 IPv6, 2 both', async (t) => {
  const hosts = ['127.0.0.1', '::1'];
  const rows: [value: number, reached: boolean[]][] = [
    [0, [true, false]],
    [1, [false, true]],
    [2, [true, true]],
  ];
  for (const [value, reached] of rows) {
    const server = await startServer(t, { localHost: '', settings: { UseIPv6: value } });
    for (const [index, host] of hosts.entries()) {
      const client = net.connect({ host, port: server.localPort });
      defer(t, () => client.destroy());
      const connected = await once(client, 'connect').then(
        () => true,
        () => false,
      );
      assert.equal(connected, reached[index], `UseIPv6=${value}, ${host}`);
    }
  }
});

test('a connection knows its request', async (t) => {
  const server = await startServer(t, { defaultTimeout: 4 });
  const connected = next(server, 'Connected');
  const client = await ByteClient.connect(t, server.localPort);
  await client.upgrade(['Origin: http://a.example', 'Sec-WebSocket-Protocol: x, y'], '/path?q=1');
  const { connectionId } = await connected;
  const connection = server.connections.get(connectionId) as WSConnection;

  const { acceptData, bytesSent, dataFormat, lineMode, readyToSend, timeout } = connection;
  assert.deepEqual(
    { acceptData, bytesSent, dataFormat, lineMode, readyToSend, timeout },
    {
      acceptData: true,
      bytesSent: 0,
      dataFormat: 0,
      lineMode: false,
      readyToSend: true,
      timeout: 4,
    },
  );
  assert.equal(connection.connectionId, connectionId);
  assert.equal(connection.connected, true);
  assert.equal(connection.host, 'localhost');
  assert.equal(connection.origin, 'http://a.example');
  assert.equal(connection.localAddress, '127.0.0.1');
  assert.equal(connection.remoteHost, '127.0.0.1');
  assert.equal(connection.remotePort, client.socket.localPort);
  assert.equal(connection.requestURI, '/path?q=1');
  assert.equal(connection.subProtocols, 'x, y');
  const lines = request(['Origin: http://a.example', 'Sec-WebSocket-Protocol: x, y']);
  assert.equal(connection.requestHeaders, lines.slice(lines.indexOf('Host:'), -2));

  connection.timeout = 0;
  assert.equal(connection.timeout, 0);
  for (const timeout of [-1, 1.5, Number.NaN, 1e9]) {
    assert.throws(() => {
      connection.timeout = timeout;
    }, code(10022));
  }
});

test('the map of connections', async (t) => {
  const server = await startServer(t);
  const connected = collect(server, 'Connected');
  await ByteClient.open(t, server.localPort);
  await ByteClient.open(t, server.localPort);
  const ids = connected.map(({ connectionId }) => connectionId);
  assert.deepEqual([...server.connections.keys()], ids);
  assert.deepEqual(
    [...server.connections.values()].map(({ connectionId }) => connectionId),
    ids,
  );
  assert.deepEqual(
    [...server.connections.entries()].map(([id]) => id),
    ids,
  );
  const visited: number[] = [];
  server.connections.forEach((_connection, id) => {
    visited.push(id);
  });
  assert.deepEqual(visited, ids);
  assert.deepEqual([server.connections.size, server.wsConnectionCount], [2, 2]);

  const [id = 0] = ids;
  const connection = server.connections.get(id);
  assert.ok(connection);
  assert.equal(server.connections.get(`${id}`), connection);
  assert.equal(server.connections.has(id), true);
  for (const stranger of [0, -1, 99, id + 2 ** 32, id + 0.5, Number.NaN, 'x', '']) {
    assert.equal(server.connections.has(stranger), false, `${stranger}`);
    assert.equal(server.connections.get(stranger), undefined, `${stranger}`);
  }
});

/** Every property that is read from the server, as one value each. */
function readAll(connection: WSConnection) {
  const { acceptData, bytesSent, host, localAddress, origin, readyToSend, remoteHost } = connection;
  const { remotePort, requestHeaders, requestURI, subProtocols, timeout } = connection;
  return {
    ...{ acceptData, bytesSent, host, localAddress, origin, readyToSend, remoteHost },
    ...{ remotePort, requestHeaders, requestURI, subProtocols, timeout },
  };
}

test('a connection in every phase of its life', async (t) => {
  const server = await startServer(t);
  const phases: string[] = [];
  let connection: WSConnection | undefined;
  for (const name of [
    'WebSocketOpenRequest',
    'Connected',
    'ReadyToSend',
    'DataIn',
    'Disconnected',
  ] as const) {
    server.on(name, ({ connectionId }) => {
      connection = server.connections.get(connectionId) as WSConnection;
      const { requestURI, remoteHost, localAddress } = readAll(connection);
      assert.deepEqual([requestURI, remoteHost, localAddress], ['/a', '127.0.0.1', '127.0.0.1']);
      phases.push(`${name} ${connection.connected} ${connection.readyToSend}`);
    });
  }
  const gone = next(server, 'Disconnected');
  const client = await ByteClient.connect(t, server.localPort);
  await client.upgrade([], '/a');
  client.sendFrame(Op.text, 'x');
  await client.finish();
  await gone;
  assert.deepEqual(phases, [
    'WebSocketOpenRequest false false',
    'Connected true true',
    'ReadyToSend true true',
    'DataIn true true',
    'Disconnected false false',
  ]);

  const ended = connection as WSConnection;
  assert.equal(ended.connected, false);
  assert.equal(server.connections.has(ended.connectionId), false);
  for (const name of Object.keys(readAllNames) as (keyof typeof readAllNames)[]) {
    assert.throws(() => ended[name], code(126), name);
  }
  assert.throws(() => {
    ended.acceptData = false;
  }, code(126));
  assert.throws(() => {
    ended.timeout = 1;
  }, code(126));
});

/** The names of what readAll() reads. */
const readAllNames: Record<keyof ReturnType<typeof readAll>, true> = {
  acceptData: true,
  bytesSent: true,
  host: true,
  localAddress: true,
  origin: true,
  readyToSend: true,
  remoteHost: true,
  remotePort: true,
  requestHeaders: true,
  requestURI: true,
  subProtocols: true,
  timeout: true,
};

test('a connection that was refused is forgotten', async (t) => {
  const server = await startServer(t);
  let refused: WSConnection | undefined;
  server.on('WebSocketOpenRequest', (event) => {
    refused = server.connections.get(event.connectionId);
    event.statusCode = 403;
  });
  const client = await ByteClient.connect(t, server.localPort);
  client.send(request());
  assert.equal((await client.readAnswer()).status, 403);
  await client.ended;
  assert.ok(refused);
  const { connectionId } = refused;
  await until(() => !server.connections.has(connectionId));
  assert.equal(refused.connected, false);
});

test('asked for after its Disconnected, in the same batch, a connection is not made anew', async (t) => {
  const server = await startServer(t);
  const found: unknown[] = [];
  const ids: number[] = [];
  const over = new Promise<void>((resolve) => {
    server.on('Disconnected', ({ connectionId }) => {
      // In this handler it is there; in that of the next one, which comes in one batch, no more.
      assert.ok(server.connections.get(connectionId));
      for (const id of ids) found.push(server.connections.get(id), server.connections.has(id));
      ids.push(connectionId);
      if (ids.length === 3) resolve();
    });
  });
  const clients = [];
  for (let count = 0; count < 3; count++) clients.push(await ByteClient.open(t, server.localPort));
  for (const client of clients) client.reset();
  await over;
  assert.deepEqual([...new Set(found)], [undefined, false]);
});

/** What a server says of an id that stands for no connection. */
async function assertUnknown(server: WSServer, id: number): Promise<void> {
  assert.equal(server.connections.get(id), undefined);
  assert.equal(server.connections.has(id), false);
  await assert.rejects(server.disconnect(id), { code: 126 });
  await assert.rejects(server.changeLineMode(id, true), { code: 126 });
  await assert.rejects(server.interrupt(id), { code: 126 });
  await assert.rejects(server.pauseData(id), { code: 126 });
  await assert.rejects(server.sendText(id, 'x'), { code: 126 });
  await assert.rejects(server.ping(id), { code: 126 });
  assert.throws(() => server.config(`MessageLength[${id}]`), { code: 126 });
}

test('after its Disconnected there is no connection any more, though TCP has yet to end', async (t) => {
  const server = await startServer(t);
  const connected = next(server, 'Connected');
  const disconnected = next(server, 'Disconnected');
  const client = await ByteClient.connect(t, server.localPort, { halfOpen: true });
  await client.upgrade();
  const { connectionId } = await connected;
  const connection = server.connections.get(connectionId);
  // What follows the Close keeps the server from closing TCP first.
  client.send(frame({ opcode: Op.close, payload: closePayload(1000) }), 'more');
  await disconnected;
  assert.equal((await client.readFrame()).opcode, Op.close);
  await assertUnknown(server, connectionId);
  assert.equal((await connection?.closed)?.statusCode, 1000);
  assert.deepEqual(await connection?.close(), await connection?.closed);
  await assertUnknown(server, 55);
});

test('a connection that never opens is known until it ends, by whatever event one learns of it', async (t) => {
  const server = await startServer(t, { settings: { LogLevel: 3 } });
  const met = new Map<number, WSConnection>();
  server.on('Log', ({ connectionId }) => {
    const connection = server.connections.get(connectionId);
    if (connection !== undefined) met.set(connectionId, connection);
  });
  const client = await ByteClient.connect(t, server.localPort);
  await until(() => met.size === 1);
  const [[id, connection] = assert.fail()] = met;
  assert.equal(server.connections.get(id), connection);
  assert.equal(connection.remoteHost, '127.0.0.1');
  await assert.rejects(server.disconnect(id), { code: 126 });
  await assert.rejects(connection.close(), { code: 126 });
  client.send('no request\r\n\r\n');
  await client.ended;
  client.close();
  assert.equal((await connection.closed).statusCode, 1006);
  await until(() => !server.connections.has(id));
  await assertUnknown(server, id);
});
