// Clients of every bad kind, again and again: load under which a server can be taken down.

import net from 'node:net';
import type { TestContext } from 'node:test';
import { closePayload, frame, Op, request } from './byte_client.js';
import { defer } from './defer.js';

const text = frame({ opcode: Op.text, payload: 'x'.repeat(200) });
const big = frame({ opcode: Op.binary, payload: Buffer.alloc(300_000) });
const close = frame({ opcode: Op.close, payload: closePayload(1000) });
const open = Buffer.from(request());

/** What a client sends, and whether it then ends by a reset; else it waits for an answer. */
const behaviours: [bytes: Buffer, resets: boolean][] = [
  [Buffer.concat([open, text, text, text, close]), false],
  [Buffer.concat([open, text, text.subarray(0, 50)]), true],
  [Buffer.concat([open, big, text, frame({ opcode: 3 })]), false],
  [Buffer.concat([open, big.subarray(0, 100_000)]), true],
  [open.subarray(0, 60), true],
  [Buffer.from('\x16\x03\x01 garbage\r\n\r\n'), false],
  [Buffer.concat([open, ...Array(500).fill(text)]), true],
  [Buffer.alloc(0), true],
];

/** Keeps `clients` of them at a time busy with a server until the test ends or it does. */
export function startStorm(t: TestContext, port: number, clients = 16): void {
  const sockets = new Set<net.Socket>();
  let goesOn = true;
  let turn = 0;
  const start = (): void => {
    const [bytes, resets] = behaviours[turn++ % behaviours.length] as [Buffer, boolean];
    const socket = net.connect({ host: '127.0.0.1', port });
    sockets.add(socket);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') goesOn = false;
    });
    socket.on('data', () => resets && socket.resetAndDestroy());
    socket.on('close', () => {
      sockets.delete(socket);
      if (goesOn) setImmediate(start);
    });
    socket.write(bytes, () => resets && bytes.length < 100 && socket.resetAndDestroy());
  };
  for (let index = 0; index < clients; index++) start();
  defer(t, () => {
    goesOn = false;
    for (const socket of sockets) socket.destroy();
  });
}
