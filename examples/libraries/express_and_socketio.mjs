// A page, its script, uploads, events sent by the server, and Socket.IO on one port, which is secure if
// there are a certificate and its key:
// node examples/libraries/express_and_socketio.mjs [port] [certificate.pem key.pem]
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import express from 'express';
import { WebSocketServer } from 'native-wsserver/ws';
import { Server } from 'socket.io';

const [port = '8080', cert, key] = process.argv.slice(2);
const app = express();
const server = cert
  ? https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, app)
  : http.createServer(app);
const io = new Server(server, { wsEngine: WebSocketServer });
io.on('connection', (socket) => socket.on('echo', (data, answer) => answer(data)));

app.get('/', (_request, response) => {
  response.send('<!doctype html><script src="/socket.io/socket.io.js"></script>');
});
app.post('/upload', async (request, response) => {
  let bytes = 0;
  for await (const piece of request) bytes += piece.length;
  response.json({ bytes });
});
app.get('/events', (request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const timer = setInterval(() => response.write(`data: ${Date.now()}\n\n`), 100);
  request.on('close', () => clearInterval(timer));
});
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`Listening on port ${server.address().port}`);
});
