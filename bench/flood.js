// `node bench/flood.js [SERVER]`: what clients that are connected feel of a flood of TLS handshakes.
// Measures the latency of 32 clients at 2,000 messages per second, alone and while 2,000 others
// connect, exchange one message and go, again and again. The load of the flood runs only
// while nobody else wants its core (SCHED_IDLE), so that the measuring itself does not wait.

const { spawn } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { certificate } = require('./certificate');
const { servers, startServer } = require('./servers');

const cli = path.join(__dirname, '../dist/cli/main.js');
const CLIENTS = 32;
const FLOOD = 2000;
const SECONDS = 4;

/** Runs `wsserver load` on core 1 and resolves with its result. */
async function load(port, policy, args) {
  const folder = mkdtempSync(path.join(tmpdir(), 'wsserver-bench-'));
  const json = path.join(folder, 'result.json');
  const command = [
    ...[policy, 0, 'taskset', '-c', 1, process.execPath, cli, 'load', `wss://127.0.0.1:${port}/`],
    ...['--ca', certificate().cert, '--json', json, ...args],
  ];
  try {
    await new Promise((resolve, reject) => {
      const child = spawn('chrt', command.map(String), { stdio: ['ignore', 'ignore', 'inherit'] });
      child.on('error', reject);
      child.on('exit', resolve);
    });
    return JSON.parse(readFileSync(json, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function measure(port) {
  const args = ['--connections', CLIENTS, '--messages-per-second', 2000];
  return load(port, '--other', [...args, '--warmup', 1, '--duration', SECONDS]);
}

function show(name, { latencyMs }) {
  const figures = ['p50', 'p90', 'p99', 'p99.9', 'max'].map((key) => {
    return `${key} ${(latencyMs[key] * 1000).toFixed(0)} µs`;
  });
  console.log(`${name.padEnd(12)} ${figures.join('   ')}`);
}

async function main() {
  const [name = 'wsserver'] = process.argv.slice(2);
  const server = await startServer(name, 0, { tls: true });
  try {
    console.log(servers[name].title);
    const alone = await measure(server.port);
    show('alone', alone);
    const args = ['--churn', '--connections', FLOOD, '--rate', 1000000, '--timeout', 10];
    const flooding = load(server.port, '--idle', [
      ...args,
      '--warmup',
      0,
      '--duration',
      SECONDS + 3,
    ]);
    // The measured time begins when the flood has.
    const flooded = await measure(server.port);
    const flood = await flooding;
    show('flooded', flooded);
    const { ok, timedOut, perSecond, timeMs } = flood.connections;
    console.log(
      `the flood: ${ok} connected, ${perSecond.toFixed(0)}/s, ${timedOut} timed out, ` +
        `connect time p50 ${timeMs.p50.toFixed(0)} ms, max ${timeMs.max.toFixed(0)} ms`,
    );
    for (const { errors } of [alone, flooded, flood]) {
      for (const { count, text } of errors) console.log(`${count} × ${text}`);
    }
    const times = flooded.latencyMs.p99 / alone.latencyMs.p99;
    console.log(`p99: ${times.toFixed(1)} times that without the flood`);
  } finally {
    await server.stop();
  }
}

main();
