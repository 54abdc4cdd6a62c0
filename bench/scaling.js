// `node bench/scaling.js`: many connections on one port of several processes, for as long as wanted.
// First they are silent, then every one is echoed again and again; all the time each is subscribed
// to a topic, and gets what is published to it. Writes what the load generator says, and what the
// server and the kernel needed, for docs/. With --servers: fewer, on one process of each server.

const { execFileSync, spawn } = require('node:child_process');
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { Workers } = require('../dist/workers');
const { cpuOf } = require('./cluster/broker');
const { prepare, startServer } = require('./servers');

const cli = path.join(__dirname, '../dist/cli/main.js');
const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '100000' },
    processes: { type: 'string', default: '6' },
    /** Of both parts. */
    idle: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '600' },
    /** How often each connection sends a message, and how often there is a publication. */
    every: { type: 'string', default: '60' },
    rate: { type: 'string', default: '3000' },
    /** Names of bench/servers.js, each on one core, the generator on the other. */
    servers: { type: 'string', default: '' },
    out: { type: 'string', default: path.join(__dirname, 'results/scaling') },
  },
});
const connections = Number(values.connections);
const processes = Number(values.processes);
const every = Number(values.every);
const SAMPLE_SECONDS = 5;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const number = (file, pattern) => Number(pattern.exec(readFileSync(file, 'utf8'))[1]);

/** CPU seconds and resident bytes of `pids`, and what the kernel cannot give back: sockets. */
function usage(pids) {
  let cpuSeconds = 0;
  let residentBytes = 0;
  for (const pid of pids) {
    cpuSeconds += cpuOf({ pid });
    residentBytes += number(`/proc/${pid}/status`, /VmRSS:\s+(\d+)/) * 1024;
  }
  const kernelBytes = number('/proc/meminfo', /SUnreclaim:\s+(\d+)/) * 1024;
  return { cpuSeconds, residentBytes, kernelBytes, ms: performance.now() };
}

/** Runs `wsserver load`; resolves with its exit status, and calls `onSample` until then. */
async function load({ port, core }, args, onSample) {
  const sources = [];
  // Linux looks for a local port among the even ones first: 14,000 of one address to one port. With
  // those in use each connect() looks at all of them in vain.
  const count = Math.ceil(connections / 10000);
  for (let last = 2; last < 2 + count; last++) {
    sources.push('--local-address', `127.0.0.${last}`);
  }
  const common = ['--connections', connections, '--processes', processes, '--rate', values.rate];
  const command = [cli, 'load', `ws://127.0.0.1:${port}/`, ...common, ...sources, ...args];
  const pinned = core === undefined ? [] : ['taskset', '-c', core];
  const [program, ...rest] = [...pinned, process.execPath, ...command].map(String);
  const child = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit'] });
  let status;
  child.on('exit', (code) => {
    status = code ?? 1;
  });
  while (status === undefined) {
    await sleep(SAMPLE_SECONDS * 1000);
    await onSample();
  }
  return status;
}

/** Both parts on `target`: { port, core, pids, counts() }. */
async function hold(target, out) {
  const before = usage(target.pids);
  const samples = [];
  const sample = (part) => {
    let last = usage(target.pids);
    return async () => {
      const { kernelBytes, residentBytes, ...now } = usage(target.pids);
      const cpuShare = (now.cpuSeconds - last.cpuSeconds) / ((now.ms - last.ms) / 1000);
      const seconds = Math.round((now.ms - before.ms) / 1000);
      samples.push({
        part,
        seconds,
        cpuShare,
        residentBytes,
        kernelBytes,
        ...(await target.counts()),
      });
      last = now;
    };
  };
  let status = await load(
    target,
    [
      '--idle',
      '--publications',
      '--warmup',
      '10',
      '--duration',
      values.idle,
      '--json',
      `${out}-idle.json`,
    ],
    sample('idle'),
  );
  status ||= await load(
    target,
    [
      ...['--messages-per-second', Math.ceil((connections / every) * 1.05), '--publications'],
      ...['--warmup', every + 5, '--duration', values.seconds],
      ...['--json', `${out}.json`, '--html', `${out}.html`],
      ...['--fail-if', 'errors>0', '--fail-if', 'mismatches>0'],
    ],
    sample('echo'),
  );
  const held = (part) => {
    const all = samples.filter((one) => one.part === part);
    // Not while connections come and go.
    const usual = median(all.map((one) => one.kernelBytes));
    const settled = all.filter((one) => Math.abs(one.kernelBytes / usual - 1) < 0.02);
    const each = (key) =>
      Math.round((median(settled.map((one) => one[key])) - before[key]) / connections);
    return {
      seconds: settled.length * SAMPLE_SECONDS,
      serverBytesPerConnection: each('residentBytes'),
      // Of both ends.
      kernelBytesPerConnection: each('kernelBytes'),
      cpuShare: Number(median(settled.map((one) => one.cpuShare)).toFixed(4)),
    };
  };
  const result = JSON.parse(readFileSync(`${out}.json`, 'utf8'));
  return {
    connections,
    processes,
    status,
    connectsPerSecond: result.connections.perSecond,
    connectMs: result.connections.timeMs,
    latencyMs: result.latencyMs,
    publications: result.publications,
    idle: held('idle'),
    echo: held('echo'),
    samples,
  };
}

async function onWorkers(out) {
  const workers = new Workers(path.join(__dirname, 'worker.js'), {
    count: processes,
    localHost: '127.0.0.1',
    localPort: 0,
    // A full one drops the SYN of a client, which tries again after a second.
    connectionBacklog: 4096,
    env: { ...process.env, NODE_ENV: 'production', PUBLISH_SECONDS: String(every) },
  });
  const pids = new Set();
  workers.on('Started', ({ pid }) => pids.add(pid));
  workers.on('Error', ({ error }) => console.error(error));
  await workers.start();
  const counts = async () => {
    const { connections: open, messagesSkipped, busLost } = await workers.statistics();
    return { open, messagesSkipped, busLost };
  };
  const report = await hold({ port: workers.localPort, pids, counts }, out);
  await workers.shutdown();
  return report;
}

async function onServer(name, out) {
  const server = await startServer(name, 0, { env: { PUBLISH_SECONDS: String(every) } });
  const target = { port: server.port, core: 1, pids: [server.pid], counts: () => ({}) };
  const report = await hold(target, out);
  await server.stop();
  return report;
}

async function main() {
  mkdirSync(path.dirname(values.out), { recursive: true });
  const names = values.servers.split(',').filter((name) => name !== '');
  const reports = {};
  if (names.length === 0) reports.wsserver = await onWorkers(values.out);
  else prepare(names);
  for (const name of names) reports[name] = await onServer(name, `${values.out}-${name}`);
  const about = {
    command: `node bench/scaling.js ${process.argv.slice(2).join(' ')}`.trim(),
    kernel: execFileSync('uname', ['-r']).toString().trim(),
    node: process.version,
  };
  writeFileSync(`${values.out}-server.json`, `${JSON.stringify({ ...about, reports })}\n`);
  for (const [name, { samples: _, ...report }] of Object.entries(reports))
    console.log(name, report);
  if (Object.values(reports).some(({ status }) => status !== 0)) process.exitCode = 1;
}

main();
