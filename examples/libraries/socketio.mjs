// Socket.IO over our sockets: node examples/libraries/socketio.mjs [port]
import { createServer } from 'node:http';
import { WebSocketServer } from 'native-wsserver/ws';
import { Server } from 'socket.io';

const server = createServer();
const io = new Server(server, { wsEngine: WebSocketServer });
io.on('connection', (socket) => {
  socket.on('join', async (room, done) => {
    await socket.join(room);
    done();
  });
  socket.on('say', (room, data) => io.to(room).emit('said', data));
  socket.on('echo', (data, answer) => answer(data));
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on port ${server.address().port}`);
});
