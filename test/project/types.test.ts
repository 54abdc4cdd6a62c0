// What must not compile. Each line stands below the comment that expects its error, so that the
// compiler of the tests complains as soon as one of them is let through.

import type { ReadableStream, WritableStream } from 'node:stream/web';
import { test } from 'node:test';
import {
  type CloseStatus,
  type Data,
  type DataInEvent,
  type EventMap,
  type WSConnection,
  WSServer,
} from 'native-wsserver';

/** Never called: it only has to compile. */
function mistakes(server: WSServer, connection: WSConnection): void {
  // @ts-expect-error: no such event
  server.on('dataIn', () => {});
  // @ts-expect-error: no such event
  server.once('Message', () => {});
  // @ts-expect-error: no such event
  server.off('close', () => {});
  server.on('DataIn', (event) => {
    const text: string = event.text;
    const bytes: Uint8Array = event.textB;
    // @ts-expect-error: no such field
    void event.data;
    // @ts-expect-error: fields in lower camel case
    void event.ConnectionId;
    // @ts-expect-error: read only
    event.text = text;
    // @ts-expect-error: bytes are no text
    const wrong: string = bytes;
    void wrong;
  });
  server.on('WebSocketOpenRequest', (event) => {
    event.statusCode = 403;
    event.responseHeaders = '';
    event.subProtocols = '';
    // @ts-expect-error: a number
    event.statusCode = '403';
    // @ts-expect-error: read only
    event.requestURI = '/';
  });
  server.on('ConnectionRequest', async (event) => {
    event.accept = false;
    // @ts-expect-error: a boolean
    event.accept = 1;
  });
  // @ts-expect-error: the event of another name
  server.on('Disconnected', (_event: EventMap['Connected'] & { text: string }) => {});

  new WSServer({ localPort: 0, settings: { MaxConnections: 10, TcpNoDelay: true } });
  // @ts-expect-error: no such option
  new WSServer({ port: 8080 });
  // @ts-expect-error: a number
  new WSServer({ localPort: '8080' });
  // @ts-expect-error: settings are text, numbers and booleans
  new WSServer({ settings: { MaxConnections: [] } });

  // @ts-expect-error: a number
  server.localPort = '8080';
  // @ts-expect-error: read only
  server.wsConnectionCount = 1;
  // @ts-expect-error: text or bytes
  void server.send(1, 5);
  // @ts-expect-error: no such method
  server.shout('x');

  connection.dataFormat = 9;
  // @ts-expect-error: 0, 1, 2, 9 or 10
  connection.dataFormat = 3;
  // @ts-expect-error: read only
  connection.remotePort = 1;
}

/** Never called either. */
async function awaited(server: WSServer, connection: WSConnection): Promise<void> {
  const { signal } = new AbortController();
  for await (const message of connection) {
    const text: string = message.text;
    // @ts-expect-error: a DataInEvent
    const wrong: string = message;
    void [text, wrong];
  }
  const messages: AsyncIterableIterator<DataInEvent> = connection.messages({ signal });
  const readable: ReadableStream<string | Uint8Array> = connection.readable;
  const writable: WritableStream<Data> = connection.writable;
  await readable.pipeTo(writable);
  // @ts-expect-error: strings and bytes
  await connection.writable.getWriter().write(5);
  await connection.sendStream(chunks(), { type: 'text', signal });
  // @ts-expect-error: text or binary
  await connection.sendStream(chunks(), { type: 'json' });
  // @ts-expect-error: a string is no stream
  await connection.sendStream('text');
  const status: CloseStatus = await connection.close(1000, 'bye', { signal });
  // @ts-expect-error: read only
  status.statusCode = 1;
  // @ts-expect-error: code and reason, then options
  await connection.close({ signal });
  const roundTripMs: number = await connection.ping({ signal });
  const drained: Promise<void> = connection.drain({ signal });
  void [messages, roundTripMs, drained];
  await server.shutdown({ signal });
  await server.pauseData(connection.connectionId);
  // @ts-expect-error: read only
  connection.bufferedBytes = 0;
  // @ts-expect-error: a boolean
  new WSServer({ serialDelivery: 'yes' });
  // @ts-expect-error: fixed when the server is made
  server.serialDelivery = true;
  // @ts-expect-error: the server's own
  server.connections.forget(1);
  await using used = connection;
  void used;
}

async function* chunks(): AsyncGenerator<string | Uint8Array> {}

test('what must not compile does not', () => {
  void [mistakes, awaited];
});
