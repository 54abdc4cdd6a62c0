// A broker of MQTT over WebSockets: node examples/libraries/mqtt.mjs [port]
import { Aedes } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'native-wsserver/ws';

const broker = await Aedes.createBroker();
const server = new WebSocketServer({
  port: Number(process.argv[2] ?? 8080),
  host: '127.0.0.1',
  handleProtocols: (protocols) => protocols.has('mqtt') && 'mqtt',
});
server.on('connection', (socket, request) => {
  const stream = createWebSocketStream(socket);
  stream.on('error', () => {}); // A client that has vanished: aedes hears of it, too.
  broker.handle(stream, request);
});
server.on('listening', () => console.log(`Listening on port ${server.address().port}`));
