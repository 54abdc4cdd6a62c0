// The face of the browser: addEventListener and on…; constants and properties; exceptions in
// handlers, which are nobody's but the program's.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { closePayload, frame, Op } from '../../support/byte_client.js';
import { forBoth, pause, type Scene, thrownBy, told } from './engines.js';

type Loose = Record<string, (...args: unknown[]) => unknown>;
const constants = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const;

forBoth('the constants', ({ engine }) => {
  const { WebSocket: Class } = engine;
  return constants.flatMap((name) => [
    Class[name],
    Class.prototype[name],
    Object.getOwnPropertyDescriptor(Class, name),
    Object.getOwnPropertyDescriptor(Class.prototype, name),
  ]);
});

forBoth('the exports', ({ engine }) => {
  const { WebSocket: Class, WebSocketServer, createWebSocketStream } = engine;
  const face = engine as unknown as Record<string, unknown>;
  const own = Class as unknown as Record<string, unknown>;
  return [
    [typeof Class, Class.name, WebSocketServer.name, createWebSocketStream.name],
    own['Server'] === WebSocketServer,
    own['WebSocketServer'] === WebSocketServer,
    own['WebSocket'] === Class,
    own['createWebSocketStream'] === createWebSocketStream,
    face['Server'] === WebSocketServer,
  ];
});

/** Runs `source` as a module of its own, and gives back what it prints, and how it ends. */
function run(source: string, ...args: string[]): Promise<unknown> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...args, '-e', source], (error, stdout, stderr) => {
      const [line] = stderr.split('\n').filter((each) => /^\w*Error: /.test(each));
      resolve([error?.code ?? 0, stdout, line]);
    });
  });
}

forBoth('require gives the class itself', (scene) =>
  run(
    `const ws = require(${JSON.stringify(scene.path)});
     console.log(typeof ws, ws === ws.WebSocket, ws.name, new ws.Server({ noServer: true }).constructor.name)`,
  ),
);

forBoth('import gives the class by default, and the rest by name', (scene) =>
  run(
    `import WebSocket, * as all from ${JSON.stringify(scene.path === require.resolve('ws') ? 'ws' : 'native-wsserver/ws')};
     console.log(WebSocket === all.WebSocket, typeof all.createWebSocketStream, typeof all.default)`,
    '--input-type=module',
  ),
);

forBoth('the properties of an open socket', async (scene) => {
  const { socket } = await scene.pair();
  const { binaryType, bufferedAmount, extensions, isPaused, protocol, readyState, url } = socket;
  return [binaryType, bufferedAmount, extensions, isPaused, protocol, readyState, url];
});

forBoth('which properties are there, which are read only', async (scene) => {
  const { socket } = await scene.pair();
  const { prototype } = scene.engine.WebSocket;
  const names = [
    'binaryType',
    'bufferedAmount',
    'extensions',
    'isPaused',
    'protocol',
    'readyState',
    'url',
  ];
  return names.map((name) => {
    const found = Object.getOwnPropertyDescriptor(prototype, name);
    return [
      name,
      name in socket,
      found?.enumerable,
      typeof found?.get,
      name === 'binaryType' || thrownBy(() => Object.assign(socket, { [name]: 1 })),
    ];
  });
});

forBoth('the methods', ({ engine }) => {
  const { prototype } = engine.WebSocket;
  const methods = prototype as unknown as Loose;
  const names = [
    'addEventListener',
    'removeEventListener',
    'close',
    'ping',
    'pong',
    'send',
    'terminate',
  ];
  const server = engine.WebSocketServer.prototype as unknown as Loose;
  return [
    [...names, 'pause', 'resume', 'on', 'once', 'emit', 'off'].map((name) => typeof methods[name]),
    ['address', 'close', 'handleUpgrade', 'completeUpgrade', 'shouldHandle', 'on'].map(
      (name) => typeof server[name],
    ),
  ];
});

/** The fields of an event. */
function fieldsOf(event: object, socket: WebSocket): unknown {
  const { target, type, data, code, reason, wasClean, error, message } = event as Record<
    string,
    unknown
  >;
  return [
    event.constructor.name,
    target === socket,
    type,
    data,
    code,
    reason,
    wasClean,
    told(error),
    message,
  ];
}

for (const way of ['addEventListener', 'on…'] as const) {
  const listen = (
    socket: WebSocket,
    name: 'message' | 'close' | 'error',
    heard: (event: object) => void,
  ): void => {
    if (way === 'on…') (socket as unknown as Record<string, unknown>)[`on${name}`] = heard;
    else socket.addEventListener(name, heard as never);
  };

  forBoth(`${way}: message, close`, async (scene) => {
    const { socket, client } = await scene.rawPair();
    const seen: unknown[] = [];
    for (const name of ['message', 'close'] as const) {
      listen(socket, name, (event) => seen.push(fieldsOf(event, socket)));
    }
    client.send(
      frame({ opcode: Op.text, payload: 'té' }),
      frame({ opcode: Op.binary, payload: 'b' }),
    );
    const over = once(socket, 'close');
    client.sendFrame(Op.close, closePayload(1000, 'whý'));
    await client.readFrames();
    client.close();
    await over;
    return seen;
  });

  forBoth(`${way}: error`, async (scene) => {
    const { socket, client } = await scene.rawPair();
    const seen: unknown[] = [];
    for (const name of ['error', 'close'] as const) {
      listen(socket, name, (event) => seen.push(fieldsOf(event, socket)));
    }
    client.send(frame({ opcode: 3 }));
    await client.readFrames();
    client.close();
    while (seen.length < 2) await pause(1);
    return seen;
  });

  forBoth(`${way}: close that was not clean, and its code`, async (scene) => {
    const { socket, client } = await scene.rawPair();
    const seen = new Promise((resolve) => {
      listen(socket, 'close', (event) => resolve(fieldsOf(event, socket)));
    });
    client.close();
    return seen;
  });
}

forBoth('binaryType holds for events', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.binaryType = 'arraybuffer';
  const seen: unknown[] = [];
  socket.onmessage = ({ data }) => seen.push(data instanceof ArrayBuffer, typeof data);
  client.send(frame({ opcode: Op.binary, payload: 'b' }), frame({ opcode: Op.text, payload: 't' }));
  while (seen.length < 4) await pause(1);
  return seen;
});

/** Events that are emitted by hand: no connection is needed to see who hears them. */
async function byHand(
  scene: Scene,
  act: (socket: WebSocket, heard: unknown[]) => void,
): Promise<unknown> {
  const { socket } = await scene.pair();
  const heard: unknown[] = [];
  act(socket, heard);
  return heard;
}

const text = Buffer.from('x');
forBoth('on…: null until it is set, replaced, and what is no function', (scene) =>
  byHand(scene, (socket, heard) => {
    const names = ['onopen', 'onmessage', 'onclose', 'onerror'] as const;
    heard.push(names.map((name) => socket[name]));
    const one = (): unknown => heard.push('one');
    const two = (): unknown => heard.push('two');
    socket.onmessage = one;
    heard.push(socket.onmessage === one, socket.listenerCount('message'));
    socket.onmessage = two;
    heard.push(socket.onmessage === two, socket.listenerCount('message'));
    socket.emit('message', text, false);
    socket.onmessage = 'nothing' as never;
    heard.push(socket.onmessage, socket.listenerCount('message'));
    socket.onmessage = null;
    heard.push(socket.onmessage);
  }),
);

forBoth('on… does not find listeners of other kinds', (scene) =>
  byHand(scene, (socket, heard) => {
    const listener = (): void => {};
    socket.on('message', listener);
    heard.push(socket.onmessage);
    socket.addEventListener('message', listener);
    heard.push(socket.onmessage);
    socket.onmessage = listener;
    heard.push(socket.onmessage === listener, socket.listenerCount('message'));
    socket.removeEventListener('message', listener);
    heard.push(socket.onmessage === listener, socket.listenerCount('message'));
  }),
);

forBoth('addEventListener: twice the same is once', (scene) =>
  byHand(scene, (socket, heard) => {
    const listener = (): unknown => heard.push('heard');
    socket.addEventListener('message', listener);
    socket.addEventListener('message', listener);
    socket.addEventListener('open', listener);
    heard.push(socket.listenerCount('message'), socket.listenerCount('open'));
    socket.emit('message', text, false);
    socket.emit('open');
    socket.removeEventListener('message', listener);
    socket.removeEventListener('message', listener);
    heard.push(socket.listenerCount('message'));
  }),
);

forBoth('addEventListener: once, and an object with handleEvent', (scene) =>
  byHand(scene, (socket, heard) => {
    socket.addEventListener('message', () => heard.push('once'), { once: true });
    const handler = {
      handleEvent(this: unknown, event: { type: string }) {
        heard.push(this === handler, event.type);
      },
    };
    socket.addEventListener('message', handler as never);
    socket.emit('message', text, false);
    socket.emit('message', text, true);
    socket.removeEventListener('message', handler as never);
    heard.push(socket.listenerCount('message'));
  }),
);

forBoth('addEventListener: names that are not heeded, and this', (scene) =>
  byHand(scene, (socket, heard) => {
    for (const name of ['ping', 'pong', 'foo', 'upgrade']) {
      heard.push(
        socket.addEventListener(name as never, () => {}),
        socket.listenerCount(name),
      );
    }
    socket.addEventListener('open', function (this: unknown) {
      heard.push(this === socket);
    } as never);
    socket.emit('open');
  }),
);

forBoth('listeners and their order', (scene) =>
  byHand(scene, (socket, heard) => {
    socket.on('message', () => heard.push('on'));
    socket.addEventListener('message', () => heard.push('added'));
    socket.onmessage = () => heard.push('attribute');
    socket.prependListener('message', () => heard.push('first'));
    socket.emit('message', text, false);
  }),
);

forBoth('removeListener of what was added as an event listener does nothing', (scene) =>
  byHand(scene, (socket, heard) => {
    const listener = (): void => {};
    socket.addEventListener('message', listener);
    socket.removeListener('message', listener);
    heard.push(socket.listenerCount('message'));
    socket.on('message', listener);
    socket.removeEventListener('message', listener);
    heard.push(socket.listenerCount('message'));
  }),
);

const throwers: Record<string, string> = {
  connection: "wss.on('connection', () => { throw new Error('mine'); });",
  message: "wss.on('connection', (ws) => ws.on('message', () => { throw new Error('mine'); }));",
  close: "wss.on('connection', (ws) => ws.on('close', () => { throw new Error('mine'); }));",
  'a callback of send':
    "wss.on('connection', (ws) => ws.send('x', () => { throw new Error('mine'); }));",
  headers: "wss.on('headers', () => { throw new Error('mine'); });",
  verifyClient: "wss.options.verifyClient = (info) => { throw new Error('mine'); };",
  handleProtocols: "wss.options.handleProtocols = () => { throw new Error('mine'); };",
  'error without a listener':
    "wss.on('connection', (ws) => ws.on('ping', () => ws.emit('error', new Error('mine'))));",
};
for (const [name, source] of Object.entries(throwers)) {
  for (const caught of [false, true]) {
    forBoth(
      `an exception in ${name}, ${caught ? 'caught by the process' : 'which ends the process'}`,
      (scene) =>
        run(`
        const { WebSocketServer } = require(${JSON.stringify(scene.path)});
        const { WebSocket } = require(${JSON.stringify(require.resolve('ws'))});
        const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
        ${caught ? "let caught = 0; process.on('uncaughtException', (error) => { console.log('caught', error.message); if (++caught === 2) process.exit(0); });" : ''}
        ${source}
        function connect() {
          const client = new WebSocket('ws://127.0.0.1:' + wss.address().port, ['p']);
          client.on('error', () => {});
          client.on('open', () => { client.ping(); client.send('x'); setTimeout(() => client.close(), 30); });
        }
        wss.on('listening', () => { connect(); setTimeout(connect, 60); });
        setTimeout(() => { console.log('others go on'); process.exit(0); }, 5000);
      `),
    );
  }
}

forBoth('a protocol error without a listener of error ends the process', (scene) =>
  run(`
    const { WebSocketServer } = require(${JSON.stringify(scene.path)});
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    wss.on('connection', (ws) => ws.on('close', () => {}));
    wss.on('listening', () => {
      const socket = require('net').connect(wss.address().port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n');
      socket.once('data', () => socket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0])));
    });
    setTimeout(() => process.exit(0), 5000);
  `),
);

forBoth('a process ends by itself when its server and clients have', (scene) =>
  run(`
    const { WebSocketServer } = require(${JSON.stringify(scene.path)});
    const { WebSocket } = require(${JSON.stringify(require.resolve('ws'))});
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
      new WebSocket('ws://127.0.0.1:' + wss.address().port).on('open', function () { this.close(); });
    });
    wss.on('connection', (ws) => ws.on('close', () => wss.close(() => console.log('closed'))));
    process.on('exit', () => console.log('exit'));
  `),
);
