// `node bench/cores.js`: messages a second of one and of two processes on one port, ours and of
// uWebSockets.js, with the load generator on the same cores.

const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { mkdirSync, readFileSync } = require('node:fs');
const { createServer } = require('node:net');
const { cpus } = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { Workers } = require('../dist/workers');
const { prepare, startServer } = require('./servers');

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    'in-flight': { type: 'string', default: '1' },
  },
});
const results = path.join(__dirname, 'results');
const cli = path.join(__dirname, '../dist/cli/main.js');
const ALL_CORES = `0-${cpus().length - 1}`;
const env = { ...process.env, NODE_ENV: 'production' };

async function startOurs(count) {
  const script = path.join(__dirname, 'worker.js');
  const workers = new Workers(script, { count, localHost: '127.0.0.1', localPort: 0, env });
  await workers.start();
  return { port: workers.localPort, stop: () => workers.shutdown() };
}

async function startPeers(count) {
  // It shares a port with others only if it was told which.
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  const servers = [];
  while (servers.length < count) {
    servers.push(await startServer('uws', ALL_CORES, { env: { PORT: String(port) } }));
  }
  return { port, stop: () => Promise.all(servers.map((server) => server.stop())) };
}

const kinds = {
  'native-wsserver, one process': () => startOurs(1),
  'native-wsserver, two': () => startOurs(2),
  'uWebSockets.js, one process': () => startPeers(1),
  'uWebSockets.js, two': () => startPeers(2),
};

async function messagesPerSecond(start) {
  const server = await start();
  const json = path.join(results, 'cores.json');
  const load = ['--connections', values.connections, '--in-flight', values['in-flight']];
  const url = `ws://127.0.0.1:${server.port}/`;
  const args = [cli, 'load', url, ...load, '--duration', values.seconds, '--json', json];
  execFileSync(process.execPath, args);
  await server.stop();
  return JSON.parse(readFileSync(json, 'utf8')).messages.perSecond;
}

async function main() {
  prepare(['uws']);
  mkdirSync(results, { recursive: true });
  const rates = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, start] of Object.entries(kinds)) {
      rates[name].push(await messagesPerSecond(start));
    }
  }
  const rows = Object.entries(rates).map(([name, each]) => {
    const sorted = each.toSorted((a, b) => a - b);
    return {
      name,
      median: Math.round(sorted[sorted.length >> 1]),
      least: Math.round(sorted[0]),
      most: Math.round(sorted.at(-1)),
    };
  });
  console.table(rows);
}

main();
