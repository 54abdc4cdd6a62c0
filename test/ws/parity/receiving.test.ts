// What arrives: messages and their kinds, pings, pauses, and the limits of the options.

import { once } from 'node:events';
import type { ServerOptions, WebSocket } from 'ws';
import { type ByteClient, closePayload, frame, Op, request } from '../../support/byte_client.js';
import { closed, forBoth, pause, record } from './engines.js';

const text = (payload: string): Buffer => frame({ opcode: Op.text, payload });
const first = (opcode: number, payload: string): Buffer => frame({ opcode, payload, fin: false });
const middle = (payload: string): Buffer => frame({ opcode: 0, payload, fin: false });
const last = (payload: string): Buffer => frame({ opcode: 0, payload });

/** The kind of what a message brought, and its bytes. */
async function shown(data: unknown): Promise<unknown> {
  if (Array.isArray(data))
    return [Array.isArray(data), data.map(String), data.map(Buffer.isBuffer)];
  if (data instanceof Blob) return ['Blob', data.size, data.type, await data.text()];
  if (data instanceof ArrayBuffer) return ['ArrayBuffer', Buffer.from(data).toString()];
  return [Buffer.isBuffer(data), String(data)];
}

for (const binaryType of ['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const) {
  forBoth(`binaryType ${binaryType}`, async (scene) => {
    const { socket, client } = await scene.rawPair();
    socket.binaryType = binaryType as never;
    const seen: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      socket.on('message', async (data, isBinary) => {
        seen.push([await shown(data), isBinary]);
        if (seen.length === 6) resolve();
      });
    });
    const pieces = [
      frame({ opcode: Op.binary, payload: 'whole' }),
      Buffer.concat([first(Op.binary, 'a'), middle(''), middle('b'), last('c')]),
      frame({ opcode: Op.binary }),
      text('text'),
      Buffer.concat([first(Op.text, 'x'), last('y')]),
      text(''),
    ];
    for (const piece of pieces) {
      client.send(piece);
      await pause(2);
    }
    await all;
    return [seen, socket.binaryType];
  });
}

forBoth('binaryType: what it is, what it is not, and a change on the way', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const seen: unknown[] = [socket.binaryType];
  socket.binaryType = 'none' as never;
  seen.push(socket.binaryType);
  for (const binaryType of ['arraybuffer', 'nodebuffer'] as const) {
    socket.binaryType = binaryType;
    const message = once(socket, 'message');
    client.send(frame({ opcode: Op.binary, payload: 'x' }));
    seen.push(await shown((await message)[0]));
  }
  return seen;
});

forBoth('messages of many sizes, whole and in pieces', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const seen: unknown[] = [];
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
    const payload = Buffer.alloc(size, size % 251);
    const message = once(socket, 'message');
    const all = frame({ opcode: Op.binary, payload });
    client.send(all.subarray(0, 1));
    await pause(1);
    client.send(all.subarray(1));
    const [data, isBinary] = await message;
    seen.push([(data as Buffer).length, payload.equals(data as Buffer), isBinary]);
  }
  return seen;
});

forBoth('a message that is kept is not overwritten by the next ones', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const kept: Buffer[] = [];
  socket.on('message', (data) => kept.push(data as Buffer));
  for (let index = 0; index < 200; index++) {
    client.sendFrame(Op.binary, Buffer.alloc(1000, index));
    if (index % 20 === 0) await pause(1);
  }
  while (kept.length < 200) await pause(2);
  return kept.every((data, index) => data.length === 1000 && data.every((byte) => byte === index));
});

forBoth('a message may be written into', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const texts: string[] = [];
  socket.on('message', (data) => {
    texts.push(String(data));
    (data as Buffer).fill(0x78);
  });
  client.send(text('one'), text('two'), text('three'));
  while (texts.length < 3) await pause(1);
  return texts;
});

forBoth('what message brings', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const seen = new Promise((resolve) => {
    socket.on('message', function (this: unknown, ...args: unknown[]) {
      resolve([this === socket, args.length, Buffer.isBuffer(args[0]), args[1]]);
    });
  });
  client.send(text('a'));
  return seen;
});

for (const autoPong of [true, false]) {
  forBoth(`autoPong: ${autoPong}`, async (scene) => {
    const { socket, client } = await scene.rawPair({ autoPong } as ServerOptions);
    const events = record(socket, 'ping', 'pong');
    client.send(frame({ opcode: Op.ping, payload: 'data' }), frame({ opcode: Op.ping }));
    client.send(frame({ opcode: Op.pong, payload: 'unasked' }), text('end'));
    await once(socket, 'message');
    socket.send('end');
    const frames = [];
    for (let opcode = -1; opcode !== Op.text; ) {
      const next = await client.readFrame();
      opcode = next.opcode;
      frames.push([opcode, next.payload.toString()]);
    }
    return [events, frames];
  });
}

forBoth('ping and pong bring Buffers', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.binaryType = 'arraybuffer';
  const seen: unknown[] = [];
  socket.on('ping', (data) => seen.push(Buffer.isBuffer(data), data.length));
  socket.on('pong', (data) => seen.push(Buffer.isBuffer(data), data.length));
  client.send(frame({ opcode: Op.ping, payload: '123' }), frame({ opcode: Op.pong }), text('end'));
  await once(socket, 'message');
  return seen;
});

forBoth('a ping of ours, and the pong', async (scene) => {
  const { socket } = await scene.pair();
  const pong = once(socket, 'pong');
  socket.ping('here');
  return String((await pong)[0]);
});

forBoth('a ping between fragments comes before the message', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'ping', 'message');
  client.send(first(Op.text, 'a'), frame({ opcode: Op.ping, payload: 'p' }), last('b'));
  await once(socket, 'message');
  return events;
});

/** Sends `frames` in one piece; the order of events, with the turns between them. */
async function turns(socket: WebSocket, client: ByteClient, frames: Buffer[]): Promise<unknown[]> {
  const order: unknown[] = [];
  for (const name of ['message', 'ping', 'pong']) {
    socket.on(name, (data) => {
      order.push(String(data));
      queueMicrotask(() => order.push('micro'));
    });
  }
  client.send(...frames);
  while (order.filter((each) => each !== 'micro').length < frames.length) await pause(1);
  await pause(2);
  return order;
}

forBoth('allowSynchronousEvents: false has microtasks between events', async (scene) => {
  const { socket, client } = await scene.rawPair({
    allowSynchronousEvents: false,
  } as ServerOptions);
  return turns(socket, client, [
    text('a'),
    text('b'),
    frame({ opcode: Op.ping, payload: 'c' }),
    text('d'),
  ]);
});

forBoth('allowSynchronousEvents: false and two thousand messages, then a close', async (scene) => {
  const options = { allowSynchronousEvents: false } as ServerOptions;
  const { socket, client } = await scene.pair(options);
  const texts: string[] = [];
  socket.on('message', (data) => texts.push(String(data)));
  for (let index = 0; index < 2000; index++) client.send(String(index));
  client.close(1000, 'end');
  const over = await closed(socket);
  return [texts.length, texts.every((text, index) => text === String(index)), over];
});

forBoth('allowSynchronousEvents: true, the order of events', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const order = await turns(socket, client, [
    text('a'),
    text('b'),
    frame({ opcode: Op.ping, payload: 'c' }),
  ]);
  return order.filter((each) => each !== 'micro');
});

forBoth('pause and resume', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'message');
  const seen: unknown[] = [socket.isPaused];
  seen.push(socket.pause(), socket.isPaused);
  client.send(text('one'));
  await pause(40);
  seen.push(events.length);
  socket.pause();
  seen.push(socket.resume(), socket.isPaused);
  await once(socket, 'message');
  client.send(text('two'));
  await once(socket, 'message');
  return [seen, events];
});

forBoth('pause in the handler of a message: what comes later waits', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'message');
  socket.once('message', () => socket.pause());
  client.send(text('one'));
  await pause(20);
  client.send(text('two'));
  await pause(40);
  const early = events.length;
  socket.resume();
  while (events.length < 2) await pause(1);
  return [early, events];
});

forBoth('a paused socket holds its client back', async (scene) => {
  const { socket, client } = await scene.pair();
  socket.pause();
  for (let index = 0; index < 32; index++) client.send(Buffer.alloc(1024 * 1024));
  await pause(100);
  const held = client.bufferedAmount > 8 * 1024 * 1024;
  let count = 0;
  socket.on('message', () => count++);
  socket.resume();
  while (count < 32) await pause(5);
  return [held, count];
});

forBoth('a paused socket sends', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.pause();
  socket.send('out');
  return (await client.readFrame()).payload.toString();
});

forBoth('a client that closes while it is paused: close comes after resume', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'message', 'close');
  socket.pause();
  client.send(text('last'), frame({ opcode: Op.close, payload: closePayload(1000, 'bye') }));
  await pause(40);
  const early = [...events];
  socket.resume();
  await once(socket, 'close');
  return [early, events];
});

forBoth('pause and resume when it is closed', async (scene) => {
  const { socket } = await scene.rawPair();
  const over = closed(socket);
  socket.terminate();
  await over;
  socket.pause();
  const seen = [socket.isPaused];
  socket.resume();
  return [seen, socket.isPaused];
});

forBoth('terminate and close while it is paused', async (scene) => {
  const ends = [];
  for (const method of ['terminate', 'close'] as const) {
    const { socket, client } = await scene.pair({ closeTimeout: 300 } as ServerOptions);
    const over = Promise.all([closed(socket), closed(client)]);
    socket.pause();
    socket[method]();
    ends.push(await over);
  }
  return ends;
});

for (const [name, frames] of Object.entries({
  'just as much': [text('a'.repeat(20))],
  'one byte more': [text('a'.repeat(21))],
  'fragments of just as much': [first(Op.text, 'a'.repeat(10)), last('a'.repeat(10))],
  'fragments of one byte more': [first(Op.text, 'a'.repeat(10)), last('a'.repeat(11))],
  'more is announced, nothing has come': [frame({ opcode: Op.binary, length: 1_000_000 })],
  'two messages of just as much': [text('a'.repeat(20)), text('b'.repeat(20))],
  'a ping of more': [frame({ opcode: Op.ping, payload: 'a'.repeat(100) })],
})) {
  forBoth(`maxPayload 20: ${name}`, async (scene) => {
    const { socket, client } = await scene.rawPair({ maxPayload: 20 });
    const events = record(socket, 'message', 'ping', 'error');
    client.send(...frames);
    await pause(20);
    client.sendFrame(Op.close, closePayload(1000));
    const seen = await client.readFrames();
    return [events, seen.map(({ opcode, payload }) => [opcode, payload.toString('hex')])];
  });
}

forBoth('maxPayload 0 is no limit', async (scene) => {
  const { socket, client } = await scene.rawPair({ maxPayload: 0 });
  const message = once(socket, 'message');
  client.sendFrame(Op.binary, Buffer.alloc(300_000));
  return ((await message)[0] as Buffer).length;
});

forBoth('the client is told of too much: 1009', async (scene) => {
  const { socket, client } = await scene.pair({ maxPayload: 20 });
  const over = Promise.all([closed(socket), closed(client)]);
  const errors = record(socket, 'error');
  client.send('a'.repeat(21));
  return [await over, errors];
});

for (const [name, option] of Object.entries({
  maxFragments: { maxFragments: 3 },
  'maxFragments 0': { maxFragments: 0 },
})) {
  for (const count of [3, 4]) {
    forBoth(`${name}: a message of ${count} fragments`, async (scene) => {
      const { socket, client } = await scene.rawPair(option as ServerOptions);
      const events = record(socket, 'message', 'error');
      const parts = [first(Op.text, 'a'), ...Array(count - 2).fill(middle('b')), last('c')];
      client.send(...parts);
      await pause(20);
      client.sendFrame(Op.close, closePayload(1000));
      const seen = await client.readFrames();
      return [events, seen.map(({ opcode, payload }) => [opcode, payload.toString('hex')])];
    });
  }
}

const wrong = Buffer.from([0x61, 0xc3, 0x28]);
for (const skipUTF8Validation of [false, true]) {
  forBoth(`skipUTF8Validation ${skipUTF8Validation}: a text that is none`, async (scene) => {
    const { socket, client } = await scene.rawPair({ skipUTF8Validation });
    const seen: unknown[] = [];
    socket.on('message', (data, isBinary) => seen.push((data as Buffer).toString('hex'), isBinary));
    const errors = record(socket, 'error');
    client.sendFrame(Op.text, wrong);
    await pause(20);
    client.sendFrame(Op.close, closePayload(1000));
    return [seen, errors, (await client.readFrames())[0]?.payload.toString('hex')];
  });
  forBoth(`skipUTF8Validation ${skipUTF8Validation}: a reason that is none`, async (scene) => {
    const { socket, client } = await scene.rawPair({ skipUTF8Validation });
    const errors = record(socket, 'error');
    const over = new Promise<[number, Buffer]>((resolve) => {
      socket.on('close', (...args) => resolve(args));
    });
    client.sendFrame(Op.close, closePayload(1000, wrong));
    const answer = (await client.readFrames())[0]?.payload.toString('hex');
    client.close();
    const [code, reason] = await over;
    return [errors, answer, code, reason.toString('hex')];
  });
}

forBoth('messages right behind the request arrive, in order', async (scene) => {
  const wss = await scene.listen();
  const client = await scene.raw(wss);
  const texts = ['61', '62', '63'].map((byte) => Buffer.from(`818100000000${byte}`, 'hex'));
  const all = new Promise((resolve) => {
    wss.on('connection', (socket) => {
      const seen: string[] = [];
      socket.on('message', (data) => {
        seen.push(String(data));
        if (seen.length === 3) resolve(seen);
      });
    });
  });
  client.send(request(), ...texts);
  return all;
});

forBoth('a message sent in connection follows the answer', async (scene) => {
  const wss = await scene.listen();
  wss.on('connection', (socket) => {
    socket.send('first');
    socket.send('second');
  });
  const client = await scene.raw(wss);
  await client.upgrade();
  return [
    (await client.readFrame()).bytes.toString('latin1'),
    (await client.readFrame()).bytes.toString('latin1'),
  ];
});
