// How a connection ends: close() and terminate(), what they take, who hears what, and deadlines.

import { once } from 'node:events';
import type { ServerOptions } from 'ws';
import { closePayload, Op } from '../../support/byte_client.js';
import { closed, forBoth, pause, record, thrownBy } from './engines.js';

const right: Record<string, unknown[]> = {
  nothing: [],
  undefined: [undefined, 'not sent'],
  ...Object.fromEntries(
    [1000, 1001, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 4999].map((code) => [`${code}`, [code]]),
  ),
  'a reason': [1000, 'why é'],
  'an empty reason': [1000, ''],
  'a reason of 123 bytes': [1000, 'a'.repeat(123)],
  'a reason in a Buffer': [4001, Buffer.from('bytes')],
  'a reason in a Uint8Array': [4001, new Uint8Array([0x68, 0x69])],
  'a reason of undefined': [4001, undefined],
};
for (const [name, args] of Object.entries(right)) {
  forBoth(`close with ${name}`, async (scene) => {
    const { socket, client } = await scene.rawPair();
    const over = closed(socket);
    const states: unknown[] = [socket.readyState];
    states.push((socket.close as (...all: unknown[]) => unknown).apply(socket, args));
    states.push(socket.readyState);
    const frames = await client.readFrames();
    client.send(Buffer.from('8880' + '00000000', 'hex'));
    const ended = await client.ended;
    client.close();
    return [states, frames.map((each) => each.bytes.toString('hex')), ended, await over];
  });
}

const wrong: Record<string, unknown[]> = {
  ...Object.fromEntries(
    [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, -1].map((code) => [`code ${code}`, [code]]),
  ),
  'a text as code': ['1000'],
  'null as code': [null],
  'no number': [Number.NaN],
  'a reason of 124 bytes': [1000, 'a'.repeat(124)],
  'a reason of 124 bytes in UTF-8': [1000, 'é'.repeat(62)],
  'a reason that is a number': [1000, 5],
  'a reason that is an object': [1000, { length: 3 }],
  'a reason that is an array': [1000, [1, 2]],
  'a fraction': [1000.5],
};
for (const [name, args] of Object.entries(wrong)) {
  forBoth(`close with ${name}: what is thrown, and that it is still open`, async (scene) => {
    const { socket } = await scene.rawPair();
    const close = socket.close as (...all: unknown[]) => unknown;
    const seen = thrownBy(() => close.apply(socket, args));
    return [seen, socket.readyState];
  });
}

forBoth('wrong arguments are not looked at once it closes', async (scene) => {
  const { socket } = await scene.rawPair();
  socket.close(1000);
  const during = thrownBy(() => socket.close(5));
  const over = closed(socket);
  socket.terminate();
  await over;
  return [during, thrownBy(() => socket.close(5)), thrownBy(() => socket.terminate())];
});

const peers: Record<string, Buffer | undefined> = {
  'no code': Buffer.alloc(0),
  1000: closePayload(1000),
  'a reason': closePayload(1001, 'going é'),
  'a code of its own': closePayload(4321, 'own'),
  1014: closePayload(1014),
};
for (const [name, payload] of Object.entries(peers)) {
  forBoth(`the peer closes with ${name}`, async (scene) => {
    const { socket, client } = await scene.rawPair();
    const events = record(socket, 'close', 'error');
    client.sendFrame(Op.close, payload);
    const frames = await client.readFrames();
    const ended = await client.ended;
    client.close();
    while (events.length === 0) await pause(1);
    return [events, frames.map((each) => each.bytes.toString('hex')), ended, socket.readyState];
  });
}

forBoth('the peer closes: what close brings', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const seen = new Promise((resolve) => {
    socket.on('close', function (this: unknown, ...args: unknown[]) {
      resolve([
        this === socket,
        args.length,
        typeof args[0],
        Buffer.isBuffer(args[1]),
        socket.readyState,
      ]);
    });
  });
  client.sendFrame(Op.close, closePayload(1000, 'x'));
  await client.readFrames();
  client.close();
  return seen;
});

forBoth('messages before a close of the peer arrive before it', async (scene) => {
  const { socket, client } = await scene.pair();
  const events = record(socket, 'message', 'close');
  for (const each of ['a', 'b', 'c']) client.send(each);
  client.close(1000, 'end');
  await once(socket, 'close');
  return events;
});

forBoth('what comes behind the close of a peer is not heard', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'message', 'close', 'error', 'ping');
  client.sendFrame(Op.close, closePayload(1000));
  client.sendFrame(Op.text, 'late');
  client.sendFrame(Op.ping, 'late');
  await client.readFrames();
  client.close();
  while (events.length === 0) await pause(1);
  return events;
});

forBoth('messages of the peer still arrive after our close', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'message', 'close', 'ping');
  socket.close(1000);
  await client.readFrame();
  client.sendFrame(Op.text, 'still');
  client.sendFrame(Op.ping, 'p');
  await once(socket, 'message');
  client.sendFrame(Op.close, closePayload(1000));
  const rest = await client.readFrames();
  client.close();
  while (events.length < 3) await pause(1);
  return [events, rest.length];
});

forBoth('messages before our close are sent before it', async (scene) => {
  const { socket, client } = await scene.pair();
  const events = record(client, 'message', 'close');
  for (const each of ['a', 'b', 'c']) socket.send(each);
  socket.close(1001, 'end');
  socket.send('too late');
  await once(client, 'close');
  return events;
});

forBoth('both close at once', async (scene) => {
  const { socket, client } = await scene.pair();
  const over = Promise.all([closed(socket), closed(client)]);
  socket.close(4001, 'ours');
  client.close(4002, 'theirs');
  return over;
});

forBoth('our code, and what the client answers', async (scene) => {
  const { socket, client } = await scene.pair();
  const over = Promise.all([closed(socket), closed(client)]);
  socket.close(4001, 'ours');
  return over;
});

forBoth('close twice sends one close', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.close(1000);
  socket.close(4000);
  socket.close();
  const first = await client.readFrame();
  client.sendFrame(Op.close, closePayload(1000));
  return [first.payload.toString('hex'), (await client.rest()).length];
});

forBoth('close in the handler of a message', async (scene) => {
  const { socket, client } = await scene.pair();
  const events = record(socket, 'message', 'close');
  socket.once('message', () => socket.close(1000, 'enough'));
  client.send('one');
  const over = closed(client);
  await once(socket, 'close');
  return [await over, events];
});

forBoth('terminate in the handler of a message: nothing more is heard', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'message', 'close');
  socket.once('message', () => socket.terminate());
  client.sendFrame(Op.text, 'one');
  await once(socket, 'close');
  client.sendFrame(Op.text, 'two');
  await pause(10);
  return events;
});

forBoth('terminate', async (scene) => {
  const { socket, client } = await scene.pair();
  const over = Promise.all([closed(socket), closed(client)]);
  const events = record(socket, 'error');
  const states = [socket.terminate() as unknown, socket.readyState];
  return [states, await over, socket.readyState, events];
});

forBoth('terminate emits close later, not at once', async (scene) => {
  const { socket } = await scene.rawPair();
  const order: string[] = [];
  socket.on('close', () => order.push('close'));
  socket.terminate();
  order.push('returned');
  while (order.length < 2) await pause(1);
  return order;
});

forBoth('terminate after close', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const over = closed(socket);
  socket.close(1000);
  socket.terminate();
  const seen = await over;
  await client.ended;
  return seen;
});

forBoth('terminate in connection', async (scene) => {
  const wss = await scene.listen();
  wss.on('connection', (socket) => socket.terminate());
  const client = scene.client(wss);
  return closed(client);
});

forBoth('close in connection', async (scene) => {
  const wss = await scene.listen();
  wss.on('connection', (socket) => socket.close(4004, 'not now'));
  const client = scene.client(wss);
  return closed(client);
});

forBoth('the client terminates', async (scene) => {
  const { socket, client } = await scene.pair();
  const over = closed(socket);
  client.terminate();
  return [await over, socket.readyState];
});

for (const closeTimeout of [50, 400]) {
  forBoth(`closeTimeout ${closeTimeout}: a client that does not answer`, async (scene) => {
    const { socket, client } = await scene.rawPair({ closeTimeout } as ServerOptions);
    const over = closed(socket);
    const begin = performance.now();
    socket.close(1000);
    const seen = await over;
    const took = performance.now() - begin;
    await client.ended;
    return [seen, took >= closeTimeout - 5, took < closeTimeout + 5000];
  });
}

forBoth('closeTimeout: a client that answers but does not end its side', async (scene) => {
  const wss = await scene.listen({ closeTimeout: 100 } as ServerOptions);
  const connection = once(wss, 'connection');
  const client = await scene.raw(wss);
  client.socket.allowHalfOpen = true;
  await client.upgrade();
  const [socket] = await connection;
  const over = closed(socket);
  socket.close(1000, 'x');
  await client.readFrames();
  client.sendFrame(Op.close, closePayload(1000, 'y'));
  return over;
});

forBoth('readyState on the way to the end', async (scene) => {
  const { socket, client } = await scene.pair();
  const states = [socket.readyState];
  client.on('close', () => states.push(socket.readyState));
  socket.close();
  states.push(socket.readyState);
  await once(socket, 'close');
  return [states.slice(0, 2), socket.readyState];
});

forBoth('listeners of close and error that are added in close', async (scene) => {
  const { socket, client } = await scene.pair();
  const order: string[] = [];
  socket.on('close', () => {
    order.push('first');
    socket.on('close', () => order.push('never'));
  });
  socket.on('close', () => order.push('second'));
  client.terminate();
  await once(socket, 'close');
  return order;
});

forBoth('close is emitted once', async (scene) => {
  const { socket, client } = await scene.pair();
  const events = record(socket, 'close');
  socket.close(1000, 'a');
  client.close(1000, 'b');
  await once(socket, 'close');
  socket.terminate();
  await pause(20);
  return events.length;
});

forBoth('the rest of what was sent arrives when close follows at once', async (scene) => {
  const { socket, client } = await scene.pair();
  const sizes: number[] = [];
  client.on('message', (data) => sizes.push((data as Buffer).length));
  const over = closed(client);
  for (let index = 0; index < 8; index++) socket.send(Buffer.alloc(1024 * 1024));
  socket.close(1000, 'all');
  return [await over, sizes.length];
});
