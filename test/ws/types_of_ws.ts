// Programs as people write them against @types/ws: they must compile unchanged. Nothing here runs.

import { EventEmitter } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import WebSocket, {
  createWebSocketStream,
  type RawData,
  Server,
  type ServerOptions,
  type WebSocketServer as ServerType,
  type VerifyClientCallbackAsync,
  type VerifyClientCallbackSync,
  WebSocketServer,
} from 'native-wsserver/ws';

// An echo server, and a chat.

export function echo(): WebSocketServer {
  const wss = new WebSocketServer({ port: 8080 }, () => console.log('listening'));
  wss.on('connection', (ws, request) => {
    ws.on('error', console.error);
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    ws.on('message', function message(this: WebSocket, data: RawData) {
      this.send(data.toString(), (error) => error && console.error(error.message));
    });
    ws.once('close', (code: number, reason: Buffer) => console.log(code, reason.toString()));
    console.log(request.socket.remoteAddress, request.headers['x-forwarded-for']?.[0]);
  });
  return wss;
}

export function broadcast(wss: WebSocketServer, data: WebSocket.Data, from?: WebSocket): void {
  for (const client of wss.clients) {
    if (client !== from && client.readyState === WebSocket.OPEN) client.send(data);
  }
  wss.clients.forEach((client: WebSocket) => {
    if (client.readyState === client.OPEN)
      client.send(data, { compress: false, mask: false }, () => {});
  });
}

// Who does not answer is cut off.

interface Alive extends WebSocket {
  isAlive?: boolean;
}

export function beat(wss: WebSocket.Server): NodeJS.Timeout {
  wss.on('connection', (ws: Alive) => {
    ws.isAlive = true;
    ws.on('pong', function heartbeat(this: Alive) {
      this.isAlive = true;
    });
  });
  const interval = setInterval(() => {
    wss.clients.forEach((ws: Alive) => {
      if (ws.isAlive === false) ws.terminate();
      ws.isAlive = false;
      ws.ping();
    });
  }, 30_000);
  wss.on('close', () => clearInterval(interval));
  return interval;
}

// A class of the user's own.

export class Client extends WebSocket {
  name = '';

  greet(): void {
    this.send(`hello ${this.name}`);
  }
}

export function named(): Server<typeof Client> {
  const wss = new WebSocketServer({ port: 0, WebSocket: Client });
  wss.on('connection', (client) => client.greet());
  for (const client of wss.clients) client.name = 'you';
  return wss;
}

class OnlyHere extends WebSocketServer {
  override shouldHandle(request: IncomingMessage): boolean {
    return request.url === '/here';
  }
}

// Servers of others.

export function besides(): http.Server {
  const server = http.createServer();
  const one = new WebSocketServer({ noServer: true });
  const two = new Server({ noServer: true, clientTracking: false });
  server.on('upgrade', (request, socket, head) => {
    const { pathname } = new URL(request.url ?? '', 'ws://localhost');
    const wss = pathname === '/one' ? one : two;
    wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
  });
  one.on('wsClientError', (error: Error, socket: Duplex, _request: IncomingMessage) => {
    socket.end(error.message);
  });
  one.on('headers', (headers: string[], request) => headers.push(`X-Url: ${request.url}`));
  return server;
}

export const secure = new WebSocketServer({ server: https.createServer(), path: '/ws' });
export const here = new OnlyHere({ server: http.createServer() });

// Every option.

const sync: VerifyClientCallbackSync = ({ origin, secure: isSecure, req }) =>
  isSecure && origin.startsWith('https:') && req.headers.authorization !== undefined;
const async: VerifyClientCallbackAsync = ({ req }, callback) => {
  if (req.headers.cookie) callback(true);
  else callback(false, 401, 'Unauthorized', { 'WWW-Authenticate': 'Basic', 'Retry-After': 1 });
};
const namespaced: WebSocket.VerifyClientCallbackSync<IncomingMessage> = (info) => info.secure;

export const options: ServerOptions = {
  host: '127.0.0.1',
  port: 0,
  backlog: 100,
  path: '/ws',
  allowSynchronousEvents: true,
  autoPong: true,
  clientTracking: true,
  maxPayload: 1024,
  maxBufferedChunks: 1024,
  maxFragments: 100,
  skipUTF8Validation: false,
  handleProtocols: (protocols: Set<string>, _request: IncomingMessage) =>
    protocols.has('chat') ? 'chat' : false,
  verifyClient: async,
  perMessageDeflate: {
    zlibDeflateOptions: { chunkSize: 1024, memLevel: 7, level: 3 },
    zlibInflateOptions: { chunkSize: 10 * 1024 },
    clientNoContextTakeover: true,
    serverNoContextTakeover: true,
    serverMaxWindowBits: 10,
    clientMaxWindowBits: 10,
    concurrencyLimit: 10,
    threshold: 1024,
  },
};
export const others: WebSocket.ServerOptions[] = [
  { ...options, verifyClient: sync },
  { verifyClient: namespaced, noServer: true },
  {
    verifyClient: (info: { origin: string }) => info.origin === '',
    perMessageDeflate: false,
    WebSocket: Client,
  },
  { verifyClient: (_info, next) => next(true), port: undefined, noServer: true },
];

// The events of browsers.

export function listen(ws: WebSocket): void {
  ws.onopen = (event: WebSocket.Event) => console.log(event.type, event.target.url);
  ws.onmessage = (event: WebSocket.MessageEvent) => console.log(event.data.toString());
  ws.onmessage = ({ data }) => console.log(typeof data === 'string' ? data.length : data);
  ws.onclose = ({ code, reason, wasClean }) => console.log(code, reason, wasClean);
  ws.onerror = (event: WebSocket.ErrorEvent) => console.error(event.error, event.message);
  ws.onmessage = null;
  const onMessage = (event: WebSocket.MessageEvent): void => console.log(event.data);
  ws.addEventListener('message', onMessage, { once: true });
  ws.removeEventListener('message', onMessage);
  ws.addEventListener('close', { handleEvent: (event: WebSocket.CloseEvent) => event.reason });
  ws.addEventListener('error', ({ message }) => console.error(message));
}

// What a WebSocket has.

export function all(ws: WebSocket): void {
  ws.binaryType = 'arraybuffer';
  const type: 'nodebuffer' | 'arraybuffer' | 'fragments' = ws.binaryType;
  const state: 0 | 1 | 2 | 3 = ws.readyState;
  const amount: number = ws.bufferedAmount + ws.CLOSING + WebSocket.CLOSED;
  const texts: string[] = [ws.extensions, ws.protocol, ws.url, type];
  if (!ws.isPaused) ws.pause();
  ws.resume();
  ws.send(1);
  ws.send(new ArrayBuffer(1));
  ws.send(new Blob(['a']));
  ws.send([1, 2, 3]);
  ws.send(new Float64Array(1), { binary: true, fin: false, compress: undefined });
  ws.send('text', { binary: false }, (error?: Error) => console.log(error));
  ws.ping('data', false, (error: Error) => console.log(error));
  ws.pong(Buffer.from('data'));
  ws.close(1000, Buffer.from('bye'));
  ws.close();
  ws.on('ping', (data: Buffer) => console.log(data, state, amount, texts));
  ws.on('unexpected-response', (_request, response) => console.log(response.statusCode));
  ws.on('upgrade', (request: IncomingMessage) => console.log(request.headers));
  ws.on('an event of mine', (a: number, b: string) => console.log(a, b));
  ws.emit('an event of mine', 1, 'b');
  ws.off('open', () => {}).removeListener('close', () => {});
  ws.addListener('message', (data: WebSocket.RawData, isBinary: boolean) => {
    if (isBinary && Array.isArray(data)) console.log(Buffer.concat(data));
    else if (data instanceof ArrayBuffer) console.log(data.byteLength);
    else console.log(data.toString());
  });
  const emitter: EventEmitter = ws;
  emitter.removeAllListeners('message');
}

// A server that is handed about under its several names.

export function close(wss: ServerType): void {
  const address = wss.address();
  if (address !== null && typeof address !== 'string') console.log(address.port, address.family);
  const { port } = wss.address() as WebSocket.AddressInfo;
  wss.close((error?: Error) => console.log(error, port, wss.options.maxPayload));
  const names: (typeof WebSocketServer)[] = [WebSocket.Server, WebSocket.WebSocketServer];
  const same: WebSocket.WebSocket = new WebSocket.WebSocket(null);
  const emitter: EventEmitter = wss;
  console.log(names, same, wss.path, emitter instanceof EventEmitter);
}

// Streams.

export function pipe(ws: WebSocket): void {
  const duplex = createWebSocketStream(ws, { encoding: 'utf8', decodeStrings: false });
  duplex.on('error', console.error);
  duplex.pipe(process.stdout);
  process.stdin.pipe(WebSocket.createWebSocketStream(ws));
}
