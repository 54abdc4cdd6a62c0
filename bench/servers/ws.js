// Over `ws`, or what else is said: node ws.js [module with the interface of ws] [--beside]
const { listening, publishing } = require('./listening');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require(process.argv[2] ?? 'ws');

// Its own default is a context for each connection, which costs 300 KB.
const perMessageDeflate = process.env.DEFLATE === '1' && {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1024,
};
const { TLS_CERT, TLS_KEY } = process.env;
// What it has at its upgrade event, from a server of Node's; or it listens itself.
const beside = process.argv.includes('--beside') && http.createServer();
const server = TLS_CERT
  ? https.createServer({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) })
  : beside;
const at = { host: '127.0.0.1', port: 0 };
const webSockets = new WebSocketServer({ ...(server ? { server } : at), perMessageDeflate });
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
if (server) server.listen(at);
