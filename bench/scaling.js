// `node bench/scaling.js`: many connections on one port of several processes, for as long as wanted.
// Every one is echoed again and again, is subscribed to a topic, and gets what is published to it.
// Writes what the load generator says, and what the server and the kernel needed, for docs/.

const { execFileSync, spawn } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { Workers } = require('../dist/workers');

const cli = path.join(__dirname, '../dist/cli/main.js');
const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '100000' },
    processes: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '600' },
    /** How often each connection sends a message, and how often there is a publication. */
    every: { type: 'string', default: '60' },
    rate: { type: 'string', default: '2000' },
    out: { type: 'string', default: path.join(__dirname, 'results/scaling') },
  },
});
const connections = Number(values.connections);
const processes = Number(values.processes);
const seconds = Number(values.seconds);
const every = Number(values.every);

const pids = new Set();

/** CPU seconds and resident bytes of the workers. */
function usage() {
  let cpuSeconds = 0;
  let residentBytes = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    cpuSeconds += (Number(fields[11]) + Number(fields[12])) / 100;
    residentBytes +=
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
  }
  return { cpuSeconds, residentBytes, ms: performance.now() };
}

/** What the kernel holds in memory that it does not give back at will: sockets, of both ends. */
function kernelBytes() {
  const info = readFileSync('/proc/meminfo', 'utf8');
  return Number(/SUnreclaim:\s+(\d+)/.exec(info)[1]) * 1024;
}

/** Runs `wsserver load`; `onLine` is told what it says. */
function load(port, args) {
  const sources = [];
  for (let last = 2; last < 2 + processes; last++)
    sources.push('--local-address', `127.0.0.${last}`);
  const common = ['--connections', connections, '--processes', processes, '--rate', values.rate];
  const command = [cli, 'load', `ws://127.0.0.1:${port}/`, ...common, ...sources, ...args];
  const child = spawn(process.execPath, command.map(String), {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.on('exit', resolve));
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function main() {
  const workers = new Workers(path.join(__dirname, 'scaling_worker.js'), {
    count: processes,
    localHost: '127.0.0.1',
    localPort: 0,
    // A full one drops the SYN of a client, which tries again after a second.
    connectionBacklog: 4096,
    env: { ...process.env, NODE_ENV: 'production', PUBLISH_SECONDS: String(every) },
  });
  workers.on('Started', ({ pid }) => pids.add(pid));
  workers.on('Error', ({ error }) => console.error(error));
  await workers.start();

  const before = { ...usage(), kernelBytes: kernelBytes() };
  const running = load(workers.localPort, [
    ...['--messages-per-second', Math.ceil((connections / every) * 1.05), '--publications'],
    ...['--warmup', every + 30, '--duration', seconds],
    ...['--json', `${values.out}.json`, '--html', `${values.out}.html`],
    ...['--fail-if', 'errors>0', '--fail-if', 'mismatches>0'],
  ]);
  const samples = [];
  let status;
  running.then((code) => {
    status = code;
  });
  let last = usage();
  while (status === undefined) {
    await sleep(5000);
    const now = usage();
    const counts = await workers.statistics();
    samples.push({
      seconds: Math.round((now.ms - before.ms) / 1000),
      connections: counts.connections,
      skipped: counts.messagesSkipped,
      busLost: counts.busLost,
      cpuShare: (now.cpuSeconds - last.cpuSeconds) / ((now.ms - last.ms) / 1000),
      residentBytes: now.residentBytes,
      kernelBytes: kernelBytes(),
    });
    last = now;
  }
  await workers.shutdown();
  const full = samples.filter((sample) => sample.connections === connections);
  const most = (key) => Math.max(...full.map((sample) => sample[key]));
  const report = {
    command: `node bench/scaling.js ${process.argv.slice(2).join(' ')}`.trim(),
    kernel: execFileSync('uname', ['-r']).toString().trim(),
    node: process.version,
    connections,
    workers: processes,
    secondsWithAll: full.length * 5,
    serverBytesPerConnection: Math.round(
      (most('residentBytes') - before.residentBytes) / connections,
    ),
    /** Of both ends of a connection. */
    kernelBytesPerConnection: Math.round((most('kernelBytes') - before.kernelBytes) / connections),
    samples,
  };
  writeFileSync(`${values.out}-server.json`, `${JSON.stringify(report, null, 1)}\n`);
  const { samples: _, ...summary } = report;
  console.log(summary);
  process.exitCode = status;
}

main();
