// A worker of bench/scaling.js and bench/cores.js: echoes. With PUBLISH_SECONDS every connection is
// subscribed to one topic, to which the first of the workers publishes.

const { WSServer } = require('..');
const { worker } = require('../dist/workers');
const { publishing } = require('./servers/listening');

const server = new WSServer({ settings: { MaxConnections: 100000 } });
if (process.env.PUBLISH_SECONDS !== undefined) {
  server.on('Connected', ({ connectionId }) => server.subscribe(connectionId, 'news'));
}
server.on('DataIn', (event) => server.sendBytes(event.connectionId, event.textB));
server.on('Error', ({ connectionId, description }) => {
  if (connectionId === 0) console.error(description);
});
worker.join(server).then(() => {
  if (worker.id === 0) publishing((text) => server.publish('news', text));
});
