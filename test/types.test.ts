// What must not compile. Each line stands below the comment that expects its error, so that the
// compiler of the tests complains as soon as one of them is let through.

import { test } from 'node:test';
import { type EventMap, type WSConnection, WSServer } from 'native-wsserver';

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
  server.broadcast('x');

  connection.dataFormat = 9;
  // @ts-expect-error: 0, 1, 2, 9 or 10
  connection.dataFormat = 3;
  // @ts-expect-error: read only
  connection.remotePort = 1;
}

test('what must not compile does not', () => {
  void mistakes;
});
