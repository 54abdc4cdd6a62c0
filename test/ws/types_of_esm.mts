// What an ES module takes from native-wsserver/ws must compile as it does with @types/ws.

import type { IncomingMessage } from 'node:http';
import * as all from 'native-wsserver/ws';
import WebSocket, {
  type ClientOptions,
  createWebSocketStream,
  type RawData,
  type ServerOptions,
  WebSocketServer,
} from 'native-wsserver/ws';

export class Client extends WebSocket {
  name = '';
}

export function serve(options: ServerOptions<typeof Client>): WebSocketServer {
  const wss = new WebSocketServer({ ...options, WebSocket: Client });
  wss.on('connection', (client, request: IncomingMessage) => {
    client.name = request.url ?? '';
    client.on('message', (data: RawData) => client.send(data));
    createWebSocketStream(client).end();
  });
  const any: WebSocketServer = new all.WebSocketServer({ noServer: true });
  const event: WebSocket.MessageEvent['data'] = '';
  const client: ClientOptions = { headers: { origin: event.toString() }, maxPayload: 1 };
  for (const each of any.clients) if (each.readyState === all.WebSocket.OPEN) each.ping(client);
  return any;
}
