// The opening handshake: what is refused and how, verifyClient, handleProtocols, headers, and
// the request.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ServerOptions, WebSocket } from 'ws';
import { request } from '../../support/byte_client.js';
import { closed, forBoth, headersOf, pause, type Scene, told } from './engines.js';

/** The status line, the headers and the body with which a request of these lines is answered. */
async function answerTo(scene: Scene, text: string, options: ServerOptions = {}) {
  const wss = await scene.listen(options);
  wss.on('connection', (socket) => socket.terminate());
  const client = await scene.raw(wss);
  client.send(text);
  const answer = await client.readAnswer();
  const { statusLine, body } = answer;
  return [statusLine, headersOf(answer), body, statusLine.includes(' 101') || (await client.ended)];
}

const without = (line: RegExp): string =>
  request()
    .split('\r\n')
    .filter((each) => !line.test(each))
    .join('\r\n');
const withLine = (line: RegExp, value: string): string =>
  request()
    .split('\r\n')
    .map((each) => (line.test(each) ? value : each))
    .join('\r\n');

const requests: Record<string, string> = {
  'in order': request(),
  'by POST': request().replace('GET', 'POST'),
  'by HEAD': request().replace('GET', 'HEAD'),
  'with another Upgrade': withLine(/^Upgrade/, 'Upgrade: foo'),
  'with Upgrade in capitals': withLine(/^Upgrade/, 'Upgrade: WebSocket'),
  'without a key': without(/^Sec-WebSocket-Key/),
  'with a short key': withLine(/^Sec-WebSocket-Key/, 'Sec-WebSocket-Key: P5l8BJcZwRc='),
  'with a key of other characters': withLine(
    /^Sec-WebSocket-Key/,
    `Sec-WebSocket-Key: ${'!'.repeat(22)}==`,
  ),
  'without a version': without(/^Sec-WebSocket-Version/),
  'of version 12': withLine(/^Sec-WebSocket-Version/, 'Sec-WebSocket-Version: 12'),
  'of version 8': withLine(/^Sec-WebSocket-Version/, 'Sec-WebSocket-Version: 8'),
  'with subprotocols that are none': request(['Sec-WebSocket-Protocol: foo;bar']),
  'with an empty subprotocol': request(['Sec-WebSocket-Protocol: foo,,bar']),
  'with a subprotocol twice': request(['Sec-WebSocket-Protocol: foo, foo']),
  'with extensions that are none, not wanted': request([
    'Sec-WebSocket-Extensions: permessage-deflate; ,,',
  ]),
  'with an unknown extension': request(['Sec-WebSocket-Extensions: x-none; a=1']),
};
for (const [name, text] of Object.entries(requests)) {
  forBoth(`a request ${name}`, (scene) => answerTo(scene, text));
}

for (const [name, path, uri] of [
  ['the path', '/foo', '/foo'],
  ['the path and a query', '/foo', '/foo?a=/b'],
  ['another path', '/foo', '/bar'],
  ['a path below it', '/foo', '/foo/'],
  ['in other letters', '/foo', '/FOO'],
] as const) {
  forBoth(`path: a request for ${name}`, (scene) => answerTo(scene, request([], uri), { path }));
}

forBoth('shouldHandle', (scene) => {
  const wss = scene.server({ noServer: true, path: '/foo' });
  const any = scene.server({ noServer: true });
  const asked = (url: string) => ({ url }) as IncomingMessage;
  return [
    ...['/foo', '/foo?a', '/foo/', '/', '/fo', '*'].map((url) => wss.shouldHandle(asked(url))),
    any.shouldHandle(asked('/anything')),
  ];
});

forBoth('shouldHandle of the user', async (scene) => {
  const answers = [];
  for (const result of [false, true]) {
    const wss = await scene.listen();
    const urls: unknown[] = [];
    wss.shouldHandle = (asked: IncomingMessage) => {
      urls.push(asked.url, asked.headers['sec-websocket-version']);
      return result;
    };
    const client = await scene.raw(wss);
    client.send(request([], '/x?y'));
    answers.push((await client.readAnswer()).statusLine, urls);
  }
  return answers;
});

forBoth('verifyClient of one argument: what it is told', async (scene) => {
  let seen: unknown;
  await answerTo(scene, request(['Origin: http://here', 'X-Own: 1'], '/a?b'), {
    verifyClient: (info: { origin: string; secure: boolean; req: IncomingMessage }) => {
      const { url, method, headers, httpVersion } = info.req;
      seen = [Object.keys(info), info.origin, info.secure, url, method, httpVersion, headers];
      return true;
    },
  });
  return seen;
});

forBoth('verifyClient: origin of version 8, and none', async (scene) => {
  const seen: unknown[] = [];
  const verifyClient = (info: { origin: string }) => {
    seen.push(info.origin);
    return true;
  };
  const eight = requests['of version 8'] as string;
  await answerTo(scene, eight.replace('\r\n\r\n', '\r\nSec-WebSocket-Origin: http://old\r\n\r\n'), {
    verifyClient,
  });
  await answerTo(scene, request(), { verifyClient });
  return seen;
});

for (const [name, result] of Object.entries({
  true: true,
  false: false,
  undefined,
  one: 1,
  zero: 0,
  'a promise': Promise.resolve(false),
})) {
  forBoth(`verifyClient of one argument returns ${name}`, (scene) =>
    answerTo(scene, request(), { verifyClient: (_: unknown) => result as boolean }),
  );
}

type Verdict = (
  ok: boolean,
  code?: number,
  name?: string,
  headers?: Record<string, string>,
) => void;
const verdicts: Record<string, Parameters<Verdict>> = {
  yes: [true],
  no: [false],
  'no, with a status': [false, 404],
  'no, with a reason': [false, 403, 'Not you'],
  'no, with headers': [false, 503, 'Later', { 'Retry-After': '120', 'X-Own': 'a' }],
  'no, with another Content-Type': [false, 401, '{"a":1}', { 'Content-Type': 'application/json' }],
  'no, with letters that are not ASCII': [false, 400, 'é世'],
};
for (const [name, verdict] of Object.entries(verdicts)) {
  for (const later of [false, true]) {
    forBoth(`verifyClient of two arguments says ${later ? 'later ' : ''}${name}`, (scene) =>
      answerTo(scene, request(), {
        verifyClient: (_info: unknown, cb: Verdict) => {
          if (later) setTimeout(() => cb(...verdict), 20);
          else cb(...verdict);
        },
      }),
    );
  }
}

forBoth('verifyClient: data that comes before the answer is not lost', async (scene) => {
  const wss = await scene.listen({
    verifyClient: (_info: unknown, cb: Verdict) => setTimeout(cb, 50, true),
  });
  const message = new Promise<unknown[]>((resolve) => {
    wss.on('connection', (socket) => socket.on('message', (...args) => resolve(args)));
  });
  const client = await scene.raw(wss);
  client.send(request(), Buffer.from('81850000000068656c', 'hex'));
  await pause(10);
  client.send(Buffer.from('6c6f', 'hex'));
  const [data, isBinary] = await message;
  return [String(data), isBinary];
});

forBoth('verifyClient: the client leaves before the answer', async (scene) => {
  let tell = (_: Verdict): void => {};
  const asked = new Promise<Verdict>((resolve) => {
    tell = resolve;
  });
  const wss = await scene.listen({
    verifyClient: (_info: unknown, cb: Verdict) => tell(cb),
  });
  let connected = 0;
  wss.on('connection', () => connected++);
  const client = await scene.raw(wss);
  client.send(request());
  const verdict = await asked;
  client.close();
  await pause(50);
  verdict(true);
  await pause(50);
  return [connected, wss.clients.size];
});

forBoth('verifyClient says yes after close()', async (scene) => {
  let close = (): void => {};
  const wss = await scene.listen({
    verifyClient: (_info: unknown, cb: Verdict) => {
      close();
      cb(true);
    },
  });
  close = () => wss.close();
  const client = await scene.raw(wss);
  client.send(request());
  const answer = await client.readAnswer();
  const { statusLine, body } = answer;
  return [statusLine, headersOf(answer), body];
});

const chosen: [string, string[], ServerOptions['handleProtocols']][] = [
  ['none are offered', [], () => 'x'],
  ['the first is taken by itself', ['a', 'b'], undefined],
  ['another is taken', ['a', 'b'], () => 'b'],
  ['none is taken: false', ['a', 'b'], () => false],
  ['one that was not offered', ['a', 'b'], () => 'c'],
  ['the empty one', ['a'], () => ''],
];
for (const [name, offered, handleProtocols] of chosen) {
  forBoth(`handleProtocols: ${name}`, async (scene) => {
    const wss = await scene.listen(handleProtocols ? { handleProtocols } : {});
    const client = await scene.raw(wss);
    const connection = once(wss, 'connection');
    const answer = await client.upgrade(
      offered.length > 0 ? [`Sec-WebSocket-Protocol: ${offered.join(', ')}`] : [],
    );
    const [socket] = (await connection) as [WebSocket];
    return [answer.headers.get('sec-websocket-protocol'), socket.protocol];
  });
}

forBoth('handleProtocols: what it is told', async (scene) => {
  let seen: unknown;
  await answerTo(scene, request(['Sec-WebSocket-Protocol: a ,b,\tc'], '/p'), {
    handleProtocols: (protocols, asked) => {
      seen = [protocols instanceof Set, [...protocols], asked.url];
      return 'c';
    },
  });
  return seen;
});

forBoth('headers: the lines, and the request', async (scene) => {
  const wss = await scene.listen();
  let seen: unknown;
  wss.on('headers', (headers, asked) => {
    seen = [[...headers], asked.url, asked.headers.host];
  });
  const client = await scene.raw(wss);
  await client.upgrade(['Sec-WebSocket-Protocol: a'], '/x');
  return seen;
});

forBoth('headers: lines are added, changed and taken away', async (scene) => {
  const wss = await scene.listen();
  wss.on('headers', (headers) => {
    headers.push('Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Own: here');
  });
  const client = await scene.raw(wss);
  client.send(request());
  const [head] = await once(client.socket, 'data');
  return String(head);
});

forBoth('connection comes after headers, and its request is the same object', async (scene) => {
  const wss = await scene.listen();
  const seen: unknown[] = [];
  wss.on('headers', (_, asked) => seen.push(asked));
  wss.on('connection', (_, asked) => seen.push(asked));
  scene.client(wss);
  await once(wss, 'connection');
  return [seen.length, seen[0] === seen[1]];
});

forBoth('the request of connection', async (scene) => {
  const wss = await scene.listen();
  const client = await scene.raw(wss);
  const lines = [
    'Cookie: a=1; b=2',
    'X-Own: one',
    'X-Own: two',
    'Origin: http://o',
    'x-EMPTY:',
    'Set-Cookie: q',
  ];
  const connection = once(wss, 'connection');
  await client.upgrade(lines, '/path?query=%20');
  const [, asked] = (await connection) as [WebSocket, IncomingMessage];
  const { socket } = asked;
  const { remoteAddress, remoteFamily, localAddress, localPort } = socket;
  return {
    url: asked.url,
    method: asked.method,
    headers: asked.headers,
    rawHeaders: asked.rawHeaders,
    versions: [asked.httpVersion, asked.httpVersionMajor, asked.httpVersionMinor],
    complete: asked.complete,
    class: asked.constructor.name,
    connection: (asked as { connection?: unknown }).connection === socket,
    addresses: [remoteAddress, remoteFamily, localAddress],
    ports: [socket.remotePort === client.socket.localPort, localPort === client.socket.remotePort],
    encrypted: (socket as { encrypted?: boolean }).encrypted,
    distinct: asked.headersDistinct['x-own'],
  };
});

forBoth('the same header many times, as Node joins them', async (scene) => {
  const wss = await scene.listen();
  const client = await scene.raw(wss);
  const connection = once(wss, 'connection');
  await client.upgrade([
    'Cookie: a=1',
    'Cookie: b=2',
    'User-Agent: x',
    'User-Agent: y',
    'Accept: 1',
    'Accept: 2',
  ]);
  const [, asked] = (await connection) as [WebSocket, IncomingMessage];
  return asked.headers;
});

forBoth('the socket of a request: its methods, and what programs read of it', async (scene) => {
  const { request: asked } = await scene.pair();
  const socket = asked.socket as unknown as Record<string, unknown>;
  const methods = ['destroy', 'end', 'write', 'on', 'setTimeout', 'setNoDelay', 'setKeepAlive'];
  return [
    [...methods, 'pause', 'resume', 'address', 'ref', 'unref'].map((name) => typeof socket[name]),
    asked.socket.destroyed,
    asked.socket.readable,
    asked.socket.writable,
  ];
});

forBoth('the socket of a request is destroyed by the program', async (scene) => {
  const { socket, request: asked, client } = await scene.pair();
  const over = Promise.all([closed(socket), closed(client)]);
  asked.socket.destroy();
  return [await over, asked.socket.destroyed];
});

forBoth('the socket of a request closes when the connection does', async (scene) => {
  const { request: asked, client } = await scene.pair();
  const over = new Promise((resolve) => asked.socket.on('close', () => resolve('close')));
  client.terminate();
  return over;
});

forBoth('the address by way of _socket, as many programs read it', async (scene) => {
  const { socket, client } = await scene.pair();
  const inner = (socket as unknown as { _socket: Socket })._socket;
  const own = (client as unknown as { _socket: Socket })._socket;
  return [inner.remoteAddress, inner.remotePort === own.localPort, inner.destroyed];
});

forBoth('a request may be kept, and given more properties', async (scene) => {
  const wss = await scene.listen({
    verifyClient: ({ req }: { req: IncomingMessage }) => {
      Object.assign(req, { user: 'me' });
      return true;
    },
  });
  scene.client(wss, { headers: { 'X-Own': '1' } });
  const [, asked] = await once(wss, 'connection');
  await pause(20);
  return [asked.user, asked.headers['x-own'], asked.socket.remoteAddress];
});

forBoth('a client of ws is told of a refusal', async (scene) => {
  const wss = await scene.listen({ verifyClient: (_: unknown) => false });
  const client = scene.client(wss);
  const over = closed(client);
  const [error] = await once(client, 'error');
  return [told(error), await over];
});
