const { listening } = require('./listening');

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('', { status: 426 })),
  websocket: {
    backpressureLimit: 64 * 1024 * 1024,
    idleTimeout: 0,
    maxPayloadLength: 16 * 1024 * 1024,
    perMessageDeflate: false,
    message: (socket, message) => {
      if (typeof message === 'string') socket.sendText(message);
      else socket.sendBinary(message);
    },
  },
});
listening(server.port);
