// A page, what it loads, and its WebSocket, on one port. With Express: http.createServer(express()).
// Run: node examples/http.mjs, then open http://127.0.0.1:8080.
import http from 'node:http';
import { WSServer } from 'native-wsserver';

const page = `<!doctype html><title>One port</title><p id="time"></p><p id="echo"></p>
<script>
  new EventSource('/time').onmessage = (e) => (document.getElementById('time').textContent = e.data);
  const socket = new WebSocket(location.href.replace('http', 'ws'));
  socket.onopen = () => socket.send('Hello over the same port');
  socket.onmessage = (e) => (document.getElementById('echo').textContent = e.data);
</script>`;

const httpServer = http.createServer((request, response) => {
  if (request.url === '/time') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const timer = setInterval(() => response.write(`data: ${new Date()}\n\n`), 1000);
    response.on('close', () => clearInterval(timer));
  } else if (request.method === 'POST') {
    let size = 0;
    request.on('data', (piece) => {
      size += piece.length;
    });
    request.on('end', () => response.end(`${size} bytes\n`));
  } else {
    response.setHeader('Content-Type', 'text/html');
    response.end(page);
  }
});

const server = new WSServer({ localHost: '127.0.0.1', localPort: 8080, httpServer });
server.on('DataIn', (event) => server.sendText(event.connectionId, event.text));
await server.startListening();
console.log(`Listening on http://127.0.0.1:${server.localPort}`);
process.once('SIGINT', () => server.shutdown());
