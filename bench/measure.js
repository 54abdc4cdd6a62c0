// One measurement: a fresh server on one core, the load generator on the other.

const { spawn } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { certificate } = require('./certificate');
const { startServer } = require('./servers');

const cli = path.join(__dirname, '../dist/cli/main.js');
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const WARM_UP = ['--connections', 64, '--in-flight', 4];

/** Runs `wsserver load` and resolves with its result. */
async function load(server, { tls }, args, seconds, warmup) {
  const folder = mkdtempSync(path.join(tmpdir(), 'wsserver-bench-'));
  const json = path.join(folder, 'result.json');
  const command = [
    ...['-c', LOAD_CORE, process.execPath, cli, 'load'],
    `${tls ? 'wss' : 'ws'}://127.0.0.1:${server.port}/`,
    ...(tls ? ['--ca', certificate().cert] : []),
    ...args,
    ...['--duration', seconds, '--warmup', warmup, '--pid', server.pid, '--json', json],
  ];
  try {
    await new Promise((resolve, reject) => {
      const child = spawn('taskset', command.map(String), {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      child.on('error', reject);
      child.on('exit', resolve);
    });
    const result = JSON.parse(readFileSync(json, 'utf8'));
    if (result.errorCount > 0) {
      const errors = result.errors.map(({ count, text }) => `${count} × ${text}`).join(', ');
      throw new Error(`the load had errors: ${errors}`);
    }
    return result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureMemory(server, workload, seconds) {
  const { connections, deflate } = workload;
  // Buffers that all connections share, zlib's too, are there before.
  const warmUp = deflate ? [...WARM_UP, '--deflate', '--text', '--size', 2048] : WARM_UP;
  const before = await load(server, workload, warmUp, 1, 0);
  const idle = ['--idle', '--connections', connections, ...(deflate ? ['--deflate'] : [])];
  const after = await load(server, workload, idle, seconds, 0);
  const bytes = after.server.residentBytes - before.server.residentBytes;
  return { kilobytes: bytes / connections / 1000 };
}

/** What one server does with one workload. */
async function measure(name, workload, { seconds, warmup }) {
  const server = await startServer(name, SERVER_CORE, workload);
  try {
    if (workload.kind === 'start') return { startMs: server.startMs };
    if (workload.kind === 'memory') return await measureMemory(server, workload, seconds);
    const warm = Math.max(warmup, workload.leastWarmup ?? 0);
    const result = await load(server, workload, workload.args, seconds, warm);
    const { received, compressed } = result.messages;
    if (workload.deflate && compressed < received) throw new Error('echoes were not compressed');
    // All but the first of each connection's.
    if (workload.resumed && result.tls.resumed < result.tls.handshakes * 0.9) {
      throw new Error(`${result.tls.resumed} of ${result.tls.handshakes} sessions were resumed`);
    }
    return {
      cpuUs: result.server.cpuUsPerMessage,
      perSecond: result.messages.perSecond,
      p50Us: result.latencyMs.p50 * 1000,
      p99Us: result.latencyMs.p99 * 1000,
      serverShare: result.server.cpuShare,
      loadShare: result.generator.cpuShare,
    };
  } finally {
    await server.stop();
  }
}

module.exports = { load, measure };
