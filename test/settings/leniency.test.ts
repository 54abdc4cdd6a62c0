import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { closeCode, closePayload, frame, Op } from '../support/byte_client.js';
import { open, startOpen } from '../support/open.js';
import { collect, next, until } from '../support/server.js';

const BROKEN = Buffer.from([0x61, 0xff, 0xc3, 0xa4]);
const SHOWN = 'a\ufffdä';

test('without AutoPong a Ping is an event, and nothing is sent', async (t) => {
  const { server, client, id } = await startOpen(t, { settings: { AutoPong: false } });
  const ping = next(server, 'Ping');
  client.sendFrame(Op.ping, 'here?');
  assert.equal(Buffer.from((await ping).payloadB).toString(), 'here?');
  await server.sendText(id, 'after');
  assert.equal((await client.readFrame()).payload.toString(), 'after');
  server.config('AutoPong=True');
  client.sendFrame(Op.ping, 'now?');
  const pong = await client.readFrame();
  assert.equal(pong.opcode, Op.pong);
  assert.equal(pong.payload.toString(), 'now?');
});

test('with SkipUTF8Validation texts that are not UTF-8 come, and reasons too', async (t) => {
  const settings = { SkipUTF8Validation: true };
  const { server, client } = await startOpen(t, { settings });
  const came = collect(server, 'DataIn');
  client.sendFrame(Op.text, BROKEN);
  client.send(
    frame({ opcode: Op.text, payload: BROKEN.subarray(0, 3), fin: false }),
    frame({ opcode: Op.continuation, payload: BROKEN.subarray(3) }),
  );
  client.sendFrame(Op.text, 'plain');
  await until(() => came.length === 3);
  assert.deepEqual(
    came.map(({ text }) => text),
    [SHOWN, SHOWN, 'plain'],
  );
  const disconnected = next(server, 'Disconnected');
  client.sendFrame(Op.close, closePayload(1000, BROKEN));
  assert.equal((await disconnected).statusCode, 1000);
  assert.equal((await disconnected).description, SHOWN);
});

test('with SkipUTF8Validation that holds for compressed texts, and else not', async (t) => {
  const lines = ['Sec-WebSocket-Extensions: permessage-deflate'];
  const settings = { SkipUTF8Validation: true };
  const { server, client } = await startOpen(t, { settings }, lines);
  const came = collect(server, 'DataIn');
  const payload = deflateRawSync(BROKEN, { finishFlush: 2 }).subarray(0, -4);
  client.send(frame({ opcode: Op.text, payload, rsv: 4 }));
  await until(() => came.length === 1);
  assert.equal(came[0]?.text, SHOWN);
  server.config('SkipUTF8Validation=False');
  const other = await open(t, server, lines);
  other.client.send(frame({ opcode: Op.text, payload, rsv: 4 }));
  const [close] = await other.client.readFrames();
  assert.equal(close && closeCode(close), 1007);
});

test('with QueueSends a send waits in the queue up to MaxQueuedBytes, in order', async (t) => {
  const settings = { QueueSends: true, MaxQueuedBytes: 4_000_000 };
  const { server, client, connection, id } = await startOpen(t, { settings });
  client.socket.pause();
  const block = Buffer.alloc(100_000);
  const send = (count: number): Promise<void> => {
    block.writeUInt32BE(count);
    return server.sendBytes(id, block);
  };
  let sent = 0;
  while (connection.readyToSend) {
    await send(sent++);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const queued = sent;
  let failure: unknown;
  while (failure === undefined) {
    failure = await send(sent).catch((error: unknown) => error);
    if (failure === undefined) sent++;
  }
  assert.equal((failure as { code: number }).code, 10035);
  assert.ok(sent - queued >= 30, `${sent - queued} were queued`);
  const ready = next(server, 'ReadyToSend');
  client.socket.resume();
  for (let count = 0; count < sent; count++) {
    assert.equal((await client.readFrame()).payload.readUInt32BE(0), count);
  }
  await ready;
  await send(sent);
  assert.equal((await client.readFrame()).payload.readUInt32BE(0), sent);
});
