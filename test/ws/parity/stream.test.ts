// createWebSocketStream over the server's end.

import { once } from 'node:events';
import { Duplex, Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { frame, Op } from '../../support/byte_client.js';
import { closed, forBoth, pause, record, thrownBy, told } from './engines.js';

forBoth('a Duplex, with the options of one', async (scene) => {
  const { socket } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket, {
    readableHighWaterMark: 7,
    writableHighWaterMark: 9,
    encoding: 'utf8',
    objectMode: true,
  } as never);
  return [
    duplex instanceof Duplex,
    duplex.readableHighWaterMark,
    duplex.writableHighWaterMark,
    duplex.readableEncoding,
    duplex.readableObjectMode,
    duplex.writableObjectMode,
  ];
});

forBoth('what arrives can be read, and the end is an end', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket);
  const all = text(duplex);
  client.send('one ');
  client.send(Buffer.from('two '));
  client.send('thrée');
  client.close();
  return all;
});

forBoth('what is written is sent, each chunk a message of bytes', async (scene) => {
  const { socket, client } = await scene.pair();
  const seen: unknown[] = [];
  client.on('message', (data, isBinary) => seen.push([String(data), isBinary]));
  const over = closed(client);
  const duplex = scene.engine.createWebSocketStream(socket);
  duplex.write('one');
  duplex.write(Buffer.from('two'));
  duplex.end('three');
  duplex.resume();
  const end = await over;
  return [seen, end];
});

forBoth('texts stay texts with readableObjectMode', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket, { readableObjectMode: true });
  const seen: unknown[] = [];
  duplex.on('data', (data) => seen.push(typeof data === 'string' ? data : ['bytes', String(data)]));
  client.send('text');
  client.send(Buffer.from('bytes'));
  while (seen.length < 2) await pause(1);
  return seen;
});

forBoth('texts are sent as texts with decodeStrings false', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket, { decodeStrings: false });
  const message = once(client, 'message');
  duplex.write('text');
  const [data, isBinary] = await message;
  return [String(data), isBinary];
});

forBoth('piped both ways: an echo of 8 MB', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket);
  duplex.pipe(duplex);
  let size = 0;
  client.on('message', (data) => {
    size += (data as Buffer).length;
  });
  for (let index = 0; index < 128; index++) client.send(Buffer.alloc(65_536, index));
  while (size < 128 * 65_536) await pause(2);
  client.close();
  await once(duplex, 'close');
  return size;
});

forBoth('backpressure: a slow reader pauses the socket', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket, { readableHighWaterMark: 10 });
  client.send(Buffer.alloc(20, 'a'));
  while (!socket.isPaused) await pause(1);
  const paused = socket.isPaused;
  client.send(Buffer.alloc(5, 'b'));
  let all = '';
  duplex.on('data', (data) => {
    all += data;
  });
  while (all.length < 25) await pause(1);
  return [paused, all, socket.isPaused];
});

forBoth('backpressure: a client that does not read stops a pipeline', async (scene) => {
  const { socket, client } = await scene.rawPair();
  client.socket.pause();
  const duplex = scene.engine.createWebSocketStream(socket);
  let made = 0;
  const endless = new Readable({
    read() {
      made += 65_536;
      this.push(made > 200 * 1024 * 1024 ? null : Buffer.alloc(65_536));
    },
  });
  endless.on('error', () => {});
  duplex.on('error', () => {});
  endless.pipe(duplex);
  await pause(300);
  const held = made < 100 * 1024 * 1024;
  endless.destroy();
  duplex.destroy();
  return held;
});

forBoth('the writing end is over when the close has been answered', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket);
  const order: string[] = [];
  for (const name of ['finish', 'end', 'close', 'error']) duplex.on(name, () => order.push(name));
  duplex.resume();
  duplex.end('last');
  const [code] = await closed(client);
  while (!order.includes('close')) await pause(1);
  return [order, code, duplex.destroyed, socket.readyState];
});

forBoth('the peer closes: end, finish and close', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket, { allowHalfOpen: false });
  const order: string[] = [];
  for (const name of ['finish', 'end', 'close', 'error']) duplex.on(name, () => order.push(name));
  duplex.resume();
  client.close(1000);
  while (!order.includes('close')) await pause(1);
  return [order.sort(), duplex.destroyed];
});

forBoth('destroy ends the connection', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket);
  const events = record(duplex, 'error', 'end', 'close');
  const over = Promise.all([closed(socket), closed(client)]);
  duplex.destroy();
  const seen = await over;
  await pause(10);
  return [seen, events];
});

forBoth('destroy with an error', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket);
  const events = record(duplex, 'error', 'close');
  const over = closed(client);
  duplex.destroy(new Error('mine'));
  await over;
  while (events.length < 2) await pause(1);
  return events;
});

forBoth('destroy of a stream whose socket is closed', async (scene) => {
  const { socket, client } = await scene.pair();
  const over = closed(socket);
  client.close();
  await over;
  const duplex = scene.engine.createWebSocketStream(socket);
  const events = record(duplex, 'error', 'close');
  duplex.destroy();
  await pause(10);
  return events;
});

forBoth('a mistake of the peer is an error of the stream, and the peer is told', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const duplex = scene.engine.createWebSocketStream(socket);
  const events = record(duplex, 'error', 'close', 'end');
  client.send(frame({ opcode: 3 }));
  const told = await client.readFrames();
  client.close();
  while (events.length < 2) await pause(1);
  return [events, told.map(({ payload }) => payload.toString('hex'))];
});

forBoth('writing after the peer has closed', async (scene) => {
  const { socket, client } = await scene.pair();
  const over = closed(socket);
  const duplex = scene.engine.createWebSocketStream(socket);
  client.close();
  await over;
  const error = new Promise((resolve) => duplex.on('error', (each) => resolve(told(each))));
  duplex.write('late');
  return error;
});

forBoth('no message is lost before the first read', async (scene) => {
  const { socket, client } = await scene.rawPair();
  const duplex = scene.engine.createWebSocketStream(socket);
  client.sendFrame(Op.text, 'early ');
  await pause(20);
  client.sendFrame(Op.text, 'later');
  client.sendFrame(Op.close);
  const all = text(duplex);
  await client.readFrames();
  client.close();
  return all;
});

forBoth('messages that are held when the peer closes are still read', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket, { readableHighWaterMark: 1 });
  for (let index = 0; index < 100; index++) client.send('0123456789');
  client.close();
  await pause(30);
  return (await buffer(duplex)).length;
});

forBoth('pipeline from the stream, and into it', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket);
  const parts: string[] = [];
  const into = new Writable({
    write(chunk, _encoding, done) {
      parts.push(String(chunk));
      done();
    },
  });
  const reading = pipeline(duplex, into);
  client.send('a');
  client.send('b');
  client.close();
  await reading;
  const other = await scene.pair();
  const messages = record(other.client, 'message', 'close');
  const writing = scene.engine.createWebSocketStream(other.socket);
  writing.resume();
  await pipeline(Readable.from([Buffer.from('x'), Buffer.from('y')]), writing);
  while (messages.length < 3) await pause(1);
  return [parts, messages];
});

forBoth('for await over it', async (scene) => {
  const { socket, client } = await scene.pair();
  const duplex = scene.engine.createWebSocketStream(socket);
  client.send('a');
  client.send('b');
  setTimeout(() => client.close(), 20);
  let all = '';
  for await (const chunk of duplex) all += chunk;
  return all;
});

forBoth(
  'a stream over nothing',
  ({ engine }) =>
    (thrownBy(() => engine.createWebSocketStream(undefined as never)) as { name: string }).name,
);
