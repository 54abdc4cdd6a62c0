// A worker of bench/scaling.js: echoes, and every connection is subscribed to one topic, to which
// the first of the workers publishes.

const { WSServer } = require('..');
const { worker } = require('../dist/workers');

const { PUBLISH_SECONDS } = process.env;
const server = new WSServer({ settings: { MaxConnections: 100000 } });
server.on('Connected', ({ connectionId }) => server.subscribe(connectionId, 'minute'));
server.on('DataIn', (event) => server.sendBytes(event.connectionId, event.textB));
server.on('Error', ({ connectionId, description }) => {
  if (connectionId === 0) console.error(description);
});
worker.join(server).then(() => {
  if (worker.id !== 0) return;
  let number = 0;
  setInterval(() => server.publish('minute', `publication ${++number}`), PUBLISH_SECONDS * 1000);
});
