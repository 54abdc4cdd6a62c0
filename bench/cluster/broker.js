// A server of NATS on the first core, for bench/cluster.js and bench/nats.js.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { mkdtempSync, readFileSync, writeFileSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const { tmpdir } = require('node:os');
const path = require('node:path');

/** The servers and brokers; who loads them is on the other one. */
const CORE = '0';

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Starts a program on the servers' core; resolves when it listens on `port`. */
async function start(program, args, port) {
  const child = spawn('taskset', ['-c', CORE, program, ...args], { stdio: 'ignore' });
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await new Promise((resolve) => {
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return child;
    if (child.exitCode !== null) throw new Error(`${program} has ended`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** With JetStream, and with WebSocket on another port. */
async function startNats() {
  const [port, webSocketPort] = [await freePort(), await freePort()];
  const folder = mkdtempSync(path.join(tmpdir(), 'wss-bench-'));
  const file = path.join(folder, 'nats.conf');
  writeFileSync(file, `websocket { host: "127.0.0.1", port: ${webSocketPort}, no_tls: true }\n`);
  const args = ['-a', '127.0.0.1', '-p', port, '-c', file, '-js', '-sd', folder];
  return { child: await start('nats-server', args, port), port, webSocketPort };
}

/** CPU seconds of a process. */
function cpuOf({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

module.exports = { cpuOf, freePort, start, startNats };
