// A node of bench/cluster.js: the path of a client is its topic, and what it sends a topic and a text.

const { WSServer } = require('../..');
const { natsBus } = require('../../dist/nats');

const [port, servers] = process.argv.slice(2);
const server = new WSServer({
  localHost: '127.0.0.1',
  localPort: Number(port),
  settings: { MaxConnections: 100000 },
});
server.on('Connected', ({ connectionId }) => {
  server.subscribe(connectionId, server.connections.get(connectionId).requestURI.slice(1));
});
server.on('DataIn', ({ text }) => {
  const end = text.indexOf(' ');
  server.publish(text.slice(0, end), text.slice(end + 1));
});
server.join(natsBus({ servers })).then(() => server.startListening());
