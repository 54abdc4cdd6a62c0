// Messages in a loop: for await (const message of connection).

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import {
  type CloseStatus,
  type DataInEvent,
  type WSConnection,
  WSServerError,
} from 'native-wsserver';
import { ByteClient, closePayload, frame, Op, request } from '../support/byte_client.js';
import { type Open, open, startOpen } from '../support/open.js';
import { collect, next, startServer, until } from '../support/server.js';

/** The texts of messages until the loop ends. */
async function readAll(messages: AsyncIterable<DataInEvent>): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) texts.push(message.text);
  return texts;
}

/** The text of the next message. */
async function nextText(messages: AsyncIterator<DataInEvent>): Promise<string> {
  const { done, value } = await messages.next();
  assert.ok(!done, 'no message');
  return value.text;
}

const ended = { done: true, value: undefined };

/** Sends numbered messages of `size` bytes, as fast as they are taken. */
function flood({ client }: Open, count: number, size: number): void {
  for (let index = 0; index < count; index++) {
    const payload = Buffer.alloc(size);
    payload.writeUInt32BE(index);
    client.sendFrame(Op.binary, payload);
  }
}

const numberOf = (message: DataInEvent): number =>
  Buffer.from(message.textB.buffer, message.textB.byteOffset, 4).readUInt32BE(0);

describe('how a loop ends', () => {
  const rows = [
    { name: '1000', end: (client: ByteClient) => client.finish(1000), error: undefined },
    { name: '1001', end: (client: ByteClient) => client.finish(1001), error: undefined },
    {
      name: 'a Close without a code',
      end: (client: ByteClient) => client.sendFrame(Op.close),
      error: undefined,
    },
    {
      name: '1011 and a reason',
      end: (client: ByteClient) => client.sendFrame(Op.close, closePayload(1011, 'oops')),
      error: { statusCode: 1011, description: 'oops' },
    },
    {
      name: 'a code of the application',
      end: (client: ByteClient) => client.finish(4000),
      error: { statusCode: 4000, description: '' },
    },
    {
      name: 'a broken rule',
      end: (client: ByteClient) => client.sendFrame(3),
      error: { statusCode: 1002 },
    },
    {
      name: 'a reset',
      end: (client: ByteClient) => client.reset(),
      error: { statusCode: 1006 },
    },
  ];
  for (const { name, end, error } of rows) {
    test(name, async (t) => {
      const { client, connection } = await startOpen(t);
      const messages = connection.messages();
      client.sendFrame(Op.text, 'one');
      assert.equal(await nextText(messages), 'one');
      client.sendFrame(Op.text, 'two');
      end(client);
      await connection.closed;
      if (name !== 'a reset') assert.equal(await nextText(messages), 'two');
      if (error === undefined) {
        assert.deepEqual(await messages.next(), ended);
      } else {
        const failure = await readAll(messages).catch((reason) => reason);
        assert.ok(failure instanceof WSServerError);
        assert.equal(failure.code, 126);
        assert.match(failure.message, new RegExp(`${error.statusCode}`));
        const { statusCode, description } = failure.cause as CloseStatus;
        assert.deepEqual({ description, ...error }, { statusCode, description });
      }
      assert.deepEqual(await messages.next(), ended);
    });
  }
});

test('text and bytes, in their order, to the end', async (t) => {
  const { client, connection } = await startOpen(t);
  const messages = connection.messages();
  client.sendFrame(Op.text, 'grüß');
  client.sendFrame(Op.binary, Buffer.from([1, 255]));
  client.sendFrame(Op.close, closePayload(1000));
  const all: (string | Uint8Array)[] = [];
  for await (const { dataFormat, text, textB } of messages) {
    all.push(dataFormat === 1 ? text : textB);
  }
  assert.deepEqual(all, ['grüß', Uint8Array.of(1, 255)]);
});

test('what came right behind the request is not missed by who begins when connected', async (t) => {
  const server = await startServer(t);
  const read = new Promise<string[]>((resolve) => {
    server.on('Connected', ({ connectionId }) => {
      resolve(readAll(server.connections.get(connectionId) as WSConnection));
    });
  });
  const client = await ByteClient.connect(t, server.localPort);
  client.send(
    request(),
    frame({ opcode: Op.text, payload: 'early' }),
    frame({ opcode: Op.close, payload: closePayload(1000) }),
  );
  assert.deepEqual(await read, ['early']);
});

test('begun before the connection is open, and for one that is refused', async (t) => {
  const server = await startServer(t);
  const loops: Promise<string[]>[] = [];
  server.on('WebSocketOpenRequest', (event) => {
    loops.push(readAll(server.connections.get(event.connectionId) as WSConnection));
    if (event.requestURI === '/refused') event.statusCode = 403;
  });
  const client = await ByteClient.open(t, server.localPort);
  client.sendFrame(Op.text, 'x');
  await client.finish();
  assert.deepEqual(await loops[0], ['x']);
  const refused = await ByteClient.connect(t, server.localPort);
  refused.send(request([], '/refused'));
  await refused.ended;
  await assert.rejects(loops[1] as Promise<string[]>, { code: 126, message: /1006/ });
});

test('the handlers of DataIn get everything too', async (t) => {
  const { server, client, connection } = await startOpen(t);
  const events = collect(server, 'DataIn');
  const read = readAll(connection);
  client.sendFrame(Op.text, 'a');
  client.sendFrame(Op.text, 'b');
  await client.finish();
  assert.deepEqual(await read, ['a', 'b']);
  assert.deepEqual(
    events.map(({ text }) => text),
    ['a', 'b'],
  );
});

for (const { name, size, count } of [
  { name: 'many messages', size: 1000, count: 16_000 },
  { name: 'large messages', size: 1_000_000, count: 40 },
]) {
  test(`a loop that takes its time stops the client: ${name}`, async (t) => {
    const { server, ...slow } = await startOpen(t);
    const messages = slow.connection.messages();
    flood(slow, count, size);
    assert.equal(numberOf((await messages.next()).value), 0);
    const busy = await open(t, server);
    const other = busy.connection.messages();
    // As soon as others have been read a hundred times, all would have come that can.
    for (let index = 0; index < 100; index++) {
      busy.client.sendFrame(Op.text, `${index}`);
      assert.equal(await nextText(other), `${index}`);
    }
    const { bytesIn } = server.statistics;
    assert.ok(bytesIn < 8_000_000, `${bytesIn} bytes were read`);
    assert.equal(slow.connection.acceptData, true);
    for (let index = 1; index < count; index++) {
      assert.equal(numberOf((await messages.next()).value), index);
    }
    await other.return?.();
  });
}

test('to leave the loop is to let go of the client', async (t) => {
  const { server, ...slow } = await startOpen(t);
  const seen: number[] = [];
  flood(slow, 20_000, 1000);
  for await (const message of slow.connection) {
    seen.push(numberOf(message));
    if (seen.length === 5) break;
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  await until(() => server.statistics.messagesIn === 20_000);
  const again = slow.connection.messages();
  slow.client.sendFrame(Op.text, 'afterwards');
  assert.equal(await nextText(again), 'afterwards');
});

test('one loop at a time', async (t) => {
  const { client, connection } = await startOpen(t);
  const first = connection.messages();
  assert.throws(() => connection.messages(), { code: 10037 });
  assert.throws(() => connection.readable, { code: 10037 });
  assert.deepEqual(await first.return?.(), ended);
  const second = connection.messages();
  client.sendFrame(Op.text, 'second');
  assert.equal(await nextText(second), 'second');
  assert.deepEqual(await first.next(), ended);
});

test('several calls of next() at once, and return() meanwhile', async (t) => {
  const { client, connection } = await startOpen(t);
  const messages = connection.messages();
  const waiting = [nextText(messages), nextText(messages)];
  client.sendFrame(Op.text, 'a');
  client.sendFrame(Op.text, 'b');
  assert.deepEqual(await Promise.all(waiting), ['a', 'b']);
  const left = [messages.next(), messages.next()];
  await messages.return?.();
  assert.deepEqual(await Promise.all(left), [ended, ended]);
});

test('only one of several calls of next() is told of an abnormal end', async (t) => {
  const { client, connection } = await startOpen(t);
  const messages = connection.messages();
  const waiting = [messages.next(), messages.next()];
  client.reset();
  await assert.rejects(waiting[0] as Promise<unknown>, { code: 126 });
  assert.deepEqual(await waiting[1], ended);
});

test('a signal ends the loop, and not the connection', async (t) => {
  const { client, connection } = await startOpen(t);
  const controller = new AbortController();
  const { signal } = controller;
  const read = readAll(connection.messages({ signal }));
  controller.abort(new Error('enough'));
  await assert.rejects(read, /enough/);
  assert.throws(() => connection.messages({ signal }), /enough/);
  const again = connection.messages();
  client.sendFrame(Op.text, 'still here');
  assert.equal(await nextText(again), 'still here');
});

test('a signal is let go of when the loop is left, and when the connection ends', async (t) => {
  const { client, connection } = await startOpen(t);
  const { signal } = new AbortController();
  await connection.messages({ signal }).return?.();
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  connection.messages({ signal });
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  await client.finish();
  await connection.closed;
  await until(() => getEventListeners(signal, 'abort').length === 0);
});

test('acceptData holds messages back from a loop too', async (t) => {
  const { server, client, connection } = await startOpen(t);
  const messages = connection.messages();
  connection.acceptData = false;
  client.sendFrame(Op.text, 'held');
  const other = await open(t, server);
  const bystander = other.connection.messages();
  other.client.sendFrame(Op.text, 'not held');
  const first = Promise.race([nextText(messages), nextText(bystander)]);
  assert.equal(await first, 'not held');
  assert.equal(connection.acceptData, false);
  connection.acceptData = true;
  client.sendFrame(Op.text, 'and more');
  assert.equal(await nextText(messages), 'and more');
});

test('a loop that is full does not accept data because acceptData is set', async (t) => {
  const { server, ...slow } = await startOpen(t);
  const messages = slow.connection.messages();
  flood(slow, 20_000, 1000);
  await messages.next();
  const busy = await open(t, server);
  const other = busy.connection.messages();
  for (let index = 0; index < 100; index++) {
    slow.connection.acceptData = index % 2 === 1;
    busy.client.sendFrame(Op.text, `${index}`);
    await other.next();
  }
  assert.ok(server.statistics.bytesIn < 8_000_000);
});

test('nobody can begin when the connection has ended', async (t) => {
  const { server, client, connection } = await startOpen(t);
  const disconnected = next(server, 'Disconnected');
  await client.finish();
  await disconnected;
  assert.throws(() => connection.messages(), { code: 126 });
});

test('a loop that is never gone on with keeps neither the server nor the others', async (t) => {
  const { server, ...stuck } = await startOpen(t);
  flood(stuck, 10_000, 1000);
  stuck.client.sendFrame(Op.close, closePayload(1000));
  await stuck.connection.messages().next();
  const disconnected = next(server, 'Disconnected');
  await server.shutdown();
  assert.equal((await disconnected).statusCode, 1000);
  assert.equal(server.wsConnectionCount, 0);
});
