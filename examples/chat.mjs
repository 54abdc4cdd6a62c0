// Chat rooms: names and rooms by the query, subprotocol, asynchronous admission, topics, slow clients.
// Run: node examples/chat.mjs [port], then connect to ws://127.0.0.1:8080/?name=ada&room=kitchen with
// subprotocol "chat".
import { WSServer } from 'native-wsserver';

const server = new WSServer({ localHost: '127.0.0.1', localPort: Number(process.argv[2] ?? 8080) });
const guests = new Map();

/** Who somebody is, and the topic of the room; undefined if the query does not say. */
function guestIn(uri) {
  const query = new URL(uri, 'ws://localhost').searchParams;
  const [name, room] = [query.get('name'), query.get('room') ?? 'hall'];
  // A room is one token of a topic: who asks for `*` or `>` would hear all of them.
  return name === null || !/^\w+$/.test(room) ? undefined : { name, topic: `room.${room}` };
}

server.on('WebSocketOpenRequest', async (event) => {
  if (guestIn(event.requestURI) === undefined) {
    event.statusCode = 403;
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, 10)); // Say, a look into a database.
  event.subProtocols = 'chat';
});
server.on('Connected', ({ connectionId }) => {
  const guest = guestIn(server.connections.get(connectionId).requestURI);
  guests.set(connectionId, guest);
  server.subscribe(connectionId, guest.topic);
  server.publish(guest.topic, `${guest.name} has come`);
});
server.on('DataIn', ({ connectionId, text }) => {
  const { name, topic } = guests.get(connectionId);
  server.publish(topic, `${name}: ${text}`);
});
// A client that is too slow misses what does not fit into its queue; everybody else does not wait.
server.on('Skipped', ({ connectionId }) => {
  console.log(`${guests.get(connectionId).name} is too slow and misses messages`);
});
server.on('Disconnected', ({ connectionId }) => {
  const { name, topic } = guests.get(connectionId);
  guests.delete(connectionId);
  server.publish(topic, `${name} has gone`);
});
await server.startListening();
console.log(`Chat on ws://127.0.0.1:${server.localPort}`);
