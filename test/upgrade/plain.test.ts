import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteClient, closePayload, frame, Op, request } from '../support/byte_client.js';
import { collect, next, until } from '../support/server.js';
import { startUpgrading } from './upgrading.js';

test('an upgrade of a server of Node becomes a connection, which Node has let go', async (t) => {
  let closed = false;
  const ids: Promise<number>[] = [];
  const { server, nodeServer, port } = await startUpgrading(t, {}, (to, ...upgrade) => {
    upgrade[1].on('close', () => {
      closed = true;
    });
    ids.push(to.handleUpgrade(...upgrade));
  });
  const connected = collect(server, 'Connected');
  const client = await ByteClient.open(t, port);
  const id = (await ids[0]) as number;
  assert.deepEqual(
    connected.map(({ connectionId }) => connectionId),
    [id],
  );
  await until(() => closed);
  assert.equal(await new Promise((resolve) => nodeServer.getConnections((_, n) => resolve(n))), 0);
  client.sendFrame(Op.text, 'hello');
  assert.equal((await client.readFrame()).payload.toString(), 'hello');
  const connection = server.connections.get(id);
  assert.equal(connection?.remoteHost, '127.0.0.1');
  assert.equal(connection?.remotePort, client.socket.localPort);
  assert.equal(connection?.localAddress, '127.0.0.1');
  client.sendFrame(Op.close, closePayload(1000));
  const [close] = await client.readFrames();
  assert.equal(close?.opcode, Op.close);
  assert.equal(await client.ended, 'end');
});

test('frames that came with the request are read, by those who await the upgrade', async (t) => {
  const taken: Promise<string>[] = [];
  const { port } = await startUpgrading(t, {}, (server, ...upgrade) => {
    server.removeAllListeners('DataIn');
    const read = async (): Promise<string> => {
      const id = await server.handleUpgrade(...upgrade);
      for await (const { text } of server.connections.get(id)?.messages() ?? []) return text;
      return 'nothing';
    };
    taken.push(read());
  });
  const client = await ByteClient.connect(t, port);
  client.send(request(), frame({ opcode: Op.text, payload: 'early' }));
  assert.equal((await client.readAnswer()).status, 101);
  assert.equal(await taken[0], 'early');
});

test('a client that is refused is answered, and the promise rejected', async (t) => {
  const outcomes: Promise<unknown>[] = [];
  const { server, port } = await startUpgrading(t, {}, (to, ...upgrade) => {
    outcomes.push(to.handleUpgrade(...upgrade).catch((error: unknown) => error));
  });
  server.on('WebSocketOpenRequest', (event) => {
    event.statusCode = event.requestURI === '/no' ? 404 : 101;
  });
  const client = await ByteClient.connect(t, port);
  client.send(request([], '/no'));
  assert.equal((await client.readAnswer()).status, 404);
  assert.equal(await client.ended, 'end');
  assert.equal(((await outcomes[0]) as { code: number }).code, 10061);
  const other = await ByteClient.connect(t, port);
  other.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
  assert.equal((await other.readAnswer()).status, 426);
  assert.equal(((await outcomes[1]) as { code: number }).code, 10061);
});

test('the questions are those of a connection that was accepted here', async (t) => {
  const { server, port } = await startUpgrading(t);
  const asked: string[] = [];
  server.on('ConnectionRequest', async ({ address }) => {
    asked.push(address);
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
  server.on('WebSocketOpenRequest', ({ requestURI }) => {
    asked.push(requestURI);
  });
  const connected = next(server, 'Connected');
  const client = await ByteClient.connect(t, port);
  await client.upgrade([], '/chat?a=b');
  await connected;
  assert.deepEqual(asked, ['127.0.0.1', '/chat?a=b']);
});
