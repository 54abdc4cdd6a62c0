// `node bench/slow.js [SERVER]`: what the subscribers of a topic feel of those who do not read.
// Publishes to 10,000 connections, all of them reading, and then with 100 among them that never do
// and whose queues are full; says what the others wait, and what memory the server comes to use.

const net = require('node:net');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { load } = require('./measure');
const { prepare, servers, startServer } = require('./servers');

const CONNECTIONS = 10000;
const SLOW = 100;
const SIZE = 1024;
const SECONDS = 10;
const ROUNDS = 3;
/** More than the kernel and MaxQueuedBytes hold for one connection, in messages of 64 KiB. */
const FILLING = 400;

/** A client that is upgraded and reads nothing from then on. */
async function connect(port) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  await once(socket, 'data');
  socket.pause();
  return socket;
}

/** Fills what is kept for those who do not read; resolves when all has been published. */
async function fill(port) {
  const sender = await connect(port);
  const payload = 64 * 1024;
  const frame = Buffer.alloc(14 + payload);
  frame.set([0x82, 0x80 | 127]);
  frame.writeBigUInt64BE(BigInt(payload), 2);
  let left = FILLING * (10 + payload);
  const all = new Promise((resolve) => {
    sender.on('data', ({ length }) => {
      left -= length;
      if (left <= 0) resolve();
    });
  });
  sender.resume();
  for (let count = 0; count < FILLING; count++) sender.write(frame);
  await all;
  sender.destroy();
}

const residentMb = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`))[1]) / 1000;

async function measure(name, slow) {
  const server = await startServer(name, 0, { publish: true });
  const sockets = [];
  try {
    for (let count = 0; count < slow; count++) sockets.push(await connect(server.port));
    const before = residentMb(server.pid);
    if (slow > 0) await fill(server.port);
    const filled = residentMb(server.pid) - before;
    const args = ['--broadcast', '--connections', CONNECTIONS - slow, '--size', SIZE];
    const { latencyMs, messages, server: used } = await load(server, {}, args, SECONDS, 2);
    return { p50: latencyMs.p50, p99: latencyMs.p99, perSecond: messages.perSecond, filled, used };
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  }
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function main() {
  const [name = 'wsserver'] = process.argv.slice(2);
  prepare([name]);
  console.log(`${servers[name].title}: ${SIZE} B to ${CONNECTIONS}, one at a time`);
  const p99s = { 0: [], [SLOW]: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const slow of [0, SLOW]) {
      const { p50, p99, perSecond, filled, used } = await measure(name, slow);
      p99s[slow].push(p99);
      console.log(
        `${String(slow).padStart(4)} do not read: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, ` +
          `${perSecond.toFixed(0)} delivered a second, ${filled.toFixed(1)} MB kept for them, ` +
          `${(used.residentBytes / 1e6).toFixed(0)} MB resident`,
      );
    }
  }
  const times = median(p99s[SLOW]) / median(p99s[0]);
  console.log(`p99 of those who read: ${times.toFixed(2)} times that without the others`);
}

main();
