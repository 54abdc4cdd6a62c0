// WebSocketServer: its options, address(), what it emits, its clients, and close().

import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import net from 'node:net';
import type { WebSocket, WebSocketServer } from 'ws';
import { called, closed, forBoth, pause, portOf, record, thrownBy } from './engines.js';

const onlyOne: [string, () => object | undefined][] = [
  ['no options', () => undefined],
  ['none of the three', () => ({})],
  ['port and noServer', () => ({ port: 0, noServer: true })],
  ['port and server', () => ({ port: 0, server: http.createServer() })],
  ['server and noServer', () => ({ server: http.createServer(), noServer: true })],
  ['all three', () => ({ port: 0, server: http.createServer(), noServer: true })],
  ['null for all', () => ({ port: null, server: null, noServer: false })],
];
for (const [name, make] of onlyOne) {
  forBoth(`one and only one of port, server, noServer: ${name}`, ({ engine }) =>
    thrownBy(() => new engine.WebSocketServer(make() as never)),
  );
}

forBoth('a port out of range throws', ({ engine }) => {
  const seen = thrownBy(() => new engine.WebSocketServer({ port: 65_536 })) as { code: string };
  return seen.code;
});

forBoth('the defaults of the options', (scene) => {
  const { options, clients } = scene.server({ noServer: true });
  const { WebSocket: used, ...rest } = options;
  return [rest, used === scene.engine.WebSocket, clients];
});

forBoth(
  'perMessageDeflate true becomes an object',
  (scene) => scene.server({ noServer: true, perMessageDeflate: true }).options.perMessageDeflate,
);

forBoth('the callback is called when it listens, and so is the listener', async (scene) => {
  const events: string[] = [];
  const wss = scene.server({ port: 0, host: '127.0.0.1' }, () => events.push('callback'));
  wss.on('listening', () => events.push('listening'));
  events.push('constructed');
  await once(wss, 'listening');
  return [events.sort(), wss.address() !== null];
});

forBoth('address()', async (scene) => {
  const wss = await scene.listen();
  const { port, ...rest } = wss.address() as net.AddressInfo;
  return [rest, port > 0];
});

forBoth('without a host it is on any address of IPv6', async (scene) => {
  const wss = scene.server({ port: 0 });
  await once(wss, 'listening');
  const { port, ...rest } = wss.address() as net.AddressInfo;
  return [rest, port > 0];
});

forBoth('without a host, both 127.0.0.1 and ::1 are answered', async (scene) => {
  const wss = scene.server({ port: 0 });
  await once(wss, 'listening');
  const ends = [];
  for (const host of ['127.0.0.1', '::1']) {
    const socket = net.connect({ host, port: portOf(wss) });
    await once(socket, 'connect');
    ends.push(socket.remoteAddress);
    socket.destroy();
  }
  return ends;
});

forBoth('a host by name', async (scene) => {
  const wss = scene.server({ port: 0, host: 'localhost' });
  await once(wss, 'listening');
  return ['127.0.0.1', '::1'].includes((wss.address() as net.AddressInfo).address);
});

forBoth('address() without a server of its own', (scene) =>
  thrownBy(() => scene.server({ noServer: true }).address()),
);

forBoth('address() of an HTTP server that does not listen', (scene) =>
  scene.server({ server: http.createServer() }).address(),
);

forBoth('address() after close()', async (scene) => {
  const wss = await scene.listen();
  const closing = called((callback) => wss.close(callback));
  const early = wss.address();
  return [await closing, early, wss.address()];
});

forBoth('address() before it listens', async (scene) => {
  const wss = scene.server({ port: 0, host: '127.0.0.1' });
  const early = wss.address();
  await once(wss, 'listening');
  return early;
});

forBoth('a port that is taken: error', async (scene) => {
  const first = await scene.listen();
  const second = scene.server({ port: portOf(first), host: '127.0.0.1' });
  const [error] = await once(second, 'error');
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & net.AddressInfo;
  const message = (error as Error).message.replace(/\d+$/, 'PORT');
  return [code, syscall, address, port === portOf(first), message];
});

forBoth('a host that is no address of ours: error', async (scene) => {
  const wss = scene.server({ port: 0, host: '192.0.2.1' });
  const [error] = await once(wss, 'error');
  return (error as NodeJS.ErrnoException).code;
});

forBoth('close() of a server whose port was taken', async (scene) => {
  const first = await scene.listen();
  const second = scene.server({ port: portOf(first), host: '127.0.0.1' });
  await once(second, 'error');
  return called((callback) => second.close(callback));
});

forBoth('a request that is no upgrade is answered with 426', async (scene) => {
  const wss = await scene.listen();
  const { status, headers, body } = await new Promise<{
    status: number | undefined;
    headers: http.IncomingHttpHeaders;
    body: string;
  }>((resolve) => {
    http.get({ port: portOf(wss), host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.on('data', (bytes) => {
        text += bytes;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: text }),
      );
    });
  });
  return [status, headers['content-type'], headers['content-length'], body];
});

forBoth('clients has who is connected, until it is closed', async (scene) => {
  const { wss, socket, client } = await scene.pair();
  const open = [wss.clients instanceof Set, wss.clients.size, wss.clients.has(socket)];
  let during: number | undefined;
  socket.on('close', () => {
    during = wss.clients.size;
  });
  client.close();
  await once(socket, 'close');
  return [open, during, wss.clients.size];
});

forBoth('clients has the socket before connection is emitted', async (scene) => {
  const wss = await scene.listen();
  const seen = new Promise((resolve) => {
    wss.on('connection', (socket) => resolve([wss.clients.has(socket), socket.readyState]));
  });
  scene.client(wss);
  return seen;
});

forBoth('clientTracking: false', async (scene) => {
  const { wss } = await scene.pair({ clientTracking: false });
  return [wss.clients, 'clients' in wss];
});

forBoth('the option WebSocket: a class of the user', async (scene) => {
  class Own extends scene.engine.WebSocket {
    readonly ours: string = 'field';
    get shouted(): string {
      return `${this.protocol}!`;
    }
  }
  const { socket, client } = await scene.pair({ WebSocket: Own as never });
  const own = socket as unknown as Own;
  const message = once(client, 'message');
  own.send('hello');
  return [
    own instanceof Own,
    own instanceof scene.engine.WebSocket,
    own.ours,
    own.shouted,
    own.constructor.name,
    String((await message)[0]),
  ];
});

forBoth('a class that overrides send and emit', async (scene) => {
  const names: string[] = [];
  class Own extends scene.engine.WebSocket {
    override send(data: never): void {
      super.send(`<${data}>`);
    }
    override emit(name: string, ...args: unknown[]): boolean {
      names.push(name);
      return super.emit(name, ...args);
    }
  }
  const { socket, client } = await scene.pair({ WebSocket: Own as never });
  const message = once(client, 'message');
  socket.send('hello');
  const text = String((await message)[0]);
  client.send('back');
  await once(socket, 'message');
  client.close();
  await once(socket, 'close');
  return [text, names.filter((name) => name !== 'newListener' && name !== 'removeListener')];
});

forBoth('close() without clients', async (scene) => {
  const wss = await scene.listen();
  const events = record(wss, 'close');
  const done = await called((callback) => wss.close(callback));
  return [done, events];
});

forBoth('close() is over when the clients have gone, and does not close them', async (scene) => {
  const { wss, socket, client } = await scene.pair();
  let over = false;
  const closing = called((callback) => wss.close(callback)).then((result) => {
    over = true;
    return result;
  });
  await pause(60);
  const message = once(client, 'message');
  socket.send('still here');
  const early = [over, socket.readyState, String((await message)[0])];
  client.close();
  return [early, await closing, over];
});

forBoth('close() twice, and once more when it is over', async (scene) => {
  const wss = await scene.listen();
  const events = record(wss, 'close');
  const both = await Promise.all([
    called((callback) => wss.close(callback)),
    called((callback) => wss.close(callback)),
  ]);
  const late = await called((callback) => wss.close(callback));
  return [both, late, events.length];
});

forBoth('close() before it listens', async (scene) => {
  const wss = scene.server({ port: 0, host: '127.0.0.1' });
  return called((callback) => wss.close(callback));
});

forBoth('close() without a callback emits close', async (scene) => {
  const wss = scene.server({ noServer: true });
  const over = once(wss, 'close');
  const returned = wss.close();
  return [returned, await over];
});

forBoth('close() without tracking and without a server: close in the next tick', async (scene) => {
  const wss = scene.server({ noServer: true, clientTracking: false });
  const order: string[] = [];
  wss.close(() => order.push('close'));
  order.push('returned');
  await new Promise((resolve) => process.nextTick(resolve));
  return order;
});

forBoth('nobody is let in after close()', async (scene) => {
  const { wss, client } = await scene.pair();
  const port = portOf(wss);
  wss.close();
  const late = scene.client({ address: () => ({ port }) });
  const [error] = await once(late, 'error');
  client.close();
  return (error as NodeJS.ErrnoException).code;
});

forBoth('all clients are closed by hand, as programs do', async (scene) => {
  const { wss, client } = await scene.pair();
  const other = scene.client(wss);
  await Promise.all([once(wss, 'connection'), once(other, 'open')]);
  const ends = Promise.all([closed(client), closed(other)]);
  for (const each of wss.clients) each.close(1001, 'going');
  return [await called((callback) => wss.close(callback)), await ends];
});

forBoth('clients are terminated in close()', async (scene) => {
  const { wss, client } = await scene.pair();
  const end = closed(client);
  const closing = called((callback) => wss.close(callback));
  for (const each of wss.clients) each.terminate();
  return [await end, await closing];
});

forBoth('the events of a server, in order', async (scene) => {
  const wss = scene.server({ port: 0, host: '127.0.0.1' });
  const names: string[] = [];
  for (const name of ['listening', 'headers', 'connection', 'close']) {
    wss.on(name, () => names.push(name));
  }
  await once(wss, 'listening');
  const client = scene.client(wss);
  await once(client, 'open');
  client.close();
  await called((callback) => wss.close(callback));
  return names;
});

forBoth('a backlog', async (scene) => {
  const wss = await scene.listen({ backlog: 3 });
  const client = scene.client(wss);
  await once(client, 'open');
  return client.readyState;
});

forBoth('this of listeners, and what connection brings', async (scene) => {
  const wss = await scene.listen();
  const seen = new Promise((resolve) => {
    wss.on('connection', function (this: unknown, ...args: unknown[]) {
      const [socket] = args as [WebSocket];
      resolve([this === wss, args.length, socket instanceof scene.engine.WebSocket]);
    });
  });
  scene.client(wss);
  return seen;
});

forBoth('listeners added after connection hear all that follows', async (scene) => {
  const { socket, client } = await scene.pair();
  const events = record(socket, 'open', 'message', 'close');
  client.send('one');
  await once(socket, 'message');
  client.close(1000);
  await once(socket, 'close');
  return events;
});

forBoth('an error event without a listener is thrown', async (scene) => {
  const wss = scene.server({ noServer: true });
  return thrownBy(() => wss.emit('error', new Error('nobody listens')));
});

forBoth('a class that overrides shouldHandle and handleUpgrade', async (scene) => {
  const calls: unknown[] = [];
  class Own extends scene.engine.WebSocketServer {
    override shouldHandle(request: IncomingMessage): boolean | Promise<boolean> {
      calls.push('shouldHandle');
      return super.shouldHandle(request);
    }
    override handleUpgrade(...args: Parameters<WebSocketServer['handleUpgrade']>): void {
      calls.push('handleUpgrade', args.length);
      super.handleUpgrade(...args);
    }
  }
  const wss = new Own({ port: 0, host: '127.0.0.1' });
  scene.after(() => wss.close());
  await once(wss, 'listening');
  const client = scene.client(wss);
  await once(client, 'open');
  client.terminate();
  return [calls, wss instanceof scene.engine.WebSocketServer, wss.constructor.name];
});

forBoth('a class of the user while it is made: CONNECTING, and open', async (scene) => {
  const seen: unknown[] = [];
  class Own extends scene.engine.WebSocket {
    constructor(...args: unknown[]) {
      super(...(args as [null]));
      seen.push(args.length, args[0], args[1], this.readyState, this.isPaused, this.protocol);
      for (const method of ['send', 'ping', 'pong'] as const) {
        seen.push(thrownBy(() => this[method]('x')));
      }
      this.pause();
      this.resume();
      this.on('open', () => seen.push('open', this.readyState));
    }
  }
  await scene.pair({ WebSocket: Own as never });
  return seen;
});

forBoth('messages that nobody listens to yet are gone', async (scene) => {
  const { socket, client } = await scene.pair();
  client.send('lost');
  await pause(30);
  const events = record(socket, 'message');
  client.send('heard');
  await once(socket, 'message');
  return events;
});
