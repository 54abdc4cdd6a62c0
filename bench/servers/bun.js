const { listening, publishing } = require('./listening');

const deflate = process.env.DEFLATE === '1';
const publish = process.env.PUBLISH === '1';
const { TLS_CERT, TLS_KEY } = process.env;
const subscribes = publishing((text) => server.publish('news', text)) || publish;

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  ...(TLS_CERT && { tls: { cert: Bun.file(TLS_CERT), key: Bun.file(TLS_KEY) } }),
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('', { status: 426 })),
  websocket: {
    backpressureLimit: 64 * 1024 * 1024,
    idleTimeout: 0,
    maxPayloadLength: 16 * 1024 * 1024,
    perMessageDeflate: deflate && { compress: 'shared', decompress: 'shared' },
    open: (socket) => subscribes && socket.subscribe('news'),
    message: (socket, message) => {
      if (publish) server.publish('news', message, deflate);
      else if (typeof message === 'string') socket.sendText(message, deflate);
      else socket.sendBinary(message, deflate);
    },
  },
});
listening(server.port);
