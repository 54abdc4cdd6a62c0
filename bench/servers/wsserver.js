const { listening, publishing } = require('./listening');
const { readFileSync } = require('node:fs');
const { WSServer } = require('../..');

const { TLS_CERT, TLS_KEY } = process.env;
const server = new WSServer({
  localHost: '127.0.0.1',
  settings: { MaxConnections: 100000 },
  transientPayloads: process.argv.includes('--transient'),
  ...(TLS_CERT && { certificate: { cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) } }),
});
const publish = process.env.PUBLISH === '1';
if (publishing((text) => server.publish('news', text)) || publish) {
  server.on('Connected', ({ connectionId }) => server.subscribe(connectionId, 'news'));
}
// One message to all of them, or each back to who has sent it.
if (publish) {
  server.on('DataIn', (event) => {
    server.publish('news', event.dataFormat === 1 ? event.text : event.textB);
  });
} else {
  server.on('DataIn', (event) => {
    if (event.dataFormat === 1) server.sendText(event.connectionId, event.text);
    else server.sendBytes(event.connectionId, event.textB);
  });
}
server.startListening().then(() => listening(server.localPort));
