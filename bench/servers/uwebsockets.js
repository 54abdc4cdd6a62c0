const { listening, publishing } = require('./listening');
const uWS = require('uwebsockets');

const deflate = process.env.DEFLATE === '1';
const publish = process.env.PUBLISH === '1';
const { TLS_CERT, TLS_KEY } = process.env;
const app = TLS_CERT ? uWS.SSLApp({ cert_file_name: TLS_CERT, key_file_name: TLS_KEY }) : uWS.App();
const subscribes = publishing((text) => app.publish('news', text)) || publish;

app
  .ws('/*', {
    compression: deflate ? uWS.SHARED_COMPRESSOR | uWS.SHARED_DECOMPRESSOR : uWS.DISABLED,
    idleTimeout: 0,
    maxBackpressure: 64 * 1024 * 1024,
    maxPayloadLength: 16 * 1024 * 1024,
    open: (socket) => subscribes && socket.subscribe('news'),
    message: (socket, message, isBinary) => {
      if (publish) app.publish('news', message, isBinary, deflate);
      else if (isBinary) socket.send(message, true, deflate);
      else socket.send(Buffer.from(message).toString(), false, deflate);
    },
  })
  .listen('127.0.0.1', Number(process.env.PORT ?? 0), (socket) =>
    listening(uWS.us_socket_local_port(socket)),
  );
