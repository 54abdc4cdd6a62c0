// What a peer may not send: the error's class, code and message, what the peer is told, and the
// code of close.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closePayload, type FrameFields, frame, Op, request } from '../../support/byte_client.js';
import { closed, forBoth, pause, record, told } from './engines.js';

const fields = (opcode: number, more: Partial<FrameFields> = {}): Buffer =>
  frame({ opcode, payload: 'ab', ...more });

const offences: Record<string, Buffer[]> = {
  'RSV1 without an extension': [fields(Op.text, { rsv: 4 })],
  RSV2: [fields(Op.text, { rsv: 2 })],
  RSV3: [fields(Op.binary, { rsv: 1 })],
  'all of RSV': [fields(Op.binary, { rsv: 7 })],
  'RSV1 in a ping': [fields(Op.ping, { rsv: 4 })],
  'RSV1 in a continuation': [fields(Op.text, { fin: false }), fields(0, { rsv: 4 })],
  'no mask': [fields(Op.text, { key: null })],
  'no mask in a ping': [fields(Op.ping, { key: null })],
  'no mask in a close': [fields(Op.close, { key: null, payload: closePayload(1000) })],
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, [fields(opcode)]]),
  ),
  'a continuation of nothing': [fields(0)],
  'a continuation of nothing that is not the last': [fields(0, { fin: false })],
  'a text within a text': [fields(Op.text, { fin: false }), fields(Op.text)],
  'bytes within a text': [fields(Op.text, { fin: false }), fields(Op.binary)],
  'a ping in fragments': [fields(Op.ping, { fin: false })],
  'a pong in fragments': [fields(Op.pong, { fin: false })],
  'a close in fragments': [fields(Op.close, { fin: false, payload: closePayload(1000) })],
  'a ping of 126 bytes': [frame({ opcode: Op.ping, payload: 'a'.repeat(126) })],
  'a pong of 126 bytes': [frame({ opcode: Op.pong, payload: 'a'.repeat(126) })],
  'a ping of 70000 bytes': [frame({ opcode: Op.ping, payload: 'a'.repeat(70_000) })],
  'a close of 126 bytes': [
    frame({ opcode: Op.close, payload: closePayload(1000, 'a'.repeat(124)) }),
  ],
  'a close of one byte': [frame({ opcode: Op.close, payload: 'a' })],
  ...Object.fromEntries(
    [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) => [
      `a close with code ${code}`,
      [frame({ opcode: Op.close, payload: closePayload(code, 'why') })],
    ]),
  ),
  'a text that is no UTF-8': [frame({ opcode: Op.text, payload: Buffer.from([0xce, 0xba, 0xff]) })],
  'a text that ends in the middle of a letter': [
    frame({ opcode: Op.text, payload: Buffer.from([0xe2, 0x82]) }),
  ],
  'fragments that are no UTF-8': [
    frame({ opcode: Op.text, payload: Buffer.from([0xc3]), fin: false }),
    frame({ opcode: 0, payload: Buffer.from([0x28]) }),
  ],
  'a surrogate in UTF-8': [frame({ opcode: Op.text, payload: Buffer.from([0xed, 0xa0, 0x80]) })],
  'a reason that is no UTF-8': [
    frame({ opcode: Op.close, payload: closePayload(1000, Buffer.from([0xff])) }),
  ],
  'a length of 2^53': [frame({ opcode: Op.binary, length: 2n ** 53n })],
  'a length of 2^63': [frame({ opcode: Op.binary, length: 2n ** 63n })],
  'a length above maxPayload': [frame({ opcode: Op.binary, length: 104_857_601 })],
  'two mistakes: the first counts': [fields(Op.text, { rsv: 2, key: null }), fields(3)],
  'a mistake after a message': [fields(Op.text), fields(3)],
  'RSV1 and a wrong opcode': [fields(3, { rsv: 4 })],
  'RSV2 and a ping in fragments': [fields(Op.ping, { rsv: 2, fin: false })],
  'a ping in fragments, too long, without a mask': [
    frame({ opcode: Op.ping, fin: false, key: null, payload: 'a'.repeat(126) }),
  ],
};

for (const [name, frames] of Object.entries(offences)) {
  forBoth(name, async (scene) => {
    const { socket, client } = await scene.rawPair();
    const events = record(socket, 'message', 'ping', 'pong', 'error');
    let state: number | undefined;
    socket.on('error', () => {
      state = socket.readyState;
    });
    const over = closed(socket);
    client.send(...frames);
    const told = await client.readFrames();
    client.close();
    return [
      events,
      state,
      told.map(({ opcode, payload }) => [opcode, payload.toString('hex')]),
      await over,
    ];
  });
}

forBoth('the class and the code of an error', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const seen = new Promise((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve([error instanceof RangeError, error.code, Object.keys(error), typeof error.stack]),
    );
  });
  client.send(fields(3));
  return seen;
});

forBoth('one error only, however many mistakes follow', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'error', 'message', 'close');
  client.send(fields(3), fields(4), fields(Op.text));
  await pause(20);
  client.send(fields(5));
  await client.readFrames();
  client.close();
  while (events.length < 2) await pause(2);
  return events;
});

forBoth('error comes before close, and clients has it until then', async (scene) => {
  const { wss, socket, client } = await scene.rawPair();
  const order: unknown[] = [];
  socket.on('error', () => order.push('error', wss.clients.size));
  socket.on('close', () => order.push('close', wss.clients.size, socket.readyState));
  client.send(fields(3));
  await client.readFrames();
  client.close();
  while (order.length < 5) await pause(2);
  return order;
});

forBoth('a peer that does not close after its mistake is cut off', async (scene) => {
  const { socket, client } = await scene.rawPair({ closeTimeout: 100 } as never);
  socket.on('error', () => {});
  const over = closed(socket);
  client.send(fields(3));
  return [await over, await client.ended];
});

forBoth('send in the handler of error', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const result = new Promise((resolve) => {
    socket.on('error', () => socket.send('late', (error) => resolve(error?.message)));
  });
  client.send(fields(3));
  return result;
});

forBoth('terminate in the handler of error', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.on('error', () => socket.terminate());
  const over = closed(socket);
  client.send(fields(3));
  return over;
});

forBoth('close in the handler of error', async (scene) => {
  const { socket, client } = await scene.rawPair();
  socket.on('error', () => socket.close(4000, 'mine'));
  client.send(fields(3));
  return (await client.readFrames()).map(({ payload }) => payload.toString('hex'));
});

forBoth('a reset of the connection', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'error');
  const over = closed(socket);
  client.reset();
  return [await over, events];
});

forBoth('an end without a close', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'error');
  const over = closed(socket);
  client.socket.end();
  return [await over, events, await client.ended];
});

forBoth('an end in the middle of a message', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const events = record(socket, 'error', 'message');
  const over = closed(socket);
  client.send(fields(Op.text).subarray(0, 5));
  client.socket.end();
  return [await over, events];
});

const requests: Record<string, string> = {
  method: request().replace('GET', 'POST'),
  'without a key': request().replace(/Sec-WebSocket-Key.*\r\n/, ''),
  'of version 12': request().replace('Version: 13', 'Version: 12'),
  'with subprotocols that are none': request(['Sec-WebSocket-Protocol: foo;bar']),
};
for (const [name, text] of Object.entries(requests)) {
  forBoth(`wsClientError: ${name}`, async (scene) => {
    const wss = await scene.listen();
    let seen: unknown;
    wss.on('wsClientError', (error: Error, socket: Duplex, asked: IncomingMessage) => {
      seen = [told(error), asked.url, asked.method, socket.writable];
      socket.end('HTTP/1.1 418 Own\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody');
    });
    const client = await scene.raw(wss);
    client.send(text);
    const { statusLine, body } = await client.readAnswer();
    return [seen, statusLine, body, await client.ended];
  });
}

forBoth('wsClientError is not emitted for another path, nor by verifyClient', async (scene) => {
  const seen = [];
  for (const options of [{ path: '/foo' }, { verifyClient: (_: unknown) => false }]) {
    const wss = await scene.listen(options);
    let count = 0;
    wss.on('wsClientError', () => count++);
    const client = await scene.raw(wss);
    client.send(request());
    seen.push((await client.readAnswer()).statusLine, count);
  }
  return seen;
});

forBoth('maxPendingAutoPongs 3: ten pings at once', async (scene) => {
  const { socket, client } = await scene.rawPair({ maxPendingAutoPongs: 3 } as never);
  const over = closed(socket);
  client.send(...Array(10).fill(frame({ opcode: Op.ping, payload: 'p' })));
  client.sendFrame(Op.close, closePayload(1000));
  return [(await over)[0], (await client.ended) !== 'silence'];
});

forBoth('maxPendingAutoPongs: pings one by one are no harm', async (scene) => {
  const { socket, client } = await scene.rawPair({ maxPendingAutoPongs: 3 } as never);
  for (let index = 0; index < 10; index++) {
    client.sendFrame(Op.ping, `${index}`);
    await client.readFrame();
  }
  return socket.readyState;
});

for (const [name, options] of Object.entries({
  'maxBufferedChunks 3': { maxBufferedChunks: 3 },
  'maxBufferedChunks 0': { maxBufferedChunks: 0 },
})) {
  forBoth(`${name}: a message in ten pieces`, async (scene) => {
    const { socket, client } = await scene.rawPair(options as never);
    const events = record(socket, 'message', 'error');
    const all = frame({ opcode: Op.text, payload: '0123456789abcdef' });
    for (let at = 0; at < all.length; at += 2) {
      client.send(all.subarray(at, at + 2));
      await pause(3);
    }
    client.sendFrame(Op.close, closePayload(1000));
    const [last] = await client.readFrames();
    return [events, last?.payload.toString('hex')];
  });
}
