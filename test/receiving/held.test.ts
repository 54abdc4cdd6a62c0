// What nobody has taken yet when somebody stops to read: it waits for whoever reads next.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DataInEvent, WebSocketOpenRequestEvent, WSConnection } from 'native-wsserver';
import { ByteClient, closePayload, frame, Op, request } from '../support/byte_client.js';
import { startOpen } from '../support/open.js';
import { collect, next, startServer, until } from '../support/server.js';

/** Takes so many messages in a loop that it leaves then. */
async function take(
  messages: AsyncIterable<DataInEvent>,
  count = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of messages) {
    texts.push(text);
    if (texts.length === count) break;
  }
  return texts;
}

/** `count` numbered messages in one piece. */
function numbered(count: number, first = 0): Buffer {
  const frames = Array.from({ length: count }, (_, index) =>
    frame({ opcode: Op.text, payload: `${first + index}` }),
  );
  return Buffer.concat(frames);
}

const numbers = (count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${first + index}`);

describe('one loop after the other', () => {
  test('what came together with the last message of the first', async (t) => {
    const { client, connection } = await startOpen(t);
    client.send(numbered(1000));
    assert.deepEqual(await take(connection, 1), ['0']);
    assert.deepEqual(await take(connection, 998), numbers(998, 1));
    assert.deepEqual(await take(connection, 1), ['999']);
  });

  test('what comes in between', async (t) => {
    const { server, client, connection } = await startOpen(t);
    client.send(numbered(2));
    assert.deepEqual(await take(connection, 1), ['0']);
    client.send(numbered(2, 2));
    await until(() => server.statistics.messagesIn === 4);
    assert.deepEqual(await take(connection, 2), ['1', '2']);
    client.send(numbered(1, 4));
    assert.deepEqual(await take(connection, 2), ['3', '4']);
    client.send(numbered(1, 5));
    await until(() => server.statistics.messagesIn === 6);
    assert.deepEqual(await take(connection, 1), ['5']);
  });

  test('a handler ends one and begins the next', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const seen = collect(server, 'DataIn');
    const first = connection.messages();
    let second: AsyncIterable<DataInEvent> | undefined;
    server.on('DataIn', ({ text }) => {
      if (text !== '2') return;
      void first.return?.();
      second = connection.messages();
    });
    client.send(numbered(5));
    await until(() => seen.length === 5);
    assert.deepEqual(await take(second as AsyncIterable<DataInEvent>, 5), numbers(5));
    // What handlers have had they do not get again.
    assert.equal(seen.length, 5);
  });

  test('what comes in between where nobody listens to Connected', async (t) => {
    const server = await startServer(t);
    async function read({ connectionId }: WebSocketOpenRequestEvent): Promise<string[]> {
      const connection = server.connections.get(connectionId) as WSConnection;
      const first = await take(connection, 1);
      await until(() => server.statistics.messagesIn === 2);
      return [...first, ...(await take(connection, 1))];
    }
    const all = new Promise<string[]>((resolve) => {
      server.once('WebSocketOpenRequest', (event) => resolve(read(event)));
    });
    const client = await ByteClient.open(t, server.localPort);
    client.send(numbered(1));
    await until(() => server.statistics.messagesIn === 1);
    client.send(numbered(1, 1));
    assert.deepEqual(await all, ['0', '1']);
  });

  test('a client that sends without end loses nothing, and feels it', async (t) => {
    const count = 20_000;
    const { client, connection } = await startOpen(t);
    const payload = Buffer.alloc(1000);
    for (let index = 0; index < count; index++) {
      payload.writeUInt32BE(index);
      client.sendFrame(Op.binary, payload);
    }
    let expected = 0;
    while (expected < count) {
      let taken = 0;
      for await (const { textB } of connection) {
        assert.equal(Buffer.from(textB).readUInt32BE(0), expected++);
        if (++taken === 100) break;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  test('left by an exception, and by a signal', async (t) => {
    const { client, connection } = await startOpen(t);
    client.send(numbered(4));
    await assert.rejects(async () => {
      for await (const { text } of connection) throw new Error(text);
    }, /^Error: 0$/);
    const controller = new AbortController();
    const messages = connection.messages({ signal: controller.signal });
    assert.equal((await messages.next()).value.text, '1');
    controller.abort(new Error('enough'));
    await assert.rejects(messages.next(), /enough/);
    assert.deepEqual(await take(connection, 2), ['2', '3']);
  });

  test('then readable', async (t) => {
    const { client, connection } = await startOpen(t);
    client.send(numbered(2));
    assert.deepEqual(await take(connection, 1), ['0']);
    const reader = connection.readable.getReader();
    assert.equal((await reader.read()).value, '1');
  });

  test('to leave one twice is not to leave the next', async (t) => {
    const { client, connection } = await startOpen(t);
    const first = connection.messages();
    await first.return?.();
    const second = connection.messages();
    await first.return?.();
    client.send(numbered(1));
    assert.deepEqual(await take(second, 1), ['0']);
  });

  test('payloads that are taken back otherwise', async (t) => {
    const { server, client, connection } = await startOpen(t, { transientPayloads: true });
    client.send(numbered(3));
    assert.deepEqual(await take(connection, 1), ['0']);
    client.send(numbered(3, 3));
    await until(() => server.statistics.messagesIn === 6);
    assert.deepEqual(await take(connection, 5), numbers(5, 1));
  });
});

describe('acceptData, then a loop', () => {
  test('what was held back', async (t) => {
    const server = await startServer(t);
    const connected = new Promise<WSConnection>((resolve) => {
      server.once('Connected', ({ connectionId }) => {
        const connection = server.connections.get(connectionId) as WSConnection;
        connection.acceptData = false;
        resolve(connection);
      });
    });
    const client = await ByteClient.connect(t, server.localPort);
    client.send(request(), numbered(100));
    const connection = await connected;
    await until(() => server.statistics.messagesIn === 100);
    connection.acceptData = true;
    assert.deepEqual(await take(connection, 99), numbers(99));
    // The same by the methods of the server, with time in between.
    await server.pauseData(connection.connectionId);
    client.send(numbered(1, 100));
    await server.processData(connection.connectionId);
    await until(() => server.statistics.messagesIn === 101);
    assert.deepEqual(await take(connection, 2), ['99', '100']);
  });

  test('what came in the packet of a message whose handler has set it', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const first = new Promise<string>((resolve) => {
      server.once('DataIn', ({ text }) => {
        connection.acceptData = false;
        resolve(text);
      });
    });
    client.send(numbered(3));
    assert.equal(await first, '0');
    connection.acceptData = true;
    assert.deepEqual(await take(connection, 2), ['1', '2']);
  });
});

describe('handlers of DataIn', () => {
  test('get everything once, and the next loop what the one before left, and what came since', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const events = collect(server, 'DataIn');
    client.send(numbered(3));
    assert.deepEqual(await take(connection, 1), ['0']);
    client.send(numbered(2, 3));
    await until(() => events.length === 5);
    assert.deepEqual(await take(connection, 4), numbers(4, 1));
    assert.deepEqual(
      events.map(({ text }) => text),
      numbers(5),
    );
  });

  test('are the only ones to get what comes when the loop has left nothing', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const events = collect(server, 'DataIn');
    client.send(numbered(1));
    assert.deepEqual(await take(connection, 1), ['0']);
    client.send(numbered(1, 1));
    await until(() => events.length === 2);
    const again = connection.messages();
    client.send(numbered(1, 2));
    assert.deepEqual(await take(again, 1), ['2']);
  });

  test('are the only ones to get what nobody reads in a loop for long', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const events = collect(server, 'DataIn');
    client.send(numbered(2));
    assert.deepEqual(await take(connection, 1), ['0']);
    client.send(numbered(100, 2));
    await until(() => events.length === 102);
    const again = connection.messages();
    client.send(numbered(1, 102));
    assert.deepEqual(await take(again, 1), ['102']);
  });

  test('that are added later get what nobody has taken, after they have been added', async (t) => {
    const { server, client, connection } = await startOpen(t);
    client.send(numbered(3));
    assert.deepEqual(await take(connection, 1), ['0']);
    const events = collect(server, 'DataIn');
    assert.deepEqual(events, []);
    await until(() => events.length === 2);
    assert.deepEqual(
      events.map(({ text }) => text),
      ['1', '2'],
    );
  });

  test('may leave the loop themselves', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const messages = connection.messages();
    const events: string[] = [];
    server.on('DataIn', ({ text }) => {
      events.push(text);
      if (text === '1') void messages.return?.();
    });
    client.send(numbered(3));
    await until(() => events.length === 3);
    assert.deepEqual(await take(connection, 3), numbers(3));
  });
});

describe('when the connection has ended meanwhile', () => {
  test('normally', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const disconnected = next(server, 'Disconnected');
    client.send(numbered(4), frame({ opcode: Op.close, payload: closePayload(1000) }));
    assert.deepEqual(await take(connection, 1), ['0']);
    await disconnected;
    assert.deepEqual(await take(connection, 1), ['1']);
    assert.deepEqual(await take(connection), ['2', '3']);
    assert.throws(() => connection.messages(), { code: 126 });
  });

  test('abnormally', async (t) => {
    const { server, client, connection } = await startOpen(t);
    const disconnected = next(server, 'Disconnected');
    const messages = connection.messages();
    client.send(numbered(4));
    await until(() => server.statistics.messagesIn === 4);
    assert.equal((await messages.next()).value.text, '0');
    client.reset();
    await disconnected;
    await messages.return?.();
    assert.deepEqual(await take(connection, 1), ['1']);
    assert.throws(() => connection.messages({ signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    const texts: string[] = [];
    const reading = (async () => {
      for await (const { text } of connection) texts.push(text);
    })();
    await assert.rejects(reading, { code: 126, message: /1006/ });
    assert.deepEqual(texts, ['2', '3']);
  });
});
