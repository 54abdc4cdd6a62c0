const { listening } = require('./listening');
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    if (isBinary) socket.send(data);
    else socket.send(data.toString());
  });
});
server.on('listening', () => listening(server.address().port));
