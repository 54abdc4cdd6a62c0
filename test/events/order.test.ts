// Which events come, in which order, with what in them; and what handlers may do.

import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { type DataInEvent, type EventName, eventNames, WSServer } from 'native-wsserver';
import { ByteClient, closePayload, frame, Op, request } from '../support/byte_client.js';
import { runChild } from '../support/child.js';
import { collect, next, startEcho, startServer, until } from '../support/server.js';

test('the events of a connection, in their order', async (t) => {
  const server = await startServer(t);
  const order: string[] = [];
  for (const name of eventNames) {
    if (name !== 'Log') server.on(name, () => order.push(name));
  }
  const gone = next(server, 'Disconnected');
  const client = await ByteClient.connect(t, server.localPort);
  client.send(
    request(),
    frame({ opcode: Op.text, payload: 'a' }),
    frame({ opcode: Op.ping }),
    frame({ opcode: Op.binary, payload: 'b' }),
    frame({ opcode: Op.pong }),
    frame({ opcode: Op.close, payload: closePayload(1000) }),
  );
  await gone;
  const expected: EventName[] = ['ConnectionRequest', 'WebSocketOpenRequest', 'Connected'];
  expected.push('ReadyToSend', 'DataIn', 'Ping', 'DataIn', 'Ping', 'Disconnected');
  assert.deepEqual(order, expected);
});

test('DataIn', async (t) => {
  const server = await startServer(t);
  const events = collect(server, 'DataIn');
  const client = await ByteClient.open(t, server.localPort);
  const [connectionId] = server.connections.keys();
  client.send(
    frame({ opcode: Op.text, payload: 'grüße' }),
    frame({ opcode: Op.binary, payload: Buffer.from('0080ff', 'hex') }),
    frame({ opcode: Op.text }),
    frame({ opcode: Op.binary }),
  );
  await until(() => events.length === 4);
  const shown = events.map((event) => ({
    connectionId: event.connectionId,
    dataFormat: event.dataFormat,
    text: event.text,
    textB: Buffer.from(event.textB).toString('hex'),
    ends: [event.EOM, event.eom, event.EOL, event.eol],
  }));
  const common = { connectionId, ends: [true, true, false, false] };
  assert.deepEqual(shown, [
    { ...common, dataFormat: 1, text: 'grüße', textB: '6772c3bcc39f65' },
    { ...common, dataFormat: 2, text: '\0\ufffd\ufffd', textB: '0080ff' },
    { ...common, dataFormat: 1, text: '', textB: '' },
    { ...common, dataFormat: 2, text: '', textB: '' },
  ]);
});

for (const dataFormat of [1, 2] as const) {
  test(`an empty message as the first event of all, dataFormat ${dataFormat}`, async (t) => {
    const server = await startServer(t);
    const received = next(server, 'DataIn');
    const client = await ByteClient.open(t, server.localPort);
    client.sendFrame(dataFormat);
    const event = await received;
    assert.deepEqual([event.text, event.textB.length], ['', 0]);
  });
}

test('Ping', async (t) => {
  const server = await startServer(t);
  const events = collect(server, 'Ping');
  const client = await ByteClient.open(t, server.localPort);
  const [connectionId] = server.connections.keys();
  client.send(frame({ opcode: Op.ping }), frame({ opcode: Op.pong, payload: 'é' }));
  await until(() => events.length === 2);
  assert.deepEqual(
    events.map((event) => ({ ...event, payloadB: Buffer.from(event.payloadB).toString() })),
    [
      { connectionId, payload: '', payloadB: '', response: false },
      { connectionId, payload: 'é', payloadB: 'é', response: true },
    ],
  );
});

test('Log, by LogLevel', async (t) => {
  for (const [level, levels] of [
    [0, []],
    [1, [1]],
    [2, [1, 2]],
    [3, [1, 2, 3]],
  ] as const) {
    const server = await startServer(t, { settings: { LogLevel: level } });
    const events = collect(server, 'Log');
    const gone = next(server, 'Disconnected');
    const client = await ByteClient.open(t, server.localPort);
    client.sendFrame(3);
    await gone;
    assert.deepEqual([...new Set(events.map(({ logLevel }) => logLevel))].sort(), levels);
    const errors = events.filter(({ logType }) => logType === 'Error');
    assert.equal(errors.length, level > 0 ? 1 : 0);
    if (level > 0) assert.match(errors[0]?.message ?? '', /1002.*reserved opcode/);
  }
});

test('what is read late is what has come', async (t) => {
  const server = await startServer(t);
  const events = collect(server, 'DataIn');
  const client = await ByteClient.open(t, server.localPort);
  const sizes = [0, 1, 47, 48, 49, 125, 4095, 4096, 16_383, 16_384, 65_536, 300_000];
  const payloadOf = (index: number): string =>
    `${index} é `.repeat(Math.ceil((sizes[index % sizes.length] as number) / 5));
  const count = 200;
  for (let index = 0; index < count; index++) client.sendFrame(Op.text, payloadOf(index));
  await until(() => events.length === count);
  // Much more traffic, of which nothing is kept.
  let rest = 2000;
  server.removeAllListeners('DataIn');
  server.on('DataIn', () => rest--);
  for (let index = 0; index < 2000; index++) client.sendFrame(Op.binary, Buffer.alloc(9000, 0xff));
  await until(() => rest === 0);
  for (const [index, event] of events.entries()) {
    const expected = payloadOf(index);
    if (index % 2 === 0) assert.equal(event.text, expected);
    assert.equal(Buffer.from(event.textB).toString(), expected);
    assert.equal(event.text, expected);
  }
});

test('bytes belong to whoever reads them: writing there changes nothing else', async (t) => {
  const server = await startServer(t);
  const events = collect(server, 'DataIn');
  const client = await ByteClient.open(t, server.localPort);
  const sizes = [10, 5000, 20_000];
  for (const size of sizes) {
    client.send(
      frame({ opcode: Op.binary, payload: Buffer.alloc(size, 1) }),
      frame({ opcode: Op.binary, payload: Buffer.alloc(size, 2) }),
    );
  }
  await until(() => events.length === 2 * sizes.length);
  for (const event of events.filter((_, index) => index % 2 === 0)) event.textB.fill(9);
  for (const event of events.filter((_, index) => index % 2 === 1)) {
    assert.ok(event.textB.every((byte) => byte === 2));
  }
});

test('acceptData = false holds DataIn back, and the client with it', async (t) => {
  const server = await startServer(t);
  const texts: string[] = [];
  let hold = true;
  server.on('DataIn', (event) => {
    texts.push(event.text);
    const connection = server.connections.get(event.connectionId);
    if (hold && connection) connection.acceptData = false;
  });
  const client = await ByteClient.open(t, server.localPort);
  const [id = 0] = server.connections.keys();
  const connection = server.connections.get(id);
  assert.ok(connection);
  client.send(...['a', 'b', 'c'].map((payload) => frame({ opcode: Op.text, payload })));
  await until(() => texts.length === 1);
  assert.equal(connection.acceptData, false);
  client.socket.write(frame({ opcode: Op.binary, payload: Buffer.alloc(12_000_000) }));
  client.sendFrame(Op.text, 'd');
  // One at a time: the handler holds again.
  connection.acceptData = true;
  await until(() => texts.length === 2);
  assert.deepEqual(texts, ['a', 'b']);
  assert.ok(client.socket.writableLength > 0, 'the client feels it');
  hold = false;
  connection.acceptData = true;
  await until(() => texts.length === 5);
  assert.deepEqual([texts[0], texts[1], texts[2], texts[4]], ['a', 'b', 'c', 'd']);
});

test('acceptData = false: that the client goes is noticed', async (t) => {
  const server = await startServer(t);
  for (const go of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const connected = next(server, 'Connected');
    const client = await ByteClient.open(t, server.localPort);
    await server.pauseData((await connected).connectionId);
    const disconnected = next(server, 'Disconnected');
    client.socket[go]();
    assert.equal((await disconnected).statusCode, 1006);
  }
});

test('what was held back comes before Disconnected', async (t) => {
  const server = await startServer(t);
  const order: string[] = [];
  server.on('Connected', ({ connectionId }) => {
    const connection = server.connections.get(connectionId);
    if (connection) connection.acceptData = false;
  });
  server.on('DataIn', (event) => order.push(event.text));
  server.on('Disconnected', () => order.push('Disconnected'));
  const gone = next(server, 'Disconnected');
  const client = await ByteClient.connect(t, server.localPort);
  client.send(request(), frame({ opcode: Op.text, payload: 'held' }), frame({ opcode: 3 }));
  await gone;
  assert.deepEqual(order, ['held', 'Disconnected']);
});

test('listeners come and go', async (t) => {
  const server = await startEcho(t);
  const client = await ByteClient.open(t, server.localPort);
  const echoes = async (text: string): Promise<void> => {
    client.sendFrame(Op.text, text);
    assert.equal((await client.readFrame()).payload.toString(), text);
  };
  const seen: string[] = [];
  const listener = (event: DataInEvent): void => {
    seen.push(`on ${event.text}`);
  };
  server.on('DataIn', listener);
  server.once('DataIn', (event) => seen.push(`once ${event.text}`));
  server.prependListener('DataIn', (event) => seen.push(`first ${event.text}`));
  await echoes('1');
  await echoes('2');
  server.off('DataIn', listener);
  await echoes('3');
  assert.deepEqual(seen, ['first 1', 'on 1', 'once 1', 'first 2', 'on 2', 'first 3']);

  server.removeAllListeners('DataIn');
  client.sendFrame(Op.text, 'nobody hears');
  client.sendFrame(Op.ping, 'done');
  assert.equal((await client.readFrame()).payload.toString(), 'done');
  const heard = next(server, 'DataIn');
  client.sendFrame(Op.text, 'again');
  assert.equal((await heard).text, 'again');

  server.on('Ping', () => seen.push('never'));
  server.removeAllListeners();
  assert.deepEqual(server.eventNames(), []);
});

test('an async handler of a question is waited for, whatever happens meanwhile', async (t) => {
  const server = await startServer(t);
  const answers: (() => void)[] = [];
  server.on('WebSocketOpenRequest', () => new Promise<void>((resolve) => answers.push(resolve)));
  const connected = collect(server, 'Connected');
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => ByteClient.connect(t, server.localPort)),
  );
  for (const client of clients) client.send(request());
  await until(() => answers.length === 4);
  clients[3]?.reset();
  for (const answer of answers.reverse()) answer();
  await Promise.all(clients.slice(0, 3).map((client) => client.readAnswer()));
  assert.ok(connected.length >= 3);
});

test('a handler that throws is an uncaught exception, one of a question is told to Error', async (t) => {
  const { stdout, stderr, code } = await runChild(
    t,
    async ({ WSServer }) => {
      const net = await import('node:net');
      const thrown: string[] = [];
      process.on('uncaughtException', (error) => thrown.push(error.message));
      const server = new WSServer({ localHost: '127.0.0.1' });
      const told: string[] = [];
      server.on('Error', ({ errorCode, description }) => told.push(`${errorCode} ${description}`));
      const seen: string[] = [];
      server.on('WebSocketOpenRequest', ({ requestURI }) => {
        if (requestURI === '/throw') throw new Error('question');
        return requestURI === '/reject' ? Promise.reject(new Error('open')) : undefined;
      });
      server.on('Connected', () => {
        throw new Error('connected');
      });
      server.on('DataIn', (event) => {
        seen.push(event.text);
        server.sendText(event.connectionId, event.text);
        if (event.text === 'tick')
          process.nextTick(() => {
            throw new Error('tick');
          });
        if (event.text === 'throw') throw new Error('data');
        if (event.text === 'reject') return Promise.reject(new Error('rejection'));
        return undefined;
      });
      server.on('Disconnected', () => server.stopListening());
      process.on('exit', () => console.log(JSON.stringify({ seen, thrown, told })));
      await server.startListening();
      const texts = ['a', 'throw', 'b', 'tick', 'c', 'reject', 'd'];
      const frames = texts.map((each) =>
        Buffer.concat([Buffer.from([0x81, 0x80 | each.length, 0, 0, 0, 0]), Buffer.from(each)]),
      );
      const head = (uri: string): string =>
        `GET ${uri} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
      for (const uri of ['/reject', '/throw']) {
        const refused = net.connect(server.localPort, '127.0.0.1');
        refused.write(head(uri));
        const answer = await new Promise((resolve) => refused.once('data', resolve));
        seen.push(String(answer).slice(9, 12));
      }
      const close = Buffer.from([0x88, 0x80, 0, 0, 0, 0]);
      net
        .connect(server.localPort, '127.0.0.1')
        .write(Buffer.concat([Buffer.from(head('/')), ...frames, close]));
    },
    undefined,
  );
  assert.equal(code, 0, stderr);
  const { seen, thrown, told } = JSON.parse(stdout);
  assert.deepEqual(seen, ['500', '500', 'a', 'throw', 'b', 'tick', 'c', 'reject', 'd']);
  assert.deepEqual(thrown.sort(), ['connected', 'data', 'rejection', 'tick']);
  const aborted = '10053 [10053] Software caused connection abort.';
  assert.deepEqual(told.slice(0, 2), [`${aborted} open`, `${aborted} question`]);
});

test('after an exception from within a batch, what is sent later leaves as ever', async (t) => {
  const { stdout, code } = await runChild(
    t,
    async ({ WSServer }) => {
      const { once } = (await import('node:events')).default;
      const { WebSocket } = await import('ws');
      let thrown = 0;
      process.on('uncaughtException', () => thrown++);
      // Without a deadline nothing but events makes a turn.
      const settings = { DefaultConnectionTimeout: 0 };
      const server = new WSServer({ localHost: '127.0.0.1', settings });
      await server.startListening();
      const open = async () => {
        const client = new WebSocket(`ws://127.0.0.1:${server.localPort}`);
        const [{ connectionId }] = await once(server, 'Connected');
        return { client, connectionId };
      };
      const { client, connectionId } = await open();
      // A question's handlers are bound to the server: here that fails, outside of any handler.
      const handler = () => {};
      handler.bind = () => {
        throw new Error('cannot be bound');
      };
      server.on('WebSocketOpenRequest', handler);
      const other = new WebSocket(`ws://127.0.0.1:${server.localPort}`);
      other.on('error', () => {});
      while (thrown === 0) await new Promise((resolve) => setImmediate(resolve));
      server.off('WebSocketOpenRequest', handler);
      await new Promise((resolve) => setTimeout(resolve, 10));
      server.sendText(connectionId, 'as ever');
      const [message] = await once(client, 'message');
      console.log(`${message}`, thrown);
      process.exit();
    },
    undefined,
  );
  assert.equal(stdout, 'as ever 1\n');
  assert.equal(code, 0);
});

test("Node's own events of an emitter have all of their arguments", () => {
  const server = new WSServer();
  const seen: unknown[][] = [];
  const emitter: EventEmitter = server as unknown as EventEmitter;
  for (const name of ['newListener', 'removeListener']) {
    emitter.on(name, (...args) => {
      if (args[0] === 'DataIn' || args[0] === 'Ping') seen.push([name, ...args]);
    });
  }
  const listener = (): void => {};
  server.on('DataIn', listener);
  server.once('Ping', listener);
  server.off('DataIn', listener);
  server.removeAllListeners('Ping');
  assert.deepEqual(seen, [
    ['newListener', 'DataIn', listener],
    ['newListener', 'Ping', listener],
    ['removeListener', 'DataIn', listener],
    ['removeListener', 'Ping', listener],
  ]);
});
