const { listening, publishing } = require('./listening');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');

// Its own default is a context for each connection, which costs 300 KB.
const perMessageDeflate = process.env.DEFLATE === '1' && {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1024,
};
const { TLS_CERT, TLS_KEY } = process.env;
const server = TLS_CERT
  ? https.createServer({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) })
  : http.createServer();
const webSockets = new WebSocketServer({ server, perMessageDeflate });
webSockets.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    if (process.env.PUBLISH === '1') {
      for (const client of webSockets.clients) client.send(data, { binary: isBinary });
    } else if (isBinary) socket.send(data);
    else socket.send(data.toString());
  });
});
publishing((text) => {
  for (const client of webSockets.clients) client.send(text);
});
server.listen(0, '127.0.0.1', () => listening(server.address().port));
