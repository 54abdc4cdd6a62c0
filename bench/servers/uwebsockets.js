const { listening } = require('./listening');
const uWS = require('uwebsockets');

uWS
  .App()
  .ws('/*', {
    compression: uWS.DISABLED,
    idleTimeout: 0,
    maxBackpressure: 64 * 1024 * 1024,
    maxPayloadLength: 16 * 1024 * 1024,
    message: (socket, message, isBinary) => {
      if (isBinary) socket.send(message, true);
      else socket.send(Buffer.from(message).toString(), false);
    },
  })
  .listen('127.0.0.1', 0, (socket) => listening(uWS.us_socket_local_port(socket)));
