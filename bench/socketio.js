// `node bench/socketio.js [SECONDS] [ROUNDS]`: Socket.IO over npm ws and over ours: CPU of the server's process
// for an echo with an acknowledgement, by 64 clients with one in flight each, and memory for each of 1,000 clients
// that are silent, in rounds of so many seconds (3) that take turns (5). Prints the medians.

const { fork, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');
const { prepare } = require('./servers');

const ACTIVE = 64;
const SILENT = 1000;
const WARM_UP_MS = 1000;
const [SERVER_CORE, LOAD_CORE] = [0, 1];

const engines = {
  ws: () => require('ws').WebSocketServer,
  'native-wsserver/ws': () => require('../dist/ws').WebSocketServer,
};

function serve(engine) {
  const { Server } = require('socket.io');
  const server = http.createServer();
  const io = new Server(server, { wsEngine: engines[engine](), transports: ['websocket'] });
  io.on('connection', (socket) => socket.on('echo', (data, answer) => answer(data)));
  process.on('message', () => {
    globalThis.gc();
    const { user, system } = process.cpuUsage();
    process.send({ cpuUs: user + system, bytes: process.memoryUsage.rss() });
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

function pin(core, pid) {
  const { status } = spawnSync('taskset', ['-cp', String(core), String(pid)]);
  if (status !== 0) throw new Error('taskset failed');
}

/** A client of Socket.IO's protocol, which has been let in; `onAnswer` hears of each acknowledgement. */
function connect(port, onAnswer) {
  const { WebSocket } = require('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const packet = String(data);
      if (packet.startsWith('43')) onAnswer(socket);
      else if (packet.startsWith('40')) resolve(socket);
      else if (packet.startsWith('0')) socket.send('40');
      else if (packet === '2') socket.send('3');
    });
  });
}

async function measure(engine, seconds) {
  const server = fork(__filename, ['serve', engine], { execArgv: ['--expose-gc'] });
  const said = async () => (await once(server, 'message'))[0];
  const ask = () => {
    server.send('usage');
    return said();
  };
  const sockets = [];
  try {
    const port = await said();
    pin(SERVER_CORE, server.pid);
    let count = 0;
    let isOver = false;
    const next = (socket) => socket.send('421["echo","twenty bytes of text"]');
    const onAnswer = (socket) => {
      count++;
      if (!isOver) next(socket);
    };
    while (sockets.length < ACTIVE) sockets.push(await connect(port, onAnswer));
    for (const socket of sockets) next(socket);
    await sleep(WARM_UP_MS);
    const [before, counted] = [await ask(), count];
    await sleep(seconds * 1000);
    const [after, messages] = [await ask(), count - counted];
    isOver = true;
    await sleep(100);
    const empty = await ask();
    while (sockets.length < ACTIVE + SILENT) sockets.push(await connect(port, onAnswer));
    await sleep(1000);
    const full = await ask();
    return {
      cpuUs: (after.cpuUs - before.cpuUs) / messages,
      kilobytes: (full.bytes - empty.bytes) / SILENT / 1000,
    };
  } finally {
    for (const socket of sockets) socket.terminate();
    server.kill('SIGKILL');
  }
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

async function main(seconds = '3', rounds = '5') {
  prepare([]);
  pin(LOAD_CORE, process.pid);
  const results = Object.fromEntries(Object.keys(engines).map((engine) => [engine, []]));
  for (let round = 0; round < Number(rounds); round++) {
    const names = Object.keys(engines);
    if (round % 2 === 1) names.reverse();
    for (const engine of names) results[engine].push(await measure(engine, Number(seconds)));
  }
  for (const [engine, rows] of Object.entries(results)) {
    const cpuUs = median(rows.map((row) => row.cpuUs)).toFixed(2);
    const kilobytes = median(rows.map((row) => row.kilobytes)).toFixed(1);
    console.log(`${engine.padEnd(20)} ${cpuUs} µs a message, ${kilobytes} KB a client`);
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === 'serve') serve(rest[0]);
else main(first, ...rest);
