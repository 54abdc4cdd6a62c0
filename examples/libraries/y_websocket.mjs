// Documents of Yjs that several edit at once: node examples/libraries/y_websocket.mjs [port]
import { setupWSConnection } from '@y/websocket-server/utils';
import { WebSocketServer } from 'native-wsserver/ws';

const server = new WebSocketServer({ port: Number(process.argv[2] ?? 8080), host: '127.0.0.1' });
server.on('connection', (socket, request) => setupWSConnection(socket, request));
server.on('listening', () => console.log(`Listening on port ${server.address().port}`));
