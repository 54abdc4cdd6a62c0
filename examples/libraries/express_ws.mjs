// Express with express-ws, which asks for `ws` itself:
// node --require native-wsserver/ws/register examples/libraries/express_ws.mjs [port]
import express from 'express';
import expressWs from 'express-ws';

const { app } = expressWs(express());
app.get('/', (_request, response) => response.send('a page'));
app.ws('/echo/:name', (socket, { params }) => {
  socket.on('message', (data) => socket.send(`${params.name}: ${data}`));
});
const server = app.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on port ${server.address().port}`);
});
