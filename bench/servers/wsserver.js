const { listening } = require('./listening');
const { WSServer } = require('../..');

const server = new WSServer({ localHost: '127.0.0.1', settings: { MaxConnections: 100000 } });
server.on('DataIn', (event) => {
  if (event.dataFormat === 1) server.sendText(event.connectionId, event.text);
  else server.sendBytes(event.connectionId, event.textB);
});
server.startListening().then(() => listening(server.localPort));
