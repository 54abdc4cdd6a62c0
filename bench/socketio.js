// `node bench/socketio.js [SECONDS] [ROUNDS] [CLIENTS]`: Socket.IO over native-wsserver/ws beside Socket.IO
// over `ws` with bufferutil. CPU of the server's process for each event that it acknowledges, in rounds of so
// many seconds (3) that take turns (5), and resident memory for each of so many idle clients (2000).
// Each measurement has a fresh server on core 0; the clients, which are the same for both, are on core 1.
// Prints the medians, with the least and the greatest.

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');
const { prepare } = require('./servers');

const ENGINES = { ours: path.join(__dirname, '../dist/ws.js'), ws: 'ws' };
const SERVER_CORE = '0';
const LOAD_CORE = '1';
const WARM_UP_SECONDS = 1;
/** So many clients that are busy, and so many that connect at once. */
const BUSY = 64;
const AT_ONCE = 50;

/** The server, in a process of its own: says its port, then answers each question with what it has used. */
function serve(engine) {
  const { Server } = require('socket.io');
  const { WebSocketServer } = require(engine);
  const server = http.createServer();
  const io = new Server(server, { wsEngine: WebSocketServer });
  io.on('connection', (socket) => socket.on('echo', (data, answer) => answer(data)));
  process.on('message', () => {
    global.gc();
    const { user, system } = process.cpuUsage();
    process.send({ cpuUs: user + system, bytes: process.memoryUsage.rss() });
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

async function start(engine) {
  const command = [process.execPath, '--expose-gc', __filename, 'serve', engine];
  const child = spawn('taskset', ['-c', SERVER_CORE, ...command], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the server of ${engine} has ended`);
  });
  ended.catch(() => {});
  const answer = () => Promise.race([once(child, 'message').then(([value]) => value), ended]);
  const port = await answer();
  const used = () => {
    child.send('used');
    return answer();
  };
  return { port, used, stop: () => child.kill('SIGKILL') };
}

/**
 * A client that speaks Socket.IO's protocol without its library, which would cost more than either server.
 * @param hear - is given each packet that comes once it is connected
 */
function connect(port, hear) {
  const { WebSocket } = require('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const packet = data.toString();
      if (packet === '2') socket.send('3');
      else if (packet.startsWith('40')) resolve(socket);
      else if (packet.startsWith('0')) socket.send('40');
      else hear(packet, socket);
    });
  });
}

async function connectAll(port, count, hear) {
  const sockets = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () =>
      connect(port, hear),
    );
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** CPU of the server for each event, with so many of each client's under way, and how many come a second. */
async function measureEvents(server, inFlight, seconds) {
  const event = '420["echo","twenty bytes of text"]';
  const answer = '430["twenty bytes of text"]';
  let count = 0;
  const sockets = await connectAll(server.port, BUSY, (packet, socket) => {
    if (packet !== answer) throw new Error(`an echo was ${packet}`);
    count++;
    socket.send(event);
  });
  for (const socket of sockets) {
    for (let index = 0; index < inFlight; index++) socket.send(event);
  }
  await wait(WARM_UP_SECONDS);
  const before = await server.used();
  count = 0;
  const startedMs = performance.now();
  await wait(seconds);
  const after = await server.used();
  const perSecond = count / ((performance.now() - startedMs) / 1000);
  const cpuUs = (after.cpuUs - before.cpuUs) / count;
  for (const socket of sockets) socket.terminate();
  return { cpuUs, perSecond };
}

/** Resident memory for each idle client, in kilobytes, after a warm-up. */
async function measureMemory(server, clients) {
  const ignore = () => {};
  for (const socket of await connectAll(server.port, AT_ONCE, ignore)) socket.terminate();
  await wait(WARM_UP_SECONDS);
  const before = await server.used();
  const sockets = await connectAll(server.port, clients, ignore);
  await wait(WARM_UP_SECONDS);
  const { bytes } = await server.used();
  for (const socket of sockets) socket.terminate();
  return (bytes - before.bytes) / clients / 1000;
}

function summaryOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  return { median, text: `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})` };
}

async function main(seconds, rounds, clients) {
  prepare(['ws']);
  execFileSync('taskset', ['-a', '-cp', LOAD_CORE, String(process.pid)]);
  const titles = [
    `CPU per event, µs, ${BUSY} clients`,
    `events per second`,
    `CPU per event, µs, ${BUSY} clients with 16 in flight`,
    `events per second, 16 in flight`,
    `KB per idle client of ${clients}`,
  ];
  const measurements = { ours: titles.map(() => []), ws: titles.map(() => []) };
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? ['ours', 'ws'] : ['ws', 'ours']) {
      const values = [];
      for (const inFlight of [1, 16]) {
        const server = await start(ENGINES[name]);
        const { cpuUs, perSecond } = await measureEvents(server, inFlight, seconds);
        values.push(cpuUs, perSecond);
        server.stop();
      }
      const server = await start(ENGINES[name]);
      values.push(await measureMemory(server, clients));
      server.stop();
      for (const [index, value] of values.entries()) measurements[name][index].push(value);
    }
  }
  console.log('| Socket.IO | over native-wsserver/ws | over ws | ws / ours |');
  console.log('| --- | ---: | ---: | ---: |');
  for (const [index, title] of titles.entries()) {
    const [ours, ws] = [summaryOf(measurements.ours[index]), summaryOf(measurements.ws[index])];
    const ratio = (ws.median / ours.median).toFixed(2);
    console.log(`| ${title} | ${ours.text} | ${ws.text} | ${ratio}× |`);
  }
}

const [first = '3', rounds = '5', clients = '2000'] = process.argv.slice(2);
if (first === 'serve') serve(rounds);
else void main(Number(first), Number(rounds), Number(clients));
