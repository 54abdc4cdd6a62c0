// HTTP servers of others: the option server, noServer and handleUpgrade, and sockets that are not
// what they should be.

import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { duplexPair } from 'node:stream';
import { type ServerOptions, WebSocket } from 'ws';
import { frame, Op, request } from '../../support/byte_client.js';
import { issueSelfSigned } from '../../support/certificates.js';
import {
  called,
  closed,
  forBoth,
  headersOf,
  pause,
  portOf,
  record,
  type Scene,
  thrownBy,
} from './engines.js';

async function listening<Server extends net.Server>(scene: Scene, server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scene.after(() => server.close());
  return server;
}

/** An HTTP server, with the arguments of each `upgrade`. */
async function upgrading(
  scene: Scene,
  on: (request: IncomingMessage, socket: net.Socket, head: Buffer) => void,
): Promise<http.Server> {
  const server = http.createServer((_, response) => response.end('page'));
  server.on('upgrade', on as never);
  return listening(scene, server);
}

/** An echo, of the text alone. */
const echo = (socket: WebSocket): void => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
};

async function echoed(client: WebSocket): Promise<unknown> {
  if (client.readyState !== client.OPEN) await once(client, 'open');
  const message = once(client, 'message');
  client.send('hello');
  return String((await message)[0]);
}

forBoth('server: an echo beside a page', async (scene) => {
  const server = await listening(
    scene,
    http.createServer((_, response) => response.end('page')),
  );
  const wss = scene.server({ server });
  wss.on('connection', echo);
  const back = await echoed(scene.client(server));
  const page = await (await fetch(`http://127.0.0.1:${portOf(server)}/`)).text();
  return [back, page, wss.address()?.constructor === Object, wss.clients.size];
});

forBoth('server: listening and error come from it, and address() is its', async (scene) => {
  const server = http.createServer();
  scene.after(() => server.close());
  const wss = scene.server({ server });
  const events = record(wss, 'listening', 'error');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.emit('error', new Error('of the server'));
  return [events, portOf(wss) === portOf(server)];
});

forBoth('server: which listeners it has, and has no longer after close()', async (scene) => {
  const server = http.createServer();
  const names = ['listening', 'error', 'upgrade', 'connection', 'request', 'close'];
  const count = (): number[] => names.map((name) => server.listenerCount(name));
  const before = count();
  const wss = scene.server({ server });
  const during = count();
  const done = await called((callback) => wss.close(callback));
  const added = during.map((each, index) => each - (before[index] ?? 0));
  return [added, count().map((each, index) => each - (before[index] ?? 0)), done];
});

forBoth('server: close() leaves it listening, and waits for the clients', async (scene) => {
  const server = await listening(scene, http.createServer());
  const wss = scene.server({ server });
  const client = scene.client(server);
  await Promise.all([once(wss, 'connection'), once(client, 'open')]);
  let over = false;
  const closing = called((callback) => wss.close(callback)).then((result) => {
    over = true;
    return result;
  });
  await pause(30);
  const early = over;
  client.close();
  return [early, await closing, server.listening, wss.clients.size];
});

forBoth('server: close() without tracking does not wait', async (scene) => {
  const server = await listening(scene, http.createServer());
  const wss = scene.server({ server, clientTracking: false });
  const client = scene.client(server);
  await Promise.all([once(wss, 'connection'), once(client, 'open')]);
  const done = await called((callback) => wss.close(callback));
  return [done, client.readyState];
});

forBoth('server: the port is closed while clients are there', async (scene) => {
  const server = await listening(scene, http.createServer());
  const wss = scene.server({ server });
  wss.on('connection', echo);
  const client = scene.client(server);
  await once(client, 'open');
  server.close();
  return echoed(client);
});

forBoth('server: two of them, by path, on one port', async (scene) => {
  const one = scene.server({ noServer: true });
  const two = scene.server({ noServer: true });
  one.on('connection', (socket) => socket.send('one'));
  two.on('connection', (socket) => socket.send('two'));
  const server = await upgrading(scene, (asked, socket, head) => {
    const wss = asked.url === '/one' ? one : asked.url === '/two' ? two : undefined;
    if (wss) wss.handleUpgrade(asked, socket, head, (ws) => wss.emit('connection', ws, asked));
    else socket.destroy();
  });
  const seen = [];
  for (const path of ['/one', '/two', '/three']) {
    const client = scene.client(server, {}, [], path);
    const first = Promise.race([
      new Promise((resolve) => client.once('message', (data) => resolve(String(data)))),
      closed(client),
    ]);
    seen.push(await first);
  }
  return [seen, one.clients.size, two.clients.size];
});

forBoth('server: two of them with the option server on one port throw', async (scene) => {
  const server = await listening(scene, http.createServer());
  scene.server({ server });
  scene.server({ server });
  const [one, two] = server.listeners('upgrade') as ((...args: unknown[]) => void)[];
  server.removeAllListeners('upgrade');
  return new Promise((resolve) => {
    server.on('upgrade', (...args) => {
      resolve([thrownBy(() => one?.(...args)), thrownBy(() => two?.(...args))]);
    });
    scene.client(server);
  });
});

forBoth('https: an echo, and encrypted in verifyClient and the request', async (scene) => {
  const { cert, key } = issueSelfSigned('parity');
  const server = await listening(scene, https.createServer({ cert, key }));
  let secure: unknown;
  const wss = scene.server({
    server,
    verifyClient: (info: { secure: boolean }) => {
      secure = info.secure;
      return true;
    },
  });
  let encrypted: unknown;
  wss.on('connection', (socket, asked) => {
    encrypted = (asked.socket as { encrypted?: boolean }).encrypted;
    echo(socket);
  });
  const client = new WebSocket(`wss://127.0.0.1:${portOf(server)}`, { rejectUnauthorized: false });
  scene.after(() => client.terminate());
  await once(client, 'open');
  const big = Buffer.alloc(1_000_000, 'x');
  const message = once(client, 'message');
  client.send(big);
  const same = ((await message)[0] as Buffer).equals(big);
  const over = closed(client);
  client.close(1000, 'bye');
  return [secure, encrypted, same, await over];
});

forBoth('handleUpgrade: the callback, what it brings, and when', async (scene) => {
  const wss = scene.server({ noServer: true });
  const seen = new Promise((resolve) => {
    void upgrading(scene, (asked, socket, head) => {
      let sync = true;
      const returned = wss.handleUpgrade(asked, socket, head, (...args: unknown[]) => {
        const [ws, again] = args as [WebSocket, IncomingMessage];
        resolve([sync, args.length, ws.readyState, again === asked, wss.clients.has(ws)]);
      });
      sync = false;
      void returned;
    }).then((server) => scene.client(server));
  });
  return seen;
});

forBoth('handleUpgrade: connection is not emitted by it', async (scene) => {
  const wss = scene.server({ noServer: true });
  let count = 0;
  wss.on('connection', () => count++);
  const server = await upgrading(scene, (asked, socket, head) =>
    wss.handleUpgrade(asked, socket, head, echo),
  );
  return [await echoed(scene.client(server)), count];
});

forBoth('handleUpgrade: later, after the program has asked somebody', async (scene) => {
  const wss = scene.server({ noServer: true });
  const server = await upgrading(scene, (asked, socket, head) => {
    setTimeout(() => wss.handleUpgrade(asked, socket, head, echo), 30);
  });
  const client = await scene.raw(server);
  client.send(request(), frame({ opcode: Op.text, payload: 'in the head' }));
  await pause(10);
  client.send(frame({ opcode: Op.text, payload: 'later' }));
  const { status } = await client.readAnswer();
  return [
    status,
    String((await client.readFrame()).payload),
    String((await client.readFrame()).payload),
  ];
});

forBoth('handleUpgrade: a head of a megabyte', async (scene) => {
  const wss = scene.server({ noServer: true });
  const sizes: number[] = [];
  const body = frame({ opcode: Op.binary, payload: Buffer.alloc(250_000, 1) });
  const server = await upgrading(scene, (asked, socket, head) => {
    wss.handleUpgrade(asked, socket, Buffer.concat([head, body, body, body, body]), (ws) => {
      ws.on('message', (data) => sizes.push((data as Buffer).length));
      echo(ws);
    });
  });
  const client = await scene.raw(server);
  const { status } = await client.upgrade();
  client.sendFrame(Op.text, 'after it');
  const back = [];
  for (let index = 0; index < 5; index++) back.push((await client.readFrame()).payload.length);
  return [status, back, sizes];
});

const refusals: Record<string, ServerOptions> = {
  path: { path: '/other' },
  verifyClient: { verifyClient: (_: unknown) => false },
};
for (const [name, options] of Object.entries(refusals)) {
  forBoth(`handleUpgrade refuses by ${name}: the answer, and no callback`, async (scene) => {
    const wss = scene.server({ noServer: true, ...options });
    let count = 0;
    const server = await upgrading(scene, (asked, socket, head) =>
      wss.handleUpgrade(asked, socket, head, () => count++),
    );
    const client = await scene.raw(server);
    client.send(request());
    const answer = await client.readAnswer();
    const { statusLine, body } = answer;
    return [statusLine, headersOf(answer), body, await client.ended, count];
  });
}

forBoth('handleUpgrade after close(): 503', async (scene) => {
  const wss = scene.server({ noServer: true });
  wss.close();
  let count = 0;
  const server = await upgrading(scene, (asked, socket, head) =>
    wss.handleUpgrade(asked, socket, head, () => count++),
  );
  const client = await scene.raw(server);
  client.send(request());
  const { statusLine, body } = await client.readAnswer();
  return [statusLine, body, count];
});

forBoth('handleUpgrade twice with one socket throws', async (scene) => {
  const wss = scene.server({ noServer: true });
  const seen = new Promise((resolve) => {
    void upgrading(scene, (asked, socket, head) => {
      wss.handleUpgrade(asked, socket, head, (ws) => {
        echo(ws);
        const again = thrownBy(() => wss.handleUpgrade(asked, socket, head, () => {}));
        const other = scene.server({ noServer: true });
        resolve([again, thrownBy(() => other.handleUpgrade(asked, socket, head, () => {}))]);
      });
    }).then((server) => scene.client(server));
  });
  return seen;
});

const states: Record<string, (socket: net.Socket) => unknown> = {
  'that has ended': (socket) => socket.end(),
  'that is destroyed': (socket) => socket.destroy(),
};
for (const [name, make] of Object.entries(states)) {
  forBoth(`handleUpgrade with a socket ${name}`, async (scene) => {
    const wss = scene.server({ noServer: true });
    let count = 0;
    let tell = (_: unknown): void => {};
    const thrown = new Promise((resolve) => {
      tell = resolve;
    });
    const server = await upgrading(scene, (asked, socket, head) => {
      make(socket);
      tell(thrownBy(() => wss.handleUpgrade(asked, socket, head, () => count++)));
    });
    const client = await scene.raw(server);
    client.send(request());
    const seen = await thrown;
    await pause(30);
    return [seen, count, wss.clients.size, client.over];
  });
}

forBoth('handleUpgrade with a socket whose client has ended its side', async (scene) => {
  const wss = scene.server({ noServer: true });
  let count = 0;
  const server = await upgrading(scene, (asked, socket, head) => {
    socket.on('end', () => wss.handleUpgrade(asked, socket, head, () => count++));
    socket.resume();
  });
  const client = await scene.raw(server);
  client.send(request());
  client.socket.end();
  await client.ended;
  await pause(20);
  return [count, wss.clients.size];
});

forBoth('handleUpgrade with a socket that is being written to', async (scene) => {
  const wss = scene.server({ noServer: true });
  const server = await upgrading(scene, (asked, socket, head) => {
    socket.write('HTTP/1.1 102 Processing\r\n\r\n');
    wss.handleUpgrade(asked, socket, head, echo);
  });
  const client = await scene.raw(server);
  client.send(request());
  const first = (await client.readAnswer()).status;
  const second = (await client.readAnswer()).status;
  client.sendFrame(Op.text, 'hi');
  return [first, second, String((await client.readFrame()).payload)];
});

forBoth('handleUpgrade with no socket at all', async (scene) => {
  const wss = scene.server({ noServer: true });
  const asked = { method: 'GET', url: '/', headers: {} } as IncomingMessage;
  const names = [];
  for (const socket of [undefined, null, {}, 5]) {
    const seen = thrownBy(() =>
      wss.handleUpgrade(asked, socket as never, Buffer.alloc(0), () => {}),
    );
    names.push((seen as { name: string }).name);
  }
  return names;
});

forBoth('handleUpgrade over any Duplex', async (scene) => {
  const wss = scene.server({ noServer: true });
  const server = await upgrading(scene, (asked, socket, head) => {
    const [inner, outer] = duplexPair();
    socket.pipe(outer);
    outer.pipe(socket);
    wss.handleUpgrade(asked, inner, head, echo);
  });
  const client = scene.client(server);
  const back = await echoed(client);
  const over = closed(client);
  client.close(1000, 'bye');
  return [back, await over];
});

forBoth('a client that ends: the socket of the server is closed too', async (scene) => {
  const wss = scene.server({ noServer: true });
  const server = await upgrading(scene, (asked, socket, head) =>
    wss.handleUpgrade(asked, socket, head, () => {}),
  );
  const client = await scene.raw(server);
  await client.upgrade();
  client.socket.end();
  const ended = await client.ended;
  await pause(10);
  return [ended, wss.clients.size];
});

forBoth('a server on a path of the file system', async (scene) => {
  const server = http.createServer();
  const path = `/tmp/parity-${process.pid}-${Math.random().toString(36).slice(2)}.sock`;
  server.listen(path);
  await once(server, 'listening');
  scene.after(() => server.close());
  const wss = scene.server({ server });
  wss.on('connection', echo);
  const client = new WebSocket(`ws+unix:${path}:/a?b`);
  scene.after(() => client.terminate());
  return [await echoed(client), wss.address() === path];
});
