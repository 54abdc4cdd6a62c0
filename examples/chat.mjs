// Chat rooms in the browser: names and rooms by the query, asynchronous admission, topics that clients
// subscribe and publish to as far as they may, slow clients.
// Run: node examples/chat.mjs [port], then open the page that it names.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { serveTopics, WSServer } from 'native-wsserver';

const server = new WSServer({ localHost: '127.0.0.1', localPort: Number(process.argv[2] ?? 8080) });
const guests = new Map();

/** Who somebody is, and in which room; undefined if the query does not say. */
function guestIn(uri) {
  const query = new URL(uri, 'ws://localhost').searchParams;
  const [name, room] = [query.get('name') ?? '', query.get('room') ?? 'hall'];
  // Each is one token of a topic: who were called `*` or `>` would hear all of them.
  return /^\w+$/.test(name) && /^\w+$/.test(room) ? { name, room: `room.${room}` } : undefined;
}

// Who is in a room hears all that is said there, and speaks with the own name alone.
serveTopics(server, {
  authorize({ connectionId }, action, topic) {
    const { name, room } = guests.get(connectionId);
    return topic === (action === 'publish' ? `${room}.${name}` : `${room}.*`);
  },
});
server.on('WebSocketOpenRequest', async (event) => {
  if (guestIn(event.requestURI) === undefined) event.statusCode = 403;
  else await new Promise((resolve) => setTimeout(resolve, 10)); // Say, a look into a database.
});
server.on('Connected', ({ connectionId }) => {
  const guest = guestIn(server.connections.get(connectionId).requestURI);
  guests.set(connectionId, guest);
  server.publish(`${guest.room}.door`, `${guest.name} has come`);
});
// A client that is too slow misses what does not fit into its queue; everybody else does not wait.
server.on('Skipped', ({ connectionId }) => {
  console.log(`${guests.get(connectionId).name} is too slow and misses messages`);
});
server.on('Disconnected', ({ connectionId }) => {
  const { name, room } = guests.get(connectionId);
  guests.delete(connectionId);
  server.publish(`${room}.door`, `${name} has gone`);
});
await server.startListening();
console.log(`Chat on ws://127.0.0.1:${server.localPort}`);

// The page, and the client that it imports. Any web server will do.
const files = {
  '/': [new URL('chat.html', import.meta.url), 'text/html; charset=utf-8'],
  '/client.mjs': [
    createRequire(import.meta.url).resolve('native-wsserver/client'),
    'text/javascript',
  ],
};
const pages = createServer(async ({ url }, response) => {
  const [file, type] = files[new URL(url, 'http://localhost').pathname] ?? [];
  if (file === undefined) return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': type });
  return response.end(`${await readFile(file)}`.replace('PORT', server.localPort));
});
pages.listen(0, '127.0.0.1', () => {
  console.log(`Page on http://127.0.0.1:${pages.address().port}/?name=ada&room=kitchen`);
});
