// Fastify with @fastify/websocket, which asks for `ws` itself:
// node --require native-wsserver/ws/register examples/libraries/fastify.mjs [port]
import websocket from '@fastify/websocket';
import Fastify from 'fastify';

const app = Fastify();
await app.register(websocket);
app.get('/', () => 'a page');
app.get('/echo/:name', { websocket: true }, (socket, { params }) => {
  socket.on('message', (data) => socket.send(`${params.name}: ${data}`));
});
await app.listen({ port: Number(process.argv[2] ?? 8080), host: '127.0.0.1' });
console.log(`Listening on port ${app.server.address().port}`);
