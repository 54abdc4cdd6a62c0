const { listening, publishing } = require('./listening');
const { readFileSync } = require('node:fs');
const https = require('node:https');
const { WebSocketServer } = require('../../dist/ws');

const perMessageDeflate = process.env.DEFLATE === '1' && {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1024,
};
const { TLS_CERT, TLS_KEY } = process.env;
// Without TLS on our own listener, as a program does that has no pages.
const server = TLS_CERT
  ? https.createServer({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) })
  : undefined;
const where = server ? { server } : { port: 0, host: '127.0.0.1' };
const webSockets = new WebSocketServer({ ...where, perMessageDeflate });
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
webSockets.on('listening', () => listening(webSockets.address().port));
server?.listen(0, '127.0.0.1');
