// permessage-deflate: its negotiation, what is compressed, and data that is no deflate.

import { once } from 'node:events';
import { deflateRawSync } from 'node:zlib';
import type { PerMessageDeflateOptions, WebSocket } from 'ws';
import { frame, Op, request } from '../../support/byte_client.js';
import { closed, forBoth, record, type Scene } from './engines.js';

type Deflate = boolean | PerMessageDeflateOptions;

const offers: Record<string, string[]> = {
  plain: ['permessage-deflate'],
  'with client_max_window_bits': ['permessage-deflate; client_max_window_bits'],
  'with client_max_window_bits=12': ['permessage-deflate; client_max_window_bits=12'],
  'with server_max_window_bits=10': ['permessage-deflate; server_max_window_bits=10'],
  'with all': [
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11; client_max_window_bits=13',
  ],
  'on two lines': ['permessage-deflate; client_max_window_bits=9', 'permessage-deflate'],
  'with quotes': ['permessage-deflate; server_max_window_bits="10"'],
  'of another extension too': ['x-other; a=b, permessage-deflate'],
  'of another extension alone': ['x-other; a=b'],
};
/** No offers at all, or such that cannot be accepted. */
const mistakes: Record<string, string[]> = {
  'with an unknown parameter': ['permessage-deflate; foo=15'],
  'with too many bits': ['permessage-deflate; server_max_window_bits=16'],
  'with too few bits': ['permessage-deflate; client_max_window_bits=7'],
  'with a parameter twice': [
    'permessage-deflate; server_max_window_bits=9; server_max_window_bits=10',
  ],
  'with a value that must not be': ['permessage-deflate; server_no_context_takeover=1'],
  'that is no header': ['permessage-deflate; ='],
};
const options: Record<string, Deflate> = {
  false: false,
  true: true,
  'an empty object': {},
  serverNoContextTakeover: { serverNoContextTakeover: true },
  'serverNoContextTakeover: false': { serverNoContextTakeover: false },
  clientNoContextTakeover: { clientNoContextTakeover: true },
  'serverMaxWindowBits 10': { serverMaxWindowBits: 10 },
  'serverMaxWindowBits false': { serverMaxWindowBits: false } as never,
  'clientMaxWindowBits 11': { clientMaxWindowBits: 11 },
  'clientMaxWindowBits false': { clientMaxWindowBits: false } as never,
  all: {
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    serverMaxWindowBits: 12,
    clientMaxWindowBits: 12,
    threshold: 10,
    concurrencyLimit: 4,
    zlibDeflateOptions: { level: 1, memLevel: 7, chunkSize: 1024 },
    zlibInflateOptions: { chunkSize: 10 * 1024 },
  },
};
/** How each of these offers is answered: the status, the parameters in order, and `extensions`. */
async function answersTo(
  scene: Scene,
  perMessageDeflate: Deflate,
  lists: Record<string, string[]>,
): Promise<unknown> {
  const wss = await scene.listen({ perMessageDeflate });
  const extensions: string[] = [];
  wss.on('connection', (socket) => {
    extensions.push(socket.extensions);
  });
  const seen: Record<string, unknown> = {};
  for (const [name, lines] of Object.entries(lists)) {
    const client = await scene.raw(wss);
    client.send(request(lines.map((line) => `Sec-WebSocket-Extensions: ${line}`)));
    const { status, headers, body } = await client.readAnswer();
    const answer = headers.get('sec-websocket-extensions')?.split('; ').sort().join('; ');
    seen[name] = status === 101 ? (answer ?? 'none') : [status, body];
    client.close();
  }
  return [seen, extensions];
}

for (const [title, perMessageDeflate] of Object.entries(options)) {
  forBoth(`negotiation: the option is ${title}`, (scene) =>
    answersTo(scene, perMessageDeflate, offers),
  );
}

for (const [name, lines] of Object.entries(mistakes)) {
  forBoth(`an offer ${name}`, (scene) => answersTo(scene, true, { it: lines }));
}

const LONG = 'compress me '.repeat(200);

/** Whether the frames of what `act` sends are compressed, and what is in them. */
function framesOf(
  name: string,
  perMessageDeflate: Deflate,
  offer: string,
  count: number,
  act: (socket: WebSocket) => void,
): void {
  forBoth(name, async (scene) => {
    const { socket, client } = await scene.rawPair({ perMessageDeflate }, [
      `Sec-WebSocket-Extensions: permessage-deflate${offer}`,
    ]);
    act(socket);
    const seen = [];
    for (let index = 0; index < count; index++) {
      const { opcode, rsv, fin, payload } = await client.readFrame();
      seen.push([opcode, rsv, fin, rsv === 0 ? payload.toString() : 'compressed']);
    }
    return seen;
  });
}

framesOf('with context takeover everything is compressed', true, '', 3, (socket) => {
  socket.send('hi');
  socket.send(LONG);
  socket.send('');
});
const NO_CONTEXT = '; server_no_context_takeover';
framesOf('without it, what is shorter than the threshold is not', {}, NO_CONTEXT, 4, (socket) => {
  socket.send('a'.repeat(1023));
  socket.send('a'.repeat(1024));
  socket.send('é'.repeat(512));
  socket.send(Buffer.alloc(1023));
});
framesOf('a threshold of ten bytes', { threshold: 10 }, NO_CONTEXT, 2, (socket) => {
  socket.send('a'.repeat(9));
  socket.send('a'.repeat(10));
});
framesOf('a threshold of no bytes', { threshold: 0 }, NO_CONTEXT, 1, (socket) => {
  socket.send('a'.repeat(9));
});
framesOf('what does not get shorter', { threshold: 0 }, NO_CONTEXT, 1, (socket) =>
  socket.send('1'),
);
framesOf('compress: false', true, '', 2, (socket) => {
  socket.send(LONG, { compress: false });
  socket.send(LONG, { compress: true });
});
framesOf('the first fragment decides', { threshold: 3 }, NO_CONTEXT, 2, (socket) => {
  socket.send('12', { fin: false });
  socket.send('3', { fin: true });
});
framesOf('pings between compressed messages keep their place', true, '', 3, (socket) => {
  socket.send(LONG);
  socket.ping('p');
  socket.send(LONG);
});
framesOf('a close follows what is compressed', true, '', 3, (socket) => {
  socket.send(LONG);
  socket.send(LONG);
  socket.close(1000, 'end');
});

forBoth('compress without the extension is not heeded', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.send('text', { compress: true });
  return (await client.readFrame()).rsv;
});

for (const noContext of [false, true]) {
  forBoth(
    `messages both ways, ${noContext ? 'each for itself' : 'with their context'}`,
    async (scene) => {
      const { socket, client } = await scene.pair(
        {
          perMessageDeflate: {
            serverNoContextTakeover: noContext,
            clientNoContextTakeover: noContext,
          },
        },
        { perMessageDeflate: { threshold: 0 } },
      );
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      const seen: unknown[] = [];
      for (const data of ['a', LONG, Buffer.from(LONG), '', Buffer.alloc(0), 'x'.repeat(100_000)]) {
        client.send(data);
        const [back, isBinary] = await once(client, 'message');
        seen.push([back.length, isBinary, Buffer.from(data).equals(back as Buffer)]);
      }
      return [seen, socket.extensions, client.extensions];
    },
  );
}

const DEFLATE = ['Sec-WebSocket-Extensions: permessage-deflate'];
const compressed = (text: string): Buffer => {
  const bytes = deflateRawSync(Buffer.from(text), { finishFlush: 2 });
  return bytes.subarray(0, bytes.length - 4);
};

forBoth('data that is no deflate', async (scene) => {
  const { socket, client } = await scene.rawPair({ perMessageDeflate: true }, DEFLATE);
  const events = record(socket, 'message', 'error');
  const over = closed(socket);
  client.send(frame({ opcode: Op.text, rsv: 4, payload: Buffer.from([0, 0, 0, 0, 0]) }));
  const [last] = await client.readFrames();
  client.close();
  return [events, last?.opcode, last?.payload.toString('hex'), await over];
});

forBoth('the error of broken deflate', async (scene) => {
  const { socket, client } = await scene.rawPair({ perMessageDeflate: true }, DEFLATE);
  const seen = new Promise((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve([error.constructor.name, error.code, error.errno, socket.readyState]),
    );
  });
  client.send(frame({ opcode: Op.text, rsv: 4, payload: Buffer.from([0, 0, 0, 0, 0]) }));
  return seen;
});

forBoth('a compressed text that is no UTF-8', async (scene) => {
  const { socket, client } = await scene.rawPair({ perMessageDeflate: true }, DEFLATE);
  const errors = record(socket, 'error');
  const bytes = deflateRawSync(Buffer.from([0xc3, 0x28]), { finishFlush: 2 });
  client.send(frame({ opcode: Op.text, rsv: 4, payload: bytes.subarray(0, bytes.length - 4) }));
  const [last] = await client.readFrames();
  return [errors, last?.payload.toString('hex')];
});

forBoth('a message that unfolds to more than maxPayload', async (scene) => {
  const { socket, client } = await scene.rawPair(
    { perMessageDeflate: true, maxPayload: 1000 },
    DEFLATE,
  );
  const errors = record(socket, 'error');
  client.send(frame({ opcode: Op.text, rsv: 4, payload: compressed('a'.repeat(1001)) }));
  const [last] = await client.readFrames();
  return [errors, last?.payload.toString('hex')];
});

forBoth('a message that unfolds to just maxPayload', async (scene) => {
  const { socket, client } = await scene.rawPair(
    { perMessageDeflate: true, maxPayload: 1000 },
    DEFLATE,
  );
  const message = once(socket, 'message');
  client.send(frame({ opcode: Op.text, rsv: 4, payload: compressed('a'.repeat(1000)) }));
  return ((await message)[0] as Buffer).length;
});

forBoth('callbacks of compressed messages come in order', async (scene) => {
  const { socket } = await scene.pair({ perMessageDeflate: true }, { perMessageDeflate: true });
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    socket.send(LONG, () => order.push('one'));
    socket.send('b', () => order.push('two'));
    socket.ping('', undefined, () => order.push('ping'));
    socket.send('c', { compress: false }, () => {
      order.push('three');
      resolve();
    });
    order.push('returned');
  });
  return order;
});
