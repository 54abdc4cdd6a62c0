// send, ping and pong of the server's end: what they take, what comes of it, callbacks and order.

import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { Op } from '../../support/byte_client.js';
import { called, closed, forBoth, pause, thrownBy, told } from './engines.js';

const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
const kinds: Record<string, () => unknown> = {
  'a text': () => 'héllo €',
  'an empty text': () => '',
  'a lone surrogate': () => 'a\ud800b',
  'a number': () => 42.5,
  zero: () => 0,
  'not a number': () => Number.NaN,
  'a Buffer': () => Buffer.from('buffer'),
  'an empty Buffer': () => Buffer.alloc(0),
  'a Uint8Array': () => bytes,
  'a part of a Uint8Array': () => bytes.subarray(2, 5),
  'a Float32Array': () => new Float32Array([1.5, -2]),
  'a Uint16Array at an offset': () => new Uint16Array(bytes.buffer, 2, 2),
  'a DataView': () => new DataView(bytes.buffer, 1, 3),
  'an ArrayBuffer': () => bytes.buffer,
  'a SharedArrayBuffer view': () => new Uint8Array(new SharedArrayBuffer(4)).fill(7),
  'an array of numbers': () => [1, 2, 300, 'x'],
  'an object with a length': () => ({ length: 2, 0: 65, 1: 66 }),
  'a String object': () => new String('boxed'),
  'an object with valueOf': () => ({ valueOf: () => 'of' }),
  'an object with toPrimitive': () => ({ [Symbol.toPrimitive]: () => 'primitive' }),
  'a JSON Buffer': () => JSON.parse(JSON.stringify(Buffer.from('json'))),
  'a Blob': () => new Blob(['blo', 'b']),
  'an empty Blob': () => new Blob([]),
  undefined: () => undefined,
  null: () => null,
  false: () => false,
  true: () => true,
  'an object': () => ({}),
  'a Date': () => new Date(0),
  'a bigint': () => 10n,
  'a symbol': () => Symbol('s'),
  'a function without options': () => () => {},
};

for (const [name, make] of Object.entries(kinds)) {
  for (const method of ['send', 'ping', 'pong'] as const) {
    forBoth(`${method}: ${name}`, async (scene) => {
      const { socket, client } = await scene.rawPair();
      const thrown = thrownBy(() => socket[method](make() as never));
      socket.send('after it');
      const first = await client.readFrame();
      const seen = [first.opcode, first.fin, first.masked, first.payload.toString('hex')];
      return [thrown, seen, socket.readyState];
    });
  }
}

type Send = Parameters<WebSocket['send']>[1];
const options: Record<string, [unknown, Send]> = {
  'a text as bytes': ['text', { binary: true }],
  'bytes as a text': [Buffer.from('bytes'), { binary: false }],
  'no options': ['text', {}],
  'a mask': ['masked', { mask: true }],
  'no mask': [Buffer.from('plain'), { mask: false }],
  'not the end': ['part', { fin: false }],
  'options of undefined': ['text', { binary: undefined, fin: undefined } as never],
  'a number as bytes': [5, { binary: true }],
  'a Blob as a text': [new Blob(['blob']), { binary: false }],
  undefined: ['text', undefined as never],
  null: ['text', null as never],
};
for (const [name, [data, option]] of Object.entries(options)) {
  forBoth(`send with ${name}`, async (scene) => {
    const { socket, client } = await scene.rawPair();
    const result = await called((callback) => socket.send(data as never, option, callback));
    const { opcode, fin, masked, payload } = await client.readFrame();
    return [result, opcode, fin, masked, masked ? payload.length : payload.toString()];
  });
}

forBoth(
  'fragments: the opcode of the first, then continuations, with a ping between',
  async (scene) => {
    const { socket, client } = await scene.rawPair();
    socket.send('a', { fin: false });
    socket.ping('p');
    socket.send(Buffer.from('b'), { fin: false, binary: true });
    socket.send('', { fin: true });
    socket.send(Buffer.from('next'));
    const seen = [];
    for (let index = 0; index < 5; index++) {
      const { opcode, fin, payload } = await client.readFrame();
      seen.push([opcode, fin, payload.toString()]);
    }
    return seen;
  },
);

forBoth('lengths in 1, 2 and 8 bytes', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const seen = [];
  for (const length of [0, 125, 126, 127, 65_535, 65_536]) {
    socket.send(Buffer.alloc(length, 1));
    const { bytes: all, payload } = await client.readFrame();
    seen.push([payload.length, all.subarray(0, all.length - payload.length).toString('hex')]);
  }
  return seen;
});

for (const method of ['ping', 'pong'] as const) {
  for (const [name, args] of Object.entries({
    nothing: [],
    data: ['data'],
    'data and a mask': ['data', false],
    'data to be masked': ['data', true],
    '125 bytes': [Buffer.alloc(125, 97)],
  })) {
    forBoth(`${method} with ${name}, and a callback`, async (scene) => {
      const { socket, client } = await scene.rawPair();
      const result = await called((callback) =>
        (socket[method] as (...all: unknown[]) => void)(...args, callback),
      );
      const { opcode, masked, payload } = await client.readFrame();
      return [result, opcode, masked, masked ? payload.length : payload.toString()];
    });
  }
  for (const [name, data] of Object.entries({
    bytes: Buffer.alloc(126),
    text: 'é'.repeat(63),
    Blob: new Blob(['a'.repeat(126)]),
  })) {
    forBoth(`${method} of more than 125 bytes throws: ${name}`, async (scene) => {
      const { socket } = await scene.rawPair();
      return [thrownBy(() => socket[method](data as never)), socket.readyState];
    });
  }
}

const states: Record<string, (socket: WebSocket) => Promise<unknown>> = {
  closing: async (socket) => socket.close(),
  terminated: async (socket) => socket.terminate(),
  closed: async (socket) => {
    const over = closed(socket);
    socket.terminate();
    return over;
  },
};
for (const [state, reach] of Object.entries(states)) {
  for (const method of ['send', 'ping', 'pong'] as const) {
    forBoth(`${method} when it is ${state}`, async (scene) => {
      const { socket } = await scene.rawPair();
      await reach(socket);
      const before = socket.bufferedAmount;
      let sync = true;
      let early = false;
      const result = await new Promise((resolve) => {
        (socket[method] as (...all: unknown[]) => void)('hello', (error: Error) => {
          early = sync;
          resolve(told(error));
        });
        sync = false;
      });
      const without = thrownBy(() => socket[method]('hello'));
      const added = socket.bufferedAmount - before;
      return [result, early, without, added];
    });
  }
}

forBoth('bufferedAmount counts each kind of data that is sent when closed', async (scene) => {
  const { socket } = await scene.rawPair();
  await (states['closed'] as (typeof states)[string])(socket);
  const seen = [];
  for (const data of ['é', Buffer.alloc(3), new Blob(['four']), 12_345, undefined, '', [1, 2]]) {
    const before = socket.bufferedAmount;
    socket.send(data as never);
    seen.push(socket.bufferedAmount - before);
  }
  return seen;
});

forBoth('too much in a ping when it is closed does not throw', async (scene) => {
  const { socket } = await scene.rawPair();
  await (states['closed'] as (typeof states)[string])(socket);
  return thrownBy(() => socket.ping(Buffer.alloc(126)));
});

forBoth('callbacks are called later, without arguments, in order', async (scene) => {
  const { socket } = await scene.pair();
  const order: unknown[] = [];
  await new Promise<void>((resolve) => {
    for (const each of ['one', 'two', 'three']) {
      socket.send(each, (...args: unknown[]) => order.push([each, args.map((arg) => arg ?? null)]));
    }
    socket.ping('p', undefined, () => order.push('ping'));
    socket.pong('p', false, () => order.push('pong'));
    socket.send(Buffer.alloc(200_000), { binary: true }, () => {
      order.push('last');
      resolve();
    });
    order.push('returned');
  });
  return order;
});

forBoth('a Blob keeps its place, and so does a close behind it', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.send('before');
  socket.send(new Blob(['blob']));
  socket.send('after');
  socket.ping('p');
  socket.ping(new Blob(['pb']) as never);
  socket.close(1000, 'end');
  const frames = await client.readFrames();
  return frames.map(({ opcode, payload }) => [opcode, payload.toString('latin1')]);
});

forBoth('a Blob counts as buffered until it is read', async (scene) => {
  const { socket } = await scene.pair();
  const seen = [socket.bufferedAmount];
  const sent = called((callback) => socket.send(new Blob(['12345']), callback));
  seen.push(socket.bufferedAmount);
  await sent;
  seen.push(socket.bufferedAmount);
  return seen;
});

forBoth(
  'a Blob of a connection that ends before it is read: the callbacks get an error',
  async (scene) => {
    const { socket } = await scene.pair();
    const results = [
      called((callback) => socket.send(new Blob(['12345']), callback)),
      called((callback) => socket.send('behind it', callback)),
    ];
    socket.terminate();
    return Promise.all(results);
  },
);

forBoth('bytes may be changed when the callback has been called', async (scene) => {
  const { socket, client } = await scene.pair();
  const data = Buffer.alloc(300_000, 1);
  const message = once(client, 'message');
  await called((callback) => socket.send(data, callback));
  data.fill(2);
  const [seen] = await message;
  return (seen as Buffer).every((byte) => byte === 1);
});

forBoth('bufferedAmount is 0 when all has been sent', async (scene) => {
  const { socket, client } = await scene.pair();
  const message = once(client, 'message');
  const before = socket.bufferedAmount;
  socket.send('small');
  await message;
  return [before, socket.bufferedAmount];
});

forBoth(
  'a client that does not read: bufferedAmount grows, and all arrives in the end',
  async (scene) => {
    const { socket, client } = await scene.rawPair();
    client.socket.pause();
    const part = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    for (let index = 0; index < 32; index++) socket.send(part, () => sent++);
    await pause(50);
    const waiting = [
      socket.bufferedAmount > 10 * part.length,
      socket.bufferedAmount <= 32 * (part.length + 10),
      sent < 32,
    ];
    client.socket.resume();
    let size = 0;
    for (let index = 0; index < 32; index++) size += (await client.readFrame()).payload.length;
    while (sent < 32) await pause(5);
    return [waiting, size, sent, socket.bufferedAmount];
  },
);

forBoth(
  'a client that leaves while much is waiting: every callback is called with an error',
  async (scene) => {
    const { socket, client } = await scene.rawPair();
    client.socket.pause();
    const results: unknown[] = [];
    const over = closed(socket);
    for (let index = 0; index < 16; index++) {
      socket.send(Buffer.alloc(1024 * 1024), (error) => results.push(error ? 'error' : 'ok'));
    }
    await pause(30);
    client.reset();
    const [code] = await over;
    await pause(20);
    return [code, results.length, results.includes('error')];
  },
);

forBoth('send in the close handler, and in the callback of a send', async (scene) => {
  const { socket, client } = await scene.pair();
  const inCallback = await new Promise((resolve) => {
    socket.send('a', () => socket.send('b', (error) => resolve(told(error) ?? 'ok')));
  });
  const inClose = new Promise((resolve) => {
    socket.on('close', () => socket.send('late', (error) => resolve(told(error))));
  });
  client.terminate();
  return [inCallback, await inClose];
});

forBoth(
  'an exception in a callback is no matter of other callbacks: a callback that is no function',
  async (scene) => {
    const { socket, client } = await scene.rawPair();
    socket.send('a', undefined as never, undefined);
    socket.send('b', {}, undefined);
    socket.send('c', null as never);
    const texts = [];
    for (let index = 0; index < 3; index++)
      texts.push((await client.readFrame()).payload.toString());
    return texts;
  },
);

forBoth('what send, ping and pong return', async (scene) => {
  const { socket } = await scene.pair();
  return [socket.send('a'), socket.ping('a'), socket.pong('a')].map((each) => each === undefined);
});

forBoth('ten thousand messages in one turn arrive in order', async (scene) => {
  const { socket, client } = await scene.pair();
  const seen: string[] = [];
  const all = new Promise<void>((resolve) => {
    client.on('message', (data) => {
      if (seen.push(String(data)) === 10_000) resolve();
    });
  });
  for (let index = 0; index < 10_000; index++) socket.send(String(index));
  await all;
  return [seen.length, seen.every((text, index) => text === String(index))];
});

forBoth('opcodes of text and bytes', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.send('t');
  socket.send(Buffer.from('b'));
  return [
    (await client.readFrame()).opcode === Op.text,
    (await client.readFrame()).opcode === Op.binary,
  ];
});
