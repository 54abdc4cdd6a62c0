// Sends every message back. Run: node examples/echo.mjs, then npx wsserver load ws://127.0.0.1:8080
import { WSServer } from 'native-wsserver';

const server = new WSServer({ localHost: '127.0.0.1', localPort: 8080 });
server.on('Log', (event) => console.log(event.message));
server.on('DataIn', (event) => {
  if (event.dataFormat === 1) server.sendText(event.connectionId, event.text);
  else server.sendBytes(event.connectionId, event.textB);
});
await server.startListening();
process.once('SIGINT', () => server.shutdown());
