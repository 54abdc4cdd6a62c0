const { listening } = require('./listening');
const { readFileSync } = require('node:fs');
const { WSServer } = require('../..');

const { TLS_CERT, TLS_KEY } = process.env;
const server = new WSServer({
  localHost: '127.0.0.1',
  settings: { MaxConnections: 100000 },
  transientPayloads: process.argv.includes('--transient'),
  ...(TLS_CERT && { certificate: { cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) } }),
});
server.on('DataIn', (event) => {
  if (event.dataFormat === 1) server.sendText(event.connectionId, event.text);
  else server.sendBytes(event.connectionId, event.textB);
});
server.startListening().then(() => listening(server.localPort));
