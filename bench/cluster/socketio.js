// A node of bench/cluster.js with socket.io and its adapter for Redis.

const { createServer } = require('node:http');
const { createAdapter } = require('@socket.io/redis-adapter');
const { createClient } = require('redis');
const { Server } = require('socket.io');

const [port, url] = process.argv.slice(2);

async function main() {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter(publisher, subscriber) });
  io.on('connection', (socket) => {
    socket.join(socket.handshake.query.topic);
    socket.on('publish', (topic, text) => io.to(topic).emit('message', text));
  });
  http.listen(Number(port), '127.0.0.1');
}

main();
