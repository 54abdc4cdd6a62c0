const { listening } = require('./listening');
const { WebSocketServer } = require('ws');

// Its own default is a context for each connection, which costs 300 KB.
const perMessageDeflate = process.env.DEFLATE === '1' && {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1024,
};
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate });
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    if (isBinary) socket.send(data);
    else socket.send(data.toString());
  });
});
server.on('listening', () => listening(server.address().port));
