// A chat room: names by subprotocol and query, asynchronous admission, broadcast, slow clients.
// Run: node examples/chat.mjs, then connect to ws://127.0.0.1:8080/?name=ada with subprotocol "chat".
import { WSServer } from 'native-wsserver';

const server = new WSServer({ localHost: '127.0.0.1', localPort: 8080 });
const names = new Map();

function nameIn(uri) {
  return new URL(uri, 'ws://localhost').searchParams.get('name');
}

function broadcast(text) {
  // A client that is too slow to take it (error 10035) misses it; everybody else does not wait.
  for (const id of names.keys()) server.sendText(id, text);
}

server.on('WebSocketOpenRequest', async (event) => {
  if (nameIn(event.requestURI) === null) {
    event.statusCode = 403;
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, 10)); // Say, a look into a database.
  event.subProtocols = 'chat';
});
server.on('Connected', (event) => {
  const name = nameIn(server.connections.get(event.connectionId).requestURI);
  names.set(event.connectionId, name);
  broadcast(`${name} has come`);
});
server.on('DataIn', (event) => broadcast(`${names.get(event.connectionId)}: ${event.text}`));
server.on('Disconnected', (event) => {
  const name = names.get(event.connectionId);
  names.delete(event.connectionId);
  broadcast(`${name} has gone`);
});
await server.startListening();
console.log(`Chat on ws://127.0.0.1:${server.localPort}`);
